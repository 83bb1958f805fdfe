"""Show labelled training examples in the prompt, as they are."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass

from dspnb.errors import UsageError
from dspnb.example import Example, only
from dspnb.module import State
from dspnb.signature import Signature

from .base import Search, Task


@dataclass(frozen=True)
class LabeledFewShot:
    """Give each predictor `k` random training examples as demos; no model is called for it.

    DSPy's LabeledFewShot (Khattab et al., 2023, arXiv 2310.03714). With `sample=False` it takes the
    first `k`.
    """

    k: int = 16
    sample: bool = True

    def __post_init__(self) -> None:
        if self.k < 0:
            raise UsageError(f"Demos are at least 0; got {self}.")

    def search(self, task: Task) -> Search:
        return labeled(task, task.train, self.k, task.rng if self.sample else None)
        yield  # makes this a generator, though it has nothing to ask

    @property
    def most_demos(self) -> int:
        """How many demos a prompt may have."""
        return self.k

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int]:
        return {"validating": val}  # the state it returns is scored once


def labeled(
    task: Task, train: Sequence[Example], k: int, rng: random.Random | None = None
) -> State:
    """The task's state with `k` training examples as each predictor's demos.

    All predictors are shown the same ones, as far as these have their fields.
    """
    order = _some_first(train, k, rng) if rng else train
    return {
        path: dataclasses.replace(setting, demos=tuple(demos_for(task.signatures[path], order)[:k]))
        for path, setting in task.state.items()
    }


def demos_for(signature: Signature, train: Sequence[Example]) -> list[Example]:
    """The training examples as demos of a predictor: those with at least one of its outputs."""
    names = [field.name for field in signature.fields]
    inputs = {field.name for field in signature.inputs}
    outputs = {field.name for field in signature.outputs}
    return [
        only(example, names)
        for example in train
        if inputs & example.keys() and outputs & example.keys()
    ]


def _some_first(train: Sequence[Example], k: int, rng: random.Random) -> list[Example]:
    """`k` random examples, and then the others."""
    some = rng.sample(range(len(train)), min(k, len(train)))
    others = sorted(set(range(len(train))) - set(some))
    return [train[i] for i in (*some, *others)]
