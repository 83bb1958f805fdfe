"""What happened inside one call of a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .lm.base import Completion, Message
from .signature import Signature


@dataclass(frozen=True)
class Attempt:
    """An answer that could not be read, and why. The model was shown both and asked again."""

    text: str
    error: str


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
    demos: int = 0
    tokens_in: int = 0  # of all attempts, as the other sums below
    tokens_out: int = 0
    dollars: float = 0.0
    seconds: float = 0.0


Trace = tuple[Call, ...]
