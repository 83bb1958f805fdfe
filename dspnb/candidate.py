"""A state that a run has met: how it did, and how it differs from where it came from."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from .evaluate import Report
from .intervals import paired
from .module import State


@dataclass
class Candidate:
    """A state that the run has met, and how it did."""

    id: int
    state: State
    report: Report | None = None  # on the whole validation set


@dataclass(frozen=True)
class Comparison:
    """Baseline and best on the same held-out examples."""

    baseline: Report
    best: Report

    @functools.cached_property
    def difference(self) -> tuple[float, float, float]:
        """The mean of the paired differences, and its 95% confidence interval."""
        if self.baseline is self.best:
            return 0.0, 0.0, 0.0  # the program stayed as it was: that is no estimate
        return paired(self.baseline.scores, self.best.scores)


def changes(before: State, after: State) -> dict[str, str]:
    """Predictor path -> what differs, in words."""
    words = {}
    for path, setting in after.items():
        old = before.get(path)
        parts = []
        if old is None or old.instructions != setting.instructions:
            parts.append("new instructions")
        if old is None or old.demos != setting.demos:
            made = sum("augmented" in demo for demo in setting.demos)
            own = f" ({made} bootstrapped)" if made else ""
            parts.append(f"{len(setting.demos)} demos{own}")
        if parts:
            words[path] = ", ".join(parts)
    return words
