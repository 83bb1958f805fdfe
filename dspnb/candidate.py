"""A state that a run has met: how it did, and how it differs from where it came from."""

from __future__ import annotations

from dataclasses import dataclass

from .module import State
from .report import Report


@dataclass
class Candidate:
    """A state that the run has met, and how it did."""

    id: int
    state: State
    report: Report | None = None  # on the whole validation set
    role: str = "student"  # whose model runs it: the program's own, or one that was trained


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
