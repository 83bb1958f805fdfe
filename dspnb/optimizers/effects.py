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
    """Scores so far, each of a program with some changes on one example."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}  # change -> its column
        self._cells: list[tuple[tuple[int, ...], int, float]] = []

    def __len__(self) -> int:
        return len(self._cells)

    def expect(self, changes: Iterable[str]) -> None:
        """Take changes into account of which no score is known yet."""
        for name in changes:
            self._places.setdefault(name, len(self._places))

    def add(self, changes: Sequence[str], example: int, value: float) -> None:
        """Note a score."""
        self.expect(changes)
        self._cells.append((tuple(self._places[name] for name in changes), example, value))

    def effects(self) -> Effects:
        """What all scores together say; there must be some."""
        import numpy as np

        count = len(self._places)
        x = np.zeros((len(self._cells), count + 1))
        x[:, count] = 1.0
        rows: dict[int, list[int]] = {}
        for i, (places, example, _) in enumerate(self._cells):
            x[i, list(places)] = 1.0
            rows.setdefault(example, []).append(i)
        values = [value for *_, value in self._cells]
        low, high = min(0.0, *values), max(1.0, *values)  # a metric may have another range
        y = (np.array(values) - low) / (high - low)
        return _fitted(dict(self._places), x, y, rows, (low, high))


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

    def of(self, changes: Iterable[str], drawn: Sequence[float] | None = None) -> float:
        """What some changes add together: as expected, or in a draw."""
        source = self.mean if drawn is None else drawn
        return sum(source[self.places[name]] for name in changes)

    def draw(self, rng: random.Random) -> Sequence[float]:
        """All effects, as they may truly be (Thompson, 1933)."""
        (part,) = rng.choices(self.parts, [part.likely for part in self.parts])
        drawn = part.root @ [rng.gauss(0, 1) for _ in self.mean] + part.mean
        return [round(effect, DIGITS) for effect in drawn.tolist()]

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
    places: Mapping[str, int],
    x: Array,
    y: Array,
    rows: Mapping[int, Sequence[int]],
    reach: tuple[float, float],
) -> Effects:
    """The model under each scale of effects, weighed by how likely it makes the scores."""
    import numpy as np

    luck, between = _variances(y, list(rows.values()))
    shrink = np.array([between / (luck + len(some) * between) for some in rows.values()])
    xs = np.array([x[some].sum(0) for some in rows.values()])
    ys = np.array([y[some].sum() for some in rows.values()])
    precision = (x.T @ x - xs.T @ (xs * shrink[:, None])) / luck
    pull = (x.T @ y - xs.T @ (ys * shrink)) / luck
    pull[-1] += MIDDLE / WIDE**2
    found = []
    for scale in SCALES:
        prior = np.full(len(pull), scale**-2)
        prior[-1] = WIDE**-2
        lower = np.linalg.cholesky(precision + np.diag(prior))
        mean = np.linalg.solve(lower.T, np.linalg.solve(lower, pull))
        likely = np.log(prior).sum() / 2 - np.log(np.diag(lower)).sum() + mean @ pull / 2
        found.append(Part(float(likely), mean, np.linalg.inv(lower).T))
    most = max(part.likely for part in found)
    weights = [round(math.exp(part.likely - most), DIGITS) for part in found]
    parts = [
        Part(weight / sum(weights), *part[1:]) for weight, part in zip(weights, found, strict=True)
    ]
    mean = np.round(sum(part.likely * part.mean for part in parts), DIGITS)
    left = y - x @ mean
    examples = {
        example: (float(share * left[some].sum()), float(luck * share))
        for (example, some), share in zip(rows.items(), shrink, strict=True)
    }
    return Effects(places, parts, mean.tolist(), examples, luck, between, reach)


def _variances(y: Array, rows: Sequence[Sequence[int]]) -> tuple[float, float]:
    """Of luck, and between examples: by those that were seen more than once, and half and half."""
    whole = max(LEAST, float(y.var()))
    within, freedom = 0.0, 0
    for some in rows:
        if len(some) > 1:
            mine = y[list(some)]
            within += float(((mine - mine.mean()) ** 2).sum())
            freedom += len(some) - 1
    luck = (WORTH * SPLIT * whole + within) / (WORTH + freedom)
    luck = min(0.95 * whole, max(0.05 * whole, luck))
    return luck, whole - luck
