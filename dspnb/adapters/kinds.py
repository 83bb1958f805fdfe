"""What kind of value a field holds, worked out once a type, and said in words for a prompt."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError

from dspnb.annotations import choices, describe
from dspnb.constraints import constraint_words
from dspnb.errors import UsageError
from dspnb.field import REQUIRED, Field
from dspnb.signature import Signature
from dspnb.types import Code

from . import notation

Kind = Literal["text", "bool", "number", "choice", "any", "scalar", "json"]


@dataclass(frozen=True, eq=False)
class Plan:
    """How values of a type are written and read."""

    kind: Kind
    type: Any  # without `Annotated` and without `| None`
    optional: bool  # None is a value
    checked: bool  # has constraints beyond the type
    whole: Any  # the type as it is annotated

    @cached_property
    def validator(self) -> TypeAdapter[Any]:
        """Checks and writes values of the whole type."""
        return TypeAdapter(self.whole)

    @cached_property
    def choices(self) -> tuple[Any, ...]:
        """The values that a choice is made from."""
        return choices(self.type)


def plan(type_: Any) -> Plan:
    """How values of a type are written and read."""
    # Python takes `Literal["a", "b"]` and `Literal["b", "a"]` for equal; their texts differ.
    written = describe(type_)
    try:
        return _plan(type_, written)
    except TypeError:  # an annotation with unhashable metadata
        return _plan.__wrapped__(type_, written)


@lru_cache(maxsize=256)
def plans(signature: Signature) -> tuple[tuple[Field, Plan], ...]:
    """The plan of each output. Raises `UsageError` for one whose type no model can write."""
    return tuple((field, plan_of(field)) for field in signature.outputs)


def plan_of(field: Field) -> Plan:
    """The plan of a field. Raises `UsageError` when its type can be read from no answer."""
    try:
        known = plan(field.type)
        known.validator.json_schema()
    except (PydanticUserError, NameError, RecursionError) as error:
        raise _unwritable(field, error) from None
    return known


@lru_cache(maxsize=1024)
def _plan(type_: Any, written: str) -> Plan:
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
    return Plan(_kind(core), core, optional, checked, type_)


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
    if isinstance(type_, type) and issubclass(type_, str):
        return "text"
    try:
        schema = TypeAdapter(type_).json_schema()
    except (PydanticUserError, NameError, RecursionError):
        return "json"
    plain_text = schema.get("type") == "string" and "enum" not in schema
    return "scalar" if plain_text or _is_decimal(type_) else "json"


def _is_decimal(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, Decimal)


def _unwritable(field: Field, error: Exception) -> UsageError:
    which = f"The field `{field.name}` has the type `{field.type_name}`"
    if isinstance(error, NameError) or getattr(error, "code", "") == "class-not-fully-defined":
        return UsageError(
            f"{which}, which refers to a type by a name that is not defined. Define it before, in "
            "the same scope, or call `model_rebuild()` on the model that names it."
        )
    return UsageError(
        f"{which}, which cannot be read from a model's answer; use text, numbers, `Literal`, "
        "lists, dicts, dataclasses or pydantic models. pydantic: "
        f"{(str(error).splitlines() or [type(error).__name__])[0]}"
    )


def core(type_: Any) -> Any:
    """The type itself, without limits and without `| None`; also of a class that no model writes.

    >>> core(int | None)
    <class 'int'>
    """
    bare, _ = _bare(type_)
    if typing.get_origin(bare) in (typing.Union, types.UnionType):
        rest = [option for option in typing.get_args(bare) if option is not type(None)]
        return core(rest[0]) if len(rest) == 1 else bare
    return bare


def comes_whole(field: Field) -> bool:
    """Whether a value can only be read when all of it is there: it is no text, or in a fence."""
    known = plan(field.type)
    return known.kind != "text" or (isinstance(known.type, type) and issubclass(known.type, Code))


def optional(field: Field) -> bool:
    """Whether an answer may leave the field out."""
    return field.default is not REQUIRED or plan(field.type).optional


def default(field: Field) -> Any:
    """What an answer that leaves the field out means."""
    return None if field.default is REQUIRED else field.fresh_default()


# -- what a prompt says of a type ------------------------------------------------------


@lru_cache(maxsize=1024)
def hint(field: Field, *, json_: bool = False) -> str:
    """What a value of this field must look like, in words; empty for text without limits.

    With `json_`, as a value inside a JSON object.
    """
    known = plan_of(field)
    schema = known.validator.json_schema()
    match known.kind:
        case "bool":
            words = "true or false" if json_ else "True or False"
        case "number":
            words = "a number" if known.type is float else "a whole number"
        case "choice":
            words = f"one of: {'; '.join(map(str, known.choices))}"
        case "text" if isinstance(known.type, type) and issubclass(known.type, Code):
            words = f"{known.type.language} code"
        case "text" | "any":
            words = ""
        case "scalar":
            words = "a number" if _is_decimal(known.type) else f"a {describe(known.type)}"
        case "json":
            words = f"JSON of type {notation.notation(schema)}"
    return "; ".join(part for part in (words, limits(field, schema)) if part)


def limits(field: Field, schema: Mapping[str, Any]) -> str:
    """The limits and the form of a field's values, in words; pydantic says none of a date's."""
    said = notation.words(schema)
    if "at " not in said and "above" not in said and "below" not in said:
        said = ", ".join(filter(None, [said, _in_dates(field)]))
    return said


def _in_dates(field: Field) -> str:
    known = plan(field.type)
    return constraint_words(field.type) if known.kind == "scalar" and known.checked else ""


def schema_of(fields: Sequence[Field]) -> dict[str, Any]:
    """The JSON schema of an object of these fields; models of one name are told apart."""
    adapters = [(field.name, "validation", plan_of(field).validator) for field in fields]
    schemas, definitions = TypeAdapter.json_schemas(adapters)  # type: ignore[arg-type]
    return {
        "type": "object",
        "properties": {field.name: schemas[(field.name, "validation")] for field in fields},
        "required": [field.name for field in fields if not optional(field)],
        "$defs": definitions.get("$defs", {}),
    }


@lru_cache(maxsize=1024)
def plain_type_name(field: Field) -> str:
    """The type without its limits, which a prompt says in words.

    >>> plain_type_name(Field("n", "list[int(ge=0)]"))
    'list[int]'
    """
    return describe(_without_limits(field.type))


def _without_limits(type_: Any) -> Any:
    if typing.get_origin(type_) is typing.Annotated:
        return _without_limits(typing.get_args(type_)[0])
    arguments = typing.get_args(type_)
    if not arguments or typing.get_origin(type_) is Literal:
        return type_
    inner = tuple(map(_without_limits, arguments))
    if inner == arguments:
        return type_
    if isinstance(type_, types.UnionType) or typing.get_origin(type_) is typing.Union:
        return typing.Union[inner]  # noqa: UP007  of a tuple of types
    return type_.copy_with(inner) if hasattr(type_, "copy_with") else type_.__origin__[inner]
