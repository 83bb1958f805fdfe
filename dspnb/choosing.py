"""Which optimizer a run has when nobody names one, and why."""

from __future__ import annotations

import contextvars
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .cancellation import Cancellation, Cancelled, cancellation
from .context import use
from .estimate import affordable
from .example import Example, Metric, Prediction, score
from .lm.base import Completion
from .optimizers import BootstrapFewShot, LabeledFewShot, Optimizer, Race
from .optimizers.race import CALLS
from .plan import Plan

RACE, BOOTSTRAP, LABELS = Race(), BootstrapFewShot(), LabeledFewShot()

# With 6 examples to choose by and 150 runs, a race still gained 35 points on three benchmarks with
# a simulated model, and never lost any; bootstrapped demos gained 14. Fewer were not tried.
TELLING = 5  # validation examples, below which nothing can be told apart
# On six benchmarks with a simulated model, 20 examples to choose by, the true gain in points was
# with 40 runs 0 for a race and 17 for labelled demos, with 60 runs 20 and 17 (14 for bootstrapped
# ones), with 100 runs 20, 17 and 14. With 60 to choose by, 40 runs gave nobody anything.
ENOUGH = 60  # runs of the program for a race
DEMOS = 8  # runs in which BootstrapFewShot mostly has found its demos


@dataclass(frozen=True)
class Chosen:
    """An optimizer, and what it was chosen for."""

    optimizer: Optimizer
    why: str  # to stand behind its name, in a line


def chosen(plan: Plan) -> Chosen:
    """What suits a plan, whatever optimizer it names: the same for the same data and budget.

    No model is asked. The metric is, about answers that are made up, to see whether it explains
    itself; but that changes only what is said.
    """
    plan = dataclasses.replace(plan, optimizer=RACE)
    runs, val = affordable(plan), len(plan.val)
    labels = any(example.labels for example in plan.train)
    if val < TELLING:
        few = f"{_count(val, 'example')} to choose by can hardly tell candidates apart"
        return _because(BOOTSTRAP, few, "it makes only one")
    if runs is not None and runs < ENOUGH:
        short = f"the budget allows about {_count(runs, 'run')} of the program"
        if runs >= 2 * val and labels:
            return _because(LABELS, short, f"too few for a race, which takes {ENOUGH}")
        if runs >= 2 * val + DEMOS:
            return _because(BOOTSTRAP, short, f"too few for a race, which takes {ENOUGH}")
        return _because(RACE, short, "too few to score even one candidate on all of validation")
    return _because(
        RACE,
        f"{_count(len(plan.train), 'example')} to learn from" + ", without labels" * (not labels),
        f"{val:,} to choose by",
        _feedback(plan.metric, plan.train),
        f"at most {_most(plan, runs):,} runs of the program",
    )


def chosen_before(settings: Mapping[str, Any]) -> Chosen | None:
    """The choice that was made for a run, by the settings of its record; None without one."""
    why, name = settings.get("chosen"), settings.get("optimizer")
    known = (Chosen(one, str(why)) for one in (RACE, BOOTSTRAP, LABELS) if repr(one) == name)
    return next(known, None) if why else None


def explains(metric: Metric, examples: Sequence[Example]) -> bool | None:
    """Whether a metric says in words what is wrong; None when that cannot be told.

    It is asked about the labels of an example and of another one, as if a program had answered so,
    while no model answers.
    """
    first = examples[0]
    others = (one.labels for one in examples if one.labels != first.labels)
    answers = [first.labels, *([other] if (other := next(others, None)) else [])]
    context = contextvars.copy_context()
    try:
        return context.run(_explains, metric, first, [Prediction(**each) for each in answers])
    except (Exception, Cancelled):  # whatever the user's code raises; the run will say it properly
        return None


def _explains(metric: Metric, example: Example, answers: Sequence[Prediction]) -> bool:
    nobody = Cancellation()
    nobody.cancel()
    cancellation.set(nobody)
    with use(lm=_silent, meter=lambda lm: _silent, history=None):
        return any(score(metric, example, answer).told for answer in answers)


class _Silent:
    """A model that is not to be asked."""

    model = "nobody"

    def __call__(self, messages: object, **params: object) -> Completion:
        raise Cancelled


_silent = _Silent()


def _feedback(metric: Metric, examples: Sequence[Example]) -> str:
    said = {True: "feedback from the metric", False: "no feedback from the metric", None: ""}
    return said[explains(metric, examples)]


def _most(plan: Plan, runs: int | None) -> int:
    if runs is None:
        return CALLS
    return runs if plan.budget.calls is not None else min(CALLS, runs)


def _because(optimizer: Optimizer, *reasons: str) -> Chosen:
    return Chosen(optimizer, ", ".join(filter(None, reasons)))


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
