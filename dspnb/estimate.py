"""What a run may take, before it is begun, and better once some of it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .adapters import Adapter
from .errors import DspnbError
from .events import Estimated
from .example import Example
from .lm.base import estimate_tokens
from .lm.usage import Usage
from .module import Module
from .plan import Plan

A_FIELD = 30  # tokens of an output, where nothing is known
AS_IT_IS = "scoring it as it is"
HELD_OUT = "comparing on held-out examples"


@dataclass(frozen=True)
class Taken:
    """What some runs of the program took."""

    program_calls: int
    usage: Usage
    seconds: float


def program_calls(plan: Plan) -> Mapping[str, int] | None:
    """Runs of the program that the whole run takes at most, by what for."""
    searching = plan.optimizer.program_calls(len(plan.train), len(plan.val))
    if searching is None:
        return None
    if isinstance(searching, int):
        searching = {"searching": searching}
    parts = {AS_IT_IS: len(plan.val), **searching, HELD_OUT: 2 * len(plan.test)}
    return {what: runs for what, runs in parts.items() if runs}


def estimated(plan: Plan, taken: Taken | None = None) -> Estimated | None:
    """The estimate: from the prompts of the program as it is, or from what some runs took.

    None when the optimizer cannot tell. Answers that are known already make it less.
    """
    parts = program_calls(plan)
    if parts is None:
        return None
    runs = sum(parts.values())
    if taken is None or not taken.usage.calls:
        calls = runs * max(1, len(list(plan.program.predictors())))
        return _from_prompts(plan, dict(parts), runs, calls)
    each = runs / taken.program_calls
    usage = taken.usage
    return Estimated(
        dict(parts),
        round(usage.calls * each),
        round((usage.tokens_in + usage.tokens_out) * each),
        None if usage.unpriced else usage.dollars * each,
        taken.seconds * each,
    )


def guessed(plan: Plan, rows: int) -> Usage:
    """What so many runs of the program take, told from their prompts."""
    tokens_in, tokens_out = prompt_tokens(plan.program, plan.here.adapter, plan.train[0])
    price = getattr(plan.model("student"), "price", None)
    dollars = 0.0
    if price is not None:
        dollars = rows * (tokens_in * price.tokens_in + tokens_out * price.tokens_out)
    each = max(1, len(list(plan.program.predictors())))
    return Usage(
        calls=rows * each,
        tokens_in=rows * tokens_in,
        tokens_out=rows * tokens_out,
        dollars=dollars,
    )


def _from_prompts(plan: Plan, parts: dict[str, int], runs: int, calls: int) -> Estimated:
    tokens_in, tokens_out = prompt_tokens(plan.program, plan.here.adapter, plan.train[0])
    price = getattr(plan.model("student"), "price", None)
    dollars = None
    if price is not None:
        dollars = runs * (tokens_in * price.tokens_in + tokens_out * price.tokens_out)
    return Estimated(parts, calls, runs * (tokens_in + tokens_out), dollars, None)


def prompt_tokens(program: Module, adapter: Adapter, example: Example) -> tuple[int, int]:
    """About how many tokens go in and out when each predictor is called once with an example."""
    tokens_in = tokens_out = 0
    for _, predictor in program.predictors():
        signature = predictor.signature
        inputs = {field.name: example.get(field.name, "") for field in signature.inputs}
        try:
            messages = adapter.render(signature, predictor.demos, inputs)
        except DspnbError:  # inputs that the program makes itself, of another type
            messages = ()
        tokens_in += sum(estimate_tokens(message.content) for message in messages)
        tokens_out += A_FIELD * len(signature.outputs)
    return tokens_in, tokens_out
