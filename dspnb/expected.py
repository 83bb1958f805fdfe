"""What a whole search says about the gain of its best candidate, with the luck of the best off."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .pairs import reach

# Shares of the scores' range. Prompts as such change nothing, give or take 2 points; how much one
# differs from another is what the search shows, if it tried a few.
PROMPTS = 0.02
SPREADS = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
NORMAL = statistics.NormalDist()


class Part(NamedTuple):
    """A normal distribution in a mixture."""

    likely: float  # the logarithm of its weight, less a constant
    mean: float
    variance: float


@dataclass(frozen=True)
class Expected:
    """How much better the best candidate may truly be: a mixture, one part for each spread."""

    parts: tuple[Part, ...]

    def better(self, difference: float, error: float) -> float:
        """The probability that it is better, when held-out examples show this difference too."""
        found = []
        for likely, mean, variance in self.parts:
            both = variance + error**2
            likely -= ((difference - mean) ** 2 / both + math.log(both)) / 2
            mean = (mean * error**2 + difference * variance) / both
            found.append((likely, NORMAL.cdf(mean / math.sqrt(variance * error**2 / both))))
        most = max(likely for likely, _ in found)
        weights = [math.exp(likely - most) for likely, _ in found]
        sure = math.fsum(w * sure for w, (_, sure) in zip(weights, found, strict=True))
        return sure / math.fsum(weights)


def expected(scores: Sequence[Sequence[float]], best: int) -> Expected:
    """What is to be expected of the candidate at `best`.

    `scores` are of all candidates on the same validation examples, first those of the program as it
    was. Candidates truly differ by a normal distribution of unknown spread, and their means by that
    and by luck (empirical Bayes: Efron & Morris, 1975). Where they differ no more than by luck, the
    best one is hardly expected to be better than the others, whatever its score.

    >>> before, best = [1, 0, 0, 1] * 10, [1, 1, 0, 1] * 10
    >>> alike = expected([before, [0, 1, 1, 0] * 10, [1, 1, 0, 0] * 10, best], 3)
    >>> apart = expected([before, [0, 0, 0, 1] * 10, [0, 0, 0, 0] * 10, best], 3)
    >>> round(alike.better(0.1, 0.07), 2), round(apart.better(0.1, 0.07), 2)
    (0.92, 1.0)
    """
    widest = reach(*_ends(scores))
    noise = _noise(scores, widest)
    first, *others = [statistics.fmean(each) for each in scores]
    count, among = len(others), statistics.fmean(others)
    apart = math.fsum((mean - among) ** 2 for mean in others)
    found = []
    for spread in SPREADS:
        own = (spread * widest) ** 2  # the variance of candidates around what all have in common
        single = own + noise
        common = (PROMPTS * widest) ** 2 + own / count
        seen = common + noise + noise / count  # the variance of what all seem to gain
        likely = (count - 1) * math.log(single) + apart / single
        likely += math.log(seen) + (among - first) ** 2 / seen
        mean = common / seen * (among - first) + own / single * (others[best - 1] - among)
        variance = common * (1 - common / seen) + (1 - 1 / count) * own * (1 - own / single)
        found.append(Part(-likely / 2, mean, variance))
    return Expected(tuple(found))


def _ends(scores: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    return [min(map(min, scores))], [max(map(max, scores))]


def _noise(scores: Sequence[Sequence[float]], widest: float) -> float:
    """The variance of a candidate's mean by luck, without what is the same for all of them.

    The mean square of what neither the candidates nor the examples explain, and a little more: one
    win and one loss, as if few candidates or examples had been too much alike.
    """
    rows, columns = len(scores), len(scores[0])
    by_candidate = math.fsum(statistics.fmean(each) ** 2 for each in scores) * columns
    by_example = math.fsum(statistics.fmean(each) ** 2 for each in zip(*scores, strict=True)) * rows
    whole = math.fsum(map(math.fsum, scores)) ** 2 / (rows * columns)
    squares = math.fsum(value * value for each in scores for value in each)
    left = max(0.0, squares - by_candidate - by_example + whole)
    square = left / ((rows - 1) * max(1, columns - 1))
    return (square + widest**2 / (columns + 2)) / columns
