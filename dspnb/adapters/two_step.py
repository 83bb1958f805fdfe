"""Free prose first, fields second: for models that think worse when they must keep to a layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from dspnb.lm.base import Block, LanguageModel
from dspnb.signature import Field, Signature

from . import kinds, turns, values
from .base import Adapter, Reader
from .chat import ChatAdapter
from .layout import Layout


@dataclass(frozen=True)
class TwoStepAdapter(Layout):
    """Ask the model in prose; `extraction_model` then reads the fields out of its answer.

    The second step is a call of its own in the trace, with its cost, under the path of the
    predictor and `extraction`.
    """

    extraction_model: LanguageModel = field(hash=False)
    extracts_with: Adapter = field(default_factory=ChatAdapter)  # the layout of the second step

    name = "two-step"

    def parse(self, signature: Signature, text: str) -> dict[str, Any]:
        """The outputs, of an answer that keeps to a layout all the same. Raises `ParseError`."""
        return self.extracts_with.parse(signature, text)

    def reader(self, signature: Signature) -> Reader:
        """Nothing arrives before the second step, which is heard by itself."""
        return _NoReader()

    def system(self, signature: Signature) -> tuple[Block, ...]:
        """Fields and task, in prose."""
        lines = ["You are given:", *map(_line, turns.prompted(signature.inputs))]
        if signature.outputs:
            lines += ["Work out, and explain fully:", *map(_line, signature.outputs)]
        return Block("fields", "\n".join(lines)), turns.task(signature)

    def asked(self, texts: Mapping[str, str]) -> str:
        """Inputs, each after its name."""
        return "\n\n".join(f"{name}: {text}" for name, text in texts.items())

    def answered(self, fields: Sequence[Field], known: Mapping[str, Any]) -> str:
        """Outputs, each after its name; what is left out is not there."""
        return "\n\n".join(
            f"{field.name}: {values.to_answer(field, known[field.name])}"
            for field in fields
            if field.name in known
        )

    def reminder(self, signature: Signature) -> str:
        """What to answer with."""
        names = ", ".join(field.name for field in signature.outputs)
        if not names:
            return ""
        return f"Work out {names} in your own words; say clearly what each of them is."


class _NoReader:
    """Hears nothing."""

    def feed(self, text: str) -> Iterable[tuple[str, str]]:
        """Nothing."""
        return ()

    def close(self) -> Iterable[tuple[str, str]]:
        """Nothing."""
        return ()


def _line(field: Field) -> str:
    words = [field.desc, kinds.hint(field) if field.role == "output" else ""]
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
