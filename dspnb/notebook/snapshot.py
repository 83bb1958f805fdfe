"""A run at one moment, as the plain and bounded data that its dashboard draws."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dspnb.events import BestChanged, Evaluated, Event, Phase, Proposed, Scored, Split
from dspnb.run import Run

from .protocol import Progress, RunSnapshot

MOST_CANDIDATES = 1000  # in a saved snapshot; the newest, and the best


class Picture:
    """What a page needs to know of a run, brought up to date by its events."""

    def __init__(self, run: Run, title: str) -> None:
        self.run, self.title = run, title
        self.events: list[dict[str, Any]] = []  # in order; without those that come by thousands
        self._next = 0  # `seq` of the first event that is not taken in yet
        self._phase: dict[str, Any] | None = None
        self._candidate: int | None = None
        self._split: Split = "val"
        self._scores: list[float] = []

    def catch_up(self) -> None:
        """Take in what has happened since the last time."""
        for event in self.run.log.since(self._next):
            self._add(event)
            self._next = event.seq + 1

    def _add(self, event: Event) -> None:
        match event.body:
            case Scored(candidate, _, value, split):
                if (candidate, split) != (self._candidate, self._split):
                    self._candidate, self._split, self._scores = candidate, split, []
                self._scores.append(value)
            case Phase():
                self._phase = event.to_dict()
            case Proposed() | Evaluated() | BestChanged():
                self.events.append(event.to_dict())
                self._bound()
            case body if body.kind != "called":
                self.events.append(event.to_dict())

    def page_events(self) -> list[dict[str, Any]]:
        """The events that the page is sent."""
        return [*self.events, *([self._phase] if self._phase else [])]

    def progress(self) -> Progress:
        """The numbers of this moment."""
        usage, scores = self.run.spending.usage, self._scores
        total = {"val": len(self.run.task.val), "test": len(self.run.plan.test)}.get(self._split, 0)
        return Progress(
            events=len(self.page_events()),
            seconds=round(self._seconds, 1),
            calls=usage.calls,
            cached=usage.cached,
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            dollars=usage.dollars,
            unpriced=usage.unpriced,
            candidate=self._candidate,
            split=self._split,
            done=len(scores),
            total=total,
            mean=sum(scores) / len(scores) if scores else None,
            remaining=self.run.remaining,
        )

    def snapshot(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        known = RunSnapshot(1, self.run.id, self.title, self.progress())
        return {**dataclasses.asdict(known), "events": self.page_events()}

    @property
    def _seconds(self) -> float:
        if self.run.over and self.events:
            return float(self.events[-1]["time"])
        return self.run.log.seconds

    def _bound(self) -> None:
        """Forget the oldest candidates of a very long run, but not the best."""
        proposed = [event for event in self.events if event["kind"] == "proposed"]
        if len(proposed) <= MOST_CANDIDATES:
            return
        best = self.run.best_candidate
        old = {event["candidate"] for event in proposed[:-MOST_CANDIDATES]} - {
            0,
            best.id if best else 0,
        }
        self.events = [event for event in self.events if not _about(event, old)]


def _about(event: Mapping[str, Any], candidates: set[int]) -> bool:
    return event["kind"] in ("proposed", "evaluated", "best") and event["candidate"] in candidates
