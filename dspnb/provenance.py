"""Where a program's state comes from: what found it, on which data, and how good it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .example import Example
from .jsonable import to_json


@dataclass(frozen=True)
class Provenance:
    """What a run knows about the program that it returns."""

    optimizer: str
    metric: str
    split: Literal["val", "test"]  # what the score was measured on; "val" is optimistic
    score: float  # the mean over `n` examples
    low: float  # the 95% confidence interval of the mean
    high: float
    n: int
    train: str  # the fingerprint of the training examples
    seed: int
    model: str
    candidate: int  # its number in the run; 0 is the program as it was

    def __str__(self) -> str:
        return (
            f"{self.score:.3f} [{self.low:.3f}, {self.high:.3f}] on {self.n} {self.split} examples "
            f"({self.metric}; {self.optimizer} with {self.model}, candidate {self.candidate})"
        )


def fingerprint(examples: Iterable[Example]) -> str:
    """The SHA-256 of the examples as JSON: equal for equal examples in the same order.

    >>> fingerprint([Example(q="?", a=1)]) == fingerprint([Example(a=1, q="?")])
    True
    """
    rows = [to_json(dict(example)) for example in examples]
    text = json.dumps(rows, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
