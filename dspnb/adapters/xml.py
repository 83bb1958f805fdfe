"""Fields between tags: `<answer>` and `</answer>`."""

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
from .readers import TagReader


@dataclass(frozen=True)
class XMLAdapter:
    """Render fields between tags; values that are not text are JSON inside their tag.

    What stands between tags is text, not XML: an `&`, a `<` or a program needs no escaping.
    """

    name = "xml"

    def render(
        self, signature: Signature, demos: Sequence[Example], inputs: Mapping[str, Any]
    ) -> tuple[Message, ...]:
        """The whole prompt. What does not depend on `inputs` is built once and kept."""
        return turns.conversation(self, signature, demos, inputs)

    def parse(self, signature: Signature, text: str) -> dict[str, Any]:
        """The outputs that a completion holds. Raises `ParseError`.

        >>> XMLAdapter().parse(Signature("q -> n: int"), "<n>7</n>")
        {'n': 7}
        """
        known = [field.name for field in signature.outputs]
        found = finding.tagged(known, text)
        if len(found) < len(known):
            as_json = finding.members(known, text) if "{" in text else {}
            if len(as_json) > len(found):
                return turns.outputs_of(signature, as_json, text, values.from_json)
            for other in (finding.sections(known, text), finding.labelled(known, text)):
                if len(other) > len(found):
                    found = other
        return turns.outputs_of(signature, found, text, _read)

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

    def reader(self, signature: Signature) -> TagReader:
        """Fields as they arrive."""
        return TagReader([field.name for field in signature.outputs])

    # -- the layout --------------------------------------------------------------------

    def system(self, signature: Signature) -> tuple[Block, ...]:
        """Fields, layout and task."""
        return (
            Block("fields", turns.described(signature)),
            Block("format", _structure(signature)),
            turns.task(signature),
        )

    def asked(self, texts: Mapping[str, str]) -> str:
        """Inputs in their tags."""
        return "\n".join(_tag(name, text) for name, text in texts.items())

    def answered(self, fields: Sequence[Field], known: Mapping[str, Any]) -> str:
        """Outputs in their tags."""
        return "\n".join(
            _tag(
                field.name,
                values.to_answer(field, known[field.name])
                if field.name in known
                else turns.LEFT_OUT,
            )
            for field in fields
        )

    def reminder(self, signature: Signature) -> str:
        """The tags to answer with."""
        return _reminder(signature)


def _tag(name: str, text: str) -> str:
    return f"<{name}>\n{finding.escaped_tag(text, name)}\n</{name}>"


def _read(field: Field, text: str) -> Any:
    """A value in its tag; a model may write what has parts in tags too."""
    try:
        return values.read(field, text)
    except ValueError:
        if values.plan(field.type).kind != "json" or not text.lstrip().startswith("<"):
            raise
        value = finding.nested(text)
        return values.from_json(field, value)


def _structure(signature: Signature) -> str:
    slots = [
        f"<{field.name}>\n{{{field.name}}}\n</{field.name}>"
        for field in turns.prompted(signature.inputs)
    ]
    slots += [
        f"<{field.name}>\n{{{field.name}}}{turns.note(field)}\n</{field.name}>"
        for field in signature.outputs
    ]
    return "\n\n".join(["Every exchange has this layout:", "\n".join(slots)])


@lru_cache(maxsize=256)
def _reminder(signature: Signature) -> str:
    wanted = [f"`<{field.name}>`{turns.brief(field)}" for field in signature.outputs]
    return f"Answer with {', then '.join(wanted)}, each closed by its end tag."
