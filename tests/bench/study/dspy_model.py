"""The simulated model behind DSPy's own seam, with what it was asked counted."""

from __future__ import annotations

import collections
import threading
from types import SimpleNamespace
from typing import Any

import dspy

from dspnb.lm.base import Message, estimate_tokens
from dspnb.simulation import Simulated


class Asked:
    """What a model and all its copies were asked."""

    def __init__(self, simulated: Simulated) -> None:
        self.simulated = simulated
        self.calls = self.paid = self.proposals = self.proposer_tokens = 0
        self.lock = threading.Lock()
        self.times: collections.Counter[Any] = collections.Counter()

    def __deepcopy__(self, memo: Any) -> Asked:
        return self  # copies of a model count together


class Model(dspy.BaseLM):
    """Answers with a simulated model.

    The same warm request again is another sample, as with a hosted model: DSPy asks again only
    when it wants one.
    """

    def __init__(self, simulated: Simulated, **kwargs: Any) -> None:
        super().__init__(simulated.model, temperature=0.0, max_tokens=4000, cache=True, **kwargs)
        self.asked = Asked(simulated)

    def forward(self, prompt: str | None = None, messages: Any = None, **kwargs: Any) -> Any:
        """One request, `n` answers."""
        given = messages or [{"role": "user", "content": prompt}]
        turns = tuple(Message.of(one["role"], _text(one["content"])) for one in given)
        params, asked = {**self.kwargs, **kwargs}, self.asked
        n, warm = params.get("n") or 1, (params.get("temperature") or 0) > 0
        key = tuple(turn.content for turn in turns)
        with asked.lock:
            first = asked.times[key]
            asked.times[key] += n
        texts = [asked.simulated.text(turns, (first + i) * warm) for i in range(n)]
        tokens_in = sum(estimate_tokens(turn.content) for turn in turns)
        tokens_out = sum(map(estimate_tokens, texts))
        own = asked.simulated.is_of_the_program(turns)
        with asked.lock:
            asked.calls += own
            asked.paid += own and (warm or first == 0)  # others would come from a cache
            asked.proposals += not own
            asked.proposer_tokens += (tokens_in + tokens_out) * (not own)
        choices = [
            SimpleNamespace(
                message=SimpleNamespace(content=text, tool_calls=None, reasoning_content=None),
                finish_reason="stop",
            )
            for text in texts
        ]
        usage = {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        }
        return SimpleNamespace(choices=choices, usage=usage, model=self.model)


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(p.get("text", "") for p in content)
