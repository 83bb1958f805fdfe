"""Fields as they arrive: a program's call that can be iterated over while it runs."""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .cancellation import Cancellation, Cancelled, cancellation
from .context import use
from .errors import UsageError
from .example import Prediction


@dataclass(frozen=True)
class Chunk:
    """A piece of the text of one output field."""

    path: str  # of the predictor that writes it
    field: str
    text: str
    call: int = 0  # counts the answers of models; one that is asked again begins a new one


class Stream:
    """A call under way. Iterate for its chunks, with `for` or `async for`, once.

    `.prediction` waits for the end, and raises the error of a call that failed. An answer from a
    cache comes in one piece; a field that is not text comes when it is whole. A loop that is left
    early, by `break`, an error or an interrupt, ends the call and its requests.
    """

    def __init__(self, program: Callable[..., Prediction], inputs: Mapping[str, Any]) -> None:
        self._program, self._inputs = program, inputs
        self._arrived: queue.SimpleQueue[Chunk | None] = queue.SimpleQueue()
        self._prediction: Prediction | None = None
        self._error: BaseException | None = None
        self._ended = threading.Event()
        self._taken = self._left = False
        self._calls = itertools.count()
        self._cancellation, self._outer = Cancellation(), cancellation.get()
        context = contextvars.copy_context()
        context.run(cancellation.set, self._cancellation)
        # A daemon: a process, or a kernel, can end though a call hangs.
        threading.Thread(target=context.run, args=(self._run,), name="dspnb", daemon=True).start()

    @property
    def prediction(self) -> Prediction:
        """The whole prediction; waits for it. Raises `UsageError` when the loop was left early."""
        while not self._ended.wait(0.1):  # short, so that an interrupt is seen everywhere
            pass
        if self._left and isinstance(self._error, Cancelled):
            raise UsageError(
                "There is no prediction, since the stream was left before its end, which ended the "
                "call; read it to its end, or call the program."
            )
        if self._error is not None:
            raise self._error
        assert self._prediction is not None
        return self._prediction

    def __iter__(self) -> Iterator[Chunk]:
        self._take()
        try:
            while (chunk := self._next()) is not None:
                yield chunk
        finally:
            self._leave()
        _ = self.prediction  # raises what the call raised

    async def __aiter__(self) -> AsyncIterator[Chunk]:
        import asyncio  # 20 ms, and who awaits has it

        self._take()
        loop, chunks = asyncio.get_running_loop(), asyncio.Queue[Chunk | None]()

        def forward() -> None:
            while True:
                chunk = self._next()
                with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                    loop.call_soon_threadsafe(chunks.put_nowait, chunk)
                if chunk is None:
                    return

        threading.Thread(target=forward, name="dspnb", daemon=True).start()
        try:
            while (chunk := await chunks.get()) is not None:
                yield chunk
        finally:
            self._leave()
        _ = self.prediction  # over by now; raises what the call raised

    def __repr__(self) -> str:
        return repr(self._prediction) if self._prediction else f"Stream({self._program!r})"

    def _run(self) -> None:
        try:
            with self._ended_with_what_is_around(), use(listener=self):
                self._prediction = self._program(**self._inputs)
        except BaseException as error:  # raised again where the stream is read
            self._error = error
        finally:
            self._ended.set()
            self._arrived.put(None)

    def _ended_with_what_is_around(self) -> contextlib.AbstractContextManager[object]:
        if self._outer is None:
            return contextlib.nullcontext()
        return self._outer.watching(self._cancellation.cancel)

    def hear(self, path: str) -> Callable[[str, str], object]:
        """A predictor's model begins to answer; what takes the pieces, by field."""
        call = next(self._calls)
        return lambda field, text: self._arrived.put(Chunk(path, field, text, call))

    def _next(self) -> Chunk | None:
        while True:
            try:
                return self._arrived.get(timeout=0.1)
            except queue.Empty:
                continue

    def _leave(self) -> None:
        """Nobody reads on: end the call, unless it is over."""
        if not self._ended.is_set():
            self._left = True
            self._cancellation.cancel()

    def _take(self) -> None:
        if self._taken:
            raise UsageError("A stream is read once; call `.stream(...)` again for another.")
        self._taken = True
