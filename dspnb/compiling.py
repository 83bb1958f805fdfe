"""Start a run: check what it is given, before anything is spent."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from .beginning import begin
from .budget import Budget, check_price
from .choosing import Chosen, chosen, chosen_before
from .context import current
from .dividing import divided
from .errors import UsageError
from .example import Example, Metric
from .lm.base import LanguageModel
from .module import Module
from .optimizers import Optimizer, Race
from .plan import Plan
from .run import Run
from .store import opened
from .trainer import Trainer


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
    resume: str = "auto",
    trainer: Trainer | None = None,
    never_worse: bool = True,
    max_error_rate: float = 0.1,
    settings: Mapping[str, Any] | None = None,
) -> Run:
    """Search for a better state of `program`; returns the run, which goes on in the background.

    Without `optimizer` one is chosen by the number of examples and the budget, mostly `Race`; the
    run's first event says what for. Without `val`, the last third of a
    shuffled `train` validates. `test` is held out: baseline and best are compared on it in the
    end. Without it a third of `val` is set aside for that, if `val` has at least 60 examples.
    Unless `never_worse` is False, the program as it was is returned when the best one is not better
    there with a probability above 0.9, by these examples alone or with what the search saw.

    What is paid for is kept. `resume="auto"` goes on with the unfinished run of the same program,
    data, metric, models, optimizer and seed, and no example is scored twice that an earlier run has
    scored; an id goes on with that run; `"never"` asks everything anew. More than `max_error_rate`
    of at least 20 rows that fail end the run. `settings` are kept with the run, to be shown.

    Raises `UsageError` before anything is spent.
    """
    plan = planned(
        program,
        optimizer,
        metric=metric,
        train=train,
        val=val,
        test=test,
        budget=budget,
        teacher=teacher,
        proposer=proposer,
        trainer=trainer,
        seed=seed,
        concurrency=concurrency,
        never_worse=never_worse,
        max_error_rate=max_error_rate,
    )
    if optimizer is None and resume not in ("auto", "never"):
        # What was chosen for another budget is gone on with.
        plan = _with(plan, chosen_before(opened().runs.get(resume).settings))
    run = begin(plan, resume, dict(settings or {}))
    return run.wait() if wait else run


def planned(
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
    trainer: Trainer | None = None,
    seed: int = 0,
    concurrency: int = 16,
    never_worse: bool = True,
    max_error_rate: float = 0.1,
) -> Plan:
    """What `compile` would do, checked; nothing is begun. Raises `UsageError`."""
    models = {"teacher": teacher, "proposer": proposer}
    _check(metric, optimizer, budget, concurrency, models)
    if not 0 <= max_error_rate <= 1:
        raise UsageError(f"`max_error_rate` is between 0 and 1; got {max_error_rate!r}.")
    _check_examples({"train": train, "val": val or (), "test": test or ()})
    sets = divided(train, val, test, seed, reserve=never_worse)
    here, budget = current(), budget or Budget()
    for model in filter(None, (here.require_lm(), teacher, proposer)):
        check_price(budget, model)
    plan = Plan(
        program=as_program(program).with_state({}),  # later changes to the user's do not matter
        optimizer=optimizer or Race(),
        metric=metric,
        train=sets.train,
        val=sets.val,
        test=sets.test,
        here=here,
        reserved=sets.reserved,
        budget=budget,
        teacher=teacher,
        proposer=proposer,
        trainer=trainer,
        seed=seed,
        concurrency=concurrency,
        never_worse=never_worse,
        max_error_rate=max_error_rate,
        warnings=sets.warnings,
    )
    return plan if optimizer is not None else _with(plan, chosen(plan))


def _with(plan: Plan, choice: Chosen | None) -> Plan:
    if choice is None:
        return plan
    return dataclasses.replace(plan, optimizer=choice.optimizer, chosen=choice.why)


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
