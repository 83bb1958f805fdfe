"""A run as JSON lines, one event a line."""

from __future__ import annotations

from typing import TextIO

from dspnb.run import Run


def write(run: Run, out: TextIO) -> None:
    """Write every event until the run ends."""
    for event in run.events():
        out.write(event.to_json() + "\n")
