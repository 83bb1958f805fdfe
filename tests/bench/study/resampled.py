"""Means over tasks, and how sure they are when both tasks and seeds are a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

RESAMPLES = 4000


@dataclass(frozen=True)
class Mean:
    """A mean with its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.1f} [{self.low:+.1f}, {self.high:+.1f}]"

    @property
    def of_logs(self) -> Mean:
        """The geometric mean, of a mean of logarithms."""
        low, value, high = np.exp([self.low, self.value, self.high])
        return Mean(float(value), float(low), float(high))


def mean(tasks: Sequence[Sequence[float]], resamples: int = RESAMPLES) -> Mean:
    """The mean of the tasks' means; each holds a value for each of its seeds.

    The interval is a hierarchical bootstrap's: tasks are drawn anew, and in each its seeds. It is
    the same each time. Raises `ValueError` when there is no task, or none in one of them.
    """
    if not tasks or not all(tasks):
        raise ValueError("There is nothing to take the mean of.")
    rng = np.random.default_rng(0)
    values = [np.asarray(task, float) for task in tasks]
    drawn = rng.integers(0, len(values), (resamples, len(values)))
    totals = np.zeros(resamples)
    for slot in range(len(values)):  # a task that is drawn twice gets two draws of its seeds
        for number, own in enumerate(values):
            here = np.flatnonzero(drawn[:, slot] == number)
            totals[here] += _drawn_means(own, len(here), rng)
    low, high = np.percentile(totals / len(values), [2.5, 97.5])
    return Mean(float(np.mean([own.mean() for own in values])), float(low), float(high))


def _drawn_means(values: Any, count: int, rng: Any) -> Any:
    return values[rng.integers(0, len(values), (count, len(values)))].mean(axis=1)
