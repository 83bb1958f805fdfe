"""Whether a benchmark's program is the same in DSPy as in dspnb; run where DSPy is.

Told of each benchmark, without demos and with some: the scores of both programs on the same
examples with the same model, and whether what the model makes of their prompts is the same.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import dspy
from dspy_model import Model
from dspy_programs import Metric, as_examples, program, state_of

from dspnb import use
from dspnb.data import BENCHMARKS
from dspnb.data.benchmark import Benchmark
from dspnb.lm.base import Message
from dspnb.simulation import Simulated
from dspnb.simulation.prompts import split

EXAMPLES = 200


class Listening(Simulated):
    """Remembers what each predictor was asked."""

    heard: dict[str, tuple[Any, ...]]

    def text(self, messages: Sequence[Message], sample: int = 0) -> str:
        found = split(messages)
        assert found is not None
        start, inputs = found
        ability = self.skill_of(start)
        assert ability is not None, "nobody proposes anything here"
        demos = [(dict(given), dict(made)) for given, made in start.demos]
        told = start.instructions, demos, dict(ability.rules), ability.sure, set(inputs)
        self.heard[ability.path] = told
        return super().text(messages, sample)


def listening(benchmark: Benchmark) -> Listening:
    """A model that has heard nothing yet."""
    model = Listening(benchmark)
    object.__setattr__(model, "heard", {})
    return model


def told(benchmark: Benchmark, *, demos: bool) -> dict[str, Any]:
    """Scores of both, and which predictors were asked alike."""
    train, val, _ = benchmark.sets(20, EXAMPLES)
    theirs = program(benchmark)
    if demos:
        theirs = dspy.LabeledFewShot(k=3).compile(theirs, trainset=as_examples(train))
    ours = benchmark.program().with_state(state_of(benchmark, theirs))
    models = listening(benchmark), listening(benchmark)
    with dspy.context(lm=Model(models[0])):
        scores = [_score(Metric(benchmark), theirs, one) for one in as_examples(val)]
    with use(lm=models[1]):
        own = [benchmark.right(one, ours(**one.inputs)) for one in val]
    heard, other = models[1].heard, models[0].heard
    alike = {path: heard[path] == other.get(path) for path in heard}
    return {"dspnb": own, "dspy": scores, "alike": alike}


def _score(metric: Callable[..., float], theirs: dspy.Module, one: dspy.Example) -> float:
    return metric(one, theirs(**one.inputs()))


if __name__ == "__main__":
    names = sys.argv[1:] or list(BENCHMARKS)
    kinds = {"bare": False, "demos": True}
    print(json.dumps({
        name: {kind: told(BENCHMARKS[name], demos=demos) for kind, demos in kinds.items()}
        for name in names
    }))  # fmt: skip
