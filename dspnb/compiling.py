"""Start a run: check what it is given, before anything is spent."""

from __future__ import annotations

import inspect
import random
from collections.abc import Mapping, Sequence
from typing import Any

from .budget import Budget
from .errors import UsageError
from .example import Example, Metric
from .lm.base import LanguageModel
from .module import Module
from .optimizers import BootstrapFewShotWithRandomSearch, Optimizer
from .run import Run


def compile(
    program: Module | type[Module],
    optimizer: Optimizer | None = None,
    *,
    metric: Metric,
    train: Sequence[Example],
    val: Sequence[Example] | None = None,
    test: Sequence[Example] | None = None,
    budget: Budget | None = None,
    teacher: LanguageModel | None = None,
    proposer: LanguageModel | None = None,
    seed: int = 0,
    concurrency: int = 16,
    wait: bool = False,
) -> Run:
    """Search for a better state of `program`; returns the run, which goes on in the background.

    Without `optimizer`, BootstrapFewShotWithRandomSearch. Without `val`, the last third of a
    shuffled `train` validates. `test` is held out: baseline and best are compared on it in the end.
    Raises `UsageError` before anything is spent.
    """
    _check(metric, optimizer, budget, concurrency, {"teacher": teacher, "proposer": proposer})
    _check_examples({"train": train, "val": val or (), "test": test or ()})
    train, val, warnings = _divided(train, val, seed)
    run = Run(
        as_program(program),
        optimizer or BootstrapFewShotWithRandomSearch(),
        metric=metric,
        train=train,
        val=val,
        test=test or (),
        budget=budget,
        teacher=teacher,
        proposer=proposer,
        seed=seed,
        concurrency=concurrency,
        warnings=warnings,
    ).start()
    return run.wait() if wait else run


def as_program(value: Any) -> Module:
    """A program; a class whose constructor needs no argument is called.

    Raises `UsageError` for anything else.
    """
    if isinstance(value, type) and issubclass(value, Module):
        needed = [
            name
            for name, parameter in inspect.signature(value).parameters.items()
            if parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        ]
        if needed:
            raise UsageError(
                f"`{value.__name__}` is a class that needs {', '.join(needed)}; make a program of "
                f"it first, as in `program = {value.__name__}({needed[0]}=...)`."
            )
        return value()
    if isinstance(value, Module):
        return value
    raise UsageError(
        f"A program is a `Module`, such as `Predict('question -> answer')`; got {value!r}."
    )


def _check(
    metric: Any, optimizer: Any, budget: Any, concurrency: int, models: Mapping[str, Any]
) -> None:
    """Tell a wrong argument from a run that fails later, on a thread, for the same reason."""
    if not callable(metric):
        raise UsageError(f"A metric is a function of an example and a prediction; got {metric!r}.")
    if isinstance(optimizer, type) or not hasattr(optimizer or Optimizer, "search"):
        raise UsageError(
            f"An optimizer is an object such as `BootstrapFewShot()`; got {optimizer!r}."
        )
    if not isinstance(budget, Budget | None):
        raise UsageError(f"A budget is written `Budget(calls=500)`; got {budget!r}.")
    if concurrency < 1:
        raise UsageError(f"`concurrency` is at least 1; got {concurrency}.")
    for name, model in models.items():
        if model is not None and not callable(model):
            raise UsageError(f"`{name}` is a model such as `LM('offline')`; got {model!r}.")


def _check_examples(sets: Mapping[str, Sequence[Any]]) -> None:
    for name, rows in sets.items():
        for row in rows:
            if not isinstance(row, Example):
                raise UsageError(
                    f"`{name}` holds {row!r}, which is no `Example`; "
                    "make them with `examples(rows, inputs=[...])`."
                )
            _ = row.inputs  # raises when the example does not say what they are


def _divided(
    train: Sequence[Example], val: Sequence[Example] | None, seed: int
) -> tuple[Sequence[Example], Sequence[Example], list[str]]:
    if val:
        if not train:
            raise UsageError("A run needs examples to learn from; `train` is empty.")
        return train, val, []
    if len(train) < 2:
        raise UsageError(
            f"A run needs examples to learn from and to choose by; got {len(train)} and no `val`."
        )
    rows = random.Random(seed).sample(list(train), len(train))
    cut = len(rows) - max(1, len(rows) // 3)
    warning = (
        f"No validation set was given: {len(rows) - cut} of the {len(rows)} training examples "
        "validate instead."
    )
    return rows[:cut], rows[cut:], [warning]
