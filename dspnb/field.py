"""One named value of a signature."""

from __future__ import annotations

import copy
import keyword
import re
import typing
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, Unpack

from pydantic import PydanticUndefinedAnnotation, PydanticUserError, TypeAdapter, ValidationError

from .annotations import checked, describe, looked_up
from .constraints import Keywords, constrain, description_of
from .errors import UsageError, nearest
from .scopes import of_line

Role = Literal["input", "output"]

# `prediction.answer` is the output `answer`. Of a field called `items` it would be the method, so
# a name that an example, a prediction or a call already has a meaning for can be no field's.
RESERVED = frozenset(
    {
        # a mapping's
        *("get", "items", "keys", "values"),
        # an example's
        *("input_names", "inputs", "labels", "with_inputs"),
        # a prediction's
        *("attempts", "checks", "completions", "trace", "with_completions", "with_trace"),
        # a call's: inputs are given by name to a method
        "self",
    }
)


class _Required:
    """The default of a field that must be given."""

    def __repr__(self) -> str:
        return "required"

    def __reduce__(self) -> str:
        return "REQUIRED"  # a copy, or one that was pickled, is still this one


REQUIRED: Any = _Required()


@dataclass(frozen=True, eq=False)
class Field:
    """One named value of a signature.

    `type` is any annotation that pydantic can validate; an input's may be any class. Constraints
    are part of it: `Annotated[int, Ge(0)]`, or the text `"int(ge=0)"`. `default` is `REQUIRED`
    when there is none; None always may be one.

    >>> Field("score", "int(ge=0, le=10)", role="output").type_name
    'int(ge=0, le=10)'

    Raises `UsageError` for a name that cannot be a field's, an unknown type, a constraint that does
    not fit the type, or a default that does not.
    """

    name: str
    type: Any = str
    desc: str = ""
    role: Role = "input"
    default: Any = REQUIRED

    def __post_init__(self) -> None:
        _check_name(self.name)
        where = f"field `{self.name}`"
        if self.role not in typing.get_args(Role):
            raise UsageError(f"{where} is an `input` or an `output`, not {self.role!r}.")
        type_ = looked_up(self.type, of_line({}), where)
        object.__setattr__(self, "desc", self.desc or description_of(type_))
        object.__setattr__(self, "type", checked(type_, where))
        object.__setattr__(self, "default", _fitting(self.type, self.default, where))

    @cached_property
    def type_name(self) -> str:
        """The type as one would write it, e.g. `list[str]` or `int(ge=0)`."""
        return describe(self.type)

    def fresh_default(self) -> Any:
        """The default; a list, or whatever else may be edited, is a copy.

        >>> field = Field("tags", list[str], default=[])
        >>> field.fresh_default() is field.fresh_default()
        False
        """
        if type(self.default).__hash__ is None:
            return copy.deepcopy(self.default)
        return self.default

    def __eq__(self, other: object) -> bool:
        """Also tells `Literal["a", "b"]` from `Literal["b", "a"]`, as a prompt does."""
        return isinstance(other, Field) and (
            self is other
            or (
                (self.name, self.type_name, self.desc, self.role)
                == (other.name, other.type_name, other.desc, other.role)
                and self.type == other.type
                and _same(self.default, other.default)
            )
        )

    def __hash__(self) -> int:
        return hash((self.name, self.type_name, self.desc, self.role))


@dataclass(frozen=True)
class Mark:
    """What `InputField()` and `OutputField()` leave in a class body until it is read."""

    role: Role
    desc: str
    default: Any
    constraints: dict[str, Any]

    def field(self, name: str, type_: Any, where: str) -> Field:
        """The field that is marked with this."""
        try:
            constrained = constrain(type_, self.constraints)
        except ValueError as error:
            raise UsageError(f"{where} has the type `{describe(type_)}`: {error}") from None
        return Field(name, constrained, self.desc, self.role, self.default)


def InputField(
    default: Any = REQUIRED,
    *,
    desc: str = "",
    description: str = "",
    **constraints: Unpack[Keywords],
) -> Any:
    """Mark an input in a class body.

    `description` is another name of `desc`. The constraints are pydantic's: `ge`, `gt`, `le`, `lt`,
    `multiple_of`, `min_length`, `max_length`, `pattern`, `allow_inf_nan`.
    """
    return _mark("input", default, desc, description, constraints)


def OutputField(
    default: Any = REQUIRED,
    *,
    desc: str = "",
    description: str = "",
    **constraints: Unpack[Keywords],
) -> Any:
    """Mark an output in a class body; `InputField` says what it takes."""
    return _mark("output", default, desc, description, constraints)


INSTEAD = {  # of what DSPy and pydantic take here
    "prefix": "it does nothing; leave it out",
    "format": "it does nothing; leave it out",
    "parser": "it does nothing; leave it out",
    "default_factory": "write `default=[]`: each call gets a copy of its own",
}


def _mark(role: Role, default: Any, desc: str, description: str, constraints: Keywords) -> Mark:
    name = f"{role.capitalize()}Field"
    for key in constraints:
        if key in INSTEAD:
            raise UsageError(f"`{name}` takes no `{key}`: {INSTEAD[key]}.")
        if key not in Keywords.__annotations__:
            known = ("default", "desc", "description", *Keywords.__annotations__)
            raise UsageError(f"`{name}` takes no `{key}`; {nearest(key, known)}")
    if desc and description:
        raise UsageError(f"`{name}` takes `desc` or `description`, which mean the same; got both.")
    return Mark(role, desc or description, REQUIRED if default is ... else default, {**constraints})


def _check_name(name: str) -> None:
    plain = re.fullmatch(r"[^\W\d]\w*", name) and not keyword.iskeyword(name)
    if not plain or name.startswith("_"):
        raise UsageError(f"A field's name is a plain Python name; got {name!r}.")
    if name in RESERVED:
        raise UsageError(
            f"A field cannot be called `{name}`: that already means something else of an example, "
            f"a prediction or a call. Call it `{name}_`."
        )


def _fitting(type_: Any, default: Any, where: str) -> Any:
    """The default as a value of the type, which may read it from text or the like."""
    if default is REQUIRED or default is None:
        return default
    try:
        return _validator(type_).validate_python(default)
    except (PydanticUserError, PydanticUndefinedAnnotation):
        return default  # a class that pydantic does not know
    except ValidationError as error:
        raise UsageError(
            f"{where} has the default {default!r}, which is no {describe(type_)}: "
            f"{error.errors()[0]['msg']}."
        ) from None


@lru_cache(maxsize=256)
def _cached_validator(type_: Any) -> TypeAdapter[Any]:
    return TypeAdapter(type_)


def _validator(type_: Any) -> TypeAdapter[Any]:
    try:
        return _cached_validator(type_)
    except TypeError:  # metadata that cannot be hashed
        return TypeAdapter(type_)


def _same(one: Any, other: Any) -> bool:
    try:
        return one is other or (type(one) is type(other) and bool(one == other))
    except (TypeError, ValueError):  # a table compares cell by cell
        return False
