"""A run in a terminal: one line for what a person would want to know."""

from __future__ import annotations

import sys
from typing import TextIO

from dspnb.events import Body, Compared, Evaluated, Proposed, StatusChanged, Warned
from dspnb.run import Run


def watch(run: Run, out: TextIO | None = None) -> None:
    """Print the run's events to `out` (stderr) until it ends."""
    for event in run.events():
        if line := describe(event.body):
            print(line, file=out or sys.stderr)


def describe(body: Body) -> str:
    """An event in a line; empty for the many small ones."""
    match body:
        case Proposed(candidate, parent, note, changes):
            what = "; ".join(f"{path}: {words}" for path, words in changes.items())
            origin = f" from #{parent}" if parent is not None else ""
            return f"#{candidate} {note}{origin}{f': {what}' if what else ''}"
        case Evaluated(candidate, split, mean, low, high, n, errors):
            failed = f", {errors} failed" if errors else ""
            return f"#{candidate} {mean:.3f} [{low:.3f}, {high:.3f}] on {n} {split}{failed}"
        case Compared(_, best, difference, low, high, n):
            return f"#{best} is {difference:+.3f} [{low:+.3f}, {high:+.3f}] on {n} held-out"
        case Warned(message):
            return f"note: {message}"
        case StatusChanged(status, reason):
            return f"{status}{f': {reason}' if reason else ''}"
    return ""
