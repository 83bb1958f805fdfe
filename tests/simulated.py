"""A world whose truth is known: a model that is right by chance, and how often in the long run."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from dspnb import Example, Predict, Signature
from dspnb.lm.base import Completion, Message
from dspnb.module import Module
from dspnb.optimizers import Lead, Search, Task, Validate

NORMAL = statistics.NormalDist()
TASK = "Name the number of the item."
SLOPE = 0.35  # by how much a standard deviation of luck changes a graded score


@dataclass(frozen=True)
class World:
    """Items without end, and what each prompt makes of each of them.

    A prompt's luck with an item is normal: its skill, plus the item's ease, the same for all
    prompts, plus what this prompt makes of this item. A score is 1 above 0 and else 0, or with
    `graded` anything from 0 to 1. The same prompt on the same item always gives the same answer.
    """

    seed: int
    base: float = 0.5  # the true mean score of the program as it is
    gain: float = 0.0  # of the true mean of other prompts over it, on average
    spread: float = 0.05  # the standard deviation of that gain between prompts
    shared: float = 0.6  # the share of luck's variance that is the item's: how prompts correlate
    graded: bool = False

    never_blocks: ClassVar[bool] = True  # a run awaits it, without a thread for each call

    def examples(self, start: int, count: int) -> list[Example]:
        """Items of these numbers; those of other numbers are independent of them."""
        return [
            Example(item=f"item {i}", number=i).with_inputs("item")
            for i in range(start, start + count)
        ]

    def truth(self, program: Module) -> float:
        """The mean score over all items that there could be: exact, by integration."""
        return self._truth(_prefix(program))

    def scores(self, program: Module, examples: Sequence[Example]) -> list[float]:
        """What the program scores on these items, without running it."""
        prefix = _prefix(program)
        return [self._score(prefix, example.number) for example in examples]

    def __call__(
        self, messages: Sequence[Message], *, rollout: int = 0, **params: Any
    ) -> Completion:
        """Answer as a model: off by what the score falls short of 1."""
        *prefix, last = messages
        number = int(re.findall(r"item (\d+)", last.content)[-1])
        off = 1 - self._score(Prefix.of(prefix), number)
        text = f"[[ ## number ## ]]\n{number + off:.4f}\n\n[[ ## completed ## ]]"
        return Completion(text, self.model, 10, 5, dollars=0.0)

    async def acall(self, messages: Sequence[Message], **params: Any) -> Completion:
        """The same at once, without a thread."""
        return self(messages, **params)

    @functools.cached_property
    def model(self) -> str:
        """By which a run knows it again, as it takes no account of the numbers in a model."""
        return repr(self)

    def _truth(self, prefix: Prefix) -> float:
        return min(0.98, max(0.02, self.base + self._gain(prefix)))

    @functools.lru_cache(maxsize=1024)  # noqa: B019  worlds are few and small
    def _skill(self, prefix: Prefix) -> float:
        truth = self._truth(prefix)
        return _graded_skill(truth) if self.graded else NORMAL.inv_cdf(truth)

    def _score(self, prefix: Prefix, number: int) -> float:
        ease = self.shared**0.5 * self._normal("item", number)
        own = (1 - self.shared) ** 0.5 * self._normal(prefix.digest, number)
        luck = self._skill(prefix) + ease + own
        if self.graded:
            return round(min(1.0, max(0.0, 0.5 + SLOPE * luck)), 4)
        return float(luck > 0)

    def _gain(self, prefix: Prefix) -> float:
        """Of the instructions, and of the demos: of how many, of each, and of them together."""
        gain = 0.0
        if TASK not in prefix.instructions:
            gain += self.gain + self.spread * self._normal("instructions", prefix.instructions)
        if demos := prefix.demos:
            each = sum(self._normal("demo", demo) for demo in demos) / len(demos) ** 0.5
            luck = (each + self._normal("demos", prefix.digest)) / 2**0.5
            gain += self.gain * min(1.0, len(demos) / 4) + self.spread * luck
        return gain

    def _normal(self, *what: object) -> float:
        """A draw from the standard normal distribution, always the same for the same."""
        drawn = hashlib.blake2b(f"{self.seed} {what}".encode(), digest_size=6).digest()
        return NORMAL.inv_cdf((int.from_bytes(drawn, "big") + 0.5) / 2**48)


@dataclass(frozen=True)
class Prefix:
    """What of a prompt is the same for all items."""

    instructions: str
    demos: tuple[str, ...]
    digest: str

    @classmethod
    def of(cls, messages: Sequence[Message]) -> Prefix:
        """Read off the messages before the last one."""
        return _read(tuple(message.content for message in messages))

    def __hash__(self) -> int:
        return hash(self.digest)


@functools.lru_cache(maxsize=1024)
def _read(texts: tuple[str, ...]) -> Prefix:
    system, *turns = texts
    demos = tuple(asked + told for asked, told in zip(turns[::2], turns[1::2], strict=True))
    digest = hashlib.blake2b("\0".join(texts).encode(), digest_size=8).hexdigest()
    return Prefix(system, demos, digest)


def _prefix(program: Module) -> Prefix:
    assert isinstance(program, Predict)
    return Prefix.of(program.messages(item="item 0")[:-1])


@functools.lru_cache(maxsize=4096)
def _graded_skill(truth: float) -> float:
    """The skill that has this mean of graded scores, by bisection."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _graded_mean(middle) < truth else (low, middle)
    return low


def _graded_mean(skill: float) -> float:
    """The mean of a normal variable that is cut off at 0 and 1."""
    luck = statistics.NormalDist(0.5 + SLOPE * skill, SLOPE)
    least, most = luck.cdf(0), luck.cdf(1)
    inside = luck.mean * (most - least) + SLOPE**2 * (luck.pdf(0) - luck.pdf(1))
    return inside + 1 - most


def closeness(example: Example, prediction: Any) -> float:
    """The metric: 1 for the right number, 0 for one that is off by 1 or more."""
    return round(max(0.0, 1 - abs(example.number - prediction.number)), 4)


def program() -> Predict:
    """The program as it is."""
    return Predict(Signature("item -> number: float", TASK))


@dataclass(frozen=True)
class Instructions:
    """An optimizer that tries some instructions, all at once."""

    count: int = 8

    def search(self, task: Task) -> Search:
        states = [
            {
                path: dataclasses.replace(setting, instructions=f"{i}: say which it is.")
                for path, setting in task.state.items()
            }
            for i in range(self.count)
        ]
        reports = yield tuple(Validate(state, task.state) for state in states)
        means = [report.mean for report in reports]
        return states[means.index(max(means))]

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int]:
        return {"validating": self.count * val}


@dataclass(frozen=True)
class Halving:
    """An optimizer that validates in part: after each batch the better half goes on.

    So the more promising ones are scored on more examples, and few of them on the same as others.
    """

    count: int = 8
    batch: int = 15
    with_first: bool = True  # the program as it is, is scored on each batch too

    samples: ClassVar[bool] = True

    def search(self, task: Task) -> Search:
        left = [
            {
                path: dataclasses.replace(setting, instructions=f"{i}: say which it is.")
                for path, setting in task.state.items()
            }
            for i in range(self.count)
        ]
        scores: list[list[float]] = [[] for _ in left]
        while True:
            size = min(self.batch, len(task.val))
            places = tuple(task.rng.sample(range(len(task.val)), size))
            if self.with_first:
                yield Validate(task.state, places=places)
            reports = yield tuple(Validate(state, task.state, places=places) for state in left)
            for each, report in zip(scores, reports, strict=True):
                each.extend(report.scores)
            order = sorted(range(len(left)), key=lambda i: -statistics.fmean(scores[i]))
            yield Lead(left[order[0]], statistics.fmean(scores[order[0]]))
            if len(left) == 1:
                return left[0]
            half = order[: len(left) // 2]
            left, scores = [left[i] for i in half], [scores[i] for i in half]

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int]:
        rounds = self.count.bit_length()
        return {"validating": rounds * self.batch * (1 + self.count)}
