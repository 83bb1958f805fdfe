"""A run as JSON lines, one event a line."""

from __future__ import annotations

from typing import TextIO

from dspnb.events import Event
from dspnb.run import Run

from .follow import follow


def write(run: Run, out: TextIO, *, since: int = 0) -> None:
    """Write every event from `since` on, those of the past too, until the run ends.

    What has happened is flushed at once, so that another process can follow. A reader that has gone
    away ends the writing and not the run.
    """

    def put(batch: list[Event]) -> None:
        out.write("".join(f"{event.to_json()}\n" for event in batch))
        out.flush()

    follow(run, put, since=since, every=1.0)
