"""From a signature, demos and inputs to messages.

The order is: system, demos that leave fields out, whole demos, the turns of a real conversation,
the inputs of this call. Demos say that they are examples, so that no model takes them for history.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from dspnb.constraints import constraint_words
from dspnb.example import Example
from dspnb.identity import ByIdentity
from dspnb.lm.base import Attachment, Block, BlockKind, Message
from dspnb.signature import Field, Signature, default_instructions
from dspnb.types import History

from . import headers, kinds, past
from .values import attachment_blocks, to_text

if TYPE_CHECKING:
    from .layout import Layout


def conversation(
    layout: Layout, signature: Signature, demos: Sequence[Example], inputs: Mapping[str, Any]
) -> tuple[Message, ...]:
    """The whole prompt. What does not depend on `inputs` is built once and kept."""
    start = _recent(layout, signature, tuple(demos))
    blocks = _asked(layout, start.fields, inputs, "input")
    if start.reminder is not None:
        blocks.append(start.reminder)
    asked = Message("user", tuple(blocks))
    if start.history and (said := inputs.get(start.history)) is not None:
        return (*start.messages, *_past(layout, signature, said), asked)
    return (*start.messages, asked)


class _Start(NamedTuple):
    """What does not depend on the inputs."""

    messages: tuple[Message, ...]
    fields: tuple[Field, ...]  # that are written in a turn
    reminder: Block | None
    history: str  # the first input of type `History`


@lru_cache(maxsize=256)
def _start(layout: Layout, signature: Signature, demos: tuple[Example, ...]) -> _Start:
    reminder = layout.reminder(signature)
    return _Start(
        _prefix(layout, signature, demos),
        prompted(signature.inputs),
        Block("format", reminder) if reminder else None,
        next((field.name for field in signature.inputs if is_history(field)), ""),
    )


_recent = ByIdentity(_start, most=256)  # to hash many demos takes as long as to write the rest


@lru_cache(maxsize=1024)
def prompted(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The fields that are written in a turn: past turns are turns of their own."""
    return tuple(field for field in fields if not is_history(field))


def is_history(field: Field) -> bool:
    """Whether a field holds past turns."""
    return field.type is History or kinds.core(field.type) is History


def _prefix(
    layout: Layout, signature: Signature, demos: tuple[Example, ...]
) -> tuple[Message, ...]:
    shown = [demo for demo in demos if usable(signature, demo)]
    partial = [demo for demo in shown if left_out(signature, demo)]
    whole = [demo for demo in shown if not left_out(signature, demo)]
    blocks = layout.system(signature)
    if shown:
        blocks = (*blocks[:-1], Block("format", _announced(len(shown))), blocks[-1])
    turns = [
        turn
        for number, demo in enumerate((*partial, *whole), 1)
        for turn in _demo(layout, signature, demo, f"Example {number} of {len(shown)}")
    ]
    return (Message("system", blocks), *turns)


def _announced(count: int) -> str:
    if count == 1:
        return "One solved example comes first. It is no part of the conversation after it."
    return f"{count} solved examples come first. They are no part of the conversation after them."


def _demo(
    layout: Layout, signature: Signature, demo: Example, title: str
) -> tuple[Message, Message]:
    missing = left_out(signature, demo)
    heading = f"{title}; {', '.join(missing)} left out." if missing else f"{title}."
    fields = [field for field in prompted(signature.inputs) if field.name not in missing]
    text, *more = _asked(layout, fields, demo, "demo")
    known = {f.name: demo[f.name] for f in signature.outputs if f.name not in missing}
    return (
        Message("user", (Block("demo", f"{heading}\n\n{text.text}"), *more)),
        Message.of("assistant", layout.answered(signature.outputs, known), "demo"),
    )


def usable(signature: Signature, demo: Mapping[str, Any]) -> bool:
    """Whether a demo teaches something: it shows an input and an output."""
    return all(
        any(field.name in demo for field in side) for side in (signature.inputs, signature.outputs)
    )


def left_out(signature: Signature, demo: Mapping[str, Any]) -> list[str]:
    """The fields without a value; None is one when the type allows it."""
    return [
        field.name
        for field in (*prompted(signature.inputs), *signature.outputs)
        if demo.get(field.name) is None and not (field.name in demo and kinds.optional(field))
    ]


def _asked(
    layout: Layout, fields: Iterable[Field], given: Mapping[str, Any], kind: BlockKind
) -> list[Block]:
    """The inputs as a block of text, and a block for each attachment."""
    attached: list[Attachment] = []
    texts = {field.name: to_text(given[field.name], attached) for field in fields}
    return [Block(kind, layout.asked(texts)), *attachment_blocks(attached, kind)]


def _past(layout: Layout, signature: Signature, said: Any) -> list[Message]:
    """The turns of a real conversation."""

    def told(turn: Mapping[str, Any]) -> list[Message]:
        asked = [field for field in prompted(signature.inputs) if field.name in turn]
        outputs = [field for field in signature.outputs if field.name in turn]
        messages = []
        if asked:
            messages.append(Message("user", tuple(_asked(layout, asked, turn, "history"))))
        if outputs:
            known = {field.name: turn[field.name] for field in outputs}
            messages.append(Message.of("assistant", layout.answered(outputs, known), "history"))
        return messages

    return past.turns(signature, said, told)


# -- what layouts write alike ----------------------------------------------------------


def headed(texts: Mapping[str, str]) -> str:
    """Texts under headers."""
    return "\n\n".join(
        f"{headers.header(name)}\n{headers.escaped(text)}" for name, text in texts.items()
    )


def described(signature: Signature) -> Block:
    """The fields, numbered, with their types and descriptions."""
    lines = ["Input fields:", *map(_description, itertools.count(1), prompted(signature.inputs))]
    if signature.outputs:
        lines += ["Output fields:", *map(_description, itertools.count(1), signature.outputs)]
    return Block("fields", "\n".join(lines))


def _description(number: int, field: Field) -> str:
    # The limits of an output stand in the layout, where it is written.
    limits = constraint_words(field.type) if field.role == "input" else ""
    type_ = "; ".join(filter(None, [kinds.plain_type_name(field), limits]))
    line = f"{number}. `{field.name}` ({type_})"
    return f"{line}: {' '.join(field.desc.split())}" if field.desc else line


def note(field: Field, *, json_: bool = False) -> str:
    """What stands behind the place of an output in the layout."""
    words = kinds.hint(field, json_=json_)
    return f"        # note: {words}" if words else ""


def brief(field: Field, *, json_: bool = False) -> str:
    """The same in a reminder, in parentheses, and short."""
    words = kinds.hint(field, json_=json_)
    if words.startswith("JSON"):
        return f" (a valid {kinds.plain_type_name(field)})"
    return f" ({words})" if words else ""


def task(signature: Signature) -> Block:
    """The instructions; those that nobody wrote name the fields, but no history."""
    said = signature.instructions
    if said == default_instructions(signature.fields):
        said = default_instructions(prompted(signature.fields))
    return Block("instructions", f"Your task:\n{said}")
