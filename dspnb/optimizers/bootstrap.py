"""Let the program make its own demos: keep the calls of runs that the metric accepts."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dspnb.errors import UsageError
from dspnb.example import Example
from dspnb.module import State
from dspnb.report import Row
from dspnb.signature import Signature
from dspnb.trace import Call

from .base import Evaluate, Search, Task
from .labeled import demos_for, labeled

Demos = Mapping[str, list[Example]]  # predictor path -> its demos


@dataclass(frozen=True)
class BootstrapFewShot:
    """Run the program on training examples; successful runs become demos of all its predictors.

    DSPy's BootstrapFewShot (Khattab et al., 2023, arXiv 2310.03714): at most
    `max_bootstrapped_demos` from runs, filled up with labelled examples to `max_labeled_demos`. A
    run is accepted when its score reaches `metric_threshold`; without one, when it is above 0.
    Examples that fail are tried again up to `max_rounds` times, each a fresh sample.
    """

    max_bootstrapped_demos: int = 4
    max_labeled_demos: int = 16
    max_rounds: int = 1
    metric_threshold: float | None = None

    def __post_init__(self) -> None:
        if self.max_bootstrapped_demos < 0 or self.max_labeled_demos < 0 or self.max_rounds < 1:
            raise UsageError(f"Demos are at least 0 and rounds at least 1; got {self}.")

    def search(self, task: Task) -> Search:
        return (yield from self.on(task, task.train))

    def on(self, task: Task, train: Sequence[Example]) -> Search:
        """The search, going through these examples in this order."""
        teacher = task.state
        if self.max_labeled_demos and not any(s.demos for s in task.state.values()):
            teacher = labeled(task, train, self.max_labeled_demos, task.rng)
        demos, used = yield from self._successes(task, teacher, train)
        rest = [example for i, example in enumerate(train) if i not in used]
        return _with_demos(task, demos, rest, self.max_labeled_demos)

    @property
    def most_demos(self) -> int:
        """How many demos a prompt may have."""
        return max(self.max_bootstrapped_demos, self.max_labeled_demos)

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int]:
        most = train * self.max_rounds if self.max_bootstrapped_demos else 0
        return {"bootstrapping": most, "validating": val}

    def _successes(
        self, task: Task, teacher: State, train: Sequence[Example]
    ) -> Generator[Any, Any, tuple[Demos, set[int]]]:
        """Demos by path from accepted runs, and the indices of the examples they came from."""
        demos: Demos = {path: [] for path in task.state}
        used: set[int] = set()
        untried = iter(range(len(train)))
        while len(used) < self.max_bootstrapped_demos:
            # As many at once as are still needed: concurrent, and never one too many.
            wave = list(_take(untried, self.max_bootstrapped_demos - len(used)))
            if not wave:
                break
            for rollout in range(self.max_rounds):
                asks = tuple(
                    Evaluate(_without(task, teacher, train[i]), (train[i],), rollout, "teacher")
                    for i in wave
                )
                reports = yield asks
                for i, report in zip(tuple(wave), reports, strict=True):
                    if self._accepted(report.rows[0]):
                        wave.remove(i)
                        used.add(i)
                        for path, demo in demos_of(report.rows[0].trace, task.rng):
                            if path in demos:  # a predictor made during the run has no state
                                demos[path].append(demo)
                if not wave:
                    break
        return demos, used

    def _accepted(self, row: Row) -> bool:
        if row.error:
            return False
        if self.metric_threshold is None:
            return row.score.value > 0
        return row.score.value >= self.metric_threshold


def _with_demos(task: Task, demos: Demos, rest: Sequence[Example], most: int) -> State:
    """Bootstrapped demos, then labelled ones from the examples that were not bootstrapped."""
    state = {}
    for path, setting in task.state.items():
        own = demos[path]
        labels = demos_for(task.signatures[path], rest)
        more = task.rng.sample(labels, min(len(labels), max(0, most - len(own))))
        state[path] = dataclasses.replace(setting, demos=(*own, *more))
    return state


def _take(items: Iterator[int], n: int) -> Iterator[int]:
    return (item for _, item in zip(range(n), items, strict=False))


def _without(task: Task, state: State, example: Example) -> State:
    """The state with no demo that gives this example's answer away."""
    return {
        path: dataclasses.replace(
            setting,
            demos=tuple(
                demo
                for demo in setting.demos
                if not _gives_away(task.signatures[path], demo, example)
            ),
        )
        for path, setting in state.items()
    }


def _gives_away(signature: Signature, demo: Example, example: Example) -> bool:
    """Whether the demo has the example's inputs and labels, whatever more it shows."""
    compared = [
        field.name
        for field in signature.fields
        if field.name in demo and (field.role == "input" or field.name in example)
    ]
    return all(name in example and demo[name] == example[name] for name in compared)


def demos_of(trace: Sequence[Call], rng: random.Random) -> Iterator[tuple[str, Example]]:
    """One demo of each predictor in a run; of several calls, the last or an earlier one by lot."""
    calls: dict[str, list[Call]] = {}
    for call in trace:
        if not call.error and not call.rejected:
            calls.setdefault(call.path, []).append(call)
    for path, made in calls.items():
        call = made[-1] if len(made) == 1 or rng.random() < 0.5 else rng.choice(made[:-1])
        yield path, Example(**{"augmented": True, **call.inputs, **call.outputs})
