"""The inputs of a call: all there, none too many, each within the limits of its field."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from .errors import InputError, UsageError, listed, nearest
from .field import REQUIRED, Field
from .signature import Signature
from .types.validated import Validated


def check_inputs(signature: Signature, given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a call, with defaults filled in; one that may be edited is the call's own.

    What a field of a type of ours is given, such as the address of an `Image`, becomes one. Raises
    `UsageError` when one is missing or one too many is given, `InputError` when one does not fit.

    >>> check_inputs(Signature("q, k: int(ge=1) = 3 -> a"), {"q": "?"})
    {'q': '?', 'k': 3}
    """
    names = signature.input_names
    if len(given) == len(names):
        try:
            values = {name: given[name] for name in names}
        except KeyError:
            pass  # one is missing, and another too many
        else:
            return _fitting(signature, values)
    who = _who(signature)
    for name in given:
        if name not in names:
            raise UsageError(f"{who} takes no input `{name}`; {nearest(name, names)}")
    missing = [
        field.name
        for field in signature.inputs
        if field.name not in given and field.default is REQUIRED
    ]
    if missing:
        raise UsageError(
            f"{who} needs the input {listed(missing)}; call it with "
            f"{', '.join(f'{name}=...' for name in names)}."
        )
    values = {
        field.name: given[field.name] if field.name in given else field.fresh_default()
        for field in signature.inputs
    }
    return _fitting(signature, values)


def _fitting(signature: Signature, values: dict[str, Any]) -> dict[str, Any]:
    for field, validator, read in _checked(signature):
        value = values[field.name]
        if value is None and field.default is None:
            continue
        if read and typing.get_origin(field.type) is list and not isinstance(value, list | tuple):
            value = [value]  # a picture alone, a tool alone
        try:
            fitting = validator.validate_python(value)
        except ValidationError as error:
            said = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
            raise InputError(
                f"{_who(signature)} takes as `{field.name}` a value of `{field.type_name}`, which "
                f"{_short(value)} is not: {said}"
            ) from None
        if read:
            values[field.name] = fitting
    return values


@lru_cache(maxsize=256)
def _checked(signature: Signature) -> tuple[tuple[Field, TypeAdapter[Any], bool], ...]:
    """The inputs with limits or of a type of ours; whether what is given becomes one of these."""
    found = []
    for field in signature.inputs:
        read = _mentions(field.type, Validated)
        if read or _is_limited(field.type):
            try:
                found.append((field, TypeAdapter(field.type), read))
            except PydanticUserError:  # any class may be an input's type
                continue
    return tuple(found)


def _is_limited(type_: Any) -> bool:
    return typing.get_origin(type_) is typing.Annotated or any(
        _is_limited(part) for part in typing.get_args(type_)
    )


def _mentions(type_: Any, kind: type) -> bool:
    if isinstance(type_, type) and issubclass(type_, kind):
        return True
    return any(_mentions(part, kind) for part in typing.get_args(type_))


def _who(signature: Signature) -> str:
    return f"`{signature.name or signature}`"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
