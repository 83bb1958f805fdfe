"""Outputs as one JSON object; the model is held to its schema where it can be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dspnb.lm.base import Block
from dspnb.signature import Field, Signature

from . import finding, headers, kinds, tags, turns, values
from .base import Features
from .found import Found
from .headers import header
from .layout import Layout
from .readers import ObjectReader
from .strict import response_format


@dataclass(frozen=True)
class JSONAdapter(Layout):
    """Render inputs under `[[ ## field ## ]]` headers, and ask for one JSON object of outputs.

    Where the model has structured outputs, it is held to the schema; where it has a JSON mode, to
    JSON; `enforce=False` leaves it to the prompt.

    >>> JSONAdapter().parse(Signature("q -> n: int"), 'Sure: {"n": 7,}')
    {'n': 7}
    """

    enforce: bool = True

    name = "json"
    finds = (
        finding.members, headers.sections, tags.tagged, finding.labelled, finding.lone,
    )  # fmt: skip
    reads = ObjectReader

    def found(self, signature: Signature, text: str) -> Found:
        """The outputs as they stand in an answer; an object of other names is no lone text."""
        found = super().found(signature, text)
        return Found({}) if not found.json and _is_object(signature, found) else found

    def params(self, signature: Signature, features: Features) -> Mapping[str, Any]:
        """The response format that the model can enforce, if any."""
        return response_format(signature, features()) if self.enforce else {}

    def system(self, signature: Signature) -> tuple[Block, ...]:
        """Fields, layout and task."""
        inputs = turns.prompted(signature.inputs)
        parts = [f"{header(field.name)}\n{{{field.name}}}" for field in inputs]
        layout = ["Every question has this layout:", *parts]
        if signature.outputs:
            members = ", ".join(f'"{field.name}": {{{field.name}}}' for field in signature.outputs)
            notes = [f"{{{field.name}}}{_note(field)}" for field in signature.outputs]
            layout += ["Its answer is:", "\n".join([f"{{{members}}}", *notes])]
        return (
            turns.described(signature), Block("format", "\n\n".join(layout)), turns.task(signature),
        )  # fmt: skip

    def asked(self, texts: Mapping[str, str]) -> str:
        """Inputs under their headers."""
        return turns.headed(texts)

    def answered(self, fields: Sequence[Field], known: Mapping[str, Any]) -> str:
        """The object; what is left out is not in it."""
        members = {f.name: values.to_json(f, known[f.name]) for f in fields if f.name in known}
        return json.dumps(members, ensure_ascii=False)

    def reminder(self, signature: Signature) -> str:
        """The keys to answer with."""
        return _reminder(signature)


def where_held(features: Features) -> JSONAdapter | None:
    """The adapter for a model that can be held to JSON, for one that can."""
    return JSONAdapter() if features() & {"json_schema", "json_object"} else None


def _is_object(signature: Signature, found: Found) -> bool:
    """Whether what is to be the text of a lone output is an object without it."""
    match found.fields:
        case {**only} if len(only) == 1 == len(signature.outputs):
            (text,) = only.values()
            return text.startswith("{") and kinds.plan(signature.outputs[0].type).kind == "text"
    return False


def _note(field: Field) -> str:
    return turns.note(field, json_=True) or "        # note: text"


@lru_cache(maxsize=256)
def _reminder(signature: Signature) -> str:
    keys = [f"`{field.name}`{turns.brief(field, json_=True)}" for field in signature.outputs]
    return f"Answer with one JSON object with the keys {', '.join(keys)}." if keys else ""
