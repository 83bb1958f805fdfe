"""One module's call under way: what it has asked so far, and what it is to be given again.

A constraint that is not met sends the call back to its start. What was asked before the predictor
that failed is answered from memory, so that only this one asks its model anew.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

from .example import Prediction
from .trace import Call, Check


@dataclass(frozen=True)
class Made:
    """A prediction of one predictor, made inside the frame."""

    predictor: object
    inputs: Mapping[str, object]
    prediction: Prediction
    text: str  # what the model wrote
    place: int | None = None  # its call's place in the trace


@dataclass(frozen=True)
class Complaint:
    """What a predictor is told about its last answer."""

    made: Made
    message: str


class Record:
    """The calls of a program, in order."""

    __slots__ = ("lock", "trace")

    def __init__(self) -> None:
        self.trace: list[Call] = []
        self.lock = threading.Lock()  # of all that a record, or a frame, holds

    def record(self, call: Call) -> int:
        """Add a call to the trace; its place there."""
        with self.lock:
            self.trace.append(call)
            return len(self.trace) - 1

    def reject_at(self, place: int, why: str) -> None:
        """The call at this place of the trace is not used; the trace says why."""
        self.trace[place] = dataclasses.replace(self.trace[place], rejected=why)


class Frame(Record):
    """The calls of one module call; inner modules have frames of their own."""

    __slots__ = (
        "above", "again", "checks", "complaint", "gave_up", "made", "paths", "places", "tries",
    )  # fmt: skip

    def __init__(self, paths: Mapping[int, str], *, above: Frame | None = None) -> None:
        self.paths = paths  # id of a predictor -> its path
        self.above = above
        self.made: list[Made] = []
        self.again: list[Made] = []  # to be given again, not asked again
        self.complaint: Complaint | None = None
        self.tries: dict[Hashable, Check] = {}  # by statement and prediction
        self.gave_up: dict[Hashable, Check] = {}  # asked again often enough
        # In the trace, of the calls made inside; first of this frame, then of those around it.
        self.places: tuple[list[int], ...]
        if above is None:
            super().__init__()
            self.checks: list[Check] = []  # of the whole program, as the trace
            self.places = ([],)
        else:
            self.trace, self.checks, self.lock = above.trace, above.checks, above.lock
            self.places = ([], *above.places)

    def inner(self) -> Frame:
        """The frame of a module that is called inside this one."""
        return Frame(self.paths, above=self)

    def up(self) -> Iterator[Frame]:
        """This frame and those around it."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.above

    def record(self, call: Call) -> int:
        """Add a call to the trace; its place there."""
        with self.lock:
            self.trace.append(call)
            place = len(self.trace) - 1
            for places in self.places:
                places.append(place)
            return place

    def keep(self, made: Made) -> None:
        """Note a prediction, here and in the frames around."""
        with self.lock:
            for frame in self.up():
                frame.made.append(made)

    def recall(self, predictor: object, inputs: Mapping[str, object]) -> Made | None:
        """What this predictor answered to these inputs before the call went back."""
        for frame in self.up():
            if not frame.again:
                continue
            with frame.lock:
                for i, made in enumerate(frame.again):
                    if made.predictor is predictor and made.inputs == inputs:
                        if made.place is not None:  # another sample may have been better then
                            call = self.trace[made.place]
                            self.trace[made.place] = dataclasses.replace(call, rejected="")
                        return frame.again.pop(i)
        return None

    def complaint_for(self, predictor: object, inputs: Mapping[str, object]) -> Complaint | None:
        """What this predictor is to be told about the answer it gave to these inputs."""
        for frame in self.up():
            with frame.lock:
                told = frame.complaint
                if told and told.made.predictor is predictor and told.made.inputs == inputs:
                    frame.complaint = None
                    return told
        return None

    def rewind(self, target: Made, message: str) -> None:
        """Go back to the start, to come to `target` again with a complaint about it."""
        place = next(i for i, made in enumerate(self.made) if made is target)
        with self.lock:
            for made in self.made[place:]:
                why = message if made is target else "an earlier answer was not accepted"
                if made.place is not None:
                    self.reject_at(made.place, why)
            self.again = self.made[:place]
            self.complaint = Complaint(target, message)
            dropped = {id(made) for made in self.made}
            for frame in self.up():
                frame.made = [made for made in frame.made if id(made) not in dropped]

    def settle(self, *, failed: bool) -> None:
        """The call is over: unless it failed, what was asked again and not given up has held."""
        if not failed:
            self.checks += self.tries.values()
        self.checks += self.gave_up.values()

    # -- samples, each made in a frame of its own --------------------------------------

    @property
    def calls(self) -> list[Call]:
        """The calls made inside this frame, and those given again."""
        with self.lock:
            return [self.trace[place] for place in self._places()]

    def reject(self, why: str) -> None:
        """What was made inside this frame is not used; the trace says why."""
        with self.lock:
            for place in self._places():
                call = self.trace[place]
                if not call.error and not call.rejected:
                    self.trace[place] = dataclasses.replace(call, rejected=why)

    def prefer(self, kept: Frame) -> None:
        """Of several samples this one is used: its predictions count as made last.

        A complaint about what came of the samples is then about it.
        """
        last = {id(made) for made in kept.made}
        with self.lock:
            for frame in self.up():
                others = [made for made in frame.made if id(made) not in last]
                frame.made = [*others, *kept.made]

    def _places(self) -> list[int]:
        again = (made.place for made in self.made if made.place is not None)
        return sorted({*self.places[0], *again})


class Backtrack(BaseException):
    """Sends the call of a frame back to its start.

    It is no `Exception`, so that a program's own `except Exception` does not stop it.
    """

    def __init__(self, frame: Frame, target: Made, message: str) -> None:
        super().__init__(message)
        self.frame, self.target, self.message = frame, target, message
