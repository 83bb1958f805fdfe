"""How sure a mean is: 95% confidence intervals for small samples."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

Z = statistics.NormalDist().inv_cdf(0.975)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95% confidence interval of the mean.

    Zeros and ones get Wilson's score interval (Wilson, 1927), which holds for small sets and at the
    ends; other values Student's, cut off at 0 and 1 when all of them lie between.

    >>> low, high = interval([1, 1, 1, 0])
    >>> round(low, 2), round(high, 2)
    (0.3, 0.95)
    """
    if not values:
        return 0.0, 1.0
    if all(value in (0, 1) for value in values):
        return _wilson(sum(values), len(values))
    low, high = _student(values)
    if all(0 <= value <= 1 for value in values):
        return max(0.0, low), min(1.0, high)
    return low, high


def paired(before: Sequence[float], after: Sequence[float]) -> tuple[float, float, float]:
    """The mean of `after - before`, pair by pair, and its 95% confidence interval.

    >>> paired([0, 0, 1, 0], [1, 1, 1, 1])[0]
    0.75
    """
    differences = [b - a for a, b in zip(before, after, strict=True)]
    if not differences:
        return 0.0, 0.0, 0.0
    return statistics.fmean(differences), *_student(differences)


def _wilson(successes: float, n: int) -> tuple[float, float]:
    rate, spread = successes / n, Z * Z / n
    centre = (rate + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(rate * (1 - rate) / n + spread / (4 * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def _student(values: Sequence[float]) -> tuple[float, float]:
    mean, n = statistics.fmean(values), len(values)
    if n < 2:
        return mean - 1, mean + 1  # nothing is known: the whole range of a score
    half = _quantile(n - 1) * statistics.stdev(values) / math.sqrt(n)
    return mean - half, mean + half


def _quantile(freedom: int) -> float:
    """Student's 97.5% quantile, by the expansion of Cornish and Fisher; exact for 1 and 2."""
    if freedom == 1:
        return 12.706
    if freedom == 2:
        return 4.303
    z, v = Z, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )
