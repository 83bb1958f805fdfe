"""Do many things at once as tasks of the network's event loop, and what follows each in threads.

A thread for each of some hundred calls that wait for a model costs more than the calls do.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, NamedTuple, Protocol

from .cancellation import Cancelled, cancellation
from .lm.loop import network
from .pool import MANY, PAUSE, next_of, scope

SLOW = 0.001  # seconds; what follows on this average waits for something, and gets more threads
STUCK = 0.01  # seconds; the same, for one that has not ended yet
FEW = 4  # tasks
AHEAD = 256  # answers that may wait for what follows, where that takes no time
TICK = 0.02  # seconds between two looks at that


class Job(Protocol):
    """Two steps: what is awaited, and what is done with its answer or error, in a thread."""

    def ask(self) -> Coroutine[Any, Any, Any]:
        """What is awaited. It never blocks, and leaves its context as it was."""

    def then(self, answer: Any, error: Exception | None) -> Any:
        """The result. What it raises ends it all."""


def finished(
    jobs: Sequence[Job],
    concurrency: int,
    on_wait: Callable[[], object] = lambda: None,
    *,
    ahead: bool = True,
) -> Generator[tuple[int, Any], None, None]:
    """The same as `pool.finished`, for jobs of two steps.

    With `ahead`, while what follows takes next to no time, the next job begins without waiting for
    it. Called off from outside, it raises `Cancelled`.
    """
    here = scope()
    context = contextvars.copy_context()
    context.run(cancellation.set, here.inner)
    pause = PAUSE if concurrency > MANY else 0.0
    under_way = _UnderWay(jobs, context, min(concurrency, len(jobs)), pause, AHEAD if ahead else 0)

    def look() -> None:
        on_wait()
        under_way.look_after()

    with here:
        here.inner.add(under_way, under_way.close)
        under_way.start()
        for _ in jobs:
            i, result, error = next_of(under_way.done, look, pause, TICK)
            if error is not None:
                raise error
            yield i, result


class _Answered(NamedTuple):
    """A job whose first step is over."""

    i: int
    job: Job
    context: contextvars.Context
    answer: Any
    error: Exception | None
    over: asyncio.Future[None] | None  # set after the second step, where that is waited for


class _UnderWay:
    """The jobs that are asked, those whose answer waits for a thread, and the threads."""

    def __init__(
        self,
        jobs: Sequence[Job],
        context: contextvars.Context,
        most: int,
        pause: float,
        ahead: int,
    ) -> None:
        self.done: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()
        self._context, self._most, self._pause = context, most, pause
        self._ahead = ahead
        self._jobs = deque(enumerate(jobs))
        self._tasks: list[asyncio.Task[None]] = []
        self._answered: queue.SimpleQueue[_Answered | None] = queue.SimpleQueue()
        self._followed: deque[asyncio.Future[None]] = deque()  # whose second step is over
        self._threads: list[_Thread] = []
        self._looked = 0.0  # when
        self._closed = False

    def start(self) -> None:
        """Begin with the first jobs."""
        self._start_thread()
        network().start(self)

    def close(self) -> None:
        """Nothing more is begun; what is asked is cancelled, and what follows is not waited for."""
        self._closed = True
        network().start(self)
        for _ in self._threads:
            self._answered.put(None)

    def look_after(self) -> None:
        """Start a thread for each answer that waits, if those that there are take long."""
        now = time.perf_counter()
        waiting = self._answered.qsize()
        if now - self._looked < PAUSE or not waiting or self._closed:
            return
        self._looked = now
        if all([thread.is_slow(now) for thread in self._threads]):
            for _ in range(min(waiting, self._most - len(self._threads))):
                self._start_thread()

    def _start_thread(self) -> None:
        self._threads.append(_Thread(self._answered, self._follow, self._pause))

    # -- in the loop's thread ----------------------------------------------------------

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin, go on after a second step, or cancel all."""
        while self._followed:
            over = self._followed.popleft()
            if not over.done():
                over.set_result(None)
        if self._closed:
            for task in self._tasks:
                task.cancel()
            self.done.put((0, None, Cancelled()))  # for a caller who did not close it himself
        elif not self._tasks:
            self._begin_some(loop)

    def _begin_some(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin a few: their requests are on the way before the next ones are written."""
        if self._closed:
            return
        for _ in range(min(FEW, self._most - len(self._tasks))):
            task = loop.create_task(self._ask_in_turn(loop), context=self._context.copy())
            self._tasks.append(task)
        if len(self._tasks) < self._most:
            loop.call_soon(self._begin_some, loop)

    async def _ask_in_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        answer: Any
        error: Exception | None
        while self._jobs and not self._closed:
            i, job = self._jobs.popleft()
            try:
                answer, error = await job.ask(), None
            except Exception as raised:
                answer, error = None, raised
            except asyncio.CancelledError:
                self.done.put((i, None, Cancelled()))  # or the caller would wait for this one
                raise
            except BaseException as raised:  # raised again in the caller's thread
                self.done.put((i, None, raised))
                return
            over = loop.create_future() if self._must_wait() else None
            context = contextvars.copy_context()
            self._answered.put(_Answered(i, job, context, answer, error, over))
            if over is not None:
                await over

    def _must_wait(self) -> bool:
        """Whether what follows an answer takes so long that the next job waits for it."""
        if not self._ahead or len(self._threads) > 1:
            return True
        return self._answered.qsize() >= max(self._most, self._ahead)

    # -- in the threads ----------------------------------------------------------------

    def _follow(self, one: _Answered) -> None:
        if self._closed:
            return
        try:
            result = one.context.run(one.job.then, one.answer, one.error)
        except BaseException as error:  # raised again in the caller's thread
            self.done.put((one.i, None, error))
            return
        self.done.put((one.i, result, None))
        if one.over is not None:
            self._followed.append(one.over)
            network().start(self)


class _Thread:
    """A thread that does what follows, and how long that takes it."""

    def __init__(
        self,
        answered: queue.SimpleQueue[_Answered | None],
        follow: Callable[[_Answered], object],
        pause: float,
    ) -> None:
        self._answered, self._follow, self._pause = answered, follow, pause
        self._began = 0.0  # when the present one began; 0 while there is none
        self._spent, self._count = 0.0, 0  # seconds since the last look, and for how many
        # Daemons: a process, or a kernel, can end though what follows hangs.
        threading.Thread(target=self._work, name="dspnb", daemon=True).start()

    def is_slow(self, now: float) -> bool:
        """Whether this thread waits for something rather than works, since the last look."""
        began, spent, count = self._began, self._spent, self._count
        self._spent, self._count = 0.0, 0
        return bool(began and now - began > STUCK) or spent > count * SLOW

    def _work(self) -> None:
        while (one := self._answered.get()) is not None:
            if self._pause and one.over is None and self._answered.qsize() < MANY:
                # To wake for each would take the interpreter from the loop.
                time.sleep(self._pause)
            while one is not None:
                self._began = began = time.perf_counter()
                self._follow(one)
                self._began = 0.0
                self._spent += time.perf_counter() - began
                self._count += 1
                try:
                    one = self._answered.get_nowait()
                except queue.Empty:
                    break
            else:
                return
