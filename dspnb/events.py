"""What a run says about itself, as plain data that any front end can read."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    reserved: bool  # the held-out examples were set aside from the validation set
    budget: str  # in words, "" without one
    chosen: str = ""  # what the optimizer was chosen for; empty when it was named
    kind: Literal["started"] = "started"


@dataclass(frozen=True, slots=True)
class Resumed:
    """The run goes on where an earlier session of it ended; that part is walked through again."""

    rows: int  # scored examples that are known and are not paid for again
    calls: int  # model calls that the earlier sessions made
    dollars: float  # that they cost, as far as prices are known
    kind: Literal["resumed"] = "resumed"


@dataclass(frozen=True, slots=True)
class Estimated:
    """What the whole run may take at most: before the first call, and again once some are made."""

    program_calls: dict[str, int]  # what for, in words -> runs of the program
    calls: int  # of models
    tokens: int | None  # in and out; None while nothing is known
    dollars: float | None  # None while a price is not known
    seconds: float | None  # None before the first call
    questions: int = 0  # to the proposer: calls of a model, and no runs of the program
    kind: Literal["estimated"] = "estimated"


@dataclass(frozen=True, slots=True)
class Spent:
    """What the whole run took, earlier sessions of it included; the last but one event."""

    program_calls: int  # runs of the program
    known: int  # of these: those whose score was kept from before
    calls: int  # answered by a model
    cached: int  # answered by the cache
    tokens: int
    dollars: float  # of the calls whose price is known
    unpriced: int  # calls whose price is not known
    seconds: float
    kind: Literal["spent"] = "spent"


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
    known: bool = False  # kept from before; nothing was called for it
    kind: Literal["scored"] = "scored"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A candidate was scored on a set of examples, or on some more of it.

    `mean`, `low`, `high` and `n` are of all that it was scored on so far.
    """

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
    mean: float  # on the validation set; expected there, when it was scored on a part of it
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
    """The program as it was and the best one, on the same held-out examples."""

    baseline: int
    best: int
    before: float  # the baseline's mean
    after: float  # the best one's
    difference: float  # the mean of the paired differences
    low: float  # with `high`: its 95% confidence interval
    high: float
    better: float  # the probability that the best one is truly better
    fixed: int  # examples with a higher score than before
    broke: int  # examples with a lower one
    search: float  # the best one's mean on the validation set; `search - after` is the optimism
    n: int  # examples
    opened: int  # how often the test set was looked at by now; 0 for what the run set aside itself
    returned: bool  # whether the best one is returned; else the program as it was
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
    | Resumed
    | Estimated
    | Phase
    | Proposed
    | Scored
    | Evaluated
    | BestChanged
    | Called
    | Compared
    | Spent
    | Warned
    | StatusChanged
)


_KINDS: dict[str, type[Body]] = {
    str(dataclasses.fields(body)[-1].default): body for body in typing.get_args(Body)
}


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

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Event:
        """The event that `to_dict` told. Raises `ValueError` when it is none."""
        kind = _KINDS.get(told.get("kind", ""))
        names = {field.name for field in dataclasses.fields(kind)} if kind else set()
        try:
            assert kind is not None
            body = kind(**{name: told[name] for name in names & told.keys()})
            return cls(told["seq"], told["time"], body)
        except (AssertionError, KeyError, TypeError):
            raise ValueError(f"This is no event of a run: {told!r}.") from None


class EventLog:
    """Append-only. Any number of readers may iterate, each from any point, on any thread."""

    def __init__(
        self, on_event: Callable[[Event], object] = lambda event: None, seconds: float = 0.0
    ) -> None:
        """`on_event` is told of each event that is added; `seconds` have gone by already."""
        self._events: list[Event] = []
        self._closed = False
        self._changed = threading.Condition()  # protects the two above
        self._start = time.monotonic() - seconds
        self._on_event = on_event

    @classmethod
    def of(cls, events: Iterable[Event]) -> EventLog:
        """The log of a run that is over."""
        log = cls()
        log._events, log._closed = list(events), True
        return log

    def append(self, *bodies: Body) -> None:
        """Add events. After `close` they are dropped: a late answer cannot reopen a run."""
        with self._changed:
            if self._closed:
                return
            seconds, seq = self.seconds, len(self._events)
            events = [Event(seq + i, seconds, body) for i, body in enumerate(bodies)]
            self._events += events
            self._changed.notify_all()
        for event in events:
            self._on_event(event)

    def close(self) -> None:
        """Say that no event will follow, so that readers end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def seconds(self) -> float:
        """Seconds since the run began, those of earlier sessions included."""
        return time.monotonic() - self._start

    def __len__(self) -> int:
        return len(self._events)

    def since(self, seq: int) -> list[Event]:
        """The events there are by now, from `seq` on."""
        return self._events[seq:]

    def batches(
        self, since: int = 0, pause: float = 0.0, every: float | None = None
    ) -> Iterator[list[Event]]:
        """Yield events from `since` on, in order, gathering each batch for `pause` seconds.

        With `every`, an empty batch says that nothing has happened for so many seconds.
        """
        while True:
            with self._changed:
                if len(self._events) <= since and not self._closed:
                    self._changed.wait(every)
                closed, more = self._closed, len(self._events) > since
            if closed and not more:
                return
            if more and not closed:
                time.sleep(pause)
            if not more and every is None:
                continue
            batch = self._events[since:]
            yield batch
            since += len(batch)
