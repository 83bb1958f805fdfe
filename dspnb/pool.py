"""Do many things at once, in threads, and leave at once when asked to."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any


def finished(
    jobs: Sequence[Callable[[], Any]],
    concurrency: int,
    on_wait: Callable[[], object] = lambda: None,
) -> Generator[tuple[int, Any], None, None]:
    """Yield `(index, result)` as jobs finish, each run in a copy of this thread's context.

    `on_wait` is called at least ten times a second; what it raises, and what a job raises, ends the
    iteration. Left early, no further job starts, and those in flight are not waited for: their
    results are dropped.
    """
    waiting = deque((i, contextvars.copy_context(), job) for i, job in enumerate(jobs))
    done: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()
    over = threading.Event()

    def work() -> None:
        while waiting and not over.is_set():
            try:
                i, context, job = waiting.popleft()
            except IndexError:  # another thread was quicker
                return
            try:
                done.put((i, context.run(job), None))
            except BaseException as error:  # raised again in the caller's thread
                over.set()
                done.put((i, None, error))

    for _ in range(min(concurrency, len(jobs))):
        # Daemons: a process, or a kernel, can end though a call hangs.
        threading.Thread(target=work, name="dspnb", daemon=True).start()
    try:
        for _ in jobs:
            i, result, error = _next(done, on_wait)
            if error is not None:
                raise error
            yield i, result
    finally:
        over.set()


def _next(done: queue.SimpleQueue[Any], on_wait: Callable[[], object]) -> Any:
    while True:
        on_wait()
        try:
            return done.get(timeout=0.1)
        except queue.Empty:
            continue
