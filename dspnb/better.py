"""Whether a program is truly better than another, and how many examples it takes to see it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from .distributions import beta, student
from .pairs import changed, differences, moments, reach

PRIOR = 0.1  # sd of true differences, as a share of the scores' range; larger ones are rare
NORMAL = statistics.NormalDist()


def better(before: Sequence[float], after: Sequence[float]) -> float:
    """The probability that `after` is truly better than `before`, by scores of the same examples.

    Differences of one size, such as those of zeros and ones, count as wins and losses: with one of
    each added (a Beta(1, 1) prior), how surely a win is more likely than a loss. Others have
    Student's distribution, corrected for skewness (Hall, 1992) and drawn towards no difference by a
    normal prior. With Jeffreys' Beta(1/2, 1/2) two wins of two were enough for 0.9, and equal
    programs with few discordant pairs passed in 13 of 100 cases; with Beta(1, 1) in 10.

    0.5 when nothing differs; `better(a, b) == 1 - better(b, a)`.

    >>> round(better([0, 0, 0, 1], [1, 1, 1, 1]), 4)
    0.9375
    >>> better([0.5, 1, 0], [0.5, 1, 0])
    0.5
    """
    gains = differences(before, after)
    if len({abs(gain) for gain in gains if gain}) <= 1:
        fixed, broke = changed(before, after)
        return _won(len(fixed), len(broke))
    seen = moments(gains)
    x, skew = seen.mean / seen.spread, seen.skewness
    straight = x + skew * x**2 / 3 + skew**2 * x**3 / 27 + skew / (6 * seen.size)
    prior = PRIOR * reach(before, after)
    drawn = prior / math.hypot(prior, seen.error)
    return student(straight * math.sqrt(seen.size - 1) * drawn, len(gains) - 1)


def detectable(n: int, discordance: float = 0.3) -> float:
    """The smallest true difference that n paired examples show, with 80% power at two-sided 5%.

    `discordance` is the share of examples that just one of the two programs gets right (Connor,
    1987, with the variance of the alternative throughout).

    >>> round(detectable(200), 2)
    0.11
    """
    needed = (NORMAL.inv_cdf(0.975) + NORMAL.inv_cdf(0.8)) ** 2
    difference = math.sqrt(needed * discordance / (n + needed))
    return max(difference, needed / (n + needed))  # no difference is above its discordance


def likely(probability: float) -> str:
    """A probability that never claims to be certain.

    >>> likely(0.9999), likely(0.5), likely(0.001)
    ('>0.99', '0.50', '<0.01')
    """
    if probability > 0.99:
        return ">0.99"
    return "<0.01" if probability < 0.01 else f"{probability:.2f}"


def _won(wins: int, losses: int) -> float:
    if wins < losses:
        return 1 - _won(losses, wins)
    return 0.5 if wins == losses else 1 - beta(0.5, wins + 1, losses + 1)
