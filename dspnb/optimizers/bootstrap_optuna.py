"""Bootstrap demos once, and choose among them by what the choices before have scored."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from dspnb.errors import UsageError
from dspnb.module import State

from .base import Search, Task, Validate
from .bootstrap import BootstrapFewShot
from .tpe import TPE, Choice


@dataclass(frozen=True)
class BootstrapFewShotWithOptuna:
    """Bootstrap a pool of demos; try `num_candidate_programs` selections from it.

    After DSPy's BootstrapFewShotWithOptuna, which shows one demo a predictor; here each demo of
    each predictor is shown or not, as Optuna's TPE chooses. The first selection is all of them. The
    pool has at most `max_bootstrapped_demos` demos from runs, filled up with labelled examples to
    `max_labeled_demos`, as in `BootstrapFewShot`. The best on `val` is kept.
    """

    max_bootstrapped_demos: int = 4
    max_labeled_demos: int = 16
    max_rounds: int = 1
    num_candidate_programs: int = 16
    metric_threshold: float | None = None

    def __post_init__(self) -> None:
        if self.num_candidate_programs < 1:
            raise UsageError(f"`num_candidate_programs` is at least 1; got {self}.")
        _ = self._bootstrap  # checks the other numbers before anything is spent

    def search(self, task: Task) -> Search:
        best, mean = task.state, (yield Validate(task.state)).mean
        pool = yield from self._bootstrap.search(task)
        options = {_name(path, i): 2 for path in pool for i in range(len(pool[path].demos))}
        if not options:
            return best
        tpe = TPE(options, seed=task.rng.getrandbits(32))
        if not any(setting.demos for setting in task.state.values()):
            tpe.add(dict.fromkeys(options, 0), mean)
        for number in range(self.num_candidate_programs):
            choice = tpe.ask() if number else dict.fromkeys(options, 1)
            state = _chosen(pool, choice)
            report = yield Validate(state, task.state, f"selection {number + 1}")
            tpe.tell(choice, report.mean) if number else tpe.add(choice, report.mean)
            if report.mean > mean:
                best, mean = state, report.mean
        return best

    @property
    def most_demos(self) -> int:
        """How many demos a prompt may have."""
        return self._bootstrap.most_demos

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int]:
        bootstrapping = self._bootstrap.program_calls(train, val)["bootstrapping"]
        return {"bootstrapping": bootstrapping, "validating": self.num_candidate_programs * val}

    @property
    def _bootstrap(self) -> BootstrapFewShot:
        return BootstrapFewShot(
            self.max_bootstrapped_demos,
            self.max_labeled_demos,
            self.max_rounds,
            self.metric_threshold,
        )


def _chosen(pool: State, choice: Choice) -> State:
    """The pool with the demos that are chosen, in their order."""
    return {
        path: dataclasses.replace(
            setting,
            demos=tuple(demo for i, demo in enumerate(setting.demos) if choice[_name(path, i)]),
        )
        for path, setting in pool.items()
    }


def _name(path: str, place: int) -> str:
    return f"{path} {place}"
