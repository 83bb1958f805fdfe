"""The same random search in DSPy, with a model that answers at once."""

from __future__ import annotations

import contextlib
import io
import resource
import sys

import dspy
from call_dspy import Instant
from measuring import Clock, question, tell


def examples(start: int, count: int) -> list[dspy.Example]:
    """Questions of one answer."""
    return [
        dspy.Example(question=question(i), answer="Paris").with_inputs("question")
        for i in range(start, start + count)
    ]


class Counting:
    """A metric that knows how often it was asked: once for each run of the program."""

    runs = 0

    def __call__(self, example, prediction, trace=None):
        self.runs += 1
        return example.answer == prediction.answer


def main(train: int, val: int, candidates: int) -> None:
    """Tell microseconds of CPU for each run of the program, and what of it is in memory."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    dspy.configure(lm=Instant(), disable_history=True)
    metric = Counting()
    search = dspy.BootstrapFewShotWithRandomSearch(
        metric=metric,
        max_bootstrapped_demos=4,
        max_labeled_demos=16,
        num_candidate_programs=candidates,
        num_threads=16,
    )
    data = examples(0, train), examples(train, val)
    clock = Clock()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        search.compile(dspy.Predict("question -> answer"), trainset=data[0], valset=data[1])
    figures = clock.each(metric.runs)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    tell(**figures, runs=metric.runs, megabytes=grown / 1024)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
