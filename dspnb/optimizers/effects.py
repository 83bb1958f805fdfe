"""What each change to a program adds to its score, told from few scores that many share."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

SCALES = (0.03, 0.1, 0.3)  # standard deviations of a change's effect: which one, the scores say
SPLIT, WORTH = 0.5, 20  # the share of variance that is the example's; how many scores that is worth
LEAST = 0.02  # the variance of scores at least, though all were equal so far
MIDDLE, WIDE = 0.5, 1.0  # the mean of all scores, before any is known, and its standard deviation
DIGITS = 9  # results are rounded, so that searches go alike on all machines


class Scores:
    """Scores so far, each of a program with some changes on one example.

    Kept are the sums that the model needs: they do not grow with the scores, but with the changes.
    """

    def __init__(self) -> None:
        import numpy as np

        self._places: dict[str, int] = {}  # change -> its column; the first is what all have
        self._examples: dict[int, int] = {}  # example -> its row
        self._columns = np.zeros((0, 1))  # example x column: how often it was scored with it
        self._pairs = np.zeros((1, 1))  # column x column: how often they were scored together
        self._sums = np.zeros(1)  # of the scores with each column
        self._each = np.zeros((0, 2))  # example: the sums of its scores and of their squares
        self._fresh: list[tuple[int, list[int], float]] = []  # row, columns, score: to be added
        self._low, self._high = 0.0, 1.0  # a metric may have another range

    def expect(self, changes: Iterable[str]) -> None:
        """Take changes into account of which no score is known yet."""
        for name in changes:
            self._places.setdefault(name, len(self._places) + 1)

    def add(self, changes: Sequence[str], example: int, value: float) -> None:
        """Note a score."""
        self.expect(changes)
        row = self._examples.setdefault(example, len(self._examples))
        self._fresh.append((row, [0, *(self._places[name] for name in changes)], value))
        self._low, self._high = min(self._low, value), max(self._high, value)

    def _sum_up(self) -> None:
        """Add to the sums what came since."""
        import numpy as np

        rows = len(self._examples) - len(self._each)
        columns = len(self._places) + 1 - len(self._sums)
        if rows or columns:
            self._columns = np.pad(self._columns, ((0, rows), (0, columns)))
            self._each = np.pad(self._each, ((0, rows), (0, 0)))
            self._pairs = np.pad(self._pairs, (0, columns))
            self._sums = np.pad(self._sums, (0, columns))
        if self._fresh:
            cells = [(row, one, value) for row, some, value in self._fresh for one in some]
            at, by, values = zip(*cells, strict=True)
            np.add.at(self._columns, (at, by), 1)
            np.add.at(self._sums, (by,), values)
            both = zip(
                *[(i, j) for _, some, _ in self._fresh for i in some for j in some], strict=True
            )
            np.add.at(self._pairs, tuple(both), 1)
            for row, _, value in self._fresh:
                self._each[row] += value, value**2
            self._fresh.clear()

    def effects(self) -> Effects:
        """What all scores together say; there must be some."""
        import numpy as np

        self._sum_up()
        low, scale = self._low, self._high - self._low
        counts, (sums, squares) = self._columns[:, 0], self._each.T
        sums, squares = sums - low * counts, squares - 2 * low * sums + low**2 * counts
        order = [*range(1, len(self._sums)), 0]  # what all have comes last
        found = Sums(
            self._columns[:, order],
            self._pairs[np.ix_(order, order)],
            (self._sums - low * self._pairs[0])[order] / scale,
            counts,
            sums / scale,
            squares / scale**2,
        )
        places = {name: place - 1 for name, place in self._places.items()}
        return _fitted(places, [*self._examples], found, (low, self._high))


class Sums(NamedTuple):
    """What all scores come to, as shares of the metric's range: a row for each example."""

    columns: Array  # example x change: how often it was scored with it
    pairs: Array  # change x change: how often they were scored together
    values: Array  # change: the sum of its scores
    counts: Array  # example: its scores
    sums: Array  # their sum
    squares: Array  # and that of their squares


class Part(NamedTuple):
    """The posterior when effects have one scale."""

    likely: float  # how much so, as a share
    mean: Array
    root: Array  # of the covariance


@dataclass(frozen=True)
class Effects:
    """The posterior of an additive model: score = example + what each change adds + luck.

    Examples and changes are random effects (best linear unbiased prediction: Henderson, 1975), so
    programs that were scored on other examples, and other combinations of changes, inform each
    other; what an example does to all of them cancels out. A change of a change inherits its
    parent's effect, since it has its parent's changes too.
    """

    places: Mapping[str, int]
    parts: Sequence[Part]  # one for each scale of effects
    mean: Sequence[float]  # of each change's effect; the last is the mean score without any
    examples: Mapping[int, tuple[float, float]]  # how each differs from the mean, and the variance
    luck: float  # the variance of a score around what is expected
    between: float  # and of examples around their mean
    reach: tuple[float, float]  # the metric's range: all above is in shares of it

    def of(self, changes: Iterable[str]) -> float:
        """What some changes are expected to add together."""
        return sum(self.mean[self.places[name]] for name in changes)

    def draws(self, rng: random.Random, count: int) -> Array:
        """All effects, as they may truly be (Thompson, 1933): a row for each draw."""
        import numpy as np

        which = np.array(
            rng.choices(range(len(self.parts)), [part.likely for part in self.parts], k=count)
        )
        width = len(self.mean)
        size = count * width
        lot = np.array([rng.random() for _ in range(size + size % 2)]).reshape(2, -1)
        # Box and Muller's transform (1958): the same numbers whatever the version of numpy.
        normal = np.sqrt(-2 * np.log1p(-lot[0])) * np.exp(2j * math.pi * lot[1])
        normal = np.concatenate((normal.real, normal.imag))[:size].reshape(count, width)
        drawn = np.empty((count, width))
        for place, part in enumerate(self.parts):
            rows = which == place
            drawn[rows] = normal[rows] @ part.root.T + part.mean
        return drawn.round(DIGITS)

    def of_each(self, many: Iterable[Iterable[str]], drawn: Array) -> Array:
        """What each of these sets of changes adds: a column for each, and a row for each draw."""
        import numpy as np

        columns = [[self.places[name] for name in changes] for changes in many]
        return np.column_stack([drawn[:, some].sum(axis=1) for some in columns]).round(DIGITS)

    def expected(self, changes: Iterable[str]) -> float:
        """The mean score of these changes over the examples seen, each kept within the range."""
        level, (low, high) = self.mean[-1] + self.of(changes), self.reach
        shares = [min(1.0, max(0.0, level + offset)) for offset, _ in self.examples.values()]
        return low + (high - low) * sum(shares) / len(shares)

    def telling(self, changes: Iterable[str], examples: Iterable[int]) -> dict[int, float]:
        """Example -> how much its score would tell about these changes.

        The more, the more open it is how it ends (Polo et al., 2024, arXiv 2402.14992, choose
        examples so), and the better the example is known from other programs.
        """
        level = self.mean[-1] + self.of(changes)
        found = {}
        for example in examples:
            offset, variance = self.examples.get(example, (0.0, self.between))
            p = min(0.95, max(0.05, level + offset))
            found[example] = round(p * (1 - p) / (self.luck + variance), DIGITS)
        return found


def _fitted(
    places: Mapping[str, int], examples: Sequence[int], known: Sums, reach: tuple[float, float]
) -> Effects:
    """The model under each scale of effects, weighed by how likely it makes the scores."""
    import numpy as np

    luck, between = _variances(known)
    shrink = between / (luck + known.counts * between)
    precision = (known.pairs - known.columns.T @ (known.columns * shrink[:, None])) / luck
    pull = (known.values - known.columns.T @ (known.sums * shrink)) / luck
    pull[-1] += MIDDLE / WIDE**2
    found = []
    for scale in SCALES:
        prior = np.full(len(pull), scale**-2)
        prior[-1] = WIDE**-2
        lower = np.linalg.cholesky(precision + np.diag(prior))
        root = np.linalg.inv(lower).T
        mean = root @ (root.T @ pull)
        likely = np.log(prior).sum() / 2 - np.log(np.diag(lower)).sum() + mean @ pull / 2
        found.append(Part(float(likely), mean, root))
    most = max(part.likely for part in found)
    weights = [round(math.exp(part.likely - most), DIGITS) for part in found]
    parts = [
        Part(weight / sum(weights), *part[1:]) for weight, part in zip(weights, found, strict=True)
    ]
    mean = np.round(sum(part.likely * part.mean for part in parts), DIGITS)
    offsets = (shrink * (known.sums - known.columns @ mean)).tolist()
    differ = {
        example: (offset, variance)
        for example, offset, variance in zip(
            examples, offsets, (luck * shrink).tolist(), strict=True
        )
    }
    return Effects(places, parts, mean.tolist(), differ, luck, between, reach)


def _variances(known: Sums) -> tuple[float, float]:
    """Of luck, and between examples: by those that were seen more than once, and half and half."""
    count, mean = known.counts.sum(), known.sums.sum() / known.counts.sum()
    whole = max(LEAST, float(known.squares.sum() / count - mean**2))
    within = float((known.squares - known.sums**2 / known.counts).sum())
    freedom = float((known.counts - 1).sum())
    luck = (WORTH * SPLIT * whole + within) / (WORTH + freedom)
    luck = min(0.95 * whole, max(0.05 * whole, luck))
    return luck, whole - luck
