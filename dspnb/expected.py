"""What a whole search says about the gain of its best candidate, with the luck of the best off."""

from __future__ import annotations

import itertools
import math
import operator
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .pairs import reach

# Shares of the scores' range. Prompts as such change nothing, give or take 2 points; how much one
# differs from another is what the search shows, if it tried a few.
PROMPTS = 0.02
SPREADS = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
FEWEST = 5  # examples that a candidate must share with the program as it was, to say anything
MOST = 64  # candidates that are looked at together when they were validated in part
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


def expected_in_part(scores: Sequence[Mapping[int, float]], best: int) -> Expected | None:
    """The same for candidates that were scored on different examples: place -> score of each.

    What a candidate seems to gain is the mean of its paired differences to the program as it was,
    on the examples that both were scored on. By the same model as in `expected`, these gains are
    normal together: each has the luck of its own examples, and two share the luck of the program
    as it was as far as they share examples. So nothing about the luck is approximated but its
    variance, which is taken to be the same for all; with the same examples for all it is `expected`
    again. Candidates that share fewer than 5 examples with the program as it was are left out, and
    of more than 64 those with the fewest. None when the one at `best` is left out, or is the first.

    >>> before, other = [1, 0, 0, 1] * 10, [0, 1, 1, 0] * 10
    >>> found = dict(enumerate([1, 1, 0, 1] * 5))
    >>> some = [dict(enumerate(before)), dict(enumerate(other)), found]
    >>> 0.8 < expected_in_part(some, 2).better(0.1, 0.07) < 0.95
    True
    """
    first, *others = scores
    shared = [sorted(first.keys() & one.keys()) for one in others]
    if best == 0 or len(shared[best - 1]) < FEWEST:
        return None
    enough = [i for i, places in enumerate(shared) if len(places) >= FEWEST]
    enough.sort(key=lambda i: (i != best - 1, -len(shared[i]), i))
    chosen = enough[:MOST]  # the best one comes first
    places = [frozenset(shared[i]) for i in chosen]
    gains = [statistics.fmean(others[i][p] - first[p] for p in shared[i]) for i in chosen]
    together = [first, *(others[i] for i in chosen)]
    widest = reach(*_ends([[*one.values()] for one in together]))
    square, little = _square(together), widest**2
    own_luck = [(square + little / (len(some) + 2)) / len(some) for some in places]
    luck_of_first = square + little / (len(first) + 2)

    def covariance(i: int, j: int) -> float:
        """Of the luck in two gains."""
        both = len(places[i] & places[j]) / (len(places[i]) * len(places[j])) * luck_of_first
        return both + own_luck[i] * (i == j)

    luck = [[covariance(i, j) for j in range(i + 1)] for i in range(len(chosen))]
    common = (PROMPTS * widest) ** 2
    return Expected(tuple(_part(gains, luck, common, (s * widest) ** 2) for s in SPREADS))


def _part(gains: list[float], luck: list[list[float]], common: float, own: float) -> Part:
    """What gains say of the first of them: each is `common`, and its `own`, and its luck."""
    count = len(gains)
    root = _root([[each + common + own * (i == j) for j, each in enumerate(row)]
                  for i, row in enumerate(luck)])  # fmt: skip
    seen = _solved(root, gains)
    told = _solved(root, [common + own * (i == 0) for i in range(count)])
    likely = 2 * math.fsum(math.log(root[i][i]) for i in range(count)) + _product(seen, seen)
    mean, variance = _product(told, seen), common + own - _product(told, told)
    return Part(-likely / 2, mean, variance)


def _root(matrix: list[list[float]]) -> list[list[float]]:
    """The lower triangle whose product with itself is this one (Cholesky)."""
    root: list[list[float]] = []
    for i, row in enumerate(matrix):
        made: list[float] = []
        for j in range(i):
            made.append((row[j] - _product(made, root[j])) / root[j][j])
        made.append(math.sqrt(row[i] - _product(made, made)))
        root.append(made)
    return root


def _solved(root: list[list[float]], values: list[float]) -> list[float]:
    """What the lower triangle takes to these values."""
    found: list[float] = []
    for row, value in zip(root, values, strict=True):
        found.append((value - _product(found, row)) / row[-1])
    return found


def _product(some: Sequence[float], other: Sequence[float]) -> float:
    """The scalar product, as far as both go."""
    return math.fsum(map(operator.mul, some, other))


def _square(scores: Sequence[Mapping[int, float]]) -> float:
    """The mean square of what neither the candidates nor the examples explain.

    Half the variance of paired differences, over all pairs of candidates.
    """
    squares, freedom = 0.0, 0
    for one, other in itertools.combinations(scores, 2):
        gains = [other[place] - value for place, value in one.items() if place in other]
        if len(gains) > 1:
            mean = math.fsum(gains) / len(gains)
            squares += sum((gain - mean) ** 2 for gain in gains)
            freedom += len(gains) - 1
    return squares / (2 * freedom) if freedom else 0.0


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
