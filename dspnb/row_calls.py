"""What models answer while one row is made: counted, and kept until the row itself is."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .in_flight import InFlight
from .lm.base import Completion, Feature, LanguageModel, Message, awaited, streamed, supported
from .lm.request import Request
from .lm.usage import Usage
from .store import Answers, Statement

QUICK = 0.001  # seconds; an answer in less comes from this machine, and costs nothing to get again
Meter = Callable[[LanguageModel], LanguageModel]


class _Answered(NamedTuple):
    """An answer that is not written down yet."""

    model: str
    messages: tuple[Message, ...]
    params: dict[str, Any]
    rollout: int
    completion: Completion


class RowCalls:
    """The models of one row. An answer is written down before the next call begins.

    So a killed process loses at most one answer of each row under way, and those that came in no
    time; a row of a single call, as most are, writes nothing but itself.
    """

    def __init__(self, key: bytes, answers: Answers, meter: Meter, in_flight: InFlight) -> None:
        self._key, self._answers, self._meter = key, answers, meter
        self._in_flight = in_flight
        self.begun = False  # whether a model was asked
        self.paid = False  # whether one took so long that its answer is worth something
        self._lock = threading.Lock()  # protects all below
        self._usage = Usage()
        self._times: dict[bytes, int] = {}  # how often the same was asked
        self._unwritten: list[_Answered] = []
        self._written: list[bytes] = []

    def model(self, lm: LanguageModel) -> LanguageModel:
        """The model, for calls of this row."""
        return _Model(self._meter(lm), self)

    def begin(self) -> float:
        """A model is about to be asked; when that was."""
        if not self.begun:
            self.begun = True
            self._in_flight.begin()
        return time.perf_counter()

    @property
    def usage(self) -> Usage:
        """What the calls took, those of earlier sessions too."""
        return self._usage

    def forgotten(self) -> list[Statement]:
        """What drops the answers: they are part of the row now."""
        return [self._answers.dropping(key) for key in self._written]

    def recall(
        self, model: str, messages: tuple[Message, ...], params: dict[str, Any], rollout: int
    ) -> Completion | None:
        """The answer that an earlier session got; before a new call the others are written.

        It is told as one from the cache: this session does not pay for it.
        """
        if not self._unwritten and not self._answers.any:
            return None
        with self._lock:
            statements: list[Statement | None] = []
            for one in self._unwritten:
                key = self._key_of(one.model, one.messages, one.params, one.rollout)
                self._written.append(key)
                statements.append(self._answers.statement(key, one.completion))
            self._unwritten.clear()
            known = None
            if self._answers.any:
                key = self._key_of(model, messages, params, rollout, count=False)
                known = self._answers.find(key)
                if known is not None:
                    self._times[key[:-1]] = self._times.get(key[:-1], 0) + 1
                    self._written.append(key)
                    self._usage = self._usage.add(known)
        self._answers.write(*filter(None, statements))
        return None if known is None else known.changed(cached=True)

    def answered(
        self,
        model: str,
        messages: tuple[Message, ...],
        params: dict[str, Any],
        rollout: int,
        completion: Completion | None,
        began: float,
    ) -> None:
        """Note what came of a call that began then; None when it failed."""
        paid = time.perf_counter() - began > QUICK
        with self._lock:
            self._usage = self._usage.add(completion)
            if paid:
                self.paid = True
                if completion is not None:
                    one = _Answered(model, messages, params, rollout, completion)
                    self._unwritten.append(one)

    def _key_of(
        self,
        model: str,
        messages: tuple[Message, ...],
        params: dict[str, Any],
        rollout: int,
        *,
        count: bool = True,
    ) -> bytes:
        """What an answer is kept by. The same question may be asked again, for another sample."""
        asked = Request(messages, params, rollout).key(model) or repr(params)
        key = hashlib.blake2b(self._key + asked.encode(), digest_size=16).digest()
        times = self._times.get(key, 0)
        if count:
            self._times[key] = times + 1
        return key + bytes([min(times, 255)])


class _Model:
    """A model of one row: asked once, whatever happens to the process."""

    __slots__ = ("_calls", "_lm")

    def __init__(self, lm: LanguageModel, calls: RowCalls) -> None:
        self._lm, self._calls = lm, calls

    @property
    def model(self) -> str:
        """The name of the model inside."""
        return self._lm.model

    @property
    def supports(self) -> frozenset[Feature]:
        """What the model inside can do beyond text."""
        return supported(self._lm)

    @property
    def never_blocks(self) -> bool:
        """Whether the `acall` of the model inside only ever awaits."""
        return getattr(self._lm, "never_blocks", False)

    def __call__(
        self, messages: Sequence[Message], *, rollout: int = 0, **params: Any
    ) -> Completion:
        asked = (self._lm.model, _tuple(messages), params, rollout)
        completion = self._calls.recall(*asked)
        if completion is not None:
            return completion
        began = self._calls.begin()
        try:
            completion = self._lm(messages, rollout=rollout, **params)
        finally:
            self._calls.answered(*asked, completion, began)
        return completion

    def stream(
        self,
        messages: Sequence[Message],
        *,
        on_text: Callable[[str], object],
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """Like a call; `on_text` gets the text piece by piece."""
        asked = (self._lm.model, _tuple(messages), params, rollout)
        completion = self._calls.recall(*asked)
        if completion is not None:
            on_text(completion.text)
            return completion
        began = self._calls.begin()
        try:
            completion = streamed(self._lm, messages, on_text, rollout=rollout, **params)
        finally:
            self._calls.answered(*asked, completion, began)
        return completion

    async def acall(
        self,
        messages: Sequence[Message],
        *,
        on_text: Callable[[str], object] | None = None,
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """The same for `await`."""
        asked = (self._lm.model, _tuple(messages), params, rollout)
        completion = self._calls.recall(*asked)
        if completion is not None:
            if on_text is not None:
                on_text(completion.text)
            return completion
        began = self._calls.begin()
        try:
            completion = await awaited(self._lm, messages, on_text, rollout=rollout, **params)
        finally:
            self._calls.answered(*asked, completion, began)
        return completion


def _tuple(messages: Sequence[Message]) -> tuple[Message, ...]:
    return messages if isinstance(messages, tuple) else tuple(messages)
