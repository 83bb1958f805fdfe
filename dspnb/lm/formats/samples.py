"""The answers of one call as they come in, whole or in pieces; `n` above 1 asks for several."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dspnb.lm.base import Completion, ToolCall
from dspnb.lm.request import Request

from .failures import refused
from .usage import Tokens, counted


@dataclass(slots=True)
class Sample:
    """One answer: what has come of it so far."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    citations: list[Mapping[str, Any]] = field(default_factory=list)
    logprobs: Any = None
    finish: str = ""

    def withheld(self) -> bool:
        """Whether the provider, or the model, kept the answer back."""
        return self.finish == "content_filter" or bool(
            self.refusal and not self.text and not self.calls
        )

    def call(self, piece: Mapping[str, Any], index: Any) -> None:
        """Take in a call of a tool, or a piece of the one with the same index."""
        function, id_ = piece.get("function") or {}, word(piece.get("id"))
        known = next((call for call in reversed(self.calls) if call.index == index), None)
        # Some servers give every call the same index, or none; then their ids tell them apart.
        another = id_ and known and known.id not in ("", id_)
        if known is None or another or (index is None and function.get("name")):
            known = Call(index, id_)
            self.calls.append(known)
        known.id = known.id or id_
        known.name += word(function.get("name"))
        arguments = function.get("arguments") or ""
        known.arguments += arguments if isinstance(arguments, str) else json.dumps(arguments)

    def add_logprobs(self, more: Any) -> None:
        """Take in the probabilities of some tokens: lists by name, which grow."""
        if isinstance(more, Mapping) and isinstance(self.logprobs, Mapping):
            known = self.logprobs
            more = {**known, **{k: (known.get(k) or []) + v for k, v in more.items() if v}}
        self.logprobs = more

    def written(self) -> str:
        """All that the model has written."""
        arguments = [call.arguments for call in self.calls]
        return "".join([*self.text, *self.reasoning, *arguments])

    def completion(self, model: str, tokens: Tokens) -> Completion:
        """The answer when all of it is there."""
        return Completion.of(
            text="".join(self.text),
            model=model,
            tokens_in=tokens.into,
            tokens_out=tokens.out,
            tokens_cached=tokens.cached,
            dollars=tokens.dollars,
            tool_calls=tuple([call.whole() for call in self.calls]),
            reasoning="".join(self.reasoning),
            citations=tuple(self.citations),
            finish=self.finish,
            logprobs=self.logprobs,
        )


@dataclass(slots=True)
class Call:
    """A call of a tool as it comes in."""

    index: Any
    id: str
    name: str = ""
    arguments: str = ""

    def whole(self) -> ToolCall:
        """The call when all of it is there."""
        return ToolCall(self.name, arguments(self.arguments), self.id)


def word(told: Any) -> str:
    """A text beside the answer; empty when it is none, which leaves the answer as good.

    >>> word("stop"), word(None), word(["stop"])
    ('stop', '', '')
    """
    return told if isinstance(told, str) else ""


def together(
    samples: Sequence[Sample], model: str, usage: Any, request: Request | None
) -> Completion:
    """The completion of a call; the first sample bears the tokens of all of them.

    Samples that were withheld are left out. Raises `Refused` when that leaves none, and
    `IndexError` when there were none.
    """
    if not samples:
        raise IndexError
    kept = [sample for sample in samples if not sample.withheld()]
    if not kept:
        raise refused((word for sample in samples for word in sample.refusal), model)
    tokens = counted(usage, request, lambda: "".join([sample.written() for sample in samples]))
    first = kept[0].completion(model, tokens)
    if len(samples) == 1:
        return first
    nothing = Tokens(0, 0, dollars=0.0)
    others = [sample.completion(model, nothing) for sample in kept[1:]]
    return dataclasses.replace(first, samples=(first, *others))


def arguments(text: str) -> dict[str, Any]:
    """The arguments of a call; none when the model wrote no object.

    >>> arguments('{"city": "Bonn", }')
    {'city': 'Bonn'}
    """
    try:
        found = json.loads(text or "{}")
    except ValueError:
        import json_repair  # 20 ms to import, and most answers never need it

        found = json_repair.loads(text)
    return found if isinstance(found, dict) else {}
