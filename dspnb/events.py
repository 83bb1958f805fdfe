"""What a run says about itself, as plain data that any front end can read."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["running", "paused", "stopping", "done", "stopped", "failed"]
Split = Literal["train", "val", "test"]

FINAL: tuple[Status, ...] = ("done", "stopped", "failed")


@dataclass(frozen=True, slots=True)
class Started:
    """The first event of every run."""

    optimizer: str
    train: int  # examples
    val: int  # examples
    test: int  # examples; 0 when none were held out
    budget: str  # in words, "" without one
    estimate: int | None  # LM calls the whole run will take, when the optimizer can tell
    kind: Literal["started"] = "started"


@dataclass(frozen=True, slots=True)
class Phase:
    """What the run does from now on, in words."""

    name: str
    kind: Literal["phase"] = "phase"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A candidate that was not there before."""

    candidate: int
    parent: int | None
    note: str  # where it comes from, e.g. "bootstrap, seed 3"
    changes: dict[str, str]  # predictor path -> what differs from the parent, in words
    kind: Literal["proposed"] = "proposed"


@dataclass(frozen=True, slots=True)
class Scored:
    """One example was scored."""

    candidate: int
    example: int
    value: float
    split: Split
    kind: Literal["scored"] = "scored"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A candidate was scored on a whole set of examples."""

    candidate: int
    split: Split
    mean: float
    low: float  # with `high`: the 95% confidence interval of the mean
    high: float
    n: int  # examples
    errors: int
    kind: Literal["evaluated"] = "evaluated"


@dataclass(frozen=True, slots=True)
class BestChanged:
    """The candidate that the run would return if it ended now."""

    candidate: int
    mean: float
    kind: Literal["best"] = "best"


@dataclass(frozen=True, slots=True)
class Called:
    """The model answered once."""

    call: int
    path: str
    tokens_in: int
    tokens_out: int
    dollars: float | None  # None when the price is not known
    seconds: float
    cached: bool
    kind: Literal["called"] = "called"


@dataclass(frozen=True, slots=True)
class Compared:
    """Baseline and best on the held-out test set: the mean of their paired differences."""

    baseline: int
    best: int
    difference: float
    low: float  # with `high`: its 95% confidence interval
    high: float
    n: int  # examples
    kind: Literal["compared"] = "compared"


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the user should know, though the run goes on."""

    message: str
    kind: Literal["warned"] = "warned"


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The run paused, went on or ended."""

    status: Status
    reason: str = ""
    kind: Literal["status"] = "status"


Body = (
    Started
    | Phase
    | Proposed
    | Scored
    | Evaluated
    | BestChanged
    | Called
    | Compared
    | Warned
    | StatusChanged
)


@dataclass(frozen=True, slots=True)
class Event:
    """A body with its place in the log and its time."""

    seq: int
    time: float  # seconds since the run started
    body: Body

    def to_dict(self) -> dict[str, Any]:
        """Plain data: `seq` and `time` beside the body's own fields."""
        return {"seq": self.seq, "time": round(self.time, 3), **dataclasses.asdict(self.body)}

    def to_json(self) -> str:
        """One JSON line."""
        return json.dumps(self.to_dict())


class EventLog:
    """Append-only. Any number of readers may iterate, each from any point, on any thread."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._closed = False
        self._changed = threading.Condition()  # protects the two above
        self._start = time.monotonic()

    def append(self, body: Body) -> None:
        """Add an event. After `close` it is dropped: a late answer cannot reopen a run."""
        with self._changed:
            if self._closed:
                return
            self._events.append(Event(len(self._events), self.seconds, body))
            self._changed.notify_all()

    def close(self) -> None:
        """Say that no event will follow, so that readers end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def seconds(self) -> float:
        """Seconds since the log was opened."""
        return time.monotonic() - self._start

    def __len__(self) -> int:
        return len(self._events)

    def since(self, seq: int) -> list[Event]:
        """The events there are by now, from `seq` on."""
        return self._events[seq:]

    def batches(self, since: int = 0, pause: float = 0.0) -> Iterator[list[Event]]:
        """Yield events from `since` on, in order, gathering each batch for `pause` seconds."""
        while True:
            with self._changed:
                while len(self._events) <= since and not self._closed:
                    self._changed.wait()
                closed = self._closed
            if len(self._events) <= since:
                return
            if not closed:
                time.sleep(pause)
            batch = self._events[since:]
            yield batch
            since += len(batch)
