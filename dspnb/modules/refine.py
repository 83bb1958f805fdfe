"""Run a program again, with advice on what to do better."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from dspnb.errors import LMError, ParseError
from dspnb.example import metric_name
from dspnb.module import Module
from dspnb.predict import Predict
from dspnb.signature import InputField, OutputField, Signature
from dspnb.trace import Call

from . import arguments
from .best_of_n import BestOfN, Reward, Sample


class Advice(Signature):
    """A program of several predictors was run, and its result earned less than was asked for.

    Find out which predictors are to blame. Tell each of them, in a sentence or two, what to do
    differently when it sees such inputs again. It will see its inputs and your advice, but not its
    past answer. Say nothing to those that did well.
    """

    calls: list[dict[str, Any]] = InputField(desc="what each predictor was asked, and answered")
    result: dict[str, Any] = InputField(desc="what the program made of it")
    reward_function: str = InputField(desc="how a result is judged")
    reward: float = InputField(desc="what this result earned")
    threshold: float = InputField(desc="what it should earn")
    feedback: str = InputField(desc="what the judge said, if anything")
    reasoning: str = OutputField(desc="what went wrong, and where")
    advice: dict[str, str] = OutputField(desc="name of a predictor -> advice for it")


class Refine(BestOfN):
    """Like `BestOfN`, but after each try below `threshold` the next one gets advice.

    The model is shown what the predictors took and gave, how the reward function judges, and what
    it said; its advice stands in the prompts of the next try. `advise` is the predictor that gives
    it, and can be compiled like any other. A try goes without advice when there is none to be had.
    """

    def __init__(
        self,
        module: Module,
        N: int,
        reward_fn: Reward,
        threshold: float,
        fail_count: int | None = None,
    ) -> None:
        super().__init__(module, N, reward_fn, arguments.number("threshold", threshold), fail_count)
        self.advise = Predict(Advice)

    def _hints(self, past: Sequence[Sample]) -> Mapping[str, str]:
        if not past:
            return {}
        last = past[-1]
        if last.score is None or last.prediction is None:
            return last.hints  # an error is nothing to learn from
        calls = last.run.calls
        if not calls:
            return {}  # there is nobody to advise
        try:
            given = self.advise(
                calls=[_told(call) for call in calls],
                result=dict(last.prediction),
                reward_function=_described(self.reward_fn),
                reward=last.score.value,
                threshold=self.threshold,
                feedback=last.score.feedback,
            )
        except (ParseError, LMError) as error:
            if isinstance(error, LMError) and error.fatal:
                raise
            return {}
        return {path: text for path, text in given.advice.items() if text.strip()}


def _told(call: Call) -> dict[str, Any]:
    """A call as the adviser sees it."""
    told: dict[str, Any] = {
        "predictor": call.path,
        "task": call.signature.instructions,
        "inputs": dict(call.inputs),
        "outputs": dict(call.outputs),
    }
    wrong = call.error or call.rejected
    return {**told, "not accepted": wrong} if wrong else told


def _described(function: Any) -> str:
    """Its source, which has its name and docstring; without a source, these."""
    try:
        return inspect.cleandoc(inspect.getsource(function))
    except (OSError, TypeError):
        doc = inspect.getdoc(function) if hasattr(function, "__name__") else None
        return f"{metric_name(function)}: {doc}" if doc else metric_name(function)
