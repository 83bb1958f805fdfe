"""Do many things at once, in threads, and leave at once when asked to."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
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
    contexts = [contextvars.copy_context() for _ in jobs]
    pool = ThreadPoolExecutor(min(concurrency, len(jobs)), thread_name_prefix="dspnb")
    pending: dict[Future[Any], int] = {
        pool.submit(context.run, job): i
        for i, (context, job) in enumerate(zip(contexts, jobs, strict=True))
    }
    try:
        while pending:
            on_wait()
            done, _ = wait(pending, timeout=0.1, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=pending.__getitem__):
                yield pending.pop(future), future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
