"""A made-up task whose rules are hidden from the program and known to us."""

from __future__ import annotations

import itertools
import math
import random
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from dspnb.example import Example, Prediction, Score
from dspnb.module import Module
from dspnb.plain_table import plain_table
from dspnb.signature import Signature

Known = frozenset[str]  # names of rules that are followed
Values = Mapping[str, str]  # field -> its text
TOLD = 3  # rules that feedback on one answer names: more would give the task away at once
TRIED = 100  # sets of one size, at most, that are tried as an explanation
SAMPLE = 400  # examples from which floor and ceiling are told


@dataclass(frozen=True)
class Rule:
    """Something that a program has to be told, or has to see in demos.

    A rule that is `wrong` sounds like the others and spoils answers: a proposer may come upon it.
    """

    name: str
    texts: tuple[str, ...]  # ways to say it, each a sentence
    told: str  # a regular expression that finds it said in a text, in any of these ways
    shown: str = ""  # one that finds it at work in a text of examples; "" when they hardly tell
    unprompted: float = 0.15  # the share of models that follow it unasked
    path: str = ""  # the predictor that has to follow it; the only one when empty
    wrong: bool = False


class Sets(NamedTuple):
    """Disjoint examples of a benchmark."""

    train: list[Example]
    val: list[Example]
    test: list[Example]


@dataclass(frozen=True, eq=False, repr=False)
class Benchmark:
    r"""A generator of examples, the program that is to learn the task, and a metric with feedback.

    >>> from dspnb.data import benchmark
    >>> negation = benchmark("negation")
    >>> negation
    Benchmark(negation: 8 rules, 2 wrong ones)
    >>> train, val, test = negation.sets(train=20, val=30, test=100)
    >>> print(test[0].premise, test[0].hypothesis, test[0].label, sep="\n")
    Anselm does not feed a bird on Mondays.
    Anselm seldom feeds a parrot on Mondays.
    entailment
    >>> print(negation.metric(test[0], Prediction(label="contradiction")).feedback)
    Expected label 'entailment', got 'contradiction'. Words such as hardly, seldom and rarely ...

    `draw` makes the inputs of one example. `solve` gives the outputs, as texts, of a predictor on
    its inputs, for one who is able and follows exactly the rules that are known: with all that are
    not wrong, the labels. So nobody wrote an answer down, and floor and ceiling are known.
    """

    name: str
    about: str  # what it is and what an optimizer has to find, in a sentence or two
    signatures: Mapping[str, Signature]  # predictor path -> its signature, at first
    draw: Callable[[random.Random], Values]
    solve: Callable[[str, Values, Known], Values]  # path, inputs, rules -> outputs
    build: Callable[[], Module]  # the program as it is
    rules: tuple[Rule, ...]
    labels: tuple[str, ...] = ("answer",)  # what the metric compares
    judge: Callable[[Example, Prediction], float] | None = None  # a share right, instead of equal
    answer: Callable[[Values, Known], Values] | None = None  # of the whole program, if not `solve`
    breaks: Callable[[Example, Prediction], Sequence[str]] | None = None  # rules, seen in outputs
    hardness: Callable[[str, Values], float] = field(default=lambda path, inputs: 0.0)
    slip: Callable[[str, Values, random.Random], Values] | None = None  # outputs, a little wrong
    noise: float = 0.0  # the share of labels that are wrong

    def program(self) -> Module:
        """The program as it is, before anybody has improved it."""
        return self.build()

    def examples(self, count: int, seed: int = 0) -> list[Example]:
        """Different examples, the same for the same seed."""
        return list(itertools.islice(self._examples(seed), count))

    def sets(self, train: int, val: int, test: int = 0, seed: int = 0) -> Sets:
        """So many examples to learn from, to choose by, and to be held out."""
        every = self.examples(train + val + test, seed)
        return Sets(every[:train], every[train : train + val], every[train + val :])

    @cached_property
    def known(self) -> Known:
        """The names of the rules that are right."""
        return frozenset(rule.name for rule in self.rules if not rule.wrong)

    def metric(self, example: Example, prediction: Prediction) -> Score:
        """1 for the labels, or the share that is right, with feedback on what was missed."""
        value = self._judged(example, prediction)
        if value >= 1:
            return Score(1.0, "Right.")
        expected = ", ".join(f"{name} {example[name]!r}" for name in self.labels)
        got = ", ".join(f"{prediction.get(name)!r}" for name in self.labels)
        missed = self._missed(example, prediction)
        said = [f"Expected {expected}, got {got}.", *(rule.texts[0] for rule in missed)]
        about: dict[str, str] = {}
        for rule in missed:
            if rule.path:
                about[rule.path] = f"{about.get(rule.path, '')} {rule.texts[0]}".strip()
        return Score(value, " ".join(said), about=about)

    def right(self, example: Example, prediction: Prediction) -> float:
        """The value of the metric, without feedback."""
        return self._judged(example, prediction)

    @cached_property
    def floor(self) -> float:
        """The mean score of one who is able and knows no rule but those the program states."""
        stated = "\n".join(signature.instructions for signature in self.signatures.values())
        return self._mean(
            frozenset(r.name for r in self.rules if not r.wrong and re.search(r.told, stated))
        )

    @cached_property
    def ceiling(self) -> float:
        """The mean score of one who is able and knows all rules."""
        return self._mean(self.known)

    @cached_property
    def shares(self) -> Mapping[str, float]:
        """By rule, the share of examples that have another answer without it.

        For a wrong rule it is the share that have another answer with it.
        """
        given = [
            {name: str(value) for name, value in example.inputs.items()}
            for example in self.examples(SAMPLE, seed=-1)
        ]
        right = [self._answer(inputs, self.known) for inputs in given]
        return {
            rule.name: statistics.fmean(
                self._answer(inputs, self.known ^ {rule.name}) != answer
                for inputs, answer in zip(given, right, strict=True)
            )
            for rule in self.rules
        }

    def __repr__(self) -> str:
        count = len(self.known)
        wrong = len(self.rules) - count
        ones = f", {wrong} wrong one{'s' * (wrong != 1)}" if wrong else ""
        return f"Benchmark({self.name}: {count} rules{ones})"

    def __str__(self) -> str:
        """What it is, its predictors and rules, floor and ceiling, in lines for a terminal."""
        predictors = [
            f"{'' if path == 'self' else f'{path}: '}{signature}"
            for path, signature in self.signatures.items()
        ]
        rules = [
            [rule.name, f"{self.shares[rule.name]:.0%}", "wrong" * rule.wrong, rule.texts[0]]
            for rule in self.rules
        ]
        return "\n".join(
            [
                f"{self.name}: {self.about}",
                *predictors,
                f"floor {self.floor:.2f}, ceiling {self.ceiling:.2f}",
                plain_table(["rule", "matters", "", "in words"], rows=rules, shorten=["in words"]),
            ]
        )

    # --------------------------------------------------------------------------------------

    def _examples(self, seed: int) -> Iterator[Example]:
        seen: set[tuple[str, ...]] = set()
        for number in itertools.count():
            lot = random.Random(f"{self.name} {seed} {number}")
            inputs = dict(self.draw(lot))
            texts = tuple(inputs.values())
            if texts in seen:
                continue
            seen.add(texts)
            labels = dict(self._answer(inputs, self.known))
            if lot.random() < self.noise:
                labels = {**labels, **self._spoiled(labels, lot)}
            yield Example(**inputs, **labels).with_inputs(*inputs)

    def _answer(self, inputs: Values, known: Known) -> Values:
        if self.answer is not None:
            return self.answer(inputs, known)
        return self.solve(next(iter(self.signatures)), inputs, known)

    def _spoiled(self, labels: Values, lot: random.Random) -> Values:
        assert self.slip is not None, "noisy labels need a `slip`"
        return self.slip(next(iter(self.signatures)), labels, lot)

    def _judged(self, example: Example, prediction: Prediction) -> float:
        if self.judge is not None:
            return self.judge(example, prediction)
        return float(all(_same(example[name], prediction.get(name)) for name in self.labels))

    def _missed(self, example: Example, prediction: Prediction) -> Sequence[Rule]:
        """The fewest right rules that, left out, explain an answer, or three of them.

        No wrong one is ever told.
        """
        inputs = {name: str(value) for name, value in example.inputs.items()}
        given = tuple(str(prediction.get(name)).strip() for name in self.labels)
        missed = self._explained(tuple(inputs.items()), given)
        if not missed and self.breaks is not None:
            broken = self.breaks(example, prediction)
            missed = [rule for rule in self.rules if rule.name in broken][:TOLD]
        return missed

    @lru_cache(maxsize=100_000)  # noqa: B019  benchmarks are few and stay
    def _explained(self, items: tuple[tuple[str, str], ...], given: tuple[str, ...]) -> list[Rule]:
        matter = self._mattering(items)
        for count in range(1, len(matter) + 1):
            if math.comb(len(matter), count) > TRIED:
                continue  # a few that are missed, or a few that are followed, are found
            for some in itertools.combinations(matter, count):
                if self._labels(items, self.known.difference(rule.name for rule in some)) == given:
                    return list(some[:TOLD])
        return []

    @lru_cache(maxsize=100_000)  # noqa: B019  as above
    def _labels(self, items: tuple[tuple[str, str], ...], known: Known) -> tuple[str, ...]:
        answer = self._answer(dict(items), known)
        return tuple(str(answer[name]).strip() for name in self.labels)

    @lru_cache(maxsize=10_000)  # noqa: B019  as above
    def _mattering(self, items: tuple[tuple[str, str], ...]) -> list[Rule]:
        inputs = dict(items)
        return [rule for rule in self.rules if not rule.wrong and self._matters(inputs, rule)]

    def _matters(self, inputs: Values, rule: Rule) -> bool:
        """Whether the answer is another one without the rule, or with nothing but it.

        A rule may be hidden by one that comes before it, so both are asked.
        """
        name, none = frozenset({rule.name}), Known()
        return self._answer(inputs, self.known - name) != self._answer(
            inputs, self.known
        ) or self._answer(inputs, name) != self._answer(inputs, none)

    def _mean(self, known: Known) -> float:
        scores = []
        for example in self.examples(SAMPLE, seed=-1):
            answer = self._answer({n: str(v) for n, v in example.inputs.items()}, known)
            scores.append(self._judged(example, Prediction(**answer)))
        return statistics.fmean(scores)


def _same(label: object, given: object) -> bool:
    return str(label).strip() == str(given).strip()
