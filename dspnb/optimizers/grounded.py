"""Have a model propose instructions, grounded in the data, the program and its demos."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dspnb.example import Example
from dspnb.signature import Field, Signature

from .base import Complete, Task
from .dataset_summary import dataset_summary, summary_calls
from .demo_sets import Demos, Sets
from .shown import fields_text

SHOWN = 3  # demos beside a proposal

TIPS = (  # none of them is drawn as often as each of them
    "",
    "Try something unusual: approach the task from another side than one would at first.",
    "Be short and plain.",
    "Be thorough: spell out what matters, what to look at, and what to do in doubt.",
    "Describe a situation in which much depends on the right answer.",
    "Begin with who does the task: give the model a role that suits it.",
)

DESCRIBE_PROGRAM = Signature(
    [
        Field("program_code", desc="Python that calls language models"),
        Field("example", desc="one row that it is run on, or is scored with"),
        Field("description", desc="a few sentences", role="output"),
    ],
    "Tell somebody who will not see the code what task this program does, and by which steps.",
)
DESCRIBE_PREDICTOR = Signature(
    [
        Field("program_code", desc="Python that calls language models"),
        Field("program_description", desc="what it does"),
        Field("predictor", desc="one call of a model in it: its name, what it takes and gives"),
        Field("role", desc="one to three sentences", role="output"),
    ],
    "Tell what this one call contributes to the program, and what the steps after it need of it.",
)
PROPOSE = Signature(
    [
        Field("dataset", desc="what the data are like"),
        Field("program_code", desc="the program that this is a part of"),
        Field("program_description", desc="what the program does"),
        Field("predictor", desc="whose instruction it is: its name, what it takes and gives"),
        Field("predictor_role", desc="what this predictor contributes"),
        Field("demos", desc="calls of it in runs that went well"),
        Field("current_instruction", desc="what the model is told so far"),
        Field("tip", desc="how to go about it"),
        Field("instruction", desc="the new instruction, and nothing else", role="output"),
    ],
    "A language model is given an instruction and does one task by it, many times, with other "
    "inputs each time. Write a better instruction than the current one, from all that is told "
    "here. It must hold for any input, so do not quote single ones, and keep the fields' names.",
)

LABEL = re.compile(
    r"[\s*_#]*(?:(?:the|new|proposed|improved|better) )*instructions?[*_]*:[\s*_]*", re.I
)


@dataclass(frozen=True)
class GroundedProposer:
    """The proposer of MIPROv2 (Opsahl-Ong et al., 2024, arXiv 2406.11695).

    Each proposal is made from the current instruction and, as far as they are wanted and to be had,
    a summary of the training data, what the program and the predictor are for, demos of successful
    runs, and a random tip.
    """

    data_aware: bool = True
    program_aware: bool = True
    fewshot_aware: bool = True
    tip_aware: bool = True
    batch: int = 10  # examples to a call, while the data are summarized
    temperature: float = 1.0

    def instructions(
        self, task: Task, sets: Sets, count: int
    ) -> Generator[Any, Any, Mapping[str, list[str]]]:
        """At most `count` instructions for each predictor, the first of them its own."""
        own = {path: [setting.instructions] for path, setting in task.state.items()}
        if count < 2:
            return own
        grounds = yield from self._grounds(task)
        wanted = [(path, number) for path in task.state for number in range(1, count)]
        asks = tuple(
            self._proposal(
                {
                    **grounds[path],
                    "demos": _demos(task, path, number, sets) if self.fewshot_aware else "",
                    "tip": task.rng.choice(TIPS) if self.tip_aware else "",
                }
            )
            for path, number in wanted
        )
        answers = (yield asks) if asks else ()
        for (path, _), answer in zip(wanted, answers, strict=True):
            text = "" if answer is None else bare(answer.instruction)
            if text and text not in own[path]:
                own[path].append(text)
        return own

    def calls(self, train: int, predictors: int, count: int) -> int:
        """How many calls so many instructions for each predictor take at most."""
        if count < 2:
            return 0
        summary = summary_calls(train, self.batch) if self.data_aware else 0
        described = 1 + predictors if self.program_aware else 0
        return summary + described + (count - 1) * predictors

    def _grounds(self, task: Task) -> Generator[Any, Any, Mapping[str, dict[str, str]]]:
        """What every proposal for a predictor is told; empty texts are not to be had."""
        shared: dict[str, str] = {}
        roles: Mapping[str, str] = {}
        if self.data_aware:
            shared["dataset"] = yield from dataset_summary(task.train, self.batch, self.temperature)
        if self.program_aware and task.source:
            shared["program_code"] = task.source
            shared["program_description"] = yield from self._program(task)
            roles = yield from self._roles(task, shared["program_description"])
        return {
            path: {
                **shared,
                "predictor": _named(task, path),
                "predictor_role": roles.get(path, ""),
                "current_instruction": setting.instructions,
            }
            for path, setting in task.state.items()
        }

    def _program(self, task: Task) -> Generator[Any, Any, str]:
        example = fields_text(task.train[0]) if task.train else "(none)"
        inputs = {"program_code": task.source, "example": example}
        answer = yield Complete(DESCRIBE_PROGRAM, inputs, self.temperature)
        return "" if answer is None else answer.description

    def _roles(self, task: Task, described: str) -> Generator[Any, Any, Mapping[str, str]]:
        asks = tuple(
            Complete(
                DESCRIBE_PREDICTOR,
                {
                    "program_code": task.source,
                    "program_description": described or "(not known)",
                    "predictor": _named(task, path),
                },
                self.temperature,
            )
            for path in task.state
        )
        answers = (yield asks) if asks else ()
        return {
            path: answer.role
            for path, answer in zip(task.state, answers, strict=True)
            if answer is not None
        }

    def _proposal(self, told: Mapping[str, str]) -> Complete:
        told = {name: text for name, text in told.items() if text}
        fields = [field for field in PROPOSE.fields if field.role == "output" or field.name in told]
        return Complete(Signature(fields, PROPOSE.instructions), told, self.temperature)


def bare(text: str) -> str:
    """An instruction without the label or the quotes that models put around it.

    >>> bare('**Proposed instruction:** "Name the team."')
    'Name the team.'
    >>> bare("Note: answer in English.")
    'Note: answer in English.'
    """
    text = _unquoted(text)
    label = LABEL.match(text)
    return _unquoted(text[label.end() :]) if label else text


def _unquoted(text: str) -> str:
    text = text.strip()
    for quote in ('"', "'", "`"):
        if len(text) > 1 and text[0] == text[-1] == quote and quote not in text[1:-1]:
            return text[1:-1].strip()
    return text


def _named(task: Task, path: str) -> str:
    return f"{path}: {task.signatures[path]}"


def _demos(task: Task, path: str, number: int, sets: Sets) -> str:
    """A few demos from runs, of this set and those after it."""
    made = [own for demos in sets.get(path, ()) if (own := _from_runs(demos))]
    start = number % len(made) if made else 0
    shown: list[Example] = []
    for demos in (*made[start:], *made[:start]):
        shown += [demo for demo in demos if demo not in shown]
    names = [field.name for field in task.signatures[path].fields]
    return "\n\n".join(fields_text(demo, names) for demo in shown[:SHOWN])


def _from_runs(demos: Demos) -> Sequence[Example]:
    return [demo for demo in demos if "augmented" in demo]
