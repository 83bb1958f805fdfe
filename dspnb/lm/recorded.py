"""A model whose answers are kept in a file, for a replay."""

from __future__ import annotations

import atexit
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from .answered import Answered
from .asked import Asked, params_json
from .base import Completion, Feature, LanguageModel, Message, awaited, streamed, supported
from .client import LM
from .flights import Awaited, Flights
from .messages import read_messages
from .recording import RecordedModel, Recording
from .request import Request
from .usage import Usage


class Recorded:
    """A model that writes each call to a file, from which `Replayed` answers.

    Recording is like replaying: an equal request with an equal `rollout` is asked once and gets the
    first answer from then on, also when the file had it before. The first time counts as a call,
    wherever the answer comes from, and each later time as cached; so a budget of calls or tokens
    ends a search in the same place. One of dollars or seconds does not: a replay costs nothing.

    A call that fails is not written. Keys, headers and addresses never are; a key inside a prompt
    or an answer is written as ***. `role` is what the model is in the notebook, such as `teacher`.
    """

    asks_anew = True  # a run uses no scores of other runs: what it asks is what the file holds

    def __init__(self, lm: LM | LanguageModel, file: str | Path, *, role: str = "main") -> None:
        # mypy takes the many forms of an `LM`'s call for another call
        self.lm, self.file, self.role = cast(LanguageModel, lm), Path(file), role
        self._flights, self._answered = Flights(), Answered(self.lm.model)
        self._recording = Recording.open(file, self._as_recorded())
        self._closes_at_exit = False
        self._close_at_exit()

    @property
    def model(self) -> str:
        """The name of the model inside."""
        return self.lm.model

    @property
    def params(self) -> Mapping[str, Any]:
        """The own parameters of the model inside."""
        params = getattr(self.lm, "params", None)
        return params if isinstance(params, Mapping) else {}

    @cached_property
    def supports(self) -> frozenset[Feature]:
        """What the model inside can do beyond text; the recording says so too."""
        return supported(self.lm)

    @property
    def usage(self) -> Usage:
        """Calls, tokens and dollars since recording began here."""
        return self._answered.usage

    def __call__(
        self,
        prompt: str | Sequence[Message | Mapping[str, Any]] | None = None,
        *,
        messages: Sequence[Message | Mapping[str, Any]] | None = None,
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """Answer, and write it down. Raises `LMError` when the model gives no answer."""
        given = read_messages(prompt if messages is None else messages)
        asked = self._asked(given, rollout, params)
        return self._answer(asked, lambda: self.lm(given, rollout=rollout, **params))

    def stream(
        self,
        prompt: str | Sequence[Message | Mapping[str, Any]] | None = None,
        *,
        on_text: Callable[[str], object],
        messages: Sequence[Message | Mapping[str, Any]] | None = None,
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """The same; `on_text` gets the text piece by piece, a recorded one word by word."""
        given = read_messages(prompt if messages is None else messages)
        asked = self._asked(given, rollout, params)
        return self._answer(
            asked, lambda: streamed(self.lm, given, on_text, rollout=rollout, **params), on_text
        )

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
        import asyncio  # 20 ms, and who awaits has it

        given = read_messages(prompt if messages is None else messages)
        asked = self._asked(given, rollout, params)
        while (turn := self._turn(asked)) is not None:
            if (answer := await asyncio.wrap_future(turn)) is not None:
                return self._again(asked, answer, on_text)
        with self._leading(asked):
            answer = await awaited(self.lm, given, on_text, rollout=rollout, **params)
            return self._kept(asked, answer)

    def close(self) -> None:
        """Put the file in order, so that two recordings of the same calls are the same file.

        It happens by itself at the end of the process.
        """
        self._closes_at_exit = False
        atexit.unregister(self.close)
        self._recording.close(self._as_recorded())

    def _close_at_exit(self) -> None:
        if not self._closes_at_exit:
            self._closes_at_exit = True
            atexit.register(self.close)

    def _answer(
        self,
        asked: Asked,
        ask: Callable[[], Completion],
        on_text: Callable[[str], object] | None = None,
    ) -> Completion:
        while (turn := self._turn(asked)) is not None:
            if (answer := turn.result()) is not None:
                return self._again(asked, answer, on_text)
        with self._leading(asked):
            return self._kept(asked, ask())

    def _turn(self, asked: Asked) -> Awaited | None:
        """What gives the answer, now or when another caller has it; None when it is ours to ask."""
        under_way = self._flights.lead(asked.key)
        known = self._recording.find(asked, self.model)
        if under_way is not None or known is None:
            return under_way
        self._flights.land(asked.key, known.answer)
        answered: Awaited = Future()
        answered.set_result(known.answer)
        return answered

    @contextlib.contextmanager
    def _leading(self, asked: Asked) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._flights.fail(asked.key, error)
            raise

    def _kept(self, asked: Asked, completion: Completion) -> Completion:
        self._close_at_exit()
        kept = self._recording.add(self._as_recorded(), asked, completion).answer
        answer = self._answered.count(
            asked.key,
            kept.changed(seconds=completion.seconds, dollars=completion.dollars),
        )
        self._flights.land(asked.key, answer)
        return answer

    def _again(
        self, asked: Asked, answer: Completion, on_text: Callable[[str], object] | None
    ) -> Completion:
        return self._answered.again(asked.key, answer, on_text)

    def _asked(
        self, messages: tuple[Message, ...], rollout: int, params: Mapping[str, Any]
    ) -> Asked:
        return Asked.of(Request(messages, {**self.params, **params}, rollout))

    def _as_recorded(self) -> RecordedModel:
        supports = self.__dict__.get("supports")  # to find out would load a large library
        return RecordedModel(self.role, self.model, params_json(self.params), supports)

    def __repr__(self) -> str:
        return f"Recorded({self.lm!r}, {str(self.file)!r})"
