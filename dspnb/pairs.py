"""The same examples scored twice: which of them changed, and by how much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


def changed(before: Sequence[float], after: Sequence[float]) -> tuple[list[int], list[int]]:
    """The indices of the examples that got better, and of those that got worse.

    >>> changed([0, 1, 0.5, 0], [1, 0, 0.5, 0.2])
    ([0, 3], [1])
    """
    gains = differences(before, after)
    fixed = [i for i, gain in enumerate(gains) if gain > 0]
    return fixed, [i for i, gain in enumerate(gains) if gain < 0]


def differences(before: Sequence[float], after: Sequence[float]) -> list[float]:
    """`after - before`, pair by pair."""
    # 0.3 - 0.2 and 0.2 - 0.1 are not quite the same number, but are the same difference.
    return [round(b - a, 12) for a, b in zip(before, after, strict=True)]


def reach(before: Sequence[float], after: Sequence[float]) -> float:
    """How much two scores can differ: 1 for scores in 0..1, else the range of these and 0."""
    scores = [*before, *after, 0.0]
    least, most = min(scores), max(scores)
    return 1.0 if least >= 0 and most <= 1 else most - least


@dataclass(frozen=True)
class Moments:
    """What differences are like, if a little of what they could be is added to them."""

    size: float  # pairs, with those that were added
    mean: float
    spread: float  # standard deviation, of the sample
    skewness: float

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return self.spread / math.sqrt(self.size - 1)


def moments(gains: list[float]) -> Moments:
    """The moments of differences that have more than one size.

    Where most pairs are tied, the few that are not say little about how large a difference could
    be. So one gain and one loss, both as large as the largest difference, are added with the share
    of ties as their weight: none without ties, and with many what Bonett & Price (2012) add to the
    two cells of discordant pairs. With the root mean square for the largest, 91% of the intervals
    of 20 skewed differences held the truth, not 93%.
    """
    weight = gains.count(0) / len(gains)
    largest = max(map(abs, gains))
    size = len(gains) + 2 * weight
    mean = math.fsum(gains) / size

    def centred(power: int, unit: float) -> float:
        added = ((largest - mean) / unit) ** power + ((-largest - mean) / unit) ** power
        own = math.fsum(((gain - mean) / unit) ** power for gain in gains)
        return (own + weight * added) / size

    spread = math.sqrt(centred(2, 1.0))
    return Moments(size, mean, spread, centred(3, spread))
