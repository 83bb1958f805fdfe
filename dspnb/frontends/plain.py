"""A run as plain lines with their times, for pipes, files and build servers."""

from __future__ import annotations

from typing import TextIO

from dspnb.events import BestChanged, Body, Estimated, Evaluated, Event
from dspnb.run import Run

from .follow import follow
from .words import clock, describe, roughly, spending

EVERY = 10.0  # seconds between two lines of progress


def watch(run: Run, out: TextIO, *, every: float = EVERY) -> None:
    """Write a line for each event that a person would want to know, until the run ends.

    `every` so many seconds a line says how far it is. No colours, and no line is ever changed.
    """
    log = _Log(run, out, every)
    follow(run, log.show, pause=min(0.1, every), every=min(1.0, every) or 0.1)


class _Log:
    def __init__(self, run: Run, out: TextIO, every: float) -> None:
        self._run, self._out, self._every = run, out, every
        self._estimate: Estimated | None = None
        self._next = 0  # `seq` of the first event that is not written yet
        self._said = run.log.seconds  # when progress was last written
        self._progress = ""
        self._leader: int | None = None

    def show(self, batch: list[Event]) -> None:
        for event in batch:
            if event.seq < self._next:
                continue
            self._next = event.seq + 1
            if isinstance(event.body, Estimated):
                self._estimate = event.body
            if line := self._line(event.body):
                self._write(event.time, line)
        now = self._run.log.seconds
        if now - self._said >= self._every and not self._run.over:
            self._said = now
            self._write_progress(now)
        self._out.flush()

    def _line(self, body: Body) -> str:
        """An event in words; of a search that validates in part who leads, not each few scores."""
        samples = self._run.plan.samples
        match body:
            case Evaluated(split="val", n=n) if samples and n < len(self._run.task.val):
                return ""
            case BestChanged(candidate, mean) if samples:
                known, self._leader = self._leader, candidate
                return f"#{candidate} leads: {mean:.3f} expected" if candidate != known else ""
        return describe(body, self._estimate)

    def _write_progress(self, now: float) -> None:
        words = progress(self._run)
        if words != self._progress:  # a run that is paused says so once
            self._progress = words
            self._write(now, words)

    def _write(self, seconds: float, words: str) -> None:
        encoding = self._out.encoding or "utf-8"
        line = f"[{clock(seconds)}] {words}\n".encode(encoding, "backslashreplace")
        self._out.write(line.decode(encoding))


def progress(run: Run) -> str:
    """How far it is, in words."""
    done, total = run.progress
    left = run.remaining
    return "; ".join(
        [
            f"{done:,} of about {total:,} runs" if total else f"{done:,} runs of the program",
            spending(run.spending.usage),
            *([f"about {roughly(left)} left"] if left is not None else []),
        ]
    )
