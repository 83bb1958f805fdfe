"""Values as JSON, and back to the type of their field."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from .annotations import describe
from .types.validated import Validated


def to_json(value: Any, type_: Any = Any) -> Any:
    """A value in JSON's own terms, so that `from_json` gives it back where that is possible.

    >>> to_json({"b", "a"}), to_json({1: 2.5})
    (['a', 'b'], {'1': 2.5})
    """
    if is_json(value):
        return value
    return _dumped(value, type_)


def from_json(value: Any, type_: Any) -> Any:
    """The value that `to_json` wrote for a field of this type.

    What JSON can hold stays as it was written: `"2"` and `3` are not turned into `2` and `3.0`.
    Raises `ValueError` with a sentence about what is wrong.

    >>> from_json("2024-05-01", __import__("datetime").date)
    datetime.date(2024, 5, 1)
    """
    validator = _validator(type_)
    if value is None or validator is None:
        return value
    try:
        restored = validator.validate_python(value)
    except ValidationError as error:
        raise ValueError(f"must be {describe(type_)}: {error.errors()[0]['msg']}") from None
    return value if is_json(restored) else restored


def is_json(value: Any) -> bool:
    """Whether this is, all the way down, what reading JSON gives."""
    kind = type(value)  # exactly: a member of a `StrEnum` is a str, but does not come back as one
    if kind is list:
        return all(map(is_json, value))
    if kind is dict:
        return all(type(key) is str and is_json(item) for key, item in value.items())
    return value is None or kind in (str, int, bool) or (kind is float and math.isfinite(value))


def _dumped(value: Any, type_: Any) -> Any:
    """By pydantic's dump of the type, if the value is of that type; else by what it is itself."""
    validator = _validator(type_)
    if validator is None:
        return _plain(value)
    for by_alias in (False, True):
        try:
            dumped = _plain(
                validator.dump_python(value, mode="json", by_alias=by_alias, warnings="error")
            )
            if from_json(dumped, type_) == value:
                return _plain(value) if isinstance(value, set | frozenset) else dumped
        except (PydanticSerializationError, ValueError, TypeError, AttributeError):
            continue
    return _plain(value)


def _plain(value: Any) -> Any:
    match value:
        case enum.Enum():
            return _plain(value.value)
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)  # JSON has no NaN
        case Validated():
            return value.plain()
        case BaseModel():
            return _plain(value.model_dump(mode="json", warnings=False))
        case Mapping():
            return {str(_plain(key)): _plain(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted(map(_plain, value), key=json.dumps)  # the same file each time
        case list() | tuple():
            return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {part.name: _plain(getattr(value, part.name)) for part in dataclasses.fields(value)}
    if hasattr(value, "tolist"):  # numpy's
        return _plain(value.tolist())
    return to_jsonable_python(value, serialize_unknown=True, bytes_mode="base64")


@lru_cache(maxsize=1024)
def _cached_validator(type_: Any) -> TypeAdapter[Any] | None:
    try:
        # A number in a field of text is text to a model.
        return TypeAdapter(type_, config=ConfigDict(coerce_numbers_to_str=True))
    except PydanticUserError:
        pass
    try:
        return TypeAdapter(type_)  # models and dataclasses bring their own configuration
    except PydanticUserError:
        return None  # a class that pydantic cannot check


def _validator(type_: Any) -> TypeAdapter[Any] | None:
    try:
        return _cached_validator(type_)
    except TypeError:  # an annotation with unhashable metadata
        return _cached_validator.__wrapped__(type_)
