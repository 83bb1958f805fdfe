"""From a signature, demos and inputs to messages: what all layouts share.

The order is: system, demos that leave fields out, whole demos, the turns of a real conversation,
the inputs of this call. Demos say that they are examples, so that no model takes them for history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from dspnb.errors import ParseError
from dspnb.example import Example
from dspnb.lm.base import Attachment, Block, BlockKind, Message
from dspnb.signature import Field, Signature
from dspnb.types import History, ToolCalls, ToolResults

from . import values

LEFT_OUT = "(left out)"


class Layout(Protocol):
    """How one adapter writes fields."""

    def __hash__(self) -> int: ...

    def system(self, signature: Signature) -> tuple[Block, ...]:
        """Fields, layout and task."""

    def asked(self, texts: Mapping[str, str]) -> str:
        """The inputs of one turn."""

    def answered(self, fields: Sequence[Field], known: Mapping[str, Any]) -> str:
        """The outputs of one turn; a field that is not known is written as left out."""

    def reminder(self, signature: Signature) -> str:
        """The last line of a question: what to answer with."""


def conversation(
    layout: Layout, signature: Signature, demos: Sequence[Example], inputs: Mapping[str, Any]
) -> tuple[Message, ...]:
    """The whole prompt. What does not depend on `inputs` is built once and kept."""
    prefix = _prefix(layout, signature, tuple(demos))
    blocks = _asked(layout, prompted(signature.inputs), inputs, "input")
    turn = Message("user", (*blocks, Block("format", layout.reminder(signature))))
    past = _past(layout, signature, inputs)
    return (*prefix, *past, turn) if past else (*prefix, turn)


def prompted(fields: Sequence[Field]) -> tuple[Field, ...]:
    """The fields that are written in a turn: past turns are turns of their own."""
    if any(field.type is History for field in fields):
        return tuple(field for field in fields if field.type is not History)
    return tuple(fields)


@lru_cache(maxsize=256)
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
        for field in signature.fields
        if field.type is not History
        and demo.get(field.name) is None
        and not (field.name in demo and values.optional(field))
    ]


def _asked(
    layout: Layout, fields: Iterable[Field], given: Mapping[str, Any], kind: BlockKind
) -> list[Block]:
    """The inputs as a block of text, and a block for each attachment."""
    attached: list[Attachment] = []
    texts = {field.name: values.to_text(given[field.name], attached) for field in fields}
    text = Block(kind, layout.asked(texts))
    if not attached:
        return [text]
    numbers: dict[str, int] = {}
    blocks = [text]
    for attachment in attached:
        number = numbers[attachment.kind] = numbers.get(attachment.kind, 0) + 1
        blocks.append(Block(kind, f"<{attachment.kind} {number}>:", attachment))
    return blocks


def _past(layout: Layout, signature: Signature, inputs: Mapping[str, Any]) -> list[Message]:
    """The turns of a real conversation, from the input of type `History`."""
    past = next((f.name for f in signature.inputs if f.type is History), None)
    history = inputs.get(past) if past else None
    if history is None:
        return []
    return [turn for said in history for turn in _turn(layout, signature, said)]


def _turn(layout: Layout, signature: Signature, said: Mapping[str, Any]) -> list[Message]:
    if "role" in said and "content" in said:
        return [Message.of(said["role"], str(said["content"]), "history")]
    asked = [field for field in prompted(signature.inputs) if field.name in said]
    outputs = [field for field in signature.outputs if field.name in said]
    turns = []
    if asked:
        turns.append(Message("user", tuple(_asked(layout, asked, said, "history"))))
    if outputs:
        known = {field.name: said[field.name] for field in outputs}
        turns.append(Message.of("assistant", layout.answered(outputs, known), "history"))
    for value in said.values():
        match value:
            case ToolCalls() if value.calls and not any(f.type is ToolCalls for f in outputs):
                turns.append(_called(value))
            case ToolResults():
                turns += _results(value, native=_called_natively(turns))
    return turns


def _called(calls: ToolCalls) -> Message:
    return Message("assistant", (Block("history", ""),), tool_calls=tuple(calls.calls))


def _called_natively(turns: Sequence[Message]) -> bool:
    return any(turn.tool_calls for turn in turns)


def _results(results: ToolResults, *, native: bool) -> list[Message]:
    if native:
        return [
            Message(
                "tool",
                (Block("history", values.to_text(result.value)),),
                tool_call_id=result.call.id,
            )
            for result in results
        ]
    lines = [f"`{result.call.name}` gave: {values.to_text(result.value)}" for result in results]
    return [Message.of("user", "\n".join(lines), "history")]


# -- what a system message says --------------------------------------------------------


def described(signature: Signature) -> str:
    """The fields, numbered, with their types and descriptions."""
    return "\n".join(
        [
            "Input fields:",
            *map(_description, range(1, 99), prompted(signature.inputs)),
            "Output fields:",
            *map(_description, range(1, 99), signature.outputs),
        ]
    )


def _description(number: int, field: Field) -> str:
    line = f"{number}. `{field.name}` ({field.type_name})"
    return f"{line}: {field.desc}" if field.desc else line


def note(field: Field, *, json_: bool = False) -> str:
    """What stands behind the place of an output in the layout."""
    words = values.hint(field, json_=json_)
    return f"        # note: {words}" if words else ""


def brief(field: Field, *, json_: bool = False) -> str:
    """The same in a reminder, in parentheses, and short."""
    words = values.hint(field, json_=json_)
    if words.startswith("JSON"):
        return f" (a valid {field.type_name})"
    return f" ({words})" if words else ""


def task(signature: Signature) -> Block:
    """The instructions."""
    return Block("instructions", f"Your task:\n{signature.instructions}")


# -- what an answer holds --------------------------------------------------------------


def outputs_of(
    signature: Signature, found: Mapping[str, Any], text: str, read: Any
) -> dict[str, Any]:
    """The outputs, each read by `read(field, found)`; a missing optional one gets its default.

    Raises `ParseError`, which names every field that is wrong.
    """
    outputs, problems = {}, {}
    for field in signature.outputs:
        if field.name not in found:
            if values.optional(field):
                outputs[field.name] = values.default(field)
            else:
                problems[field.name] = "is missing"
            continue
        try:
            outputs[field.name] = read(field, found[field.name])
        except ValueError as error:
            problems[field.name] = str(error)
    if problems:
        raise ParseError(problems, found=found, completion=text)
    return outputs


def told_again(text: str, wrong: str, reminder: str) -> tuple[Message, Message]:
    """The model's answer, what was wrong with it, and what to answer with."""
    plea = f"{wrong}\n\nWrite the whole answer again. {reminder}"
    return Message.of("assistant", text, "repair"), Message.of("user", plea, "repair")
