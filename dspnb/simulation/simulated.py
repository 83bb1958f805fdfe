"""A model of known skill: it does as well as its prompt lets it, on one benchmark."""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from dspnb.data.benchmark import Benchmark
from dspnb.lm.base import Completion, Message, estimate_tokens
from dspnb.lm.prices import Price

from .prompts import Fields, Start, split
from .proposing import Writer
from .skill import NORMAL, Skill, skill, solved

SHARED = 0.6  # the share of luck's variance that is the example's own: how much prompts agree
COMMON, OWN = SHARED**0.5, (1 - SHARED) ** 0.5
UNITS = [NORMAL.inv_cdf((i + 0.5) / 65_536) for i in range(65_536)]


@dataclass(frozen=True, eq=False)
class Simulated:
    """Answers the prompts of one benchmark's program, and proposes instructions when asked.

    It follows each rule of the benchmark more surely when the prompt tells it or demos show it
    (`skill`), slips more often on hard examples, and gives the same answer to the same prompt; with
    another `rollout`, or asked for several samples, others. Luck belongs in part to the example, so
    prompts fail together. Whatever else it is asked for it writes as `Writer` does, in the layout
    of the prompt: ours, or DSPy's chat and JSON. It shares nothing with optimizers but prompts.

    >>> from dspnb import data, use
    >>> negation = data.benchmark("negation")
    >>> with use(lm=Simulated(negation)):
    ...     made = [negation.program()(**one.inputs) for one in negation.examples(50)]
    >>> sum(map(negation.right, negation.examples(50), made))
    20.0
    """

    benchmark: Benchmark  # whose prompts it answers
    seed: int = 0  # of its luck: another one is another model of the same skill
    insight: float = 1.0  # how much more, or less, than usual it sees when it proposes

    never_blocks = True  # a run awaits it, without a thread for each call
    keeps = True  # what it said it says again, for nothing: a run may ask it ahead
    price = Price(0.0, 0.0)

    @cached_property
    def model(self) -> str:
        """By which a run knows it again."""
        return f"simulated/{self.benchmark.name}-{self.seed}-{self.insight:g}"

    def __call__(
        self, messages: Sequence[Message], *, rollout: int = 0, **params: Any
    ) -> Completion:
        """The answer; with `n` in the parameters as many samples."""
        n = params.get("n") or 1
        texts = [self.text(messages, rollout * n + i) for i in range(n)]
        tokens_in = sum(estimate_tokens(message.content) for message in messages)
        first, *others = (
            Completion(text, self.model, tokens_in * (not i), estimate_tokens(text), dollars=0.0)
            for i, text in enumerate(texts)
        )
        return first.changed(samples=(first, *others)) if others else first

    async def acall(self, messages: Sequence[Message], **params: Any) -> Completion:
        """The same at once, without a thread."""
        return self(messages, **params)

    def text(self, messages: Sequence[Message], sample: int = 0) -> str:
        """What it answers, as text."""
        found = split(messages)
        if found is None:
            return "I only answer the prompts of a program."
        start, inputs = found
        ability = self.skill_of(start)
        if ability is None:
            asked = "\0".join(message.content for message in messages)
            lot = random.Random(f"{self.seed} {sample} {asked}")
            return start.write(Writer(self.benchmark, self.insight).answers(start, inputs, lot))
        return start.write(self._answer(start, ability, inputs, sample))

    def is_of_the_program(self, messages: Sequence[Message]) -> bool:
        """Whether a prompt is one of the benchmark's program, rather than a proposer's."""
        found = split(messages)
        return found is not None and self.skill_of(found[0]) is not None

    # -- one example -----------------------------------------------------------------------

    def _answer(self, start: Start, ability: Skill, inputs: Fields, sample: int) -> Fields:
        path, items, rules = ability.path, tuple(inputs.items()), ability.rules
        told, hardness, common = _facts(self.benchmark, self.seed, path, items, len(rules) + 1)
        own = _draws(f"{self.seed} {start.digest} {sample} {told}", len(common))
        lucks = [COMMON * one + OWN * other for one, other in zip(common, own, strict=True)]
        applied = frozenset(
            [name for (name, sure), luck in zip(rules.items(), lucks, strict=False) if sure > -luck]
        )
        outputs = solved(self.benchmark, path, items, applied)
        if ability.sure - hardness + lucks[-1] <= 0:
            outputs = self._slipped(path, outputs, items, sample)
        return {"reasoning": "I applied what I was told.", "rationale": "So it is.", **outputs}

    def _slipped(self, path: str, outputs: Fields, items: Any, sample: int) -> Fields:
        if self.benchmark.slip is None:
            return {name: f"{text} or so" for name, text in outputs.items()}
        return self.benchmark.slip(path, outputs, random.Random(f"{self.seed} {sample} {items}"))

    # -- one prompt ------------------------------------------------------------------------

    def skill_of(self, start: Start) -> Skill | None:
        """What the prompt makes of the model; None when it is not one of the program's."""
        return _skill(self.benchmark, self.seed, start)


@lru_cache(maxsize=65_536)
def _skill(benchmark: Benchmark, seed: int, start: Start) -> Skill | None:
    path = _path(benchmark, start)
    return None if path is None else skill(benchmark, path, start, seed)


def _path(benchmark: Benchmark, start: Start) -> str | None:
    """The predictor whose outputs are wanted."""
    wanted = {one.name for one in start.prompt.wanted} - {"reasoning", "rationale"}
    for path, signature in benchmark.signatures.items():
        if wanted == {one.name for one in signature.outputs}:
            return path
    return None


def _draws(what: str, count: int) -> list[float]:
    """Draws from the standard normal distribution, always the same for the same."""
    drawn = hashlib.shake_128(what.encode()).digest(2 * count)
    return [UNITS[number] for number in struct.unpack(f"<{count}H", drawn)]


@lru_cache(maxsize=100_000)
def _facts(
    benchmark: Benchmark, seed: int, path: str, items: tuple[tuple[str, str], ...], count: int
) -> tuple[str, float, list[float]]:
    """What is the same for all prompts: the example as text, its hardness, and its own luck.

    There is luck for each rule, and the last for slips; all of it normal.
    """
    told = str(items)
    return told, benchmark.hardness(path, dict(items)), _draws(f"{seed} {told}", count)
