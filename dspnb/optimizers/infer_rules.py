"""Have rules written down that follow from examples, and add them to the instructions."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dspnb.errors import UsageError
from dspnb.example import Example, only
from dspnb.module import Setting, State
from dspnb.signature import Signature

from .base import Complete, Search, Task, Validate
from .bootstrap import BootstrapFewShot
from .labeled import demos_for
from .shown import fields_text

Rules = Mapping[str, list[str]]  # predictor path -> its rules

INDUCE = Signature(
    "task, examples, most: int -> rules: list[str]",
    "`examples` show how `task` is done well. Find out what they have in common, and write it down "
    "as at most `most` short rules that tell somebody who has not seen the examples how to do the "
    "same for new inputs. A rule says when it applies and what to do then; no two say the same.",
)


@dataclass(frozen=True)
class InferRules:
    """Bootstrap demos, then add rules to the instructions that a proposer finds in examples.

    DSPy's InferRules: each of `num_candidates` gets its own rules, at most `num_rules` for each
    predictor, from the predictor's bootstrapped demos and all labelled training examples in an
    order of its own. Of examples that are too many for the proposer it is shown half. The best on
    `val` is kept; without any rules the bootstrapped program is all there is. The other parameters
    are those of `BootstrapFewShot`.
    """

    num_candidates: int = 10
    num_rules: int = 10
    max_bootstrapped_demos: int = 4
    max_labeled_demos: int = 16
    max_rounds: int = 1
    metric_threshold: float | None = None

    def __post_init__(self) -> None:
        if self.num_candidates < 1 or self.num_rules < 1:
            raise UsageError(f"Candidates and rules are at least 1; got {self}.")
        _ = self._bootstrap  # checks the other numbers before anything is spent

    def search(self, task: Task) -> Search:
        best, mean = task.state, (yield Validate(task.state)).mean
        bootstrapped = yield from self._bootstrap.search(task)
        rules = yield from self._rules(task, bootstrapped)
        asks = []
        for number, found in enumerate(rules, 1):
            if found:
                state = {path: _ruled(old, found.get(path)) for path, old in bootstrapped.items()}
                asks.append(Validate(state, task.state, f"rules {number}"))
        asks = asks or [Validate(bootstrapped, task.state, "bootstrapped, no rules were found")]
        reports = yield tuple(asks)
        for ask, report in zip(asks, reports, strict=True):
            if report.mean > mean:
                best, mean = ask.state, report.mean
        return best

    @property
    def most_demos(self) -> int:
        """How many demos a prompt may have."""
        return self._bootstrap.most_demos

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int]:
        bootstrapping = self._bootstrap.program_calls(train, val)["bootstrapping"]
        return {"bootstrapping": bootstrapping, "validating": self.num_candidates * val}

    def proposer_calls(self, train: int, val: int, predictors: int = 1) -> int:
        """How many calls of the proposer a search takes at most."""
        halvings = (train + self.max_bootstrapped_demos).bit_length()
        return self.num_candidates * predictors * halvings

    @property
    def _bootstrap(self) -> BootstrapFewShot:
        return BootstrapFewShot(
            self.max_bootstrapped_demos,
            self.max_labeled_demos,
            self.max_rounds,
            self.metric_threshold,
        )

    def _rules(self, task: Task, state: State) -> Generator[Any, Any, list[Rules]]:
        """The rules of each candidate."""
        rules: list[dict[str, list[str]]] = [{} for _ in range(self.num_candidates)]
        examples = {path: _examples(task, path, setting) for path, setting in state.items()}
        left = [
            (found, path, task.rng.sample(known, len(known)))
            for found in rules
            for path, known in examples.items()
        ]
        while left := [one for one in left if one[2]]:
            answers = yield tuple(self._ask(task, path, shown) for _, path, shown in left)
            failed = []
            for (found, path, shown), answer in zip(left, answers, strict=True):
                if answer is None:
                    failed.append((found, path, shown[: len(shown) // 2]))
                elif texts := [text for rule in answer.rules if (text := rule.strip())]:
                    found[path] = texts[: self.num_rules]
            left = failed
        return list(rules)

    def _ask(self, task: Task, path: str, examples: Sequence[Example]) -> Complete:
        shown = [f"Example {i}\n{fields_text(one)}" for i, one in enumerate(examples, 1)]
        inputs = {
            "task": task.state[path].instructions,
            "examples": "\n\n".join(shown),
            "most": self.num_rules,
        }
        return Complete(INDUCE, inputs, temperature=1.0)


def _examples(task: Task, path: str, setting: Setting) -> list[Example]:
    """What a predictor did well, and what it should do; each once."""
    names = [field.name for field in task.signatures[path].fields]
    made = [only(demo, names) for demo in setting.demos]
    labelled = demos_for(task.signatures[path], task.train)
    return [*made, *(example for example in labelled if example not in made)]


def _ruled(setting: Setting, rules: Sequence[str] | None) -> Setting:
    if not rules:
        return setting
    told = "\n".join(f"- {rule}" for rule in rules)
    text = f"{setting.instructions}\n\nKeep to these rules:\n{told}"
    return dataclasses.replace(setting, instructions=text)
