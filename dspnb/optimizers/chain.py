"""Optimizers one after another, each from the state that the one before found."""

from __future__ import annotations

import dataclasses

from dspnb.errors import UsageError

from .base import Optimizer, Search, Task, Validate


class Chain:
    """Run optimizers in turn, as in `Chain(BootstrapFewShot(), LabeledFewShot())`.

    Each begins with the best state of those before it. DSPy's BetterTogether (Soylu et al., 2024,
    arXiv 2407.10930) is a chain of a prompt and a weight optimizer.
    """

    def __init__(self, *optimizers: Optimizer) -> None:
        if not optimizers:
            raise UsageError("A chain needs at least one optimizer.")
        self.optimizers = optimizers

    def search(self, task: Task) -> Search:
        state, mean = task.state, (yield Validate(task.state)).mean
        for optimizer in self.optimizers:
            found = yield from optimizer.search(dataclasses.replace(task, state=state))
            report = yield Validate(found, parent=state, note=type(optimizer).__name__)
            if report.mean > mean:
                state, mean = found, report.mean
        return state

    @property
    def most_demos(self) -> int:
        """How many demos a prompt may have."""
        return max(getattr(optimizer, "most_demos", 0) for optimizer in self.optimizers)

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int] | None:
        parts: dict[str, int] = {}
        for optimizer in self.optimizers:
            one = optimizer.program_calls(train, val, predictors)
            if one is None:
                return None
            if isinstance(one, int):
                one = {type(optimizer).__name__: one}
            for what, runs in one.items():
                parts[what] = parts.get(what, 0) + runs
        parts["validating"] = parts.get("validating", 0) + val * len(self.optimizers)
        return parts

    def proposer_calls(self, train: int, val: int, predictors: int = 1) -> int:
        """How many questions to the proposer its optimizers ask at most."""
        tell = [getattr(optimizer, "proposer_calls", None) for optimizer in self.optimizers]
        return sum(one(train, val, predictors) for one in tell if one is not None)

    def __repr__(self) -> str:
        return f"Chain({', '.join(map(repr, self.optimizers))})"
