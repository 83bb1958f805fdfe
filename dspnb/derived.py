"""A signature made from an older one, made again from the newer one."""

from __future__ import annotations

import enum
import functools
import operator
import types
import typing
from dataclasses import replace
from typing import Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from .jsonable import to_json
from .signature import Field, Signature


def derived(old: Signature, new: Signature, signature: Signature) -> Signature | None:
    """What `signature`, which was made from `old`, is when it is made from `new` instead.

    Fields that it has beyond those of `old` stay where they are, instructions that it does not
    share with `old` too. None when it was not made from `old`.

    >>> old, new = Signature("q -> a", name="QA"), Signature("q -> a, b", name="QA")
    >>> reasoned = old.prepend(Field("reasoning", role="output"))
    >>> str(derived(old, new, reasoned))
    'q -> reasoning, a, b'
    >>> derived(old, new, Signature("q -> a"))
    """
    if not _has_fields_of(signature, old):
        return None
    own, given = {field.name for field in old.fields}, {field.name for field in new.fields}
    after: dict[tuple[str, str], list[Field]] = {}  # (role, name of a field of `old` or "")
    place = {"input": "", "output": ""}
    for field in signature.fields:
        if field.name in own:
            place[field.role] = field.name
        elif field.name not in given:
            after.setdefault((field.role, place[field.role]), []).append(field)
    fields = [field for role in place for field in after.pop((role, ""), [])]
    for field in new.fields:
        fields += [field, *after.pop((field.role, field.name), [])]
    fields += [field for rest in after.values() for field in rest]
    learned = signature.instructions != old.instructions
    return Signature(
        tuple(fields),
        signature.instructions if learned else new.instructions,
        name=new.name if signature.name == old.name else signature.name,
    )


def retyped(signature: Signature, old: type, new: type) -> Signature:
    """The signature with the class `new` wherever its types and defaults have `old`.

    >>> str(retyped(Signature("q -> n: list[int]"), int, float))
    'q -> n: list[float]'
    """
    fields = tuple(
        field
        if (type_ := _with_class(field.type, old, new)) is field.type
        else replace(field, type=type_, default=_moved(field.default, old, new))
        for field in signature.fields
    )
    return signature if fields == signature.fields else replace(signature, fields=fields)


def _has_fields_of(signature: Signature, old: Signature) -> bool:
    """Whether the fields of `old` stand in it: the very same, or equal ones under one name."""
    rest = iter(signature.fields)
    named = bool(old.name) and signature.name == old.name
    return all(
        any(field is candidate or (named and field == candidate) for candidate in rest)
        for field in old.fields
    )


def _with_class(type_: Any, old: type, new: type) -> Any:
    if type_ is old:
        return new
    if isinstance(type_, old) and isinstance(type_, enum.Enum):
        return _moved(type_, old, new)  # in a `Literal`
    arguments = typing.get_args(type_)
    changed = tuple(_with_class(argument, old, new) for argument in arguments)
    if all(a is b for a, b in zip(arguments, changed, strict=True)):
        return type_
    origin = typing.get_origin(type_)
    if origin in (typing.Union, types.UnionType):
        return functools.reduce(operator.or_, changed)
    if origin is typing.Annotated:
        return typing.Annotated[(changed[0], *type_.__metadata__)]
    return origin[changed] if len(changed) > 1 else origin[changed[0]]


def _moved(value: Any, old: type, new: type) -> Any:
    """A value of the class `old` as one of `new`; as it is when that cannot be."""
    if not isinstance(value, old):
        return value
    try:
        return TypeAdapter(new).validate_python(to_json(value))
    except (ValidationError, PydanticUserError):
        return value
