"""How likely a value up to this one is: the distributions that small samples need."""

from __future__ import annotations

import math


def beta(x: float, a: float, b: float) -> float:
    """The share of a Beta(a, b) distribution below x, which lies in 0..1.

    The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method.

    >>> round(beta(0.5, 2, 1), 6)
    0.25
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta(1 - x, b, a)  # there the fraction converges in about sqrt(a + b) steps
    log = a * math.log(x) + b * math.log1p(-x)
    log += math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(log) / a * _fraction(x, a, b)


def student(t: float, freedom: float) -> float:
    """The share of Student's t distribution below t; `student(-t, f) == 1 - student(t, f)`.

    >>> round(student(12.706, 1), 4)
    0.975
    """
    if t < 0:
        return 1 - student(-t, freedom)
    return 0.5 + beta(t * t / (freedom + t * t), 0.5, freedom / 2) / 2


def _fraction(x: float, a: float, b: float) -> float:
    numerator, denominator = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value = denominator
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        before = value
        for step in (even, odd):
            numerator, denominator = 1 + step / numerator, 1 / (1 + step * denominator)
            value *= numerator * denominator
        if math.isclose(value, before, rel_tol=1e-13):
            break
    return value
