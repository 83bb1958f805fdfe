"""A model that answers from a recording alone: no key, no network, no cost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from dspnb.errors import NotRecorded

from .answered import Answered
from .asked import Asked
from .base import Completion, Feature, Message
from .messages import read_messages
from .not_recorded import Nearest
from .recording import RecordedModel, Recording
from .request import Request
from .usage import Usage


class Replayed:
    """The models of a recording: an equal request gets the recorded answer, from any thread.

    Without a `model`, it is the one that was recorded in this `role`. With one, it has that name,
    and prefers what the model of that name answered. Without `params`, it has those that were
    recorded. Raises `NotRecorded` for another request, and says what is different.
    """

    asks_anew = True  # a run uses no scores of other runs: what it asks is what the file holds

    def __init__(
        self,
        file: str | Path,
        *,
        model: str | None = None,
        role: str = "main",
        params: Mapping[str, Any] | None = None,
    ) -> None:
        self.file, self.role = Path(file), role
        self._recording = Recording.read(file)
        self._models = self._preferred(model, role)
        first = self._models[0] if self._models else RecordedModel(role, "recorded")
        self.model = first.name if model is None else model
        self.params: Mapping[str, Any] = json.loads(first.params) if params is None else params
        self.supports: frozenset[Feature] = first.supports or frozenset()
        self._own = [self.params] if params is not None else self._recorded_params()
        self._answered = Answered(self.model)

    @property
    def usage(self) -> Usage:
        """Calls and tokens so far; a replay costs nothing."""
        return self._answered.usage

    def __call__(
        self,
        prompt: str | Sequence[Message | Mapping[str, Any]] | None = None,
        *,
        messages: Sequence[Message | Mapping[str, Any]] | None = None,
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """The recorded answer to a text or a list of messages. Raises `NotRecorded`."""
        return self._answer(prompt if messages is None else messages, None, rollout, params)

    def stream(
        self,
        prompt: str | Sequence[Message | Mapping[str, Any]] | None = None,
        *,
        on_text: Callable[[str], object],
        messages: Sequence[Message | Mapping[str, Any]] | None = None,
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """The same; `on_text` gets the text word by word, without waiting."""
        return self._answer(prompt if messages is None else messages, on_text, rollout, params)

    async def acall(
        self,
        prompt: str | Sequence[Message | Mapping[str, Any]] | None = None,
        *,
        messages: Sequence[Message | Mapping[str, Any]] | None = None,
        on_text: Callable[[str], object] | None = None,
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """The same for `await`, with `on_text` as in `stream`."""
        return self._answer(prompt if messages is None else messages, on_text, rollout, params)

    def _answer(
        self,
        prompt: Any,
        on_text: Callable[[str], object] | None,
        rollout: int,
        params: Mapping[str, Any],
    ) -> Completion:
        messages = read_messages(prompt)
        ways = [Asked.of(Request(messages, {**own, **params}, rollout)) for own in self._own]
        for asked in ways:
            if known := self._recording.calls.get(asked):
                names = (self.model, *(model.name for model in self._models), *known)
                call = next(known[name] for name in names if name in known)
                return self._answered.again(asked.key, call.answer, on_text)
        what = self._nearest.explain(ways[0])
        raise NotRecorded(
            f"`{self.file}` has no answer to this request. {what}\n"
            f"Ask as it was recorded, or record it: `%lm {self.model} --record {self.file}`.",
            model=self.model,
        )

    def _preferred(self, model: str | None, role: str) -> list[RecordedModel]:
        """The models of the recording, the one that is replayed before all others."""
        return sorted(
            self._recording.models, key=lambda known: (known.name != model, known.role != role)
        )

    def _recorded_params(self) -> list[Mapping[str, Any]]:
        """The parameters that models had, each once: a notebook may change its model."""
        texts = dict.fromkeys(model.params for model in self._models)
        return [json.loads(text) for text in texts] or [{}]

    @cached_property
    def _nearest(self) -> Nearest:
        return Nearest(self._recording.calls)

    def __repr__(self) -> str:
        return f"Replayed({str(self.file)!r}, model={self.model!r})"
