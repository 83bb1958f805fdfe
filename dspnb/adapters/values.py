"""Values as text in a prompt, and text from a model as values."""

from __future__ import annotations

import contextlib
import enum
import json
import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import pydantic_core
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from dspnb.annotations import choices, describe
from dspnb.errors import UsageError
from dspnb.lm.base import Attachment
from dspnb.signature import REQUIRED, Field
from dspnb.types import Audio, Code, Document, File, Image, Tool
from dspnb.types.table import is_table, table_text
from dspnb.types.validated import Validated

from . import notation

# Commas only between thousands: `3,5` may be a decimal, and is not guessed at.
NUMBER = re.compile(
    r"[^\d.+-]{0,3}"
    r"([+-]?(?=\.?\d)(?:\d{1,3}(?:,\d{3})+|[\d_]*)(?:\.\d*)?(?:[eE][+-]?\d+)?)"
    r"\D{0,3}"
)
FENCE = re.compile(r"^```[\w-]*[ \t]*\n(.*?)\n?```$", re.DOTALL)
NOTHING = ("None", "null", "")
MEDIA = (Image, Audio, File, Document)

Kind = Literal["text", "bool", "number", "choice", "any", "scalar", "json"]


@dataclass(frozen=True)
class Plan:
    """How values of a type are written and read; worked out once a type."""

    kind: Kind
    type: Any  # without `Annotated` and without `| None`
    optional: bool  # None is a value
    checked: bool  # has constraints beyond the type
    validator: TypeAdapter[Any]


# -- writing ---------------------------------------------------------------------------


def to_text(value: Any, attached: list[Attachment] | None = None) -> str:
    """A value as a model reads it: text as it is, a list of texts numbered, the rest as JSON.

    What is not text, such as a picture, goes into `attached`, and stands in the text by its name.

    >>> print(to_text(["a", "b"]))
    [1] «a»
    [2] «b»
    """
    match value:
        case str() if not isinstance(value, enum.Enum):
            return str(value)
        case None:
            return "None"
        case enum.Enum():
            return str(value.value)
        case bool() | int() | float():
            return str(value)
        case [str(), *_] if all(isinstance(item, str) for item in value):
            return "\n".join(f"[{i}] «{item}»" for i, item in enumerate(value, 1))
    told = _shown(value, [] if attached is None else attached)
    return told if isinstance(told, str) else _dumped(told, attached)


def to_answer(field: Field, value: Any) -> str:
    """A value as a model would have to write it, so that `read` gives it back."""
    if value is None:
        return "None"
    kind = plan(field.type).kind
    if kind in ("text", "bool", "number", "choice"):
        return to_text(value)
    told = to_json(field, value)
    if isinstance(told, str) and (kind == "scalar" or (kind == "any" and not _is_json(told))):
        return told
    return _dumped(told)


def to_json(field: Field, value: Any) -> Any:
    """A value as plain JSON data that `from_json` gives back."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        return str(value)
    try:
        told = plan(field.type).validator.dump_python(value, mode="json", by_alias=True)
    except (pydantic_core.PydanticSerializationError, TypeError, AttributeError, UserWarning):
        return json.loads(json.dumps(value, default=plain))  # a demo of another type
    return sorted(told, key=repr) if isinstance(value, set | frozenset) else told


def plain(value: Any) -> Any:
    """What `json` cannot write, as something that it can."""
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)  # equal sets make equal prompts, which a cache knows
    if isinstance(value, Validated):
        return value.plain()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    try:
        return pydantic_core.to_jsonable_python(value)
    except pydantic_core.PydanticSerializationError:
        return str(value)


def _shown(value: Any, attached: list[Attachment]) -> Any:
    """The value as JSON can write it, or as text; attachments are put aside."""
    if isinstance(value, MEDIA):
        attachment = value.attachment()
        attached.append(attachment)
        number = sum(other.kind == attachment.kind for other in attached)
        return f"<{attachment.kind} {number}>"
    if isinstance(value, Tool):
        return value.describe()
    if is_table(value):
        return table_text(value)
    match value:
        case [Tool(), *_]:
            return "\n".join(item.describe() for item in value)
    return value


def _dumped(value: Any, attached: list[Attachment] | None = None) -> str:
    aside = [] if attached is None else attached

    def other(item: Any) -> Any:
        told = _shown(item, aside)
        if told is not item:
            return told
        if isinstance(item, BaseModel) and _holds_attachments(type(item)):
            return dict(item)  # field by field, so that each comes here
        return plain(item)

    try:
        return json.dumps(value, ensure_ascii=False, default=other)
    except TypeError:  # keys that JSON does not know
        return json.dumps(plain(value), ensure_ascii=False, default=str)


@lru_cache(maxsize=256)
def _holds_attachments(model: type[BaseModel]) -> bool:
    return _mentions_attachment(model, set())


def _mentions_attachment(type_: Any, seen: set[Any]) -> bool:
    if type_ in MEDIA:
        return True
    if not (isinstance(type_, type) and issubclass(type_, BaseModel)):
        return any(_mentions_attachment(part, seen) for part in typing.get_args(type_))
    if type_ in seen:
        return False
    seen.add(type_)
    fields = type_.model_fields.values()
    return any(_mentions_attachment(field.annotation, seen) for field in fields)


# -- what a prompt says of a type ------------------------------------------------------


def hint(field: Field, *, json_: bool = False) -> str:
    """What a value of this field must look like, in words; empty for text without limits.

    With `json_`, as a value inside a JSON object.
    """
    return _hint(field, json_)


@lru_cache(maxsize=1024)
def _hint(field: Field, json_: bool) -> str:
    known = _plan_of(field)
    schema = _schema(field, known)
    told = {"text": "", "any": "", "bool": "true or false" if json_ else "True or False"}
    if known.kind == "number":
        words = "a number" if known.type is float else "a whole number"
    elif known.kind == "choice":
        words = f"one of: {'; '.join(map(str, choices(known.type)))}"
    elif isinstance(known.type, type) and issubclass(known.type, Code):
        words = f"{known.type.language} code"
    elif known.kind in told:
        words = told[known.kind]
    elif known.kind == "scalar":
        words = f"a {describe(known.type)}"
    else:
        words = f"JSON of type {notation.notation(schema)}"
    limits = notation.words(_unwrapped_schema(schema))
    return "; ".join(part for part in (words, limits) if part)


def json_schema(field: Field) -> dict[str, Any]:
    """The JSON schema of a field's type."""
    return dict(_schema(field, _plan_of(field)))


def _schema(field: Field, known: Plan) -> Mapping[str, Any]:
    try:
        return known.validator.json_schema()
    except PydanticUserError:
        raise _unwritable(field) from None


def _unwrapped_schema(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of `T` for that of `T | None`."""
    inner = [part for part in schema.get("anyOf", ()) if part.get("type") != "null"]
    if len(inner) != 1:
        return schema
    return typing.cast(Mapping[str, Any], inner[0])


def _unwritable(field: Field) -> UsageError:
    return UsageError(
        f"The field `{field.name}` has the type `{field.type_name}`, which cannot be read from "
        "a model's answer; use text, numbers, `Literal`, lists, dicts, dataclasses or pydantic "
        "models."
    )


# -- reading ---------------------------------------------------------------------------


def read(field: Field, text: str) -> Any:
    """The value that a model wrote for a field.

    Raises `ValueError` with a sentence about what is wrong.
    """
    text = text.strip()
    if field.type is str:
        return text
    known = plan(field.type)
    if known.optional and text in NOTHING:
        return None
    value = _READERS[known.kind](known, text)
    return _checked(known, value) if known.checked else value


def from_json(field: Field, value: Any) -> Any:
    """The value that a model wrote for a field inside a JSON object. Raises `ValueError`."""
    if isinstance(value, str):
        if field.type is str:
            return value
        known = plan(field.type)
        if known.kind in ("text", "any"):
            return _checked(known, value) if known.kind == "text" else value
        if known.kind == "json":
            try:
                return known.validator.validate_python(value)
            except ValidationError:
                pass  # a model may write JSON inside a string
        return read(field, value)
    known = plan(field.type)
    if value is None and known.optional:
        return None
    if known.kind == "text":  # a number or an object where text is wanted
        return read(field, json.dumps(value, ensure_ascii=False))
    if known.kind == "choice" or (known.kind == "number" and isinstance(value, bool)):
        return read(field, str(value))
    return _checked(known, value)


def optional(field: Field) -> bool:
    """Whether an answer may leave the field out."""
    return field.default is not REQUIRED or plan(field.type).optional


def default(field: Field) -> Any:
    """What an answer that leaves the field out means."""
    return None if field.default is REQUIRED else field.default


def fits(field: Field, value: Any) -> bool:
    """Whether a value is one of the field's type."""
    if value is None:
        return optional(field)
    try:
        plan(field.type).validator.validate_python(value)
    except ValidationError:
        return False
    except PydanticUserError:
        return True  # no type that pydantic knows
    return True


def plan(type_: Any) -> Plan:
    """How values of a type are written and read."""
    try:
        return _plan(type_)
    except TypeError:  # an annotation with unhashable metadata
        return _plan.__wrapped__(type_)


def _plan_of(field: Field) -> Plan:
    try:
        return plan(field.type)
    except PydanticUserError:
        raise _unwritable(field) from None


@lru_cache(maxsize=1024)
def _plan(type_: Any) -> Plan:
    core, checked = _bare(type_)
    options = typing.get_args(core)
    optional = False
    if typing.get_origin(core) in (typing.Union, types.UnionType) and type(None) in options:
        optional = True
        rest = tuple(option for option in options if option is not type(None))
        core, inner = _bare(typing.Union[rest])  # noqa: UP007  of a tuple of types
        checked = checked or inner
    elif None in options:  # Literal["a", None]
        optional = True
    validator: TypeAdapter[Any] = TypeAdapter(type_)
    return Plan(_kind(core), core, optional, checked, validator)


def _bare(type_: Any) -> tuple[Any, bool]:
    """The type inside `Annotated`, and whether it was."""
    if typing.get_origin(type_) is typing.Annotated:
        return typing.get_args(type_)[0], True
    return type_, False


def _kind(type_: Any) -> Kind:
    if type_ is str:
        return "text"
    if type_ is bool:
        return "bool"
    if type_ in (int, float):
        return "number"
    if choices(type_):
        return "choice"
    if type_ is Any or type_ is object:
        return "any"
    try:
        schema = TypeAdapter(type_).json_schema()
    except PydanticUserError:
        return "json"
    if isinstance(type_, type) and issubclass(type_, str):
        return "text"
    plain_text = schema.get("type") == "string" and "enum" not in schema
    return "scalar" if plain_text or _is_decimal(type_) else "json"


def _is_decimal(type_: Any) -> bool:
    return isinstance(type_, type) and type_.__name__ == "Decimal"


def _text(known: Plan, text: str) -> Any:
    if known.type is str:
        return text
    return known.validator.validate_python(text)


def _truth(known: Plan, text: str) -> bool:
    word = _unfenced(text).strip(" .*`\"'").lower()
    if word in ("true", "yes", "1"):
        return True
    if word in ("false", "no", "0"):
        return False
    raise ValueError(f"must be True or False, not {_short(text)}")


def _number(known: Plan, text: str) -> int | float:
    found = NUMBER.fullmatch(_unfenced(text))
    if not found:
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
    type_, values = known.type, choices(known.type)
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
    except ValueError:
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
    except ValidationError:
        pass  # not clean JSON; the tolerant reader below says what is wrong
    bare = _unfenced(text)
    if bare != text:
        try:
            return known.validator.validate_json(bare)
        except ValidationError:
            pass
    failed: ValidationError | None = None
    for value in _readings(bare):
        try:
            return known.validator.validate_python(value)
        except ValidationError as error:
            failed = failed or error
    assert failed is not None
    raise ValueError(_said(known, failed))


def _readings(text: str) -> list[Any]:
    """What a text that is not clean JSON may mean, the likeliest first."""
    import json_repair  # 20 ms to import, and most answers never need it

    try:
        value = json_repair.loads(text)
    except (ValueError, RecursionError):
        value = ""
    readings = [value if value != "" else text]
    start = min((i for i in (text.find("{"), text.find("[")) if i > 0), default=-1)
    if start > 0:  # words before it
        with contextlib.suppress(ValueError, RecursionError):
            readings.append(json_repair.loads(text[start:]))
    return [*readings, text]


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
    found = FENCE.match(text)
    return found[1].strip() if found else text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
