"""Ask for many better instructions at a time, score them all, and show the best to ask again."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from dspnb.errors import UsageError
from dspnb.module import State
from dspnb.signature import Signature

from .base import Complete, Search, Task, Validate

Tried = dict[str, dict[str, float]]  # predictor path -> instructions -> validation mean

FIRST = Signature(
    "fields, instructions -> better_instructions",
    "Another language model follows `instructions` to make the output fields of `fields` from the "
    "input fields. Write instructions for the same task that it will do better with. Try an idea "
    "of your own: say more exactly what is wanted, or how to go about it.",
)
AGAIN = Signature(
    "fields, tried -> better_instructions",
    "Another language model makes the output fields of `fields` from the input fields. `tried` "
    "are instructions that it was given for this, each with its score, the best one last. Work out "
    "what the good ones have in common, and write new instructions that will score higher than all "
    "of them.",
)


@dataclass(frozen=True)
class COPRO:
    """Rewrite each predictor's instructions, `breadth` ways in each of `depth` rounds.

    DSPy's COPRO, after OPRO (Yang et al., 2023, arXiv 2309.03409). The first round rewrites the
    instructions as they are; each later one is shown the `breadth` best so far with their scores on
    `val`. Predictors are improved in turn, each beside the best instructions of the others, and
    none is given the same instructions twice. The proposer is asked with `init_temperature`.
    """

    breadth: int = 10
    depth: int = 3
    init_temperature: float = 1.4

    def __post_init__(self) -> None:
        if self.breadth < 2 or self.depth < 1 or self.init_temperature < 0:
            raise UsageError(
                "`breadth` counts the instructions as they are, so it is at least 2; `depth` is at "
                f"least 1 and the temperature at least 0; got {self}."
            )

    def search(self, task: Task) -> Search:
        best, mean = task.state, (yield Validate(task.state)).mean
        tried: Tried = {path: {old.instructions: mean} for path, old in best.items()}
        for number in range(self.depth):
            proposals = yield from self._proposals(task, tried, number)
            for path, texts in proposals.items():
                states = [_instructed(best, path, text) for text in texts]
                note = f"{path}, round {number + 1}"
                reports = yield tuple(Validate(state, best, note) for state in states)
                for text, state, report in zip(texts, states, reports, strict=True):
                    tried[path][text] = report.mean
                    if report.mean > mean:
                        best, mean = state, report.mean
                for other, setting in best.items():
                    tried[other][setting.instructions] = mean
        return best

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int]:
        return {"validating": self.proposer_calls(train, val, predictors) * val}

    def proposer_calls(self, train: int, val: int, predictors: int = 1) -> int:
        """How many calls of the proposer a search takes at most."""
        return predictors * (self.breadth * self.depth - 1)

    def _proposals(
        self, task: Task, tried: Tried, number: int
    ) -> Generator[Any, Any, dict[str, list[str]]]:
        """New instructions for each predictor that got some."""
        asks = {path: self._ask(task, path, tried[path], number) for path in tried}
        many = self.breadth if number else self.breadth - 1  # besides the instructions as they are
        paths = [path for path in asks for _ in range(many)]
        answers = yield tuple(asks[path] for path in paths)
        found: dict[str, list[str]] = {}
        for path, answer in zip(paths, answers, strict=True):
            text = answer.better_instructions.strip() if answer else ""
            if text and text not in tried[path] and text not in found.get(path, ()):
                found.setdefault(path, []).append(text)
        return found

    def _ask(self, task: Task, path: str, tried: Mapping[str, float], number: int) -> Complete:
        fields = str(task.signatures[path])
        if number == 0:
            inputs = {"fields": fields, "instructions": task.state[path].instructions}
            return Complete(FIRST, inputs, self.init_temperature)
        worst_first = sorted(tried.items(), key=lambda one: one[1])[-self.breadth :]
        attempts = "\n\n".join(f"Score {mean:.3g}:\n{text}" for text, mean in worst_first)
        return Complete(AGAIN, {"fields": fields, "tried": attempts}, self.init_temperature)


def _instructed(state: State, path: str, text: str) -> State:
    return {**state, path: dataclasses.replace(state[path], instructions=text)}
