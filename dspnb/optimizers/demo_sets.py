"""Several sets of demos to choose from: the program's own, labelled ones, and bootstrapped ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from dspnb.example import Example
from dspnb.module import State
from dspnb.report import Report

from .base import Evaluate, Search, Task
from .bootstrap import BootstrapFewShot
from .labeled import labeled

Demos = tuple[Example, ...]
Sets = Mapping[str, Sequence[Demos]]  # predictor path -> its sets of demos
Known = dict[tuple[int, int], Report]  # which example and rollout -> what the teacher made of it


def demo_sets(task: Task, count: int, bootstrap: BootstrapFewShot) -> Generator[Any, Any, Sets]:
    """So many sets for each predictor; the first is what it has, which usually is no demo.

    Then one of labels only, if there may be labelled demos; one bootstrapped from the training
    examples in order; and others bootstrapped from a shuffle of them, each for a random number of
    demos (Opsahl-Ong et al., 2024, arXiv 2406.11695). All bootstraps have one teacher, so each
    example is run at most once a round, however many sets there are.
    """
    labels = labeled(task, task.train, bootstrap.max_labeled_demos, task.rng)
    has_demos = any(setting.demos for setting in task.state.values())
    taught = task if has_demos else dataclasses.replace(task, state=labels)
    states = [task.state, labels] if bootstrap.max_labeled_demos else [task.state]
    train, size, known = task.train, bootstrap.max_bootstrapped_demos, Known()
    while len(states) < count:
        one = dataclasses.replace(bootstrap, max_bootstrapped_demos=size)
        states.append((yield from _once(one.on(taught, train), known)))
        train = task.rng.sample(task.train, len(task.train))
        size = task.rng.randint(min(1, size), bootstrap.max_bootstrapped_demos)
    return {path: [state[path].demos for state in states[:count]] for path in task.state}


def teacher_runs(train: int, count: int, bootstrap: BootstrapFewShot) -> int:
    """How many runs of the teacher so many sets take at most."""
    bootstraps = count - (2 if bootstrap.max_labeled_demos else 1)
    return bootstrap.program_calls(train, 0)["bootstrapping"] if bootstraps > 0 else 0


def _once(search: Search, known: Known) -> Generator[Any, Any, State]:
    """The same search, in which no run is asked for that is known."""
    answer = None
    while True:
        try:
            asks = search.send(answer)
        except StopIteration as end:
            state: State = end.value
            return state
        assert isinstance(asks, tuple)
        new = tuple(ask for ask in asks if _which(ask) not in known)
        reports = (yield new) if new else ()
        known.update(zip(map(_which, new), reports, strict=True))
        answer = tuple(known[_which(ask)] for ask in asks)


def _which(ask: Any) -> tuple[int, int]:
    assert isinstance(ask, Evaluate)
    return id(ask.examples[0]), ask.rollout  # the task holds the examples, so none is mistaken
