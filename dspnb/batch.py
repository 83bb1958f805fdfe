"""Many calls at once: results in order, and no result lost when one fails."""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .errors import BatchError, LMError, NotTried, UsageError, one_line
from .example import Example
from .pool import finished


def run_all(
    jobs: Sequence[Callable[[], Any]],
    concurrency: int,
    *,
    return_errors: bool = False,
    alike: bool = False,
) -> list[Any]:
    """What each job gives, in order, at most `concurrency` at a time.

    When some raise, `BatchError` is raised after all are done and holds the results; with
    `return_errors` the exceptions stand in their places instead. What the user did wrong is raised
    at once. Where jobs are `alike`, none is begun after an error that would fail each of them, such
    as a wrong key: a `NotTried` stands in its place.

    >>> run_all([lambda: 1, lambda: 2], 2)
    [1, 2]
    """
    if concurrency < 1:
        raise UsageError(f"`concurrency` is at least 1; got {concurrency}.")
    results: list[Any] = [None] * len(jobs)
    failed: list[Exception] = []
    not_tried = 0
    tries = _Tries(alike)
    kept = [functools.partial(tries.result, job) for job in jobs]
    with contextlib.closing(finished(kept, concurrency)) as done:
        for i, (result, error) in done:
            results[i] = result if error is None else error
            if isinstance(error, NotTried):
                not_tried += 1
            elif error is not None:
                failed.append(error)
    if failed and not return_errors:
        causes = Counter(map(one_line, failed)).most_common(3)
        said = "; ".join(f"{n} times {cause}" for cause, n in causes)
        rest = f"; {not_tried} were not tried, as that would fail them too" if not_tried else ""
        raise BatchError(
            f"{len(failed)} of {len(jobs)} calls failed: {said}{rest}. The results of "
            "the others are in `error.results`; with `return_errors=True` they are returned.",
            results,
        ) from failed[0]
    return results


def inputs_of(example: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of an example; a dict is taken whole."""
    if isinstance(example, Example):
        return example.inputs
    if isinstance(example, Mapping):
        return dict(example)
    raise UsageError(f"A batch is of examples or of dicts of inputs; got {example!r}.")


class _Tries:
    """What jobs give or raise; after an error that would fail those like it, they are not begun."""

    def __init__(self, alike: bool) -> None:
        self._alike = alike
        self._fatal: LMError | None = None

    def result(self, job: Callable[[], Any]) -> tuple[Any, Exception | None]:
        if self._fatal is not None:
            return None, NotTried(f"not tried, as it would fail alike: {one_line(self._fatal)}")
        try:
            return job(), None
        except UsageError:
            raise
        except Exception as error:  # a job is the user's program, and may raise anything
            if self._alike and isinstance(error, LMError) and error.fatal:
                self._fatal = error
            return None, error
