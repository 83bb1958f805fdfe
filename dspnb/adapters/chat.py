"""Fields as headed sections of plain text, in the layout that DSPy's chat adapter uses.

Models tuned to that layout, and traces of it, stay interchangeable; the sentences are our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dspnb.example import Example
from dspnb.lm.base import Block, Message
from dspnb.signature import Field, Signature

from . import finding, turns, values
from .base import Adapter, Features
from .readers import HeaderReader

COMPLETED = "[[ ## completed ## ]]"


@dataclass(frozen=True)
class ChatAdapter:
    """Render with `[[ ## field ## ]]` headers; parse them back tolerantly."""

    name = "chat"

    def render(
        self, signature: Signature, demos: Sequence[Example], inputs: Mapping[str, Any]
    ) -> tuple[Message, ...]:
        """The whole prompt. What does not depend on `inputs` is built once and kept.

        >>> messages = ChatAdapter().render(Signature("question -> answer"), (), {"question": "?"})
        >>> [message.role for message in messages]
        ['system', 'user']
        """
        return turns.conversation(self, signature, demos, inputs)

    def parse(self, signature: Signature, text: str) -> dict[str, Any]:
        """The outputs that a completion holds. Raises `ParseError`.

        A missing optional output gets its default. An answer as JSON, in tags or after labels is
        read too.

        >>> ChatAdapter().parse(Signature("q -> n: int"), "[[ ## n ## ]] 7")
        {'n': 7}
        """
        known = [field.name for field in signature.outputs]
        found = finding.sections(known, text)
        if len(found) == len(known):
            return turns.outputs_of(signature, found, text, values.read)
        return _other_layout(signature, known, found, text)

    def repair(self, signature: Signature, text: str, wrong: str) -> tuple[Message, ...]:
        """Show the model its answer and what was wrong with it."""
        return turns.told_again(text, wrong, self.reminder(signature))

    def params(self, signature: Signature, features: Features) -> Mapping[str, Any]:
        """Nothing: any model can write text."""
        return {}

    def fallback(self, features: Features) -> Adapter | None:
        """JSON, where the model can be held to it."""
        from .json import JSONAdapter

        return JSONAdapter() if features() & {"json_schema", "json_object"} else None

    def reader(self, signature: Signature) -> HeaderReader:
        """Fields as their sections arrive."""
        return HeaderReader([field.name for field in signature.outputs])

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
        """Outputs under their headers, and the end."""
        written = [
            f"{header(field.name)}\n{finding.escaped(_written(field, known))}" for field in fields
        ]
        return "\n\n".join([*written, COMPLETED])

    def reminder(self, signature: Signature) -> str:
        """The headers to answer with."""
        return _reminder(signature)


def header(name: str) -> str:
    """What stands above a field."""
    return f"[[ ## {name} ## ]]"


def _written(field: Field, known: Mapping[str, Any]) -> str:
    if field.name not in known:
        return turns.LEFT_OUT
    return values.to_answer(field, known[field.name])


def _structure(signature: Signature) -> str:
    inputs = turns.prompted(signature.inputs)
    slots = [f"{header(field.name)}\n{{{field.name}}}" for field in inputs]
    slots += [
        f"{header(field.name)}\n{{{field.name}}}{turns.note(field)}" for field in signature.outputs
    ]
    return "\n\n".join(["Every exchange has this layout:", *slots, COMPLETED])


@lru_cache(maxsize=256)
def _reminder(signature: Signature) -> str:
    wanted = [f"`{header(field.name)}`{turns.brief(field)}" for field in signature.outputs]
    if not wanted:
        return f"End with `{COMPLETED}`."
    return f"Answer with {', then '.join(wanted)}, and end with `{COMPLETED}`."


def _other_layout(
    signature: Signature, known: Sequence[str], found: Mapping[str, str], text: str
) -> dict[str, Any]:
    """The outputs of an answer in which some headers are missing."""
    as_json = finding.members(known, text) if "{" in text else {}
    if len(as_json) > len(found):
        return turns.outputs_of(signature, as_json, text, values.from_json)
    for other in (finding.tagged(known, text), finding.labelled(known, text)):
        if len(other) > len(found):
            found = other
    return turns.outputs_of(signature, found, text, values.read)
