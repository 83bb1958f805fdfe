"""Limits on a value beside its type, as in `int(ge=0, le=10)`, in one form however they were given.

A constrained type is `Annotated[T, ...]` with the metadata that pydantic checks.
"""

from __future__ import annotations

import datetime
import enum
import functools
import operator
import re
import types
import typing
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypedDict, Union

import annotated_types as limits
from pydantic import AllowInfNan, StringConstraints, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import SchemaError, to_jsonable_python

from .errors import nearest

Keyword = Literal[
    "ge",
    "gt",
    "le",
    "lt",
    "multiple_of",
    "min_length",
    "max_length",
    "pattern",
    "allow_inf_nan",
]
KEYWORDS: tuple[str, ...] = typing.get_args(Keyword)
UNIONS = (Union, types.UnionType)


class Keywords(TypedDict, total=False):
    """What a constraint may say."""

    ge: Any  # a number, or a date or time, which may be given as text
    gt: Any
    le: Any
    lt: Any
    multiple_of: float
    min_length: int
    max_length: int
    pattern: str | re.Pattern[str]
    allow_inf_nan: bool


def constrain(type_: Any, given: Mapping[str, Any]) -> Any:
    """The type with these limits added; in a union, to each member but None.

    >>> constrain(int, {"ge": 0}) == Annotated[int, limits.Ge(0)]
    True

    Raises `ValueError`, with a sentence, for a limit that is not one or does not fit the type.
    """
    if not given:
        return type_
    for keyword in given:
        if keyword not in KEYWORDS:
            raise ValueError(f"`{keyword}` is no constraint; {nearest(keyword, KEYWORDS)}")
    if typing.get_origin(type_) in UNIONS:
        return union(
            member if member is type(None) else constrain(member, given)
            for member in typing.get_args(type_)
        )
    base, metadata = _parts(type_)
    others = [item for item in metadata if _said(item) is None]
    wanted = {keyword: _checked(base, keyword, value) for keyword, value in given.items()}
    if not others:
        wanted = constraints_of(type_) | wanted
    _check_order({**constraints_of(type_), **wanted})
    kept = metadata if others else ()  # a validator of the user's runs where it stands
    added = [_metadata(keyword, wanted[keyword]) for keyword in KEYWORDS if keyword in wanted]
    return Annotated[(base, *kept, *added)] if kept or added else base


def constraints_of(type_: Any) -> dict[str, Any]:
    """The limits of a type, by keyword.

    >>> constraints_of(Annotated[int, limits.Le(10), limits.Ge(0)])
    {'ge': 0, 'le': 10}
    """
    found: dict[str, Any] = {}
    for item in _parts(type_)[1]:
        for part in item.metadata if isinstance(item, FieldInfo) else (item,):
            found |= _said(part) or {}
    return {keyword: found[keyword] for keyword in KEYWORDS if keyword in found}


def in_one_form(type_: Any) -> Any:
    """The same limits as `constrain` would write them, also of pydantic's `Field(ge=0)`.

    Raises `ValueError` as `constrain` does.
    """
    base, metadata = _parts(type_)
    flat = [part for item in metadata for part in _flat(item)]
    if any(_said(item) is None for item in flat):
        return type_ if flat == list(metadata) else Annotated[(base, *flat)]
    return constrain(base, constraints_of(type_)) if metadata else type_


def description_of(type_: Any) -> str:
    """What pydantic's `Field(description=...)` in the metadata says."""
    found = [item.description for item in _parts(type_)[1] if isinstance(item, FieldInfo)]
    return next(filter(None, found), "")


def short_form(type_: Any) -> str:
    """The limits as one writes them behind the type; empty when there are none.

    >>> short_form(Annotated[int, limits.Ge(0), limits.Le(10)])
    '(ge=0, le=10)'
    """
    said = [f"{key}={_written(value)}" for key, value in constraints_of(type_).items()]
    return f"({', '.join(said)})" if said else ""


def constraint_words(type_: Any) -> str:
    """The limits in plain words, for a prompt; empty when there are none.

    >>> constraint_words(Annotated[int, limits.Ge(0), limits.Le(10)])
    'at least 0, at most 10'
    >>> constraint_words(list[Annotated[str, limits.MaxLen(20)]] | None)
    'each at most 20 characters'
    """
    if typing.get_origin(type_) in UNIONS:
        return " or ".join(filter(None, map(constraint_words, typing.get_args(type_))))
    base, _ = _parts(type_)
    found = constraints_of(type_)
    if found.get("min_length") == found.get("max_length") is not None:
        del found["min_length"]
        found["exact_length"] = found.pop("max_length")
    said = [words for key, value in found.items() if (words := _words(base, key, value))]
    return ", ".join([*said, *_words_inside(base)])


def union(members: typing.Iterable[Any]) -> Any:
    """`A | B`, of whatever the members are."""
    return functools.reduce(
        lambda left, right: Union[left, right],  # noqa: UP007  `|` fails between two strings' types
        members,
    )


def _parts(type_: Any) -> tuple[Any, tuple[Any, ...]]:
    if typing.get_origin(type_) is Annotated:
        return type_.__origin__, type_.__metadata__
    return type_, ()


def _flat(item: Any) -> list[Any]:
    """The limits in pydantic's `Field(...)`, when there is nothing else in it."""
    if item is None:  # as `conint` leaves for the limits it was not given
        return []
    more = ("discriminator", "title", "examples", "json_schema_extra")
    if isinstance(item, FieldInfo) and all(getattr(item, name) is None for name in more):
        return list(item.metadata)
    return [item]


def _said(item: Any) -> dict[str, Any] | None:
    """What one piece of metadata limits; None when it is of another kind."""
    match item:
        case (
            limits.Ge()
            | limits.Gt()
            | limits.Le()
            | limits.Lt()
            | limits.MultipleOf()
            | limits.MinLen()
            | limits.MaxLen()
            | limits.Interval()
            | limits.Len()
        ):
            said = {keyword: getattr(item, keyword, None) for keyword in KEYWORDS}
        case _ if type(item).__module__.startswith("pydantic.") and hasattr(item, "__dict__"):
            said = vars(item)  # what `Field(pattern=...)` leaves, of a class without a public name
        case _:
            return None
    said = {key: value for key, value in said.items() if value is not None}
    if said.get("min_length") == 0:
        del said["min_length"]
    if pattern := said.get("pattern"):
        said["pattern"] = _pattern_text(pattern)
    return said if said.keys() <= set(KEYWORDS) else None


def _metadata(keyword: str, value: Any) -> Any:
    match keyword:
        case "pattern":
            return _pattern(value)
        case "allow_inf_nan":
            return AllowInfNan(value)
    kinds = {
        "ge": limits.Ge,
        "gt": limits.Gt,
        "le": limits.Le,
        "lt": limits.Lt,
        "multiple_of": limits.MultipleOf,
        "min_length": limits.MinLen,
        "max_length": limits.MaxLen,
    }
    return kinds[keyword](value)


def _pattern(text: str) -> StringConstraints:
    limit = StringConstraints(pattern=text)
    try:
        TypeAdapter(Annotated[str, limit])
    except SchemaError:  # pydantic's own engine knows no lookaround; Python's does
        return StringConstraints(pattern=re.compile(text))
    return limit


def _pattern_text(pattern: str | re.Pattern[str]) -> str:
    if isinstance(pattern, str):
        return pattern
    flags = "".join(
        letter
        for letter, flag in (("i", re.I), ("m", re.M), ("s", re.S), ("x", re.X), ("a", re.A))
        if pattern.flags & flag and f"(?{letter})" not in pattern.pattern
    )
    return f"(?{flags}){pattern.pattern}" if flags else pattern.pattern


# -- what fits -------------------------------------------------------------------------

NUMBERS = (int, float, Decimal)
TIMES = (datetime.date, datetime.time, datetime.timedelta)


def _checked(base: Any, keyword: str, value: Any) -> Any:
    """The value of a limit, which fits the type."""
    kind = _kind(base)
    match keyword:
        case "ge" | "gt" | "le" | "lt":
            _require_fit(kind, (*NUMBERS, *TIMES), base, keyword, "numbers, dates and times")
            return _bound(kind, keyword, value)
        case "multiple_of":
            _require_fit(kind, NUMBERS, base, keyword, "numbers")
            if not _is_number(value) or value <= 0:
                raise ValueError(f"`multiple_of` is a number above 0, not {value!r}.")
        case "min_length" | "max_length":
            _require_fit(kind, (Collection,), base, keyword, "text and collections")
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(f"`{keyword}` is a whole number from 0, not {value!r}.")
        case "pattern":
            _require_fit(kind, (str,), base, keyword, "text")
            try:
                return _pattern_text(re.compile(value))
            except (re.error, TypeError) as error:
                raise ValueError(
                    f"`pattern` is a regular expression, not {value!r}: {error}."
                ) from None
        case "allow_inf_nan":
            _require_fit(kind, (float, Decimal), base, keyword, "`float` and `Decimal`")
            if not isinstance(value, bool):
                raise ValueError(f"`allow_inf_nan` is True or False, not {value!r}.")
    return value


def _kind(base: Any) -> Any:
    """The class of the values: `list` for `list[str]`."""
    base = getattr(base, "__supertype__", base)  # of a NewType
    base = getattr(base, "__value__", base)  # of `type Name = ...`
    return typing.get_origin(base) or base


def _require_fit(kind: Any, fitting: tuple[type, ...], base: Any, keyword: str, words: str) -> None:
    if kind is Any:
        return
    if (
        not isinstance(kind, type)
        or not issubclass(kind, fitting)
        or issubclass(kind, (bool, enum.Enum))
    ):
        name = getattr(base, "__name__", str(base))
        raise ValueError(f"`{keyword}` does not fit `{name}`; it is for {words}.")


def _bound(kind: Any, keyword: str, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, TIMES):
        try:
            return TypeAdapter(kind).validate_python(value)
        except ValidationError:
            raise ValueError(f"`{keyword}` is a {kind.__name__}, not {value!r}.") from None
    if kind is not Any and not _is_number(value):
        raise ValueError(f"`{keyword}` is a number, not {value!r}.")
    return Decimal(str(value)) if kind is Decimal else value


def _is_number(value: Any) -> bool:
    return isinstance(value, NUMBERS) and not isinstance(value, bool)


def _check_order(found: Mapping[str, Any]) -> None:
    pairs = (
        ("ge", "le", operator.gt),
        ("ge", "lt", operator.ge),
        ("gt", "le", operator.ge),
        ("gt", "lt", operator.ge),
        ("min_length", "max_length", operator.gt),
    )
    for low, high, crossed in pairs:
        if low in found and high in found and crossed(found[low], found[high]):
            said = f"{low}={_written(found[low])}, {high}={_written(found[high])}"
            raise ValueError(f"nothing is within `{said}`.")


# -- in words --------------------------------------------------------------------------


def _written(value: Any) -> str:
    """The value of a limit in source code."""
    if isinstance(value, Decimal):
        return str(value)
    return repr(value if isinstance(value, str | int | float) else to_jsonable_python(value))


def _words(base: Any, keyword: str, value: Any) -> str:
    match keyword:
        case "ge":
            return f"at least {value}"
        case "gt":
            return f"more than {value}"
        case "le":
            return f"at most {value}"
        case "lt":
            return f"less than {value}"
        case "multiple_of":
            return f"a multiple of {value}"
        case "min_length":
            return f"at least {_counted(base, value)}"
        case "max_length":
            return f"at most {_counted(base, value)}"
        case "exact_length":
            return f"exactly {_counted(base, value)}"
        case "pattern":
            return f"matching the pattern {value}"
        case "allow_inf_nan" if not value:
            return "a finite number"
    return ""


def _counted(base: Any, count: int) -> str:
    kind = _kind(base)
    unit, units = "item", "items"
    if isinstance(kind, type):
        if issubclass(kind, str):
            unit, units = "character", "characters"
        elif issubclass(kind, bytes):
            unit, units = "byte", "bytes"
        elif issubclass(kind, Mapping):
            unit, units = "entry", "entries"
    return f"{count} {unit if count == 1 else units}"


def _words_inside(base: Any) -> list[str]:
    """The limits of what a collection holds."""
    match typing.get_args(base):
        case (item,) | (item, types.EllipsisType()):
            inside = [("each", item)]
        case (key, value) if _kind(base) is not tuple:
            inside = [("each key", key), ("each value", value)]
        case _:
            return []
    return [f"{which} {words}" for which, type_ in inside if (words := constraint_words(type_))]
