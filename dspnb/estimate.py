"""What a run may take, before it is begun, and better once some of it is done."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .adapters import Adapter
from .budget import Budget
from .errors import DspnbError
from .events import Estimated
from .example import Example
from .lm.base import estimate_tokens
from .lm.usage import Usage
from .module import Module
from .optimizers import Optimizer
from .optimizers.labeled import demos_for
from .optimizers.race import FEWEST
from .plan import Plan
from .report import Row
from .store import Record

A_FIELD = 30  # tokens of an output, where nothing is known
A_QUESTION, A_PROPOSAL = 400, 300  # tokens of a proposer's task, and of what it writes
SHOWN = 3  # prompts of the program that a question shows, about
AS_IT_IS = "scoring it as it is"
HELD_OUT = "comparing on held-out examples"


@dataclass(frozen=True)
class Taken:
    """What some runs of the program took, or some questions to the proposer."""

    count: int
    usage: Usage
    seconds: float

    def with_row(self, row: Row) -> Taken:
        """With the calls of one more."""
        more = Usage()
        for call in row.trace:
            free = call.completion is None or call.completion.cached
            more += Usage(
                0 if free else 1 + len(call.attempts),
                tokens_in=call.tokens_in,
                tokens_out=call.tokens_out,
                dollars=call.dollars or 0.0,
                unpriced=call.dollars is None and not free,
            )
        return Taken(self.count + 1, self.usage + more, self.seconds + row.seconds)


def program_calls(plan: Plan) -> Mapping[str, int] | None:
    """Runs of the program that the whole run takes at most, by what for."""
    searching = _paced(plan).program_calls(*_sizes(plan))
    if searching is None:
        return None
    if isinstance(searching, int):
        searching = {"searching": searching}
    before = 0 if plan.samples else len(plan.val)
    parts = {AS_IT_IS: before, **searching, HELD_OUT: 2 * len(plan.test)}
    return {what: runs for what, runs in parts.items() if runs}


def proposer_calls(plan: Plan) -> int:
    """Questions to the proposer that the search asks at most; 0 when it asks none."""
    tell = getattr(_paced(plan), "proposer_calls", None)
    return int(tell(*_sizes(plan))) if tell is not None else 0


def search_calls(plan: Plan) -> int | None:
    """Calls of models that the budget leaves to the search; None when it has no limit of calls.

    By one call of each predictor a run. It depends on nothing but the plan, so that a search that
    goes on decides as it did before.
    """
    limit, each = plan.budget.calls, _predictors(plan)
    if limit is None:
        return None
    before = 0 if plan.samples else each * len(plan.val)
    after = 2 * each * len(plan.test)
    # As in the budget itself: nothing is set aside when that were more than half.
    return max(0, limit - before - (after if after <= limit / 2 else 0))


def affordable(plan: Plan) -> int | None:
    """About how many runs of the program a budget leaves to the search; None when it is endless."""
    budget, one, longer = plan.budget, guessed(plan, 1), _longer(plan)
    whole = [
        limit / each
        for limit, each in (
            (budget.tokens, longer * one.tokens_in + one.tokens_out),
            (budget.dollars, longer * one.dollars),
        )
        if limit is not None and each
    ]
    held_out = 2 * len(plan.test)
    left = [int(runs - (held_out if held_out <= runs / 2 else 0)) for runs in whole]
    calls = search_calls(plan)
    if calls is not None:
        left.append(calls // _predictors(plan))
    return min(left, default=None)


def _paced(plan: Plan) -> Optimizer:
    """The optimizer, with the runs that it makes at most where it paces itself by the budget."""
    calls, optimizer = search_calls(plan), plan.optimizer
    if calls is None or not plan.samples or getattr(optimizer, "calls", 0) is not None:
        return optimizer
    known: Any = optimizer
    paced: Optimizer = dataclasses.replace(known, calls=max(FEWEST, calls // _predictors(plan)))
    return paced


@dataclass(frozen=True)
class _Runs:
    """Runs of the program as it is, and of programs with as many demos as there may be."""

    bare: float
    full: float
    longer: float  # how many times as long prompts are with these demos

    @property
    def in_bare(self) -> float:
        """How many runs of the program as it is have as many tokens in."""
        return self.bare + self.longer * self.full


def estimated(
    plan: Plan,
    taken: Taken | None = None,
    pace: float | None = None,
    questions: Taken | None = None,
) -> Estimated | None:
    """The estimate: from the prompts of the program as it is, or from what some runs of it took.

    `pace` is how many seconds a call takes, as far as an earlier run tells (`paces`).

    Prompts are taken to have as many demos as the optimizer gives at most (`most_demos`). None when
    the optimizer cannot tell. Answers that are known already make it less, and a budget ends it:
    then the parts say what the whole search would take. Questions to the
    proposer are guessed to be some prompts of the program long, until it is known what `questions`
    took.
    """
    parts = program_calls(plan)
    if parts is None:
        return None
    held_out = parts.get(HELD_OUT, 0) // 2
    bare = parts.get(AS_IT_IS, 0) + held_out
    runs = _Runs(bare, sum(parts.values()) - bare, _longer(plan))
    whole = runs.bare + runs.full
    if taken is None or not taken.usage.calls:
        one = guessed(plan, 1)
        known = getattr(plan.model("student"), "price", None) is not None
        seconds = None if pace is None else pace * one.calls * whole
    else:
        one, known = taken.usage, not taken.usage.unpriced
        whole, runs = whole / taken.count, _each(runs, taken.count)
        seconds = taken.seconds * whole
    tokens = one.tokens_in * runs.in_bare + one.tokens_out * whole
    dollars = one.dollars * tokens / max(1, one.tokens_in + one.tokens_out)
    calls = round(one.calls * whole)
    asking = proposer_calls(plan)
    if asking:
        each, priced = _question(plan, questions)
        known = known and priced
        if seconds is not None and calls:
            seconds += seconds / calls * asking  # as if its model were as quick
        calls += asking
        tokens += asking * (each.tokens_in + each.tokens_out)
        dollars += asking * each.dollars
    told = dollars if known else None
    return _within(plan.budget, Estimated(dict(parts), calls, round(tokens), told, seconds, asking))


def _within(budget: Budget, all_of_it: Estimated) -> Estimated:
    """No more than the budget: where it ends the search early, all is less by the same share."""
    it = all_of_it
    limits = (
        (budget.calls, it.calls),
        (budget.tokens, it.tokens),
        (budget.dollars, it.dollars),
        (budget.seconds, it.seconds),
    )
    share = min((limit / most for limit, most in limits if limit and most), default=1.0)
    if share >= 1:
        return it
    return dataclasses.replace(
        it,
        calls=math.ceil(share * it.calls - 1e-9),
        tokens=None if it.tokens is None else round(share * it.tokens),
        dollars=None if it.dollars is None else share * it.dollars,
        seconds=None if it.seconds is None else share * it.seconds,
    )


def _question(plan: Plan, asked: Taken | None) -> tuple[Usage, bool]:
    """What a question to the proposer takes, and whether its price is known."""
    lm = plan.model("proposer")
    if asked is not None and asked.count:
        usage, count = asked.usage, asked.count
        mean = Usage(
            tokens_in=round(usage.tokens_in / count),
            tokens_out=round(usage.tokens_out / count),
            dollars=usage.dollars / count,
        )
        return mean, not usage.unpriced
    tokens_in, _ = prompt_tokens(plan.program, plan.here.adapter, plan.train[0])
    tokens_in = A_QUESTION + SHOWN * tokens_in
    price = getattr(lm, "price", None)
    if price is None:
        return Usage(tokens_in=tokens_in, tokens_out=A_PROPOSAL), False
    dollars = tokens_in * price.tokens_in + A_PROPOSAL * price.tokens_out
    return Usage(tokens_in=tokens_in, tokens_out=A_PROPOSAL, dollars=dollars), True


def _sizes(plan: Plan) -> tuple[int, int, int]:
    """Of the sets that a search may use, and how many predictors the program has."""
    return len(plan.train), len(plan.val), _predictors(plan)


def _predictors(plan: Plan) -> int:
    return max(1, len(list(plan.program.predictors())))


def paces(plan: Plan, records: Iterable[Record]) -> float | None:
    """Seconds that a call takes in a run, by the latest one with the same model; None without one.

    As many calls at a time as that run made more than this one makes, so much longer.
    """
    for record in reversed([*records]):
        match record.settings, record.spent:
            case (
                {"model": model, "concurrency": int(concurrency)},
                {"calls": int(calls), "seconds": float(seconds)},
            ) if model == plan.model("student").model and calls and seconds:
                return seconds / calls * concurrency / plan.concurrency
    return None


def guessed(plan: Plan, rows: int) -> Usage:
    """What so many runs of the program take, told from their prompts."""
    tokens_in, tokens_out = prompt_tokens(plan.program, plan.here.adapter, plan.train[0])
    price = getattr(plan.model("student"), "price", None)
    dollars = 0.0
    if price is not None:
        dollars = rows * (tokens_in * price.tokens_in + tokens_out * price.tokens_out)
    return Usage(
        calls=rows * _predictors(plan),
        tokens_in=rows * tokens_in,
        tokens_out=rows * tokens_out,
        dollars=dollars,
    )


def prompt_tokens(
    program: Module, adapter: Adapter, example: Example, demos: Sequence[Example] = ()
) -> tuple[int, int]:
    """About how many tokens go in and out when each predictor is called once with an example.

    With more `demos` than it has, as far as they have its fields.
    """
    tokens_in = tokens_out = 0
    for _, predictor in program.predictors():
        signature = predictor.signature
        inputs = {field.name: example.get(field.name, "") for field in signature.inputs}
        shown = (*predictor.demos, *demos_for(signature, demos))
        try:
            messages = adapter.render(signature, shown, inputs)
        except DspnbError:  # inputs that the program makes itself, of another type
            messages = ()
        tokens_in += sum(estimate_tokens(message.content) for message in messages)
        tokens_out += A_FIELD * len(signature.outputs)
    return tokens_in, tokens_out


def _longer(plan: Plan) -> float:
    most = getattr(plan.optimizer, "most_demos", 0)
    given = plan.program, plan.here.adapter, plan.train[0]
    bare, _ = prompt_tokens(*given)
    full, _ = prompt_tokens(*given, plan.train[:most])
    return max(1.0, full / max(1, bare))


def _each(runs: _Runs, program_calls: int) -> _Runs:
    """The same in units of so many runs."""
    bare, full = runs.bare / program_calls, runs.full / program_calls
    return _Runs(bare, full, runs.longer)
