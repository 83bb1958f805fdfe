"""Outputs as one JSON object; the model is held to its schema where it can be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dspnb.example import Example
from dspnb.lm.base import Block, Message
from dspnb.signature import Field, Signature

from . import finding, turns, values
from .base import Adapter, Features
from .chat import header
from .readers import ObjectReader
from .strict import response_format


@dataclass(frozen=True)
class JSONAdapter:
    """Render inputs under `[[ ## field ## ]]` headers, and ask for one JSON object of outputs.

    Where the model has structured outputs, it is held to the schema; where it has a JSON mode, to
    JSON; `enforce=False` leaves it to the prompt.
    """

    enforce: bool = True

    name = "json"

    def render(
        self, signature: Signature, demos: Sequence[Example], inputs: Mapping[str, Any]
    ) -> tuple[Message, ...]:
        """The whole prompt. What does not depend on `inputs` is built once and kept."""
        return turns.conversation(self, signature, demos, inputs)

    def parse(self, signature: Signature, text: str) -> dict[str, Any]:
        """The outputs that a completion holds. Raises `ParseError`.

        >>> JSONAdapter().parse(Signature("q -> n: int"), 'Sure: {"n": 7,}')
        {'n': 7}
        """
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
        """Fields, layout and task."""
        return (
            Block("fields", turns.described(signature)),
            Block("format", _structure(signature)),
            turns.task(signature),
        )

    def asked(self, texts: Mapping[str, str]) -> str:
        """Inputs under their headers."""
        return "\n\n".join(
            f"{header(name)}\n{finding.escaped(text)}" for name, text in texts.items()
        )

    def answered(self, fields: Sequence[Field], known: Mapping[str, Any]) -> str:
        """The object; what is left out is not in it."""
        return written(fields, known)

    def reminder(self, signature: Signature) -> str:
        """The keys to answer with."""
        return _reminder(signature)


def written(fields: Sequence[Field], known: Mapping[str, Any]) -> str:
    """Outputs as one JSON object."""
    members = {f.name: values.to_json(f, known[f.name]) for f in fields if f.name in known}
    return json.dumps(members, ensure_ascii=False)


def parse(signature: Signature, text: str) -> dict[str, Any]:
    """The outputs in a JSON object, or in what a model wrote in its place."""
    known = [field.name for field in signature.outputs]
    found = finding.members(known, text)
    if found:
        # A strict schema makes a model write null for what it leaves out.
        left = {f.name for f in signature.outputs if found.get(f.name, 0) is None and _lacks(f)}
        found = {name: value for name, value in found.items() if name not in left}
        return turns.outputs_of(signature, found, text, values.from_json)
    texts = finding.sections(known, text) or finding.tagged(known, text)
    if not texts and len(known) != 1:
        texts = finding.labelled(known, text)
    return turns.outputs_of(signature, texts, text, values.read)


def _lacks(field: Field) -> bool:
    """Whether null means that an optional field is not there."""
    return values.optional(field) and not values.plan(field.type).optional


def _structure(signature: Signature) -> str:
    inputs = [
        f"{header(field.name)}\n{{{field.name}}}" for field in turns.prompted(signature.inputs)
    ]
    members = ", ".join(f'"{field.name}": {{{field.name}}}' for field in signature.outputs)
    notes = [
        f"{{{field.name}}}{note}"
        for field in signature.outputs
        if (note := turns.note(field, json_=True) or "        # note: text")
    ]
    outputs = "\n".join([f"{{{members}}}", *notes])
    return "\n\n".join(["Every question has this layout:", *inputs, "Its answer is:", outputs])


@lru_cache(maxsize=256)
def _reminder(signature: Signature) -> str:
    keys = [f"`{field.name}`{turns.brief(field, json_=True)}" for field in signature.outputs]
    return f"Answer with one JSON object with the keys {', '.join(keys)}."
