"""The shortest prompt: the task, and the type of one JSON object to answer with.

The notation is in the spirit of BAML's: a few words where a JSON schema takes a page. Small models
follow it better, and every model is paid for less.
"""

from __future__ import annotations

from dataclasses import dataclass

from dspnb.lm.base import Block
from dspnb.signature import Signature

from . import kinds, notation, turns
from .json import JSONAdapter


@dataclass(frozen=True)
class CompactAdapter(JSONAdapter):
    """Render the outputs as one type, a field a line, with descriptions as comments.

    >>> prompt = CompactAdapter().render(Signature("q -> n: int"), (), {"q": "2 + 2?"})
    >>> "  n: int" in prompt[0].content
    True
    """

    name = "compact"

    def system(self, signature: Signature) -> tuple[Block, ...]:
        """What is given, the type to answer with, and the task."""
        blocks = []
        inputs = turns.prompted(signature.inputs)
        given = [f"- {field.name}: {field.desc}" for field in inputs if field.desc]
        if given:
            blocks.append(Block("fields", "\n".join(["You are given:", *given])))
        if signature.outputs:
            blocks.append(Block("format", f"Answer with JSON of this type:\n{_type(signature)}"))
        return (*blocks, turns.task(signature))

    def reminder(self, signature: Signature) -> str:
        """What to answer with."""
        return "Answer with one JSON object of that type." if signature.outputs else ""


def _type(signature: Signature) -> str:
    schema = kinds.schema_of(signature.outputs)
    comments = {}
    for field in signature.outputs:
        limits = kinds.limits(field, schema["properties"][field.name])
        comments[field.name] = "; ".join(filter(None, [" ".join(field.desc.split()), limits]))
    return notation.block(schema, comments)
