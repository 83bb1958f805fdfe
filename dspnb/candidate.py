"""A state that a run has met: how it did, and how it differs from where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from .expected import Expected, expected
from .module import State
from .report import Report


@dataclass
class Candidate:
    """A state that the run has met, and how it did."""

    id: int
    state: State
    report: Report | None = None  # on the whole validation set
    role: str = "student"  # whose model runs it: the program's own, or one that was trained


C = TypeVar("C", bound=Candidate)


def best_of(candidates: Sequence[C]) -> C | None:
    """The one with the highest validation mean, the earliest of equals; None before the first."""
    done = [(one.report.mean, -one.id, one) for one in list(candidates) if one.report is not None]
    return max(done)[2] if done else None


def expected_of(candidates: Sequence[Candidate], best: Candidate) -> Expected | None:
    """What all that was validated says about the gain of the best one; None for the first."""
    scores = {one.id: one.report.scores for one in candidates if one.report is not None}
    if best.id == next(iter(scores), best.id):
        return None
    return expected(list(scores.values()), list(scores).index(best.id))


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
