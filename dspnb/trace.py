"""What happened inside one call of a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .lm.base import Completion, Message
from .signature import Signature


@dataclass(frozen=True)
class Attempt:
    """An answer that could not be used, and why. The model was shown both and asked again."""

    text: str
    error: str
    adapter: str = "chat"  # in whose layout it was asked


@dataclass(frozen=True)
class Check:
    """A `require` or `suggest` that was not met at first."""

    kind: Literal["require", "suggest"]
    message: str
    held: bool  # whether it was met in the end
    tries: int  # how often the predictor was asked again


@dataclass(frozen=True)
class Call:
    """One predictor's call of its model."""

    path: str  # which predictor, e.g. "hops.0.query"
    signature: Signature
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]  # empty after an error
    messages: tuple[Message, ...]  # of the last attempt
    completion: Completion | None  # of the last attempt; None when the model gave none
    attempts: tuple[Attempt, ...] = ()
    error: str = ""
    rejected: str = ""  # why the program did not use this answer: a constraint, a better sample
    demos: int = 0
    tokens_in: int = 0  # of all attempts, as the other sums below
    tokens_out: int = 0
    dollars: float | None = 0.0  # None when the price of an attempt is not known
    seconds: float = 0.0

    @classmethod
    def of(cls, **fields: Any) -> Call:
        """The same as calling the class, at a third of its time: one is made in every call."""
        call = object.__new__(cls)
        call.__dict__.update(fields)  # what is not given is the class's default
        return call


Trace = tuple[Call, ...]


def cost(trace: Trace) -> tuple[float | None, int]:
    """Dollars, as far as prices are known, and how many calls' prices are not.

    The dollars are None when no call's price is known.
    """
    known = [call.dollars for call in trace if call.dollars is not None]
    return sum(known) if known or not trace else None, len(trace) - len(known)
