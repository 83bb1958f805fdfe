"""CPU of a random search beside its calls: the model answers at once, and all is kept on disk."""

from __future__ import annotations

import resource
import sys

from call_dspnb import Instant
from measuring import Clock, question, tell

from dspnb import BootstrapFewShotWithRandomSearch, Example, Predict, compile, use


def examples(start: int, count: int) -> list[Example]:
    """Questions of one answer."""
    return [
        Example(question=question(i), answer="Paris").with_inputs("question")
        for i in range(start, start + count)
    ]


def right(example, prediction):
    """Whether the answer is the right one."""
    return example.answer == prediction.answer


def main(train: int, val: int, candidates: int) -> None:
    """Tell microseconds of CPU for each run of the program, and what of it is in memory."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    data = examples(0, train), examples(train, val)
    with use(lm=Instant()):
        clock = Clock()
        run = compile(
            Predict("question -> answer"),
            BootstrapFewShotWithRandomSearch(4, 16, num_candidate_programs=candidates),
            metric=right,
            train=data[0],
            val=data[1],
            never_worse=False,
            wait=True,
        )
        runs, _ = run.progress
        figures = clock.each(runs)
    assert run.report is not None and run.report.mean == 1.0
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    tell(**figures, runs=runs, megabytes=grown / 1024)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
