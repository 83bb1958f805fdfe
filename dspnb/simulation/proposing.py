"""What the simulated model writes when it is asked for instructions, advice or a description.

It takes up the rules that the question tells or shows, as far as it sees them, and now and then
one that is wrong, or nothing that helps. It knows no rule that the question does not hold.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dspnb.data.benchmark import Benchmark, Rule

from .prompts import Fields, Start

KEPT = 0.92  # a rule in the instructions that are to be made better stays
TOLD = 0.5  # a rule that feedback, a description or somebody's advice tells is seen, each time
SHOWN = 0.05  # one that an example with its answer gives away, each time
MOST = 4  # rules that are new in one text
MISLED = 0.18  # a wrong rule comes in
DUD = 0.12  # it writes nothing that helps
FLUFF = (
    "Read everything carefully before you answer.",
    "Be precise and check your work.",
    "Think about what the user needs.",
    "Keep the answer short and clear.",
    "Pay attention to details.",
)


@dataclass(frozen=True)
class Writer:
    """A proposer of some insight."""

    benchmark: Benchmark
    insight: float = 1.0  # how much more, or less, it sees than the usual one

    def answers(self, start: Start, inputs: Fields, lot: random.Random) -> dict[str, str]:
        """A text for each field that is wanted."""
        return {
            one.name: self._text(one.name, start.types.get(one.name, "str"), start, inputs, lot)
            for one in start.prompt.wanted
        }

    def _text(self, name: str, type_: str, start: Start, inputs: Fields, lot: random.Random) -> str:
        if type_.startswith("dict"):
            return json.dumps(
                {path: self._advice(start, inputs, lot) for path in self._paths(inputs)}
            )
        if type_.startswith("list"):
            return json.dumps([self._advice(start, inputs, lot)])
        if type_.startswith("bool"):
            return "false"
        if type_.startswith(("int", "float")):
            return "1"
        if "instruction" in name or "prompt" in name:
            return self._instructions(start, inputs, lot)
        if name in ("reasoning", "rationale", "discussion"):
            return "I looked at what the examples have in common."
        return self._advice(start, inputs, lot) or lot.choice(FLUFF)

    def _instructions(self, start: Start, inputs: Fields, lot: random.Random) -> str:
        """The task, the rules that were there and some more."""
        opening = self._opening(inputs, lot)
        if lot.random() < DUD:
            return f"{opening} {lot.choice(FLUFF)}"
        old = "\n".join(text for name, text in inputs.items() if "instruction" in name)
        kept = [rule for rule in self._said_in(old) if lot.random() < KEPT]
        fresh = self._found(start, inputs, lot, without=kept)
        rules = [*kept, *fresh]
        lot.shuffle(rules)
        said = [lot.choice(rule.texts) for rule in rules] or [lot.choice(FLUFF)]
        return " ".join([opening, *said])

    def _advice(self, start: Start, inputs: Fields, lot: random.Random) -> str:
        """What it found out, in sentences."""
        return " ".join(lot.choice(rule.texts) for rule in self._found(start, inputs, lot))

    def _found(
        self, start: Start, inputs: Fields, lot: random.Random, without: Sequence[Rule] = ()
    ) -> list[Rule]:
        asked = "\n".join(
            [*inputs.values(), *(t for demo in start.demos for t in demo[1].values())]
        )
        other = "\n".join(text for name, text in inputs.items() if "instruction" not in name)
        found = []
        for rule in self.benchmark.rules:
            if rule in without:
                continue
            if rule.wrong:
                if lot.random() < MISLED:
                    found.append(rule)
                continue
            told = min(6, _count(rule.told, other) + (_count(rule.told, asked) > 0))
            shown = min(30, _count(rule.shown, asked)) if rule.shown else 0
            missed = (1 - min(0.95, TOLD * self.insight)) ** told
            missed *= (1 - min(0.95, SHOWN * self.insight)) ** shown
            if lot.random() > missed:
                found.append(rule)
        lot.shuffle(found)
        return found[:MOST]

    def _said_in(self, text: str) -> list[Rule]:
        return [rule for rule in self.benchmark.rules if _count(rule.told, text)]

    def _opening(self, inputs: Fields, lot: random.Random) -> str:
        """The task of the predictor that the question is about, as it was told at first."""
        asked = "\n".join(inputs.values())
        told = [s.instructions for s in self.benchmark.signatures.values()]
        about = [text for text in told if text in asked]
        return about[0] if len(about) == 1 else lot.choice(about or told)

    def _paths(self, inputs: Fields) -> list[str]:
        """The names of the predictors that the question speaks of."""
        asked = "\n".join(inputs.values())
        return [path for path in self.benchmark.signatures if path in asked] or [
            *self.benchmark.signatures
        ]


def _count(pattern: str, text: str) -> int:
    return len(re.findall(pattern, text, re.IGNORECASE))
