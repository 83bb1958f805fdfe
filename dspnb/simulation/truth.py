"""How good a program truly is under a simulated model."""

from __future__ import annotations

import itertools
import math
import random
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from dspnb.context import use
from dspnb.data.benchmark import Benchmark
from dspnb.example import Example, Prediction
from dspnb.module import Module
from dspnb.predict import Predict

from .prompts import split
from .simulated import Simulated
from .skill import NORMAL, Skill, solved

FRESH = 10**6  # the seed of examples that no search sees
MOST = 10  # rules that may matter to one example
EXACT, RUN = 400, 1500  # examples for an exact mean, and for one by running the program


def truth(model: Simulated, program: Module) -> float:
    """The mean score that a program would have over all examples there could be.

    For a program that is one predictor the model's luck is integrated exactly, over 400 examples;
    others are run on 1,500, always the same ones, which is right to about a point. Slips are
    scored as slips of the right answer. So too little is told where a slip of a wrong answer may
    hit the label (`negation`, up to 0.1), too much where slips keep a share of the score
    (`constraints`, as much).

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


@dataclass(frozen=True)
class _Case:
    """An example, and its score for each set of those rules that matter to it."""

    hardness: float
    rules: tuple[str, ...]
    scores: tuple[float, ...]  # of the subsets, in the order of `itertools.product`
    slipped: float

    def mean(self, ability: Skill) -> float:
        """The expected score of a model of this skill."""
        follows = [NORMAL.cdf(ability.rules[name]) for name in self.rules]
        able = 0.0
        for choice, score in zip(_choices(len(self.rules)), self.scores, strict=True):
            if score:
                likely = (p if yes else 1 - p for p, yes in zip(follows, choice, strict=True))
                able += score * math.prod(likely)
        sure = NORMAL.cdf(ability.sure - self.hardness)
        return sure * able + (1 - sure) * self.slipped


def _choices(count: int) -> itertools.product[tuple[bool, ...]]:
    return itertools.product((False, True), repeat=count)


@lru_cache(maxsize=64)
def _cases(benchmark: Benchmark, path: str, count: int) -> list[_Case]:
    return [_case(benchmark, path, example) for example in _fresh(benchmark, count)]


def _case(benchmark: Benchmark, path: str, example: Example) -> _Case:
    inputs = {name: str(value) for name, value in example.inputs.items()}
    items, known = tuple(inputs.items()), benchmark.known

    def answer(rules: Iterable[str]) -> Mapping[str, str]:
        return solved(benchmark, path, items, frozenset(rules))

    def matters(rule: str) -> bool:
        return answer(known ^ {rule}) != answer(known) or answer({rule}) != answer(())

    def score(outputs: Mapping[str, str]) -> float:
        return benchmark.right(example, Prediction(**outputs))

    names = tuple(rule.name for rule in benchmark.rules if matters(rule.name))[:MOST]
    scores = tuple(
        score(answer(itertools.compress(names, choice))) for choice in _choices(len(names))
    )
    slipped = 0.0
    if benchmark.slip is not None:
        slipped = score(benchmark.slip(path, answer(known), random.Random(0)))
    return _Case(benchmark.hardness(path, inputs), names, scores, slipped)


@lru_cache(maxsize=64)
def _fresh(benchmark: Benchmark, count: int) -> list[Example]:
    return benchmark.examples(count, FRESH)
