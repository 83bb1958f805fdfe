"""How good states truly are under the model of one run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from dspnb.data import BENCHMARKS
from dspnb.data.benchmark import Benchmark
from dspnb.example import Example, Prediction
from dspnb.module import Module, State
from dspnb.predict import Predict
from dspnb.simulation import Simulated, truth
from dspnb.simulation.prompts import split
from dspnb.simulation.truth import FRESH, RUN


class Truths:
    """Truths of states under one model, each reckoned once."""

    def __init__(self, simulated: Simulated) -> None:
        self.simulated = simulated
        self.known: dict[str, float] = {}

    def __call__(self, state: State) -> float:
        """The mean score over all examples there could be."""
        key = repr(state)
        if key not in self.known:
            program = self.simulated.benchmark.program().with_state(state)
            single = isinstance(program, Predict)
            found = truth(self.simulated, program) if single else quick(self.simulated, program)
            self.known[key] = round(found, 5)
        return self.known[key]


@lru_cache(maxsize=8)
def truths_of(benchmark: str, seed: int) -> Truths:
    """Those of a benchmark's model; optimizers that find the same states share them."""
    return Truths(Simulated(BENCHMARKS[benchmark], seed))


def quick(model: Simulated, program: Module) -> float:
    """What `truth` says of a program of several predictors, without writing and reading prompts.

    All that depends on a prompt's start is done once, which is most of the work.
    """
    answering = SimpleNamespace(
        **{path: _Answering(model, predictor) for path, predictor in program.predictors()}
    )
    forward: Any = type(program).forward
    return statistics.fmean(
        model.benchmark.right(example, forward(answering, **example.inputs))
        for example in _fresh(model.benchmark)
    )


class _Answering:
    """A predictor whose model knows the start of its prompts."""

    def __init__(self, model: Simulated, predictor: Predict) -> None:
        self.model, self.predictor = model, predictor
        inputs = {one.name: "it" for one in predictor.signature.inputs}
        found = split(predictor.messages(**inputs))
        assert found is not None
        self.start, ability = found[0], model.skill_of(found[0])
        assert ability is not None, "this program is not the benchmark's"
        self.ability = ability

    def __call__(self, **inputs: Any) -> Prediction:
        given = {name: str(value).strip() for name, value in inputs.items()}
        answers = self.model._answer(self.start, self.ability, given, 0)
        return Prediction(**{name: text.strip() for name, text in answers.items()})


@lru_cache(maxsize=8)
def _fresh(benchmark: Benchmark) -> Sequence[Example]:
    return benchmark.examples(RUN, FRESH)
