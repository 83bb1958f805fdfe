"""A run at one moment, as the plain and bounded data that its dashboard draws."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from typing import Any

from dspnb.events import (
    BestChanged,
    Called,
    Compared,
    Evaluated,
    Event,
    Proposed,
    Scored,
    Split,
    Warned,
)
from dspnb.run import Run

from .changed import changed_rows
from .protocol import ChangedView, Progress, RunSnapshot

MOST_CANDIDATES = 1000  # in a saved snapshot; the newest, and the best
MOST_WARNINGS = 100  # the newest

SPLITS: tuple[Split, ...] = ("train", "val", "test")


class Picture:
    """What a page needs to know of a run, brought up to date by its events.

    An event takes the same short time whether it is the first or the millionth, and what is kept is
    bounded: of each kind the latest, of candidates and warnings the newest.
    """

    def __init__(self, run: Run, title: str) -> None:
        self.run, self.title = run, title
        self.changes = 0  # of what `page_events` gives
        self.changed: list[ChangedView] = []  # once the comparison is there
        self._kept: dict[Hashable, dict[str, Any]] = {}  # in the order of time
        self._next = 0  # `seq` of the first event that is not taken in yet
        self._time = 0.0  # of the last one that was
        self._candidates: dict[int, None] = {}  # in the order of time
        self._warned: dict[int, None] = {}
        self._bests: dict[int, None] = {}
        self._best = 0
        self._scoring: tuple[int | None, Split] = (None, "val")
        self._done, self._sum = 0, 0.0  # the scores of `_scoring`
        self._scored = False  # these are all that was asked for: others begin anew

    def catch_up(self) -> None:
        """Take in what has happened since the last time."""
        for event in self.run.log.since(self._next):
            self._add(event)
            self._next, self._time = event.seq + 1, event.time

    def _add(self, event: Event) -> None:
        match event.body:
            case Scored(candidate, _, value, split):
                if (candidate, split) != self._scoring or self._scored:
                    self._scoring, self._done, self._sum = (candidate, split), 0, 0.0
                    self._scored = False
                self._done, self._sum = self._done + 1, self._sum + value
            case Called():
                pass
            case Proposed(candidate):
                self._keep(("proposed", candidate), event)
                self._candidates[candidate] = None
                self._forget_candidates()
            case Evaluated(candidate, split, n=n):
                self._scored = self._scored or (candidate, split) == self._scoring
                known = self._kept.get(("evaluated", candidate, split))
                if known is None or known["n"] <= n:
                    self._keep(("evaluated", candidate, split), event)
            case BestChanged(candidate):
                self._keep(("best", event.seq), event)
                self._best, self._bests[event.seq] = candidate, None
                if len(self._bests) > MOST_CANDIDATES:
                    self._drop(("best", _take_first(self._bests)))
            case Warned():
                self._keep(("warned", event.seq), event)
                self._warned[event.seq] = None
                if len(self._warned) > MOST_WARNINGS:
                    self._drop(("warned", _take_first(self._warned)))
            case Compared():
                self._keep("compared", event)
                if self.run.comparison is not None:
                    self.changed = changed_rows(self.run.comparison)
            case body:
                self._keep(body.kind, event)

    def page_events(self) -> list[dict[str, Any]]:
        """The events that the page is sent, in the order of time."""
        return list(self._kept.values())

    def progress(self, sent: int | None = None) -> Progress:
        """The numbers of this moment; `sent` is how many events the page has, if not all."""
        usage, (candidate, split) = self.run.spending.usage, self._scoring
        total = {"val": len(self.run.task.val), "test": len(self.run.plan.test)}.get(split, 0)
        done, mean = self._done, self._sum / self._done if self._done else None
        if self.run.plan.samples and split != "test":  # a few examples of many candidates at a time
            done, whole = self.run.progress
            candidate, mean, total = None, None, whole or 0
        return Progress(
            events=len(self._kept) if sent is None else sent,
            seconds=round(self._time if self.run.over else self.run.log.seconds, 1),
            calls=usage.calls,
            cached=usage.cached,
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            dollars=usage.dollars,
            unpriced=usage.unpriced,
            candidate=candidate,
            split=split,
            done=done,
            total=total,
            mean=mean,
            remaining=self.run.remaining,
        )

    def snapshot(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        known = RunSnapshot(2, self.run.id, self.title, self.progress(), self.changed)
        return {**dataclasses.asdict(known), "events": self.page_events()}

    def _keep(self, key: Hashable, event: Event) -> None:
        self._drop(key)  # so that it stands at the end
        self._kept[key] = event.to_dict()
        self.changes += 1

    def _drop(self, key: Hashable) -> None:
        self._kept.pop(key, None)

    def _forget_candidates(self) -> None:
        """Forget the oldest candidates of a very long run, but not the baseline and the best."""
        while len(self._candidates) > MOST_CANDIDATES:
            kept = {0, self._best}
            oldest = next(id_ for id_ in self._candidates if id_ not in kept)
            del self._candidates[oldest]
            keys = [("evaluated", oldest, split) for split in SPLITS]
            for key in (("proposed", oldest), *keys):
                self._drop(key)


def _take_first(ordered: dict[int, None]) -> int:
    first = next(iter(ordered))
    del ordered[first]
    return first
