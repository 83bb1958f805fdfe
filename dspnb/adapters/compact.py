"""The shortest prompt: the task, and the type of one JSON object to answer with.

The notation is in the spirit of BAML's: a few words where a JSON schema takes a page. Small models
follow it better, and every model is paid for less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dspnb.example import Example
from dspnb.lm.base import Block, Message
from dspnb.signature import Field, Signature

from . import finding, notation, turns, values
from .base import Adapter, Features
from .chat import header
from .json import parse, written
from .readers import ObjectReader
from .strict import response_format


@dataclass(frozen=True)
class CompactAdapter:
    """Render the outputs as one type, a field a line, with descriptions as comments."""

    enforce: bool = True  # hold the model to JSON where it can be held

    name = "compact"

    def render(
        self, signature: Signature, demos: Sequence[Example], inputs: Mapping[str, Any]
    ) -> tuple[Message, ...]:
        """The whole prompt. What does not depend on `inputs` is built once and kept.

        >>> prompt = CompactAdapter().render(Signature("q -> n: int"), (), {"q": "2 + 2?"})
        >>> "  n: int" in prompt[0].content
        True
        """
        return turns.conversation(self, signature, demos, inputs)

    def parse(self, signature: Signature, text: str) -> dict[str, Any]:
        """The outputs that a completion holds. Raises `ParseError`."""
        return parse(signature, text)

    def repair(self, signature: Signature, text: str, wrong: str) -> tuple[Message, ...]:
        """Show the model its answer and what was wrong with it."""
        return turns.told_again(text, wrong, self.reminder(signature))

    def params(self, signature: Signature, features: Features) -> Mapping[str, Any]:
        """The response format that the model can enforce, if any."""
        return response_format(signature, features()) if self.enforce else {}

    def fallback(self, features: Features) -> Adapter | None:
        """None: there is no stricter layout."""
        return None

    def reader(self, signature: Signature) -> ObjectReader:
        """Fields as the members of the object arrive."""
        return ObjectReader([field.name for field in signature.outputs])

    # -- the layout --------------------------------------------------------------------

    def system(self, signature: Signature) -> tuple[Block, ...]:
        """Task, what is given, and the type to answer with."""
        given = [
            f"- {field.name}: {field.desc}"
            for field in turns.prompted(signature.inputs)
            if field.desc
        ]
        blocks = [Block("format", f"Answer with JSON of this type:\n{_type(signature)}")]
        if given:
            blocks.insert(0, Block("fields", "\n".join(["You are given:", *given])))
        return (*blocks, turns.task(signature))

    def asked(self, texts: Mapping[str, str]) -> str:
        """Inputs under their headers."""
        return "\n\n".join(
            f"{header(name)}\n{finding.escaped(text)}" for name, text in texts.items()
        )

    def answered(self, fields: Sequence[Field], known: Mapping[str, Any]) -> str:
        """The object; what is left out is not in it."""
        return written(fields, known)

    def reminder(self, signature: Signature) -> str:
        """What to answer with."""
        return "Answer with one JSON object of that type."


def _type(signature: Signature) -> str:
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    comments: dict[str, str] = {}
    for field in signature.outputs:
        schema = values.json_schema(field)
        definitions |= schema.pop("$defs", {})
        properties[field.name] = schema
        limits = notation.words(schema)
        comments[field.name] = "; ".join(text for text in (field.desc, limits) if text)
    required = [f.name for f in signature.outputs if not values.optional(f)]
    whole = {"properties": properties, "required": required, "$defs": definitions}
    return notation.block(whole, comments)
