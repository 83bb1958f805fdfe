"""Values out of what a model wrote."""

from __future__ import annotations

import enum
import json
import math
import re
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from dspnb.annotations import describe
from dspnb.errors import ParseError
from dspnb.field import Field
from dspnb.signature import Signature

from .found import Found
from .jsonish import readings
from .kinds import Kind, Plan, default, optional, plan, plans
from .tags import nested

LEFT_OUT = "(left out)"  # what an example shows in the place of an output that it does not have

# Commas only between thousands: `3,5` may be a decimal, and is not guessed at.
NUMBER = re.compile(
    r"[^\d.+-]{0,3}"
    r"([+-]?(?=\.?\d)(?:\d{1,3}(?:,\d{3})+|[\d_]*)(?:\.\d*)?(?:[eE][+-]?\d+)?)"
    r"\D{0,3}"
)
FENCE = re.compile(r"```[\w-]{0,20}[ \t]{0,9}\n(.*?)\n?```", re.DOTALL)
NOTHING = ("none", "null", "")


def outputs_of(signature: Signature, found: Found, text: str) -> dict[str, Any]:
    """The outputs, from what was found in a text; a missing optional one gets its default.

    Raises `ParseError`, which names every field that is wrong.
    """
    outputs: dict[str, Any] = {}
    problems: dict[str, str] = {}
    fields, take = found.fields, _from_json if found.json else _read
    for field, known in plans(signature):
        name = field.name
        given = fields.get(name, LEFT_OUT)
        if given is None and not known.optional and optional(field):
            given = LEFT_OUT  # a strict schema makes a model write null for what it leaves out
        if given == LEFT_OUT:
            if optional(field):
                outputs[name] = default(field)
            else:
                problems[name] = "is missing"
            continue
        try:
            outputs[name] = take(known, given)
        except ValueError as error:
            problems[name] = str(error)
    if problems:
        raise ParseError(problems, found=fields, completion=text)
    return outputs


def read(field: Field, text: str) -> Any:
    """The value that a model wrote for a field.

    Raises `ValueError` with a sentence about what is wrong.

    >>> read(Field("n", int), "**1,234**")
    1234
    """
    return _read(plan(field.type), text)


def from_json(field: Field, value: Any) -> Any:
    """The value that a model wrote for a field inside a JSON object. Raises `ValueError`."""
    return _from_json(plan(field.type), value)


def _read(known: Plan, text: str) -> Any:
    text = text.strip()
    if known.optional and text.casefold() in NOTHING:
        return None
    value = _READERS[known.kind](known, text)
    return _checked(known, value) if known.checked else value


def _from_json(known: Plan, value: Any) -> Any:
    if value is None and known.optional:
        return None
    match known.kind:
        case "text" if isinstance(value, str):
            return value if known.type is str and not known.checked else _checked(known, value)
        case "text" if value is None:
            raise ValueError("must be text, not null")
        case "text":  # a number or an object where text is wanted
            return _read(known, json.dumps(value, ensure_ascii=False))
        case "choice" if value in known.choices and not isinstance(value, bool | float):
            return _checked(known, value)
        case "choice":
            return _read(known, str(value))
        case "number" if isinstance(value, bool):
            return _read(known, str(value))
        case "json" if isinstance(value, str):
            try:
                return known.validator.validate_python(value)
            except ValidationError:
                return _read(known, value)  # a model may write JSON inside a text
        case kind if isinstance(value, str) and kind != "any":
            return _read(known, value)
    return _checked(known, value)


# -- one kind of value each ------------------------------------------------------------


def _text(known: Plan, text: str) -> Any:
    return text if known.type is str else _checked(known, text)


def _truth(known: Plan, text: str) -> bool:
    word = _unfenced(text).strip(" .*`\"'").lower()
    if word in ("true", "yes", "1"):
        return True
    if word in ("false", "no", "0"):
        return False
    raise ValueError(f"must be True or False, not {_short(text)}")


def _number(known: Plan, text: str) -> int | float:
    found = NUMBER.fullmatch(_unfenced(text))
    if not found or len(text) > 999:
        raise ValueError(f"must be a number, not {_short(text)}")
    digits = found[1].replace(",", "").replace("_", "")
    if known.type is int and digits.lstrip("+-").isdecimal():
        return int(digits)  # a float would round a long one
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"must be a number, not {_short(text)}")
    if known.type is float:
        return value
    if not value.is_integer():
        raise ValueError(f"must be a whole number, not {_short(text)}")
    return int(value)


def _choice(known: Plan, text: str) -> Any:
    type_, values = known.type, known.choices
    text = _unfenced(text)
    bare = text.strip(" .*`\"'\n")
    word = bare.casefold()
    exact = {str(value): value for value in values}
    folded = {str(value).casefold(): value for value in reversed(values)}
    for written, said in ((exact, text), (exact, bare), (folded, text.casefold()), (folded, word)):
        if said in written:
            value = written[said]
            return type_(value) if isinstance(type_, type) else value
    if isinstance(type_, type) and issubclass(type_, enum.Enum):
        for member in type_:
            if word in (member.name.casefold(), str(member).casefold()):
                return member
    raise ValueError(f"must be one of {', '.join(map(str, values))}, not {_short(text)}")


def _anything(known: Plan, text: str) -> Any:
    try:
        return json.loads(_unfenced(text))
    except (ValueError, RecursionError):
        return text


def _scalar(known: Plan, text: str) -> Any:
    bare = _unfenced(text)
    for said in (bare, bare.strip(" *`\"'"), bare.strip(" .*`\"'")):
        try:
            return known.validator.validate_python(said)
        except ValidationError as error:
            failed = error
    raise ValueError(_said(known, failed))


def _json(known: Plan, text: str) -> Any:
    try:
        return known.validator.validate_json(text)
    except ValidationError as error:
        failed = error  # not clean JSON; the readings below say what is wrong
    value: Any
    for place, value in enumerate((*readings(text), nested(text))):
        try:
            return known.validator.validate_python(value)
        except ValidationError as error:
            failed = failed if place else error
    raise ValueError(_said(known, failed))


_READERS: dict[Kind, Callable[[Plan, str], Any]] = {
    "text": _text,
    "bool": _truth,
    "number": _number,
    "choice": _choice,
    "any": _anything,
    "scalar": _scalar,
    "json": _json,
}


def _checked(known: Plan, value: Any) -> Any:
    try:
        return known.validator.validate_python(value)
    except ValidationError as error:
        raise ValueError(_said(known, error)) from None


def _said(known: Plan, error: ValidationError) -> str:
    """What is wrong, in a sentence: the first few of pydantic's findings."""
    found = error.errors(include_url=False, include_context=False)
    parts = []
    for one in found[:3]:
        place = ".".join(map(str, one["loc"]))
        parts.append(f"{place + ': ' if place else ''}{one['msg']}")
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return f"must be {describe(known.type)}; {'; '.join(parts)}{more}"


def _unfenced(text: str) -> str:
    found = FENCE.fullmatch(text)
    return found[1].strip() if found else text


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
