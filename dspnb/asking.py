"""Give generators what they ask of a model: blocking in this thread, or awaiting in this task."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .adapters.base import Reader
from .batch import run_all
from .lm.base import Completion, LanguageModel, Message, streamed
from .lm.labels import enter_path, labelled, leave
from .lm.ledger import ledger
from .pool import in_thread

T = TypeVar("T")
# A generator of asks that returns a T. It is sent a completion for an `Ask`; for a tuple of
# generators, which are driven at the same time, a list of their results or exceptions.
Steps = Generator[Any, Any, T]


@dataclass(slots=True)
class Ask:
    """One call of a model; with `hear` and a reader, its text is heard field by field."""

    lm: LanguageModel
    messages: tuple[Message, ...]
    params: Mapping[str, Any]
    rollout: int
    path: str  # of the predictor
    hear: Callable[[str, str], object] | None = None
    reader: Reader | None = None

    def call(self) -> Completion:
        """The completion; blocks until it is there."""
        if self.reader is None and getattr(self.lm, "keeps_book", False):
            token = enter_path(self.path)
            try:
                return self.lm(self.messages, rollout=self.rollout, **self.params)
            finally:
                leave(token)
        with labelled(path=self.path), ledger.recording(self.lm) as call:
            if self.reader is None:
                done = self.lm(self.messages, rollout=self.rollout, **self.params)
            else:
                done = streamed(
                    self.lm, self.messages, self._on_text, rollout=self.rollout, **self.params
                )
            call.completion = done
        return self._heard(done)

    async def acall(self) -> Completion:
        """The same for `await`; a model without an `acall` is called in a thread of its own."""
        acall = getattr(self.lm, "acall", None)
        if acall is None:
            return await in_thread(self.call)
        if self.reader is None and getattr(self.lm, "keeps_book", False):
            token = enter_path(self.path)
            try:
                answer: Completion = await acall(self.messages, rollout=self.rollout, **self.params)
                return answer
            finally:
                leave(token)
        on_text = None if self.reader is None else self._on_text
        with labelled(path=self.path), ledger.recording(self.lm) as call:
            done: Completion = await acall(
                self.messages, rollout=self.rollout, on_text=on_text, **self.params
            )
            call.completion = done
        return self._heard(done)

    def _on_text(self, text: str) -> None:
        assert self.reader is not None and self.hear is not None
        for name, piece in self.reader.feed(text):
            self.hear(name, piece)

    def _heard(self, completion: Completion) -> Completion:
        if self.reader is not None and self.hear is not None:
            for name, piece in self.reader.close():
                self.hear(name, piece)
        return completion


def answered(steps: Steps[T]) -> T:
    """Drive a generator to its end, blocking for each model call."""
    try:
        ask = next(steps)
        while True:
            try:
                answer = ask.call() if isinstance(ask, Ask) else _all(ask)
            except BaseException as error:
                ask = steps.throw(error)
            else:
                ask = steps.send(answer)
    except StopIteration as end:
        value: T = end.value
        return value


async def awaited(steps: Steps[T]) -> T:
    """Drive a generator to its end, awaiting each model call."""
    import asyncio

    try:
        ask = next(steps)
        while True:
            try:
                if isinstance(ask, Ask):
                    answer: Any = await ask.acall()
                else:
                    answer = await asyncio.gather(*map(awaited, ask), return_exceptions=True)
            except BaseException as error:
                ask = steps.throw(error)
            else:
                ask = steps.send(answer)
    except StopIteration as end:
        value: T = end.value
        return value


def _all(several: tuple[Steps[Any], ...]) -> list[Any]:
    jobs = [lambda steps=steps: answered(steps) for steps in several]
    return run_all(jobs, len(jobs), return_errors=True)
