"""Fields as headed sections of plain text, in the layout that DSPy's chat adapter uses.

Models tuned to that layout, and traces of it, stay interchangeable; the sentences are our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from dspnb.errors import ParseError
from dspnb.example import Example
from dspnb.lm.base import Block, Message
from dspnb.signature import Field, Signature

from . import values

# A header may stand inside a line, in any case, with Markdown around it (`**[[ ## a ## ]]**`).
HEADER = re.compile(
    r"(?:^[ \t]*[*_#>`]{1,4}[ \t]*)?\[\[[ \t]*#{1,3}[ \t]*(\w+)[ \t]*#{1,3}[ \t]*\]\][*_`:]*",
    re.MULTILINE,
)
COMPLETED = "[[ ## completed ## ]]"


class ChatAdapter:
    """Render with `[[ ## field ## ]]` headers; parse them back tolerantly."""

    name: ClassVar[str] = "chat"

    def render(
        self, signature: Signature, demos: Sequence[Example], inputs: Mapping[str, Any]
    ) -> tuple[Message, ...]:
        """The whole prompt. What does not depend on `inputs` is built once and kept.

        >>> messages = ChatAdapter().render(Signature("question -> answer"), (), {"question": "?"})
        >>> [message.role for message in messages]
        ['system', 'user']
        """
        asked = Block("input", _sections(signature.inputs, inputs, values.to_text))
        turn = Message("user", (asked, Block("format", _reminder(signature))))
        return (*_prefix(signature, tuple(demos)), turn)

    def parse(self, signature: Signature, text: str) -> dict[str, Any]:
        """The outputs that a completion holds.

        A missing optional output gets its default. Raises `ParseError`.

        >>> ChatAdapter().parse(Signature("q -> n: int"), "[[ ## n ## ]] 7")
        {'n': 7}
        """
        found = _found(signature, text)
        outputs, problems = {}, {}
        for field in signature.outputs:
            if field.name not in found:
                if values.optional(field):
                    outputs[field.name] = values.default(field)
                else:
                    problems[field.name] = "is missing"
                continue
            try:
                outputs[field.name] = values.read(field, found[field.name])
            except ValueError as error:
                problems[field.name] = str(error)
        if problems:
            raise ParseError(problems, found=found, completion=text)
        return outputs

    def repair(self, signature: Signature, text: str, error: ParseError) -> tuple[Message, ...]:
        """Show the model its answer and what was wrong with it."""
        wrong = "\n".join(f"- `{name}` {problem}" for name, problem in error.problems.items())
        plea = (
            f"That answer could not be read:\n{wrong}\n\nWrite the whole answer again. "
            f"{_reminder(signature)}"
        )
        return (Message.of("assistant", text, "repair"), Message.of("user", plea, "repair"))

    def __repr__(self) -> str:
        return "ChatAdapter()"


@lru_cache(maxsize=256)
def _prefix(signature: Signature, demos: tuple[Example, ...]) -> tuple[Message, ...]:
    """The system message and the demos: the same for every call of a predictor."""
    system = Message(
        "system",
        (
            Block("fields", _described(signature)),
            Block("format", _structure(signature)),
            Block("instructions", f"Your task:\n{signature.instructions}"),
        ),
    )
    shown = [demo for demo in demos if _usable(signature, demo)]
    whole = [demo for demo in shown if not _missing(signature, demo)]
    partial = [demo for demo in shown if _missing(signature, demo)]
    turns = [turn for demo in (*partial, *whole) for turn in _turns(signature, demo)]
    return (system, *turns)


def _described(signature: Signature) -> str:
    return "\n".join(
        [
            "Input fields:",
            *map(_description, range(1, 99), signature.inputs),
            "Output fields:",
            *map(_description, range(1, 99), signature.outputs),
        ]
    )


def _description(number: int, field: Field) -> str:
    line = f"{number}. `{field.name}` ({field.type_name})"
    return f"{line}: {field.desc}" if field.desc else line


def _structure(signature: Signature) -> str:
    slots = [f"{_header(field.name)}\n{{{field.name}}}{_note(field)}" for field in signature.fields]
    return "\n\n".join(["Every exchange has this layout:", *slots, COMPLETED])


def _note(field: Field) -> str:
    words = values.hint(field) if field.role == "output" else ""
    return f"        # note: {words}" if words else ""


@lru_cache(maxsize=256)
def _reminder(signature: Signature) -> str:
    wanted = [
        f"`{_header(field.name)}`{f' ({words})' if (words := _brief(field)) else ''}"
        for field in signature.outputs
    ]
    return f"Answer with {', then '.join(wanted)}, and end with `{COMPLETED}`."


def _brief(field: Field) -> str:
    words = values.hint(field)
    return f"a valid {field.type_name}" if words.startswith("JSON") else words


def _turns(signature: Signature, demo: Example) -> tuple[Message, Message]:
    missing = _missing(signature, demo)
    shown = [field for field in signature.inputs if field.name not in missing]
    asked = _sections(shown, demo, values.to_text)
    if missing:
        asked = f"This example leaves out {', '.join(missing)}.\n\n{asked}"
    known = {
        field.name: "(left out)" if field.name in missing else demo[field.name]
        for field in signature.outputs
    }
    answered = _sections(signature.outputs, known, values.to_answer)
    return (
        Message.of("user", asked, "demo"),
        Message.of("assistant", f"{answered}\n\n{COMPLETED}", "demo"),
    )


def _usable(signature: Signature, demo: Example) -> bool:
    """A demo teaches something when it shows an input and an output."""
    return all(
        any(field.name in demo for field in side) for side in (signature.inputs, signature.outputs)
    )


def _missing(signature: Signature, demo: Example) -> list[str]:
    """The fields without a value; None is one when the type allows it."""
    return [
        field.name
        for field in signature.fields
        if demo.get(field.name) is None and not (field.name in demo and values.optional(field))
    ]


def _sections(fields: Iterable[Field], given: Mapping[str, Any], write: Any) -> str:
    return "\n\n".join(f"{_header(field.name)}\n{write(given[field.name])}" for field in fields)


def _header(name: str) -> str:
    return f"[[ ## {name} ## ]]"


def _found(signature: Signature, text: str) -> dict[str, str]:
    """Name -> text of each section. The first section of a name counts."""
    known = [field.name for field in signature.outputs]
    names = {name.casefold(): name for name in known} | {name: name for name in known}
    headers = [
        (names.get(match[1]) or names.get(match[1].casefold()), match)
        for match in HEADER.finditer(text)
    ]
    headers = [(name, match) for name, match in headers if name or _ends_section(match)]
    ends = [*(match.start() for _, match in headers), len(text)]
    found: dict[str, str] = {}
    for (name, match), end in zip(headers, ends[1:], strict=True):
        if name:
            found.setdefault(name, text[match.end() : end].strip())
    lone = text[: ends[0]].strip()
    if not found and len(known) == 1 and lone and all(_is_completed(match) for _, match in headers):
        return {known[0]: lone}
    return found


def _ends_section(match: re.Match[str]) -> bool:
    """A field nobody asked for ends a section too, unless a line merely quotes its header."""
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 :].partition("\n")[0]
    return _is_completed(match) or line.strip() == match[0].strip()


def _is_completed(match: re.Match[str]) -> bool:
    return match[1].casefold() == "completed"
