"""Free prose first, fields second: for models that think worse when they must keep to a layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from dspnb.example import Example
from dspnb.lm.base import Block, LanguageModel, Message
from dspnb.signature import Field, Signature

from . import turns, values
from .base import Adapter, Features
from .chat import ChatAdapter


@dataclass(frozen=True)
class TwoStepAdapter:
    """Ask the model in prose; `extraction_model` then reads the fields out of its answer.

    The second step is a call of its own in the trace, with its cost, under the path of the
    predictor and `extraction`.
    """

    extraction_model: LanguageModel
    extracts_with: Adapter = field(default_factory=ChatAdapter)  # the layout of the second step

    name = "two-step"

    def render(
        self, signature: Signature, demos: Sequence[Example], inputs: Mapping[str, Any]
    ) -> tuple[Message, ...]:
        """The prompt of the first step."""
        return turns.conversation(self, signature, demos, inputs)

    def parse(self, signature: Signature, text: str) -> dict[str, Any]:
        """The outputs, of an answer that keeps to a layout all the same. Raises `ParseError`."""
        return self.extracts_with.parse(signature, text)

    def repair(self, signature: Signature, text: str, wrong: str) -> tuple[Message, ...]:
        """Show the model its answer and what was wrong with it."""
        return turns.told_again(text, wrong, self.reminder(signature))

    def params(self, signature: Signature, features: Features) -> Mapping[str, Any]:
        """Nothing: the first step is prose."""
        return {}

    def fallback(self, features: Features) -> Adapter | None:
        """None: the second step has its own."""
        return None

    def reader(self, signature: Signature) -> NoReader:
        """Nothing arrives before the second step, which is heard by itself."""
        return NoReader()

    # -- the layout --------------------------------------------------------------------

    def system(self, signature: Signature) -> tuple[Block, ...]:
        """Fields and task, in prose."""
        lines = ["You are given:", *map(_line, turns.prompted(signature.inputs))]
        lines += ["Work out, and explain fully:", *map(_line, signature.outputs)]
        return Block("fields", "\n".join(lines)), turns.task(signature)

    def asked(self, texts: Mapping[str, str]) -> str:
        """Inputs, each after its name."""
        return "\n\n".join(f"{name}: {text}" for name, text in texts.items())

    def answered(self, fields: Sequence[Field], known: Mapping[str, Any]) -> str:
        """Outputs, each after its name."""
        return "\n\n".join(
            f"{field.name}: {values.to_answer(field, known[field.name])}"
            for field in fields
            if field.name in known
        )

    def reminder(self, signature: Signature) -> str:
        """What to answer with."""
        names = ", ".join(field.name for field in signature.outputs)
        return f"Work out {names} in your own words; say clearly what each of them is."


class NoReader:
    """Hears nothing."""

    def feed(self, text: str) -> Iterable[tuple[str, str]]:
        """Nothing."""
        return ()

    def close(self) -> Iterable[tuple[str, str]]:
        """Nothing."""
        return ()


def _line(field: Field) -> str:
    words = [field.desc, values.hint(field) if field.role == "output" else ""]
    told = "; ".join(word for word in words if word)
    return f"- {field.name}: {told}" if told else f"- {field.name}"


@lru_cache(maxsize=256)
def extraction(signature: Signature) -> Signature:
    """The signature that reads the outputs of another one out of a text.

    >>> str(extraction(Signature("q -> n: int")))
    'answer_text -> n: int'
    """
    name = "answer_text"
    while any(field.name == name for field in signature.outputs):
        name += "_"
    fields = (Field(name, str, "the whole answer to read the fields from"), *signature.outputs)
    task = "Read the fields out of the answer. Copy what it says; add nothing of your own."
    return Signature(fields, task, name=signature.name)
