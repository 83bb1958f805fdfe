"""What models have done and what that cost, in sums."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from . import forks
from .base import Completion


@dataclass(frozen=True)
class Usage:
    """What was asked of a model and what that took; answers from the cache take nothing."""

    calls: int = 0  # answered by the model
    cached: int = 0  # answered by the cache
    tokens_in: int = 0
    tokens_out: int = 0
    dollars: float = 0.0  # of the calls whose price is known
    unpriced: int = 0  # of `calls`: those whose price is not known
    failed: int = 0  # not answered

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, name) + getattr(other, name) for name in _NAMES))

    def __sub__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, name) - getattr(other, name) for name in _NAMES))

    def add(self, completion: Completion | None) -> Usage:
        """With one more call; None when it was not answered."""
        if completion is None:
            return dataclasses.replace(self, failed=self.failed + 1)
        if completion.cached:
            return dataclasses.replace(self, cached=self.cached + 1)
        return Usage(
            self.calls + 1,
            self.cached,
            self.tokens_in + completion.tokens_in,
            self.tokens_out + completion.tokens_out,
            self.dollars + (completion.dollars or 0.0),
            self.unpriced + (completion.dollars is None),
            self.failed,
        )


_NAMES = tuple(field.name for field in dataclasses.fields(Usage))


class Count:
    """A `Usage` that grows, for one model. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = forks.lock()  # protects both
        self._usage = Usage()
        self._cached = 0  # kept apart, so that a hit is counted in no time

    @property
    def usage(self) -> Usage:
        """What it is by now."""
        with self._lock:
            return dataclasses.replace(self._usage, cached=self._cached)

    def add(self, completion: Completion | None) -> None:
        """One more call; None when it was not answered."""
        with self._lock:
            if completion is not None and completion.cached:
                self._cached += 1
            else:
                self._usage = self._usage.add(completion)
