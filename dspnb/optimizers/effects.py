"""What each change to a program adds to its score, told from few scores that many share."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

SCALES = (0.02, 0.05, 0.1, 0.2)  # standard deviations of a change's effect, tried by likelihood
SPLIT = 0.5  # the share of variance that is the example's, where nothing is known
WORTH = 20  # scores that this is worth
WIDE = 1.0  # the standard deviation of the overall mean


@dataclass
class Scores:
    """Scores so far, each of some changes on an example."""

    changes: dict[str, int] = field(default_factory=dict)  # name -> its place
    cells: list[tuple[tuple[int, ...], int, float]] = field(default_factory=list)

    def add(self, changes: Iterable[str], example: int, value: float) -> None:
        """Note the score of a program with these changes."""
        places = tuple(self.place(name) for name in changes)
        self.cells.append((places, example, value))

    def place(self, name: str) -> int:
        """The place of a change; a new one gets the next."""
        return self.changes.setdefault(name, len(self.changes))

    def effects(self) -> Effects:
        """What all scores together say."""
        return _fitted(self)


@dataclass(frozen=True)
class Effects:
    """The posterior of an additive model: score = example + what each change adds + luck.

    Examples and changes are random effects (best linear unbiased prediction: Henderson, 1975), so
    programs with other examples and other combinations of changes inform each other, and what the
    same example does to all of them cancels out.
    """

    changes: Mapping[str, int]
    mean: Array  # of each change's effect; the last is the mean of all examples
    root: Array  # of the covariance: a lower triangle
    examples: Mapping[int, tuple[float, float]]  # how each differs from the mean, and its variance
    luck: float  # variance of a score around its expectation
    between: float  # variance between examples

    @property
    def level(self) -> float:
        """The mean score without any change."""
        return float(self.mean[-1])

    def of(self, changes: Iterable[str], drawn: Array | None = None) -> float:
        """What some changes add together: as expected, or in a draw."""
        source = self.mean if drawn is None else drawn
        return float(sum(source[self.changes[name]] for name in changes if name in self.changes))

    def draw(self, rng: random.Random) -> Array:
        """All effects, as they may be (Thompson, 1933)."""
        import numpy as np

        lots = np.array([rng.gauss(0, 1) for _ in self.mean])
        drawn: Array = self.mean + self.root @ lots
        return drawn

    def telling(self, changes: Iterable[str], example: int) -> float:
        """How much the score on an example would tell about these changes.

        The more open it is how it ends, and the better the example is known from other programs.
        """
        offset, variance = self.examples.get(example, (0.0, self.between))
        p = min(0.95, max(0.05, self.level + self.of(changes) + offset))
        return p * (1 - p) / (self.luck + variance)

    def expected(self, changes: Iterable[str]) -> float:
        """The mean score over the examples that were seen, each kept within 0 and 1."""
        gain = self.level + self.of(changes)
        if not self.examples:
            return min(1.0, max(0.0, gain))
        kept = [min(1.0, max(0.0, gain + offset)) for offset, _ in self.examples.values()]
        return sum(kept) / len(kept)


def _fitted(scores: Scores) -> Effects:
    """The model with the scale of effects that makes the scores most likely."""
    import numpy as np

    count = len(scores.changes)
    x = np.zeros((len(scores.cells), count + 1))
    x[:, count] = 1.0
    y = np.empty(len(scores.cells))
    rows: dict[int, list[int]] = {}
    for i, (places, example, value) in enumerate(scores.cells):
        x[i, list(places)] = 1.0
        y[i] = value
        rows.setdefault(example, []).append(i)
    luck, between = _variances(y, rows.values())
    shrink = {e: between / (luck + len(r) * between) for e, r in rows.items()}
    xs = np.array([x[r].sum(0) for r in rows.values()])
    ys = np.array([y[r].sum() for r in rows.values()])
    weights = np.array([*shrink.values()])
    precision = (x.T @ x - xs.T @ (xs * weights[:, None])) / luck
    pull = (x.T @ y - xs.T @ (ys * weights)) / luck
    best: tuple[float, Array, Array] | None = None
    for scale in SCALES:
        prior = np.full(count + 1, scale**-2)
        prior[count] = WIDE**-2
        start = np.zeros(count + 1)
        start[count] = 0.5
        lower = np.linalg.cholesky(precision + np.diag(prior))
        mean = np.linalg.solve(lower.T, np.linalg.solve(lower, pull + prior * start))
        fit = mean @ (pull + prior * start)
        likely = float(np.log(prior).sum() - 2 * np.log(np.diag(lower)).sum() + fit) / 2
        if best is None or likely > best[0]:
            best = likely, mean, lower
    assert best is not None
    _, mean, lower = best
    left = y - x @ mean
    examples = {
        e: (shrink[e] * float(left[r].sum()), between * luck / (luck + len(r) * between))
        for e, r in rows.items()
    }
    root = np.linalg.inv(lower).T
    return Effects(dict(scores.changes), mean, root, examples, luck, between)


def _variances(y: Array, rows: Iterable[Sequence[int]]) -> tuple[float, float]:
    """Of luck, and between examples: by those that were seen more than once, shrunk to a half."""
    whole = max(0.04, float(y.var()) if len(y) > 1 else 0.25)
    within, freedom = 0.0, 0
    for some in rows:
        if len(some) > 1:
            mine = y[list(some)]
            within += float(((mine - mine.mean()) ** 2).sum())
            freedom += len(some) - 1
    luck = (WORTH * SPLIT * whole + within) / (WORTH + freedom)
    luck = min(0.95 * whole, max(0.05 * whole, luck))
    return luck, whole - luck


def regret(
    effects: Effects, options: Sequence[Sequence[Sequence[str]]], rng: random.Random
) -> float:
    """By how much the best choice of each factor is expected to beat the one that looks best."""
    draws = [effects.draw(rng) for _ in range(64)]
    lost = 0.0
    for levels in options:
        best = max(levels, key=effects.of)
        lost += sum(
            max(effects.of(one, drawn) for one in levels) - effects.of(best, drawn)
            for drawn in draws
        ) / len(draws)
    return lost if not math.isnan(lost) else 0.0
