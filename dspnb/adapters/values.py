"""Values as text in a prompt, and text from a model as values."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import re
import typing
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError

from dspnb.annotations import choices, describe
from dspnb.errors import UsageError
from dspnb.signature import REQUIRED, Field
from dspnb.types.validated import Validated

# Commas only between thousands: `3,5` may be a decimal, and is not guessed at.
NUMBER = re.compile(
    r"[^\d.+-]{0,3}"
    r"([+-]?(?=\.?\d)(?:\d{1,3}(?:,\d{3})+|[\d_]*)(?:\.\d*)?(?:[eE][+-]?\d+)?)"
    r"\D{0,3}"
)
FENCE = re.compile(r"^```[\w-]*\n(.*?)\n?```$", re.DOTALL)


def to_text(value: Any) -> str:
    """A value as a model reads it: text as it is, a list of texts numbered, the rest as JSON.

    >>> print(to_text(["a", "b"]))
    [1] «a»
    [2] «b»
    """
    match value:
        case str():
            return value
        case None:
            return "None"
        case enum.Enum():
            return str(value.value)
        case bool() | int() | float():
            return str(value)
        case [str(), *_] if all(isinstance(item, str) for item in value):
            return "\n".join(f"[{i}] «{item}»" for i, item in enumerate(value, 1))
    return json.dumps(value, ensure_ascii=False, default=plain)


def to_answer(value: Any) -> str:
    """A value as a model would have to write it, so that `read` gives it back."""
    match value:
        case str() | None | bool() | int() | float() | enum.Enum():
            return to_text(value)
    return json.dumps(value, ensure_ascii=False, default=plain)


def plain(value: Any) -> Any:
    """What `json` cannot write, as something that it can."""
    match value:
        case Validated():
            return value.plain()
        case BaseModel():
            return value.model_dump(mode="json")
        case enum.Enum():
            return value.value
        case set() | frozenset() | tuple():
            return list(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


def hint(field: Field) -> str:
    """What a value of this field must look like, in words; empty for text."""
    type_ = _unwrapped(field.type)
    if type_ is str or field.type is Any:
        return ""
    if type_ is bool:
        return "True or False"
    if type_ in (int, float):
        return "a number" if type_ is float else "a whole number"
    if values := choices(type_):
        return f"one of: {'; '.join(map(str, values))}"
    try:
        schema = json.dumps(_validator(type_).json_schema(), ensure_ascii=False)
    except PydanticUserError:
        raise UsageError(
            f"The field `{field.name}` has the type `{field.type_name}`, which cannot be read from "
            "a model's answer; use text, numbers, `Literal`, lists, dicts, dataclasses or pydantic "
            "models."
        ) from None
    return f"JSON of this schema: {schema}"


def read(field: Field, text: str) -> Any:
    """The value that a model wrote for a field.

    Raises `ValueError` with a sentence about what is wrong.
    """
    text = text.strip()
    type_ = _unwrapped(field.type)
    if type_ is str and field.type is str:
        return text
    if text in ("None", "null", "") and type_ is not field.type:
        return None  # an optional field, left open
    if type_ is str:
        return text
    fenced = FENCE.match(text)
    text = fenced[1].strip() if fenced else text
    if type_ is bool:
        return _truth(text)
    if type_ in (int, float):
        return _number(type_, text)
    if values := choices(type_):
        return _choice(type_, values, text)
    return _validated(type_, text)


def optional(field: Field) -> bool:
    """Whether an answer may leave the field out."""
    return field.default is not REQUIRED or _unwrapped(field.type) is not field.type


def default(field: Field) -> Any:
    """What an answer that leaves the field out means."""
    return None if field.default is REQUIRED else field.default


def _unwrapped(type_: Any) -> Any:
    """`T` for `T | None`, otherwise the type itself."""
    arguments = typing.get_args(type_)
    if type(None) in arguments and len(arguments) == 2:
        return arguments[0] if arguments[1] is type(None) else arguments[1]
    return type_


def _truth(text: str) -> bool:
    word = text.strip(" .*`\"'").lower()
    if word in ("true", "yes", "1"):
        return True
    if word in ("false", "no", "0"):
        return False
    raise ValueError(f"must be True or False, not {_short(text)}")


def _number(type_: type, text: str) -> int | float:
    found = NUMBER.fullmatch(text.strip())
    if not found:
        raise ValueError(f"must be a number, not {_short(text)}")
    digits = found[1].replace(",", "").replace("_", "")
    if type_ is int and digits.lstrip("+-").isdecimal():
        return int(digits)  # a float would round a long one
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"must be a number, not {_short(text)}")
    if type_ is float:
        return value
    if not value.is_integer():
        raise ValueError(f"must be a whole number, not {_short(text)}")
    return int(value)


def _choice(type_: Any, values: tuple[Any, ...], text: str) -> Any:
    bare = text.strip(" .*`\"'\n")
    word = bare.casefold()
    exact = {str(value): value for value in values}
    folded = {str(value).casefold(): value for value in reversed(values)}
    for known, written in ((exact, text), (exact, bare), (folded, text.casefold()), (folded, word)):
        if written in known:
            value = known[written]
            return type_(value) if isinstance(type_, type) else value
    if isinstance(type_, type) and issubclass(type_, enum.Enum):
        for member in type_:
            if word in (member.name.casefold(), str(member).casefold()):
                return member
    raise ValueError(f"must be one of {', '.join(map(str, values))}, not {_short(text)}")


def _validated(type_: Any, text: str) -> Any:
    validator = _validator(type_)
    try:
        return validator.validate_json(text)
    except ValidationError:
        pass  # not clean JSON; the tolerant reader below says what is wrong
    import json_repair  # 20 ms to import, and most answers never need it

    value = json_repair.loads(text)
    try:
        return validator.validate_python(value if value != "" else text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(
            f"must be {describe(type_)}; {place + ': ' if place else ''}{first['msg']}"
        ) from None


@lru_cache(maxsize=1024)
def _cached_validator(type_: Any) -> TypeAdapter[Any]:
    return TypeAdapter(type_)


def _validator(type_: Any) -> TypeAdapter[Any]:
    try:
        return _cached_validator(type_)
    except TypeError:  # an annotation with unhashable metadata
        return TypeAdapter(type_)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
