"""Do many things at once, in threads, and leave at once when asked to."""

from __future__ import annotations

import contextlib
import contextvars
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, TypeVar

from .cancellation import Cancellation, cancellation

T = TypeVar("T")

# Where many jobs end each moment, their results are taken a few at a time: to wake this thread for
# each would take the interpreter from the others.
MANY = 8  # jobs at a time
PAUSE = 0.004  # seconds


def finished(
    jobs: Sequence[Callable[[], Any]],
    concurrency: int,
    on_wait: Callable[[], object] = lambda: None,
) -> Generator[tuple[int, Any], None, None]:
    """Yield `(index, result)` as jobs finish, each run in a copy of this thread's context.

    `on_wait` is called at least ten times a second; what it raises, and what a job raises, ends the
    iteration. Left early, no further job starts, and those in flight are not waited for: their
    model calls are cancelled, and their results dropped.
    """
    here = scope()
    context = contextvars.copy_context()
    context.run(cancellation.set, here.inner)
    waiting = deque(enumerate(jobs))
    done: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()
    over = threading.Event()

    def work() -> None:
        while waiting and not over.is_set():
            try:
                i, job = waiting.popleft()
            except IndexError:  # another thread was quicker
                return
            try:
                done.put((i, context.copy().run(job), None))
            except BaseException as error:  # raised again in the caller's thread
                over.set()
                done.put((i, None, error))

    pause = PAUSE if concurrency > MANY else 0.0
    with here:
        for _ in range(min(concurrency, len(jobs))):
            # Daemons: a process, or a kernel, can end though a call hangs.
            threading.Thread(target=work, name="dspnb", daemon=True).start()
        try:
            for _ in jobs:
                i, result, error = next_of(done, on_wait, pause)
                if error is not None:
                    raise error
                yield i, result
        finally:
            over.set()


class scope:
    """Model calls that are cancelled when the block is left, or those around it are."""

    def __init__(self) -> None:
        self.inner, self._outer = Cancellation(), cancellation.get()

    def __enter__(self) -> None:
        if self._outer is not None:
            self._outer.add(self, self.inner.cancel)

    def __exit__(self, *error: object) -> None:
        if self._outer is not None:
            self._outer.discard(self)
        self.inner.cancel()


def next_of(
    done: queue.SimpleQueue[T],
    on_wait: Callable[[], object],
    pause: float = 0.0,
    tick: float = 0.1,
) -> T:
    """What comes next; `on_wait` is called at least each `tick` seconds until then.

    With a `pause` it is looked for only after that, unless it is there.
    """
    while True:
        on_wait()
        with contextlib.suppress(queue.Empty):
            return done.get_nowait()
        if pause:
            time.sleep(pause)
        with contextlib.suppress(queue.Empty):
            return done.get(timeout=tick)


async def in_thread(function: Callable[[], T]) -> T:
    """Await what a function gives, run in a thread of its own with this task's context.

    When the task is cancelled, the function's model calls are too.
    asyncio's own threads are few: on two cores, six. A call that waits for a model needs no core.
    """
    import asyncio  # 20 ms, and who awaits has it

    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    here = scope()
    context = contextvars.copy_context()
    context.run(cancellation.set, here.inner)

    def settle(set_: Callable[[Any], object], value: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(lambda: None if done.done() else set_(value))

    def work() -> None:
        try:
            settle(done.set_result, context.run(function))
        except BaseException as error:
            settle(done.set_exception, error)

    with here:
        threading.Thread(target=work, name="dspnb", daemon=True).start()
        return await done


def wait_for(coroutine: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The value of a coroutine, for a caller that cannot await.

    Where an event loop runs already, as in a notebook's cell, it gets a thread of its own.
    """
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine())
    done = finished([lambda: asyncio.run(coroutine())], 1)
    with contextlib.closing(done):
        result: T = next(done)[1]
    return result
