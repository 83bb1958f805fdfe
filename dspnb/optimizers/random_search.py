"""Bootstrap many times from shuffled examples, and keep what validates best."""

from __future__ import annotations

from dataclasses import dataclass

from dspnb.errors import UsageError

from .base import Search, Task, Validate
from .bootstrap import BootstrapFewShot
from .labeled import labeled


@dataclass(frozen=True)
class BootstrapFewShotWithRandomSearch:
    """Score the program bare, with labelled demos, and many times bootstrapped.

    DSPy's BootstrapFewShotWithRandomSearch (Khattab et al., 2023, arXiv 2310.03714). The first
    bootstrap goes through the training examples in order; `num_candidate_programs` others through a
    shuffle of them, each for a random number of demos. A score of `stop_at_score` on `val` ends the
    search.
    """

    max_bootstrapped_demos: int = 4
    max_labeled_demos: int = 16
    max_rounds: int = 1
    num_candidate_programs: int = 16
    metric_threshold: float | None = None
    stop_at_score: float | None = None

    def __post_init__(self) -> None:
        if self.max_bootstrapped_demos < 1 or self.num_candidate_programs < 0:
            raise UsageError(
                "Random search draws 1 to `max_bootstrapped_demos` demos for each of "
                f"`num_candidate_programs` candidates; got {self}."
            )
        self._of(self.max_bootstrapped_demos)  # checks the other numbers before anything is spent

    def search(self, task: Task) -> Search:
        best, best_mean = task.state, (yield Validate(task.state)).mean
        for number in range(-1, self.num_candidate_programs + 1):
            if self.stop_at_score is not None and best_mean >= self.stop_at_score:
                break
            if number < 0:
                state = labeled(task, task.train, self.max_labeled_demos, task.rng)
                note = "labelled demos"
            else:
                state = yield from self._bootstrap(task, number)
                note = f"bootstrap {number}"
            mean = (yield Validate(state, parent=task.state, note=note)).mean
            if mean > best_mean:
                best, best_mean = state, mean
        return best

    @property
    def most_demos(self) -> int:
        """How many demos a prompt may have."""
        return max(self.max_bootstrapped_demos, self.max_labeled_demos)

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int]:
        one = self._of(self.max_bootstrapped_demos).program_calls(train, val)
        bootstraps = self.num_candidate_programs + 1
        return {
            "bootstrapping": bootstraps * one["bootstrapping"],
            "validating": (1 + bootstraps) * val,  # the first has labelled demos
        }

    def _bootstrap(self, task: Task, number: int) -> Search:
        train, size = list(task.train), self.max_bootstrapped_demos
        if number:
            train = task.rng.sample(train, len(train))
            size = task.rng.randint(1, self.max_bootstrapped_demos)
        return (yield from self._of(size).on(task, train))

    def _of(self, size: int) -> BootstrapFewShot:
        return BootstrapFewShot(
            size, self.max_labeled_demos, self.max_rounds, self.metric_threshold
        )
