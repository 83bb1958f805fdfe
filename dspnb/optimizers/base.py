"""Optimizers are generators: they ask for work, are told the result, and return a state.

They never call a model, start a thread, print, or look at a clock. The run that drives them does,
so every optimizer can be paused, stopped, budgeted and watched, and can be tested by sending it
made-up reports.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dspnb.example import Example, Prediction
from dspnb.module import State
from dspnb.report import Report, Row
from dspnb.signature import Signature

# Whose model does it: "student", "teacher", or what a `Train` was answered with.
Role = str


@dataclass(frozen=True)
class Evaluate:
    """Ask: score `state` on a few `examples`. Answer: a `Report`, traces included.

    Another `rollout` samples afresh; the teacher is the model that `compile(teacher=...)` names.
    """

    state: State
    examples: Sequence[Example]
    rollout: int = 0
    role: Role = "student"


@dataclass(frozen=True)
class Validate:
    """Ask: score `state` on `val`. Answer: a `Report`.

    With `places`, only on the examples of `val` at these places, in this order; such a candidate
    becomes the best one by a `Lead`, the others by the highest mean over all of `val`.
    """

    state: State
    parent: State | None = None
    note: str = ""  # where the state comes from, in a few words
    role: Role = "student"
    places: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Lead:
    """Ask: call a state that was validated in part the best one so far. Answer: None.

    `mean` is what it is expected to score over all of `val`, by all that the search has seen. A
    state that was not validated yet leads once it is; the one that is returned is scored on a few
    examples of `val` in the end.
    """

    state: State
    mean: float


@dataclass(frozen=True)
class Complete:
    """Ask: one call of the proposer model. Answer: a `Prediction`.

    None when the answer could not be read, or the question was too long for the model. To ask the
    same again gives another sample. `temperature` is the model's own unless given.
    """

    signature: Signature
    inputs: Mapping[str, Any]
    temperature: float | None = None


@dataclass(frozen=True)
class Train:
    """Ask: train a model on what the program did in these rows. Answer: a `Trained`.

    The trainer is what `compile(trainer=...)` names.
    """

    rows: Sequence[Row]


@dataclass(frozen=True)
class Trained:
    """A model that was trained: `role` names it in `Evaluate` and `Validate`."""

    role: Role


Ask = Evaluate | Validate | Lead | Complete | Train
Answer = Report | Prediction | Trained | None
# A tuple of asks is done concurrently and answered by a tuple.
Search = Generator[Ask | tuple[Ask, ...], Any, State]


@dataclass(frozen=True)
class Task:
    """All that an optimizer gets to know."""

    state: State
    train: Sequence[Example]
    val: Sequence[Example]
    rng: random.Random
    signatures: Mapping[str, Signature]  # predictor path -> its signature
    source: str = ""  # the program's own code, as far as it can be read
    calls: int | None = None  # of models, that the search may make; None without a budget


class Optimizer(Protocol):
    """A search for a better state.

    Beside these an optimizer may have `most_demos`, how many demos a prompt may get, and
    `proposer_calls(train, val, predictors)`, how many calls of the proposer a search takes at most.
    One with `samples = True` validates in part: the run then scores neither the program as it is
    nor the final state on all of `val`, and takes the state of its last `Lead` for the best.
    """

    def search(self, task: Task) -> Search:
        """Ask, be told, and return the state to keep."""

    def program_calls(
        self, train: int, val: int, predictors: int = 1
    ) -> Mapping[str, int] | int | None:
        """How many runs of the program a search takes at most: by what for, in words, or in all.

        `train` and `val` count examples. None when it cannot tell.
        """
