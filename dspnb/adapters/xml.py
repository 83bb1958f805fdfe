"""Fields between tags: `<answer>` and `</answer>`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dspnb.lm.base import Block
from dspnb.signature import Field, Signature

from . import finding, headers, tags, turns, values
from .base import Adapter, Features
from .json import where_held
from .layout import Layout
from .readers import TagReader
from .reading import LEFT_OUT


@dataclass(frozen=True)
class XMLAdapter(Layout):
    """Render fields between tags; values that are not text are JSON inside their tag.

    What stands between tags is text, not XML: an `&`, a `<` or a program needs no escaping. A value
    that a model writes in nested tags is read too.

    >>> XMLAdapter().parse(Signature("q -> n: int"), "<n>7</n>")
    {'n': 7}
    """

    name = "xml"
    finds = (
        tags.tagged, finding.members, headers.sections, finding.labelled, finding.lone,
    )  # fmt: skip
    reads = TagReader

    def fallback(self, features: Features) -> Adapter | None:
        """JSON, where the model can be held to it."""
        return where_held(features)

    def system(self, signature: Signature) -> tuple[Block, ...]:
        """Fields, layout and task."""
        slots = [
            _tag(field.name, f"{{{field.name}}}") for field in turns.prompted(signature.inputs)
        ]
        slots += [
            _tag(field.name, f"{{{field.name}}}{turns.note(field)}") for field in signature.outputs
        ]
        layout = "\n\n".join(["Every exchange has this layout:", "\n".join(slots)])
        return turns.described(signature), Block("format", layout), turns.task(signature)

    def asked(self, texts: Mapping[str, str]) -> str:
        """Inputs in their tags; in each, nothing reads as its end."""
        return "\n".join(
            _tag(name, tags.escaped_tags([name], text)) for name, text in texts.items()
        )

    def answered(self, fields: Sequence[Field], known: Mapping[str, Any]) -> str:
        """Outputs in their tags; in each, nothing reads as the tag of an output."""
        names = [field.name for field in fields]
        return "\n".join(
            _tag(
                field.name,
                tags.escaped_tags(names, values.to_answer(field, known[field.name]))
                if field.name in known
                else LEFT_OUT,
            )
            for field in fields
        )

    def reminder(self, signature: Signature) -> str:
        """The tags to answer with."""
        return _reminder(signature)


def _tag(name: str, text: str) -> str:
    return f"<{name}>\n{text}\n</{name}>"


@lru_cache(maxsize=256)
def _reminder(signature: Signature) -> str:
    wanted = [f"`<{field.name}>`{turns.brief(field)}" for field in signature.outputs]
    if not wanted:
        return ""
    return f"Answer with {', then '.join(wanted)}, each closed by its end tag."
