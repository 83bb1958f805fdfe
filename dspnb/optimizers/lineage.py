"""The candidates that an evolutionary search keeps, and which of them come from which."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from dspnb.module import State


@dataclass(frozen=True)
class Member:
    """A state in the pool, how it scored on each example of `val`, and what it was made from."""

    state: State
    scores: Sequence[float]
    parents: tuple[int, ...] = ()  # by their places in the pool; none for the program as it is

    @cached_property
    def mean(self) -> float:
        """The mean score on `val`."""
        return statistics.fmean(self.scores) if self.scores else 0.0


Pool = Sequence[Member]


def best(pool: Pool) -> int:
    """The place of the member with the highest mean, the earliest of equals."""
    return max(range(len(pool)), key=lambda number: (pool[number].mean, -number))


def ancestors(pool: Pool, number: int) -> set[int]:
    """The places of all that a member descends from, without itself."""
    found: set[int] = set()
    waiting = [*pool[number].parents]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += pool[one].parents
    return found
