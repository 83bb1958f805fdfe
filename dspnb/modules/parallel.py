"""Many programs at the same time, each on inputs of its own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dspnb.batch import inputs_of, run_all
from dspnb.errors import UsageError

from . import arguments


@dataclass(frozen=True)
class Parallel:
    """Runs pairs of a program and its inputs, at most `concurrency` at a time, in their order.

    `parallel([(program, {"question": "Why?"}), (other, example)])` gives a list of predictions.
    Inside a `forward` all their calls are in the trace of the program that is under way; outside,
    each prediction has its own. When some fail, `BatchError` is raised after all are done and holds
    the results; with `return_errors` the exceptions stand in their places instead.
    """

    concurrency: int = 8
    return_errors: bool = False

    def __post_init__(self) -> None:
        arguments.count("concurrency", self.concurrency)

    def __call__(self, pairs: Iterable[tuple[Callable[..., Any], Mapping[str, Any]]]) -> list[Any]:
        """What each program gives for its inputs."""
        return run_all(
            [_job(pair) for pair in pairs], self.concurrency, return_errors=self.return_errors
        )


def _job(pair: Any) -> Callable[[], Any]:
    match pair:
        case (program, example) if callable(program) and not isinstance(program, type):
            return functools.partial(program, **inputs_of(example))
    raise UsageError(
        "`Parallel` takes pairs of a program and its inputs, as in "
        f"`[(program, {{'question': 'Why?'}})]`; got {pair!r}."
    )
