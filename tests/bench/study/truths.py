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
from dspnb.simulation.prompts import Start, split
from dspnb.simulation.truth import FRESH, RUN


class Truths:
    """Truths of states under one model, each reckoned once."""

    def __init__(self, simulated: Simulated) -> None:
        self.simulated = simulated
        self.known: dict[str, float] = {}
        self._answering: dict[Start, _Answering] = {}  # by what all prompts begin with

    def __call__(self, state: State) -> float:
        """The mean score over all examples there could be."""
        key = repr(state)
        if key not in self.known:
            program = self.simulated.benchmark.program().with_state(state)
            single = isinstance(program, Predict)
            found = truth(self.simulated, program) if single else self._quick(program)
            self.known[key] = round(found, 5)
        return self.known[key]

    def _quick(self, program: Module) -> float:
        """What `truth` says of a program of several predictors, without prompts for each answer.

        Programs that share a predictor's prompt share what it answers.
        """
        benchmark = self.simulated.benchmark
        answering = SimpleNamespace(
            **{path: self._answering_as(predictor) for path, predictor in program.predictors()}
        )
        forward: Any = type(program).forward
        return statistics.fmean(
            _right(benchmark, i, tuple(forward(answering, **example.inputs).items()))
            for i, example in enumerate(_fresh(benchmark))
        )

    def _answering_as(self, predictor: Predict) -> _Answering:
        inputs = {one.name: "it" for one in predictor.signature.inputs}
        found = split(predictor.messages(**inputs))
        assert found is not None
        start = found[0]
        if start not in self._answering:
            self._answering[start] = _Answering(self.simulated, start)
        return self._answering[start]


@lru_cache(maxsize=8)
def truths_of(benchmark: str, seed: int) -> Truths:
    """Those of a benchmark's model; optimizers that find the same states share them."""
    return Truths(Simulated(BENCHMARKS[benchmark], seed))


class _Answering:
    """A predictor whose model knows the start of its prompts, and what it answered before."""

    def __init__(self, model: Simulated, start: Start) -> None:
        self.model, self.start = model, start
        ability = model.skill_of(start)
        assert ability is not None, "this program is not the benchmark's"
        self.ability = ability
        self.known: dict[tuple[str, ...], SimpleNamespace] = {}

    def __call__(self, **inputs: Any) -> SimpleNamespace:
        key = tuple(inputs.values())
        if key not in self.known:
            given = {name: str(value).strip() for name, value in inputs.items()}
            answers = self.model._answer(self.start, self.ability, given, 0)
            told = {name: text.strip() for name, text in answers.items()}
            self.known[key] = SimpleNamespace(**told)
        return self.known[key]


@lru_cache(maxsize=8)
def _fresh(benchmark: Benchmark) -> Sequence[Example]:
    return benchmark.examples(RUN, FRESH)


@lru_cache(maxsize=500_000)
def _right(benchmark: Benchmark, index: int, outputs: tuple[tuple[str, Any], ...]) -> float:
    return benchmark.right(_fresh(benchmark)[index], Prediction(**dict(outputs)))
