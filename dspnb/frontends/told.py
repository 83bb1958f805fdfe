"""What a run has said so far: its events, folded to what a front end draws."""

from __future__ import annotations

from collections.abc import Iterable

from dspnb.events import (
    FINAL,
    BestChanged,
    Compared,
    Estimated,
    Evaluated,
    Event,
    Phase,
    Proposed,
    Resumed,
    Scored,
    Spent,
    Split,
    Started,
    Status,
    StatusChanged,
    Warned,
)


class Told:
    """Holds nothing of the events that come by thousands."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.started: Started | None = None
        self.resumed: Resumed | None = None
        self.estimated: Estimated | None = None
        self.compared: Compared | None = None
        self.spent: Spent | None = None
        self.phase = ""
        self.status: Status = "running"
        self.reason = ""
        self.warnings: list[str] = []
        self.proposed: dict[int, Proposed] = {}
        self.evaluated: dict[tuple[int, Split], Evaluated] = {}
        self.best: int | None = None
        self.mean: float | None = None  # of the best one, or what it is expected to have
        self.seconds = 0.0  # since the run started, at the last event
        self._next = 0  # `seq` of the first event that is not taken in yet
        for event in events:
            self.take(event)

    @property
    def over(self) -> bool:
        """Whether the run has said that it ended."""
        return self.status in FINAL

    @property
    def leader(self) -> Evaluated | None:
        """The best candidate's score on the validation set."""
        return None if self.best is None else self.evaluated.get((self.best, "val"))

    def take(self, event: Event) -> None:
        """Take in one more; one that was seen already changes nothing."""
        if event.seq < self._next:
            return
        self._next, self.seconds = event.seq + 1, event.time
        match event.body:
            case Scored():
                pass
            case Started() as body:
                self.started = body
            case Resumed() as body:
                self.resumed = body
            case Estimated() as body:
                self.estimated = body
            case Phase(name):
                self.phase = name
            case Proposed() as body:
                self.proposed[body.candidate] = body
            case Evaluated() as body:
                self.evaluated[body.candidate, body.split] = body
            case BestChanged(candidate, mean):
                self.best, self.mean = candidate, mean
            case Compared() as body:
                self.compared = body
            case Spent() as body:
                self.spent = body
            case Warned(message):
                self.warnings.append(message)
            case StatusChanged(status, reason):
                self.status, self.reason = status, reason
