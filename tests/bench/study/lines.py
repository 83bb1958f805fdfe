"""What one line of results says."""

from __future__ import annotations

import collections
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grid import Grid, Side

Where = tuple[str, int]  # benchmark, seed


@dataclass(frozen=True)
class Line:
    """One run: how good the program truly was before and after, and what that took."""

    told: Mapping[str, Any]

    @property
    def where(self) -> Where:
        """The benchmark and the seed, by which runs are paired."""
        return self.told["benchmark"], self.told["seed"]

    @property
    def failed(self) -> bool:
        """Whether it ended with an error: then its user keeps the program as it was."""
        return bool(self.told["error"]) or self.told["best"] is None

    @property
    def gain(self) -> float:
        """Points by which the best program found is truly better."""
        return self._gain("best")

    @property
    def returned(self) -> float:
        """Points by which the program that is returned is truly better."""
        return self._gain("returned")

    @property
    def final(self) -> float:
        """The truth of the best program found."""
        return float(self.told["base"] if self.failed else self.told["best"])

    @property
    def calls(self) -> int:
        """Runs of the program that a cache of answers would not have saved."""
        return int(self.told["paid_calls"])

    @property
    def tokens(self) -> int:
        """Those of its proposer, in and out."""
        return int(self.told["proposer_tokens"])

    def at(self, calls: int) -> float:
        """Points gained by the best program known after so many runs of the program."""
        known = [mark[2] for mark in self.told["curve"] if mark[0] <= calls]
        if self.failed or self.calls <= calls:
            return self.gain
        return 100 * (known[-1] - self.told["base"]) if known else 0.0

    def reached(self, truth: float) -> int | None:
        """Runs of the program until its best one was truly as good; None when it never was."""
        if self.failed:
            return None
        return next((mark[0] for mark in self.told["curve"] if mark[2] >= truth), None)

    def asked(self, truth: float) -> int:
        """Tokens of the proposer until its best one was truly as good; all when it never was."""
        marks = [] if self.failed else self.told["curve"]
        return next((mark[4] for mark in marks if mark[2] >= truth), self.tokens)

    def settled(self, truth: float) -> int | None:
        """Runs of the program from which on its best one was always truly as good, or None."""
        settled = None
        for paid, _, value, *_ in () if self.failed else self.told["curve"]:
            settled = None if value < truth else paid if settled is None else settled
        return settled

    @property
    def flattered(self) -> float | None:
        """Points by which the validation score that chose the best one is above its truth."""
        mean = self.told["mean"]
        return None if self.failed or mean is None else 100 * (mean - self.final)

    def _gain(self, name: str) -> float:
        return 0.0 if self.failed else 100 * (self.told[name] - self.told["base"])


@dataclass(frozen=True)
class Lines:
    """Runs of the study."""

    all: Sequence[Line]

    @classmethod
    def of(cls, told: Iterable[Mapping[str, Any]]) -> Lines:
        """Those that were read from files."""
        return cls([Line(one) for one in told])

    def kinds(self, side: Side, grid: Grid) -> list[tuple[str, int | None]]:
        """Optimizers and budgets of a grid, in the order of their names and sizes."""
        found = {
            (line.told["optimizer"], line.told["budget"])
            for line in self.all
            if (line.told["side"], line.told["grid"]) == (side, grid)
        }
        return sorted(found, key=lambda one: (one[0], one[1] or 0))

    def of_kind(
        self, side: Side, grid: Grid, optimizer: str, budget: int | None = None
    ) -> dict[Where, Line]:
        """The runs of one optimizer by benchmark and seed."""
        wanted = side, grid, optimizer, budget
        names = "side", "grid", "optimizer", "budget"
        return {
            line.where: line
            for line in self.all
            if tuple(line.told[name] for name in names) == wanted
        }


def by_task(
    values: Mapping[Where, float] | Iterable[tuple[Where, float]],
) -> list[list[float]]:
    """The values of each benchmark, for `resampled.mean`; a place may have several."""
    tasks: dict[str, list[float]] = collections.defaultdict(list)
    some = values.items() if isinstance(values, Mapping) else values
    for (benchmark, _), value in sorted(some):
        tasks[benchmark].append(value)
    return [*tasks.values()]


def pairs(
    some: Mapping[Where, Line], others: Mapping[Where, Line]
) -> Iterator[tuple[Where, Line, Line]]:
    """Runs of both on the same examples with the same model."""
    for where in sorted(some.keys() & others.keys()):
        yield where, some[where], others[where]


def speed_up(taken: int | None, racer: Line, other: Line) -> float:
    """The logarithm of how many times fewer runs the racer took to be as good as the other ended.

    `None` when it never was: then all of its runs count, or all of the other's if those are more.
    """
    paid = max(racer.calls, other.calls) if taken is None else taken
    return math.log(max(1, other.calls) / max(1, paid))
