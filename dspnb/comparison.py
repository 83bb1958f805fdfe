"""The program as it was and the best one that a search found, on examples that it did not see."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from .better import better, detectable, likely
from .expected import Expected
from .intervals import Z, paired
from .pairs import changed
from .report import Report, Row

SURE = 0.9  # the probability of being better from which a program is returned
FEW = 30  # held-out examples; fewer confirm hardly a third of what a search gains


@dataclass(frozen=True, repr=False)
class Comparison:
    """Baseline and best on the same held-out examples.

    `search` is the best one's mean on the validation set, which chose it and flatters it.
    """

    baseline: Report
    best: Report
    search: float = 0.0
    opened: int = 1  # how many runs have looked at the test set by now; 0 for a part of `val`
    never_worse: bool = True  # return the original unless the best one is better beyond doubt
    expected: Expected | None = None  # the best one's gain, by all that the search saw

    @functools.cached_property
    def difference(self) -> tuple[float, float, float]:
        """The mean of the paired differences, and its 95% confidence interval."""
        if self.baseline is self.best:
            return 0.0, 0.0, 0.0  # the program stayed as it was: that is no estimate
        return paired(self.baseline.scores, self.best.scores)

    @functools.cached_property
    def better(self) -> float:
        """The probability that the best one is truly better.

        By the held-out examples alone, or together with what is expected after the whole search,
        whichever is less: a search can raise doubts about its best one, and never lessen them.
        """
        alone = better(self.baseline.scores, self.best.scores)
        if self.expected is None or self.baseline is self.best:
            return alone
        difference, low, high = self.difference
        return min(alone, self.expected.better(difference, (high - low) / (2 * Z)))

    @property
    def returned(self) -> bool:
        """Whether the best one is returned; else the program as it was."""
        return not self.never_worse or self.baseline is self.best or self.better > SURE

    @property
    def report(self) -> Report:
        """The scores of the program that is returned."""
        return self.best if self.returned else self.baseline

    @property
    def optimism(self) -> float:
        """By how much the search overrated the best one."""
        return self.search - self.best.mean

    @functools.cached_property
    def fixed(self) -> tuple[int, ...]:
        """The examples, by index, that have a higher score than before."""
        return tuple(changed(self.baseline.scores, self.best.scores)[0])

    @functools.cached_property
    def broke(self) -> tuple[int, ...]:
        """The examples, by index, that have a lower score than before."""
        return tuple(changed(self.baseline.scores, self.best.scores)[1])

    def rows(self, index: int) -> tuple[Row, Row]:
        """What both made of one example: before and after."""
        return self.baseline.rows[index], self.best.rows[index]

    @property
    def conclusion(self) -> str:
        """What the numbers mean, in a line."""
        if self.baseline is self.best:
            return "nothing beat the program as it was"
        mean, low, high = self.difference
        luck = "" if self.returned else "; not distinguishable: the program as it was is returned"
        return (
            f"difference {mean:+.3f} [{low:+.3f}, {high:+.3f}], P(better) {likely(self.better)}; "
            f"fixed {len(self.fixed):,}, broke {len(self.broke):,}{luck}"
        )

    def __repr__(self) -> str:
        means = f"{self.baseline.mean:.3f}"
        if self.best is not self.baseline:
            means += f" -> {self.best.mean:.3f}"
        n = len(self.best.rows)
        return f"Comparison({means} on {n:,} held-out examples: {self.conclusion})"


def caution(held_out: int) -> str:
    """What so many held-out examples can show.

    >>> caution(20)
    'With 20 held-out examples a difference below 0.29 looks like luck; so few confirm little.'
    """
    few = "; so few confirm little" * (held_out < FEW)
    return (
        f"With {held_out} held-out examples a difference below {detectable(held_out):.2f} "
        f"looks like luck{few}."
    )
