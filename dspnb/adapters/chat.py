"""Fields as headed sections of plain text, in the layout that DSPy's chat adapter uses.

Models tuned to that layout, and traces of it, stay interchangeable; the sentences are our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dspnb.lm.base import Block
from dspnb.signature import Field, Signature

from . import finding, headers, tags, turns, values
from .base import Adapter, Features
from .headers import header
from .json import where_held
from .layout import Layout
from .readers import HeaderReader
from .reading import LEFT_OUT

COMPLETED = header("completed")


@dataclass(frozen=True)
class ChatAdapter(Layout):
    """Render with `[[ ## field ## ]]` headers; parse them back tolerantly.

    >>> messages = ChatAdapter().render(Signature("question -> answer"), (), {"question": "?"})
    >>> [message.role for message in messages]
    ['system', 'user']
    >>> ChatAdapter().parse(Signature("q -> n: int"), "[[ ## n ## ]] 7")
    {'n': 7}
    """

    name = "chat"
    finds = (
        headers.sections, finding.members, tags.tagged, finding.labelled, finding.lone,
    )  # fmt: skip
    reads = HeaderReader

    def fallback(self, features: Features) -> Adapter | None:
        """JSON, where the model can be held to it."""
        return where_held(features)

    def system(self, signature: Signature) -> tuple[Block, ...]:
        """Fields, layout and task."""
        slots = [_slot(field) for field in turns.prompted(signature.inputs)]
        slots += [f"{_slot(field)}{turns.note(field)}" for field in signature.outputs]
        layout = "\n\n".join(["Every exchange has this layout:", *slots, COMPLETED])
        return turns.described(signature), Block("format", layout), turns.task(signature)

    def asked(self, texts: Mapping[str, str]) -> str:
        """Inputs under their headers."""
        return turns.headed(texts)

    def answered(self, fields: Sequence[Field], known: Mapping[str, Any]) -> str:
        """Outputs under their headers, and the end."""
        texts = {
            field.name: values.to_answer(field, known[field.name])
            if field.name in known
            else LEFT_OUT
            for field in fields
        }
        return "\n\n".join(filter(None, [turns.headed(texts), COMPLETED]))

    def reminder(self, signature: Signature) -> str:
        """The headers to answer with."""
        return _reminder(signature)


def _slot(field: Field) -> str:
    return f"{header(field.name)}\n{{{field.name}}}"


@lru_cache(maxsize=256)
def _reminder(signature: Signature) -> str:
    wanted = [f"`{header(field.name)}`{turns.brief(field)}" for field in signature.outputs]
    if not wanted:
        return ""
    return f"Answer with {', then '.join(wanted)}, and end with `{COMPLETED}`."
