"""How likely a model is to follow each rule, and not to slip, by what its prompt contains.

All in standard deviations of a normal distribution, as in probit models: a rule is followed when
its strength and the luck of the moment are above 0.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from dspnb.data.benchmark import Benchmark, Known, Rule

from .prompts import Fields, Start

NORMAL = NormalDist()
STATED = 2.3  # what a rule gains by being told
LONG, LOST = 90, 900  # words of instructions before attention fades; how many until it is gone
DEMO, FADES = 0.75, 0.55  # what the first demo of a rule gains, and the next in its share
COUNTER = -0.4  # each demo that shows the contrary
WRONG = -3.0, 2.7  # a wrong rule before and after it is told
SURE = 1.0  # of not slipping on an example of average hardness
ANY_DEMO, MOST = 0.1, 6  # what each demo makes surer, and how many do
REASONS = 0.3  # what it gains to write a reasoning first
WORDS = 0.15  # the standard deviation of what mere wording changes


@dataclass(frozen=True)
class Skill:
    """What a prompt makes of a model."""

    path: str
    rules: Mapping[str, float]  # rule -> strength
    sure: float  # against slips


def skill(benchmark: Benchmark, path: str, start: Start, seed: int) -> Skill:
    """The skill of a model that is shown this prompt."""
    instructions = start.instructions
    seen = [_seen(benchmark, path, inputs, outputs) for inputs, outputs in start.demos]
    strengths = {
        rule.name: _strength(rule, instructions, seen, seed)
        for rule in benchmark.rules
        if rule.path in ("", path)
    }
    names = {one.name for one in start.prompt.wanted}
    reasons = REASONS * bool(names & {"reasoning", "rationale"})
    worded = WORDS * normal(seed, "wording", instructions)
    sure = SURE + ANY_DEMO * min(MOST, len(start.demos)) + reasons + worded
    return Skill(path, strengths, sure)


def normal(*what: object) -> float:
    """A draw from the standard normal distribution, always the same for the same."""
    drawn = hashlib.blake2b(repr(what).encode(), digest_size=6).digest()
    return NORMAL.inv_cdf((int.from_bytes(drawn, "big") + 0.5) / 2**48)


@dataclass(frozen=True)
class Seen:
    """What one demo teaches."""

    shows: Known  # rules without which its answer would be another
    denies: Known  # rules with which it would be


def _strength(rule: Rule, instructions: str, seen: list[Seen], seed: int) -> float:
    told = re.search(rule.told, instructions, re.IGNORECASE) is not None
    if rule.wrong:
        before, after = WRONG
        return before + after * told
    strength = NORMAL.inv_cdf(rule.unprompted)
    if told:
        words = len(instructions.split())
        attention = max(0.5, 1 - max(0, words - LONG) / LOST)
        strength += STATED * attention + WORDS * normal(seed, "words", rule.name, instructions)
    shown = sum(rule.name in one.shows for one in seen)
    denied = sum(rule.name in one.denies for one in seen)
    return strength + DEMO * (1 - FADES**shown) / (1 - FADES) + COUNTER * denied


def _seen(benchmark: Benchmark, path: str, inputs: Fields, outputs: Fields) -> Seen:
    return _lesson(benchmark, path, tuple(inputs.items()), tuple(outputs.items()))


@lru_cache(maxsize=65_536)
def _lesson(
    benchmark: Benchmark,
    path: str,
    inputs: tuple[tuple[str, str], ...],
    outputs: tuple[tuple[str, str], ...],
) -> Seen:
    made = dict(outputs)
    right = solved(benchmark, path, inputs, benchmark.known)
    shows, denies = set(), set()
    for rule in benchmark.rules:
        if rule.wrong or rule.path not in ("", path):
            continue
        without = solved(benchmark, path, inputs, benchmark.known - {rule.name})
        differs = [name for name in right if right[name] != without[name] and name in made]
        if not differs:
            continue
        if all(made[name].strip() == right[name] for name in differs):
            shows.add(rule.name)
        elif all(made[name].strip() == without[name] for name in differs):
            denies.add(rule.name)
    return Seen(frozenset(shows), frozenset(denies))


@lru_cache(maxsize=262_144)
def solved(
    benchmark: Benchmark, path: str, inputs: tuple[tuple[str, str], ...], known: Known
) -> Mapping[str, str]:
    """What a solver answers who follows exactly these rules."""
    return {name: text.strip() for name, text in benchmark.solve(path, dict(inputs), known).items()}
