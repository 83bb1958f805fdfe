"""The event loop of the network, on a thread of its own, and the ways into it.

There is one for the process, so that all models share its connections. Threads hand a coroutine
over and wait; tasks of other loops await. Both can be called off: then the coroutine is cancelled,
which closes its connection.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Generic, Protocol, TypeVar

from dspnb.cancellation import Cancelled, cancellation

from .http import Client

# Here and not in the first call: an interrupt in the middle of an import may leave Python's lock of
# imports held, and then the loop's thread waits for it for ever.
try:
    from uvloop import new_event_loop  # not on Windows; a call takes a third less CPU with it
except ImportError:
    from asyncio import new_event_loop  # type: ignore[assignment]

T = TypeVar("T")
Pieces = Callable[[str], object]
Ask = Callable[[Pieces | None], Coroutine[Any, Any, T]]  # on_text -> what to await


def wait(ask: Ask[T], on_text: Pieces | None = None) -> T:
    """Run a coroutine on the network's loop and block for its result.

    `on_text` is called in this thread. An interrupt, or a `Cancellation` of this context, cancels
    the coroutine; the latter raises `Cancelled`.
    """
    if network().is_here:
        raise RuntimeError(
            "A model was asked with a blocking call on the event loop on which all models are "
            "awaited, which would hang. Use `await lm.acall(...)` there."
        )
    scope = cancellation.get()
    call: _Call[T] = _Call(ask, queue.SimpleQueue() if on_text else None)
    if scope is None:
        return call.wait(on_text)
    scope.add(call, call.cancel)
    try:
        return call.wait(on_text)
    finally:
        scope.discard(call)


async def wait_async(ask: Ask[T], on_text: Pieces | None = None) -> T:
    """The same for a task of another loop; `on_text` is called in that loop."""
    here = asyncio.get_running_loop()
    done: asyncio.Future[None] = here.create_future()

    def in_this_loop(function: Callable[..., object], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            here.call_soon_threadsafe(function, *arguments)

    def settle() -> None:
        if not done.done():
            done.set_result(None)

    def wake() -> None:
        in_this_loop(settle)

    pieces = None if on_text is None else _Forward(lambda text: in_this_loop(on_text, text))
    call: _Call[T] = _Call(ask, pieces, wake)
    scope = cancellation.get()
    if scope is not None:
        scope.add(call, call.cancel)
    try:
        call.hand_over()
        await done
    except BaseException:  # the task was cancelled
        call.cancel()
        raise
    finally:
        if scope is not None:
            scope.discard(call)
    return call.result()


class _Forward:
    """Takes what a queue would."""

    def __init__(self, put: Pieces) -> None:
        self._put = put

    def put(self, piece: str | None) -> None:
        if piece is not None:
            self._put(piece)


class _Call(Generic[T]):
    """A coroutine handed over to the loop, and who waits for it."""

    __slots__ = (
        "_ask", "_begun", "_cancelled", "_error", "_lock", "_pieces", "_task", "_value", "_wake",
    )  # fmt: skip

    def __init__(
        self,
        ask: Ask[T],
        pieces: queue.SimpleQueue[str | None] | _Forward | None,
        wake: Callable[[], object] | None = None,
    ) -> None:
        self._ask, self._pieces = ask, pieces
        self._lock = threading.Lock()  # held until the coroutine is over
        self._lock.acquire()
        self._wake = wake or self._lock.release
        self._task: asyncio.Task[T] | None = None
        self._begun = self._cancelled = False
        self._value: Any = None
        self._error: BaseException | None = None

    def hand_over(self) -> None:
        network().start(self)

    def wait(self, on_text: Pieces | None) -> T:
        try:
            self.hand_over()
            if on_text is not None:
                self._pass_on(on_text)
            if threading.get_ident() == threading.main_thread().ident:
                while not self._lock.acquire(timeout=0.1):  # so that Windows sees an interrupt
                    if network().over:
                        raise RuntimeError("A model cannot be asked while the process ends.")
            else:
                self._lock.acquire()
        except BaseException:
            self.cancel()
            raise
        return self.result()

    def result(self) -> T:
        if self._error is None:
            value: T = self._value
            return value
        error, self._error = self._error, None  # or the error would hold its own frame alive
        if isinstance(error, asyncio.CancelledError):
            raise Cancelled from None
        raise error

    def cancel(self) -> None:
        """End the coroutine; from any thread, also before it has begun."""
        self._cancelled = True
        network().start(self)

    # -- in the loop's thread ---------------------------------------------------------

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        begun, self._begun = self._begun, True  # it comes again when it is cancelled
        if begun:
            if self._cancelled and self._task is not None:
                self._task.cancel()
        elif self._cancelled:
            self._over(error=asyncio.CancelledError())
        else:
            put = self._pieces.put if self._pieces is not None else None
            self._task = loop.create_task(self._ask(put))
            self._task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[T]) -> None:
        if network().over:
            return  # who still waits is a daemon: woken, it would print that it was called off
        if task.cancelled():
            self._over(error=asyncio.CancelledError())
        elif error := task.exception():
            self._over(error=error)
        else:
            self._over(task.result())

    def _over(self, value: Any = None, error: BaseException | None = None) -> None:
        self._value, self._error = value, error
        if self._pieces is not None:
            self._pieces.put(None)
        self._wake()

    def _pass_on(self, on_text: Pieces) -> None:
        assert isinstance(self._pieces, queue.SimpleQueue)
        while True:
            try:
                piece = self._pieces.get(timeout=0.1)
            except queue.Empty:
                continue
            if piece is None:
                return
            on_text(piece)


class Begun(Protocol):
    """What is begun on the loop; again, when it is to be cancelled."""

    def begin(self, loop: asyncio.AbstractEventLoop) -> None: ...


class Network:
    """The loop, its thread and connections, and the calls that wait to be begun on it."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop
        self.client = Client()
        self.over = False  # the process ends
        self._waiting: deque[Begun] = deque()
        self._woken = False
        self._running = threading.Event()
        self._thread = threading.Thread(target=self._run, name="network-dspnb", daemon=True)
        self._thread.start()
        self._running.wait()

    @property
    def is_here(self) -> bool:
        """Whether this is the loop's thread."""
        return threading.get_ident() == self._thread.ident

    def start(self, call: Begun) -> None:
        """Call its `begin` in the loop's thread; one wake-up serves all that come before that."""
        self._waiting.append(call)
        if not self._woken:
            self._woken = True
            try:
                self.loop.call_soon_threadsafe(self._begin)
            except BaseException:  # an interrupt: the next one must wake the loop again
                self._woken = False
                raise

    def _begin(self) -> None:
        self._woken = False  # before the queue is emptied: who comes later wakes the loop again
        while self._waiting:
            self._waiting.popleft().begin(self.loop)

    def _run(self) -> None:
        self.loop = new_event_loop()  # here, where no interrupt comes
        asyncio.set_event_loop(self.loop)
        self._running.set()
        self.loop.run_forever()

    def close(self) -> None:
        """Cancel what is under way, which closes its connections, and end the thread."""
        self.over = True

        async def end() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=0.2)
            self.client.close()
            self.loop.stop()

        if not self.loop.is_closed() and self._thread.is_alive():
            self.loop.call_soon_threadsafe(lambda: self.loop.create_task(end()))
            self._thread.join(0.5)


_network: Network | None = None
_making = threading.Lock()  # protects `_network` while it is made


def network() -> Network:
    """The loop of this process, made on first use; a forked child makes its own."""
    global _network
    if _network is None:
        with _making:
            if _network is None:
                _network = Network()
                atexit.register(_network.close)
    return _network


def _forked() -> None:
    global _network, _making
    _network, _making = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
