"""How our adapters lay prompts out, read back by the offline model: chat, json, xml and compact.

All name the fields and the task in the system message. In the last turn the model is told how to
answer: `[[ ## field ## ]]` sections, one JSON object, or `<field>` sections.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

from .base import Message
from .notation import Either, Exactly, Notation, Plain, Record
from .notation import read as read_notation

HEADER = re.compile(r"^\[\[ ## (\w+) ## \]\][ \t]*", re.MULTILINE)
TAGS = re.compile(r"^<(\w+)>(.*?)</\1>[ \t]*$", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^\d+\. `(\w+)` \((.+?)\)(?:: (.*))?$", re.MULTILINE)
NOTE = re.compile(r"^(?:[^\n{]*[ :])?\{(\w+)\}        # note: (.*)$", re.MULTILINE)
TASK = re.compile(r"^Your task:", re.MULTILINE)
COMPACT = re.compile(r"^Answer with JSON of this type:", re.MULTILINE)
REMINDER = re.compile(r"\n\n(?=Answer with )[^\n]*\Z")
REJECTED = re.compile(r"not accepted|could not be read", re.IGNORECASE)
LIMIT = re.compile(r"(at least|at most|above|below) (-?\d+(?:\.\d+)?)")

TRUTH = {"True": True, "False": False}
LEFT_OUT = "(left out)"  # stands for an output that an example does not have
Kind = Literal["text", "choice", "int", "float", "json"]
Outputs = dict[str, str]  # name -> text; what is no text is written as in the chat layout


@dataclass(frozen=True)
class Wanted:
    """An output field, as the prompt describes it."""

    name: str
    kind: Kind = "text"
    desc: str = ""
    choices: Mapping[str, Any] = field(default_factory=dict)  # text -> value
    shape: Notation | None = None  # of JSON
    limits: Mapping[str, float] = field(default_factory=dict)  # "at least" -> 0.0
    like: str = ""  # a text of the form that is wanted: a date, a time
    optional: bool = False
    json: bool = False  # whether its text must be JSON in any layout


@dataclass(frozen=True)
class Prompt:
    """What a prompt says, in whatever layout it says it."""

    layout: Literal["chat", "json", "xml"]
    wanted: tuple[Wanted, ...]
    instructions: str
    demos: list[tuple[str, Outputs]]  # the text of the inputs, the outputs
    inputs: dict[str, str]
    rejected: list[Outputs]  # answers that were given already and not accepted

    @property
    def query(self) -> str:
        """The text of the inputs."""
        return "\n".join(self.inputs.values())


def read(messages: Sequence[Message]) -> Prompt | None:
    """The parts of a prompt of an adapter; None when it is something else."""
    system = "\n\n".join(m.content for m in messages if m.role == "system")
    task = TASK.search(system)
    described, instructions = (
        (system[: task.start()], system[task.end() :].strip()) if task else (system, "")
    )
    given, wanted = _fields(described)
    layout = _layout(messages, compact=bool(COMPACT.search(described)))
    turns = [_turn(message, layout, given, wanted) for message in messages]
    asked = [
        i
        for i, message in enumerate(messages)
        if message.role == "user" and (given & set(turns[i]) if given else turns[i])
    ]
    if not wanted or not asked:
        return None
    last = asked[-1]
    demos = [
        ("\n".join(turns[i].values()), turns[i + 1])
        for i in asked[:-1]
        if messages[i + 1].role == "assistant"
    ]
    hints = [b.text for m in messages[last:] for b in m.blocks if b.kind == "hint"]
    return Prompt(
        layout,
        wanted,
        "\n\n".join([instructions, *hints]) if hints else instructions,
        demos,
        {name: text for name, text in turns[last].items() if not given or name in given},
        _rejections(messages[last + 1 :], turns[last + 1 :], {one.name for one in wanted}),
    )


def write(prompt: Prompt, answers: Mapping[str, str]) -> str:
    """The answers in the layout of the prompt."""
    if prompt.layout == "json":
        values = {one.name: _value(one, answers[one.name]) for one in prompt.wanted}
        return json.dumps(values, ensure_ascii=False)
    texts = {one.name: _text(one, answers[one.name]) for one in prompt.wanted}
    if prompt.layout == "xml":
        return "\n".join(f"<{name}>\n{text}\n</{name}>" for name, text in texts.items())
    sections = [f"[[ ## {name} ## ]]\n{text}" for name, text in texts.items()]
    return "\n\n".join([*sections, "[[ ## completed ## ]]"])


# -- fields ----------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _fields(described: str) -> tuple[frozenset[str], tuple[Wanted, ...]]:
    """The names of the inputs, when the prompt lists them, and the outputs."""
    if compact := COMPACT.search(described):
        return frozenset(), _of_record(described[compact.end() :])
    before, _, outputs = described.partition("Output fields:")
    notes = dict(NOTE.findall(described))
    wanted = [
        _wanted(name, type_, desc, notes.get(name, ""))
        for name, type_, desc in FIELD.findall(outputs)
    ]
    return frozenset(name for name, *_ in FIELD.findall(before)), tuple(wanted)


def _wanted(name: str, type_: str, desc: str, note: str) -> Wanted:
    plain, optional = type_.removesuffix(" | None"), type_.endswith(" | None")
    one = Wanted(name, desc=desc, optional=optional)
    if note.startswith("JSON of type "):
        try:
            shape = read_notation(note.removeprefix("JSON of type "))
        except ValueError:
            shape = Notation(Plain("any"), {})
        return replace(_of_shape(one, shape), json=True)
    if note.startswith("one of: "):
        return replace(one, kind="choice", choices=_choices(plain, note))
    if plain == "bool":
        return replace(one, kind="choice", choices=TRUTH)
    if note.startswith("a whole number"):
        return replace(one, kind="int", limits=_limits(note))
    if note.startswith(("a number", "a Decimal")):
        return replace(one, kind="float", limits=_limits(note))
    return replace(one, limits=_lengths(note), like=_like(note))


def _choices(type_: str, note: str) -> dict[str, Any]:
    """The values that a `Literal` lists; those of an enum only the note knows."""
    if listed := re.match(r"Literal\[(.*)\]$", type_, re.DOTALL):
        try:
            return {str(value): value for value in ast.literal_eval(f"({listed[1]},)")}
        except (ValueError, SyntaxError):
            pass  # members of an enum
    return {text: text for text in note.removeprefix("one of: ").split("; ")}


def _of_record(text: str) -> tuple[Wanted, ...]:
    """The outputs that an object type lists."""
    try:
        shape = read_notation(text)
    except ValueError:
        return ()
    members = shape.type.members if isinstance(shape.type, Record) else ()
    return tuple(
        _of_shape(
            Wanted(one.name, desc=one.description, optional=not one.required),
            Notation(one.type, shape.definitions, one.description),
        )
        for one in members
    )


def _of_shape(one: Wanted, shape: Notation) -> Wanted:
    """A field with the kind that its type has, `null` left aside."""
    options = shape.type.options if isinstance(shape.type, Either) else (shape.type,)
    some = tuple(option for option in options if option != Exactly(None)) or options
    one = replace(
        one,
        optional=one.optional or some != options,
        limits=_limits(shape.rest.partition("\n")[0]),
    )
    if all(isinstance(option, Exactly) for option in some):
        values = [option.value for option in some if isinstance(option, Exactly)]
        return replace(one, kind="choice", choices={_as_text(value): value for value in values})
    match some:
        case [Plain("bool")]:
            return replace(one, kind="choice", choices=TRUTH)
        case [Plain(("int" | "float") as kind)]:
            return replace(one, kind=kind)
        case [Plain("string")]:
            return replace(one, limits=_lengths(shape.rest), like=_like(shape.rest))
    return replace(one, kind="json", shape=shape)


def _limits(words: str) -> dict[str, float]:
    """The limits in words such as `at least 0, at most 10`: of a number, or of how many."""
    return {word: float(number) for word, number in LIMIT.findall(words)}


def _lengths(words: str) -> dict[str, float]:
    """The limits of a text's length."""
    return _limits(words) if "character" in words else {}


def _like(words: str) -> str:
    """The example in words such as `as in 2026-01-31`."""
    found = re.search(r"\bas in (\S*\d\S*?)(?:[;,)]|\s|$)", words)
    return found[1] if found else ""


# -- turns -----------------------------------------------------------------------------


def _layout(messages: Sequence[Message], *, compact: bool) -> Literal["chat", "json", "xml"]:
    """What the last user turn, in its last line, wants to be answered with."""
    if compact:
        return "json"
    said = next((_said(m) for m in reversed(messages) if m.role == "user"), "")
    wanted = said.rstrip().rpartition("\n")[2].partition("Answer with ")[2]
    if wanted.startswith("`<"):
        return "xml"
    return "json" if "one JSON object" in wanted and not wanted.startswith("`[[") else "chat"


def _turn(
    message: Message, layout: str, given: frozenset[str], wanted: Iterable[Wanted]
) -> Outputs:
    """The fields that a message holds."""
    if message.role == "system":
        return {}
    text = _said(message)
    if layout == "json" and message.role == "assistant":
        return _members(text)
    text = REMINDER.sub("", text)
    if layout == "xml":
        names = given if message.role == "user" else {one.name for one in wanted}
        return {name: body.strip() for name, body in TAGS.findall(text) if name in names}
    _, *parts = HEADER.split(text)
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _said(message: Message) -> str:
    """The text of a message without hints, which are a part of the task."""
    return "\n\n".join(block.text for block in message.blocks if block.kind != "hint")


def _members(text: str) -> Outputs:
    """The members of the JSON object in a text, each as a text."""
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1])
    except ValueError:
        return {}
    return {name: _as_text(value) for name, value in found.items()} if start >= 0 else {}


def _rejections(
    messages: Sequence[Message], turns: Sequence[Outputs], names: set[str]
) -> list[Outputs]:
    """The answers that the user did not accept; only the fields that he blames, if any."""
    rejected = []
    for i, (answer, reply) in enumerate(pairwise(messages)):
        if answer.role != "assistant" or not REJECTED.search(reply.content):
            continue
        why = reply.content.partition("Answer with ")[0]
        blamed = names & set(re.findall(r"`(\w+)`", why)) or names
        rejected.append({name: text for name, text in turns[i].items() if name in blamed})
    return rejected


# -- values ----------------------------------------------------------------------------


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, bool | str):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _text(one: Wanted, text: str) -> str:
    return json.dumps(_value(one, text), ensure_ascii=False) if one.json else text


def _value(one: Wanted, text: str) -> Any:
    """The JSON value that a text stands for."""
    if one.optional and text == "None":
        return None
    if one.kind in ("text", "choice"):
        return one.choices.get(text, text)
    try:
        return json.loads(text)
    except ValueError:  # an example whose value is not of the type
        return text
