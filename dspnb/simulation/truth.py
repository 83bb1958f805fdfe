"""How good a program truly is under a simulated model."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Mapping
from functools import lru_cache

from dspnb.context import use
from dspnb.data.benchmark import Benchmark, Known
from dspnb.example import Example, Prediction
from dspnb.module import Module
from dspnb.predict import Predict

from .prompts import split
from .simulated import Simulated
from .skill import NORMAL, Skill, solved

FRESH = 10**6  # the seed of examples that no search sees
MOST = 12  # rules that may matter to one example
UNLIKELY = 1e-3  # the probability of a set of rules that is left out
EXACT, RUN = 400, 1500  # examples for an exact mean, and for one by running the program


def truth(model: Simulated, program: Module) -> float:
    """The mean score that a program would have over all examples there could be.

    For a program that is one predictor the model's luck is integrated exactly, over 400 examples;
    others are run on 1,500, always the same ones, which is right to about a point.

    >>> from dspnb import data
    >>> from dspnb.module import Setting
    >>> arith = data.benchmark("arith")
    >>> model, program = Simulated(arith), arith.program()
    >>> rules = " ".join(rule.texts[0] for rule in arith.rules if not rule.wrong)
    >>> taught = program.with_state({"self": Setting(f"{program.signature.instructions} {rules}")})
    >>> f"{truth(model, program):.2f} -> {truth(model, taught):.2f}"
    '0.30 -> 0.65'
    """
    if isinstance(program, Predict):
        return _exact(model, program)
    with use(lm=model):
        scores = [
            model.benchmark.right(example, program(**example.inputs))
            for example in _fresh(model.benchmark, RUN)
        ]
    return statistics.fmean(scores)


def _exact(model: Simulated, program: Predict) -> float:
    found = split(program.messages(**_fresh(model.benchmark, 1)[0].inputs))
    assert found is not None
    ability = model.skill_of(found[0])
    assert ability is not None, "this program is not the benchmark's"
    return statistics.fmean(
        one.mean(ability) for one in _cases(model.benchmark, ability.path, EXACT)
    )


class _Case:
    """An example, and its score for each set of those rules that matter to it."""

    def __init__(self, benchmark: Benchmark, path: str, example: Example) -> None:
        self._benchmark, self._path, self._example = benchmark, path, example
        inputs = {name: str(value) for name, value in example.inputs.items()}
        self._items, known = tuple(inputs.items()), benchmark.known
        self._hardness = benchmark.hardness(path, inputs)
        self._rules = [
            rule.name
            for rule in benchmark.rules
            if self._answer(known ^ {rule.name}) != self._answer(known)
            or self._answer(Known({rule.name})) != self._answer(Known())
        ][:MOST]
        self._scores: dict[Known, tuple[float, float]] = {}  # of an answer, and of a slip of it

    def mean(self, ability: Skill) -> float:
        """The expected score of a model of this skill."""
        sure = NORMAL.cdf(ability.sure - self._hardness)
        likely = [(Known(), 1.0)]  # sets of rules that are followed, and how likely
        for name in self._rules:
            follows = NORMAL.cdf(ability.rules[name])
            both = [
                (rules | {name} if yes else rules, p * (follows if yes else 1 - follows))
                for rules, p in likely
                for yes in (False, True)
            ]
            likely = [one for one in both if one[1] > UNLIKELY]
        whole = math.fsum(p for _, p in likely)
        return math.fsum(p * self._score(rules, sure) for rules, p in likely) / whole

    def _score(self, rules: Known, sure: float) -> float:
        if rules not in self._scores:
            outputs = self._answer(rules)
            slip = self._benchmark.slip
            slipped = slip(self._path, outputs, random.Random(f"{self._items}")) if slip else {}
            self._scores[rules] = self._judged(outputs), self._judged(slipped)
        able, slips = self._scores[rules]
        return sure * able + (1 - sure) * slips

    def _answer(self, rules: Known) -> Mapping[str, str]:
        return solved(self._benchmark, self._path, self._items, rules)

    def _judged(self, outputs: Mapping[str, str]) -> float:
        return self._benchmark.right(self._example, Prediction(**outputs))


@lru_cache(maxsize=64)
def _cases(benchmark: Benchmark, path: str, count: int) -> list[_Case]:
    return [_Case(benchmark, path, example) for example in _fresh(benchmark, count)]


@lru_cache(maxsize=64)
def _fresh(benchmark: Benchmark, count: int) -> list[Example]:
    return benchmark.examples(count, FRESH)
