"""What a `%compile --dry` line shows: what the run would take, and what it would say at once."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from dspnb.estimate import estimated, paces
from dspnb.events import Estimated
from dspnb.frontends.words import questions, roughly
from dspnb.lm.money import money
from dspnb.overlap import overlaps, words
from dspnb.plan import Plan
from dspnb.runs import runs

from .markup import table
from .text import esc

ASKING = "asking the proposer"


@dataclass(frozen=True, repr=False)
class Dry:
    """A plan that was not begun."""

    plan: Plan

    @functools.cached_property
    def estimate(self) -> Estimated | None:
        """What it takes at most; the time as far as an earlier run of the model tells."""
        records = (kept.record for kept in runs())
        return estimated(self.plan, pace=paces(self.plan, records))

    @property
    def lines(self) -> list[str]:
        """What it would take at most, what for, and what is to be said about the examples."""
        estimate = self.estimate
        if estimate is None:
            said = "it cannot be told beforehand how many calls this takes"
            return [*self._chosen, f"{self._name}: {said}.", *self.notes]
        runs = sum(estimate.program_calls.values())
        tokens = "" if estimate.tokens is None else f", {estimate.tokens:,} tokens"
        return [
            *self._chosen,
            f"{self._name}: about {runs:,} runs of the program{questions(estimate)}, "
            f"{estimate.calls:,} model calls{tokens}, {money(estimate.dollars)}{_time(estimate)}.",
            *(f"{what}: {count:,} runs" for what, count in estimate.program_calls.items()),
            *([f"{ASKING}: {estimate.questions:,} questions"] if estimate.questions else []),
            *self.notes,
        ]

    @property
    def _chosen(self) -> list[str]:
        """What the optimizer was chosen for, when it was."""
        plan = self.plan
        return [f"{plan.optimizer_name}, chosen for you: {plan.chosen}."] if plan.chosen else []

    @property
    def _name(self) -> str:
        return self.plan.optimizer_name if self.plan.chosen else str(self.plan.optimizer)

    @property
    def notes(self) -> list[str]:
        """Where the sets come from, and which examples stand in two of them."""
        plan = self.plan
        return [*plan.warnings, *words(overlaps(train=plan.train, val=plan.val, test=plan.test))]

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_html_(self) -> str:
        estimate = self.estimate
        first = "".join(f"<p>{esc(line)}</p>" for line in self.lines[: 1 + len(self._chosen)])
        notes = "".join(f"<p>Note: {esc(warning)}</p>" for warning in self.notes)
        if estimate is None:
            return f"{first}{notes}"
        rows = [[esc(what), f"{count:,}"] for what, count in estimate.program_calls.items()]
        heads = ["", "runs of the program"]
        if estimate.questions:
            heads.append("questions to the proposer")
            rows = [[*row, ""] for row in rows]
            rows.append([ASKING, "", f"{estimate.questions:,}"])
        return f"{first}{table(heads, rows)}{notes}"


def _time(estimate: Estimated) -> str:
    return "" if estimate.seconds is None else f", {roughly(estimate.seconds)}"
