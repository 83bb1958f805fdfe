"""Types as text: from an annotation's source to the type, and back.

Names are looked up, nothing is called: reading a signature runs no code.
"""

from __future__ import annotations

import ast
import builtins
import collections.abc
import dataclasses
import datetime
import decimal
import difflib
import enum
import pathlib
import types
import typing
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pydantic

from .constraints import KEYWORDS, UNIONS, constrain, in_one_form, short_form, union
from .errors import UsageError, nearest

Scopes = Callable[[], Iterator[Mapping[str, Any]]]  # where names are looked up, the first one first

TYPING: dict[str, Any] = {
    name: getattr(typing, name)
    for name in (
        "Annotated",
        "Any",
        "Dict",
        "FrozenSet",
        "List",
        "Literal",
        "Optional",
        "Set",
        "Tuple",
        "Union",
    )
} | {
    name: getattr(collections.abc, name) for name in ("Callable", "Iterable", "Mapping", "Sequence")
}
COMMON: dict[str, Any] = (
    TYPING
    | {
        name: getattr(builtins, name)
        for name in (
            "str",
            "int",
            "float",
            "bool",
            "bytes",
            "list",
            "dict",
            "tuple",
            "set",
            "frozenset",
            "object",
        )
    }
    | {name: getattr(datetime, name) for name in ("date", "datetime", "time", "timedelta")}
    | {"Decimal": decimal.Decimal, "UUID": uuid.UUID, "Path": pathlib.Path}
)


def resolve(node: ast.expr, scopes: Scopes, where: str) -> Any:
    """The type that an annotation names.

    A name counts where it holds a type: a variable `date = "2024"` hides no `date`. Raises
    `UsageError`, starting with `where`, for a name that is not known.

    >>> node = ast.parse("list[int(ge=0)]", mode="eval").body
    >>> describe(resolve(node, lambda: iter([COMMON]), "it"))
    'list[int(ge=0)]'
    """
    return _Reading(scopes, where).type(node)


def looked_up(type_: Any, scopes: Scopes, where: str) -> Any:
    """A type with the names in its strings looked up; raises `UsageError` as `resolve` does.

    >>> looked_up(list["int"], lambda: iter([COMMON]), "it")
    list[int]
    """
    return _Reading(scopes, where).looked_up(type_)


def checked(type_: Any, where: str) -> Any:
    """A type with its constraints in one form.

    Raises `UsageError`, starting with `where`, for a constraint that does not fit, or a choice that
    no model could write.
    """
    if typing.get_origin(type_) is typing.Literal:
        for value in typing.get_args(type_):
            if not isinstance(value, str | int | float | enum.Enum | None):
                raise UsageError(
                    f"{where} has the choice {value!r} in its `Literal`; a choice is text, a "
                    "number, True, False, None or a member of an enum."
                )
    type_ = _mapped(type_, lambda inside: checked(inside, where))
    try:
        return in_one_form(type_)
    except ValueError as error:
        raise UsageError(f"{where} has the type `{describe(type_)}`: {error}") from None


def value_of(node: ast.expr, scopes: Scopes, where: str) -> Any:
    """The value of a literal or a name, or of a list, tuple, set or dict of these."""
    return _Reading(scopes, where).value(node)


def describe(type_: Any) -> str:
    """A type as one would write it.

    >>> describe(list[str]), describe(typing.Literal["a", "b"]), describe(int | None)
    ('list[str]', "Literal['a', 'b']", 'int | None')
    """
    if type_ is None or type_ is type(None):
        return "None"
    if type_ is Ellipsis:
        return "..."
    if isinstance(type_, list):  # the parameters of a Callable
        return f"[{', '.join(map(describe, type_))}]"
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is typing.Literal:
        return f"Literal[{', '.join(map(_choice, arguments))}]"
    if origin in UNIONS:
        return " | ".join(map(describe, arguments))
    if origin is typing.Annotated:
        inside, short = describe(arguments[0]), short_form(type_)
        return f"({inside}){short}" if short and " | " in inside else f"{inside}{short}"
    if origin is not None:
        inside = ", ".join(map(describe, arguments))
        if not arguments:
            inside = "()" if isinstance(type_, types.GenericAlias) else ""
        return f"{describe(origin)}[{inside}]" if inside else describe(origin)
    return getattr(type_, "__name__", None) or str(type_).removeprefix("typing.")


def choices(type_: Any) -> tuple[Any, ...]:
    """The values a type allows, when it lists them: `Literal`, `Enum`, `bool`; otherwise empty.

    >>> choices(typing.Literal["a", "b"]), choices(str)
    (('a', 'b'), ())
    """
    if typing.get_origin(type_) is typing.Literal:
        return typing.get_args(type_)
    if isinstance(type_, type) and issubclass(type_, enum.Enum):
        return tuple(member.value for member in type_)
    return (True, False) if type_ is bool else ()


def _choice(value: Any) -> str:
    return f"{type(value).__name__}.{value.name}" if isinstance(value, enum.Enum) else repr(value)


def _is_type(value: Any) -> bool:
    """Whether this may stand as an annotation: a class, a generic, one of typing's own."""
    return (
        value is None
        or isinstance(value, type | types.UnionType | types.GenericAlias)
        or type(value).__module__ in ("typing", "typing_extensions")
    )


_ABSENT: Any = object()


@dataclass(frozen=True)
class _Reading:
    """One annotation on the way to its type."""

    scopes: Scopes
    where: str  # the start of an error: "field `a`"
    aliases: tuple[str, ...] = ()  # those that led here

    def type(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(None):
                return None
            case ast.Constant(str(text)):
                return self.parsed(text)
            case ast.Name() | ast.Attribute():
                return self.named(node)
            case ast.BinOp(left, ast.BitOr(), right) | ast.BoolOp(ast.Or(), [left, right]):
                return union((self.type(left), self.type(right)))
            case ast.Subscript(generic, index):
                return self.subscripted(self.type(generic), index, ast.unparse(node))
            case ast.Call(base, [], [_, *_] as keywords):
                return self.constrained(node, base, keywords)
        raise UsageError(
            f"{self.where} has the type `{ast.unparse(node)}`, which is not an annotation; "
            "write a name such as `str`, `list[str]` or `Literal['a', 'b']`."
        )

    def parsed(self, text: str) -> Any:
        try:
            node = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            raise UsageError(
                f"{self.where} has the type {text!r}, which is not an annotation."
            ) from None
        return self.type(node)

    # -- names -------------------------------------------------------------------------

    def named(self, node: ast.expr) -> Any:
        path, written = self.path(node), ast.unparse(node)
        type_ = next(filter(_is_type, self.found(path)), _ABSENT)
        if type_ is _ABSENT:
            raise self.unknown(path, written)
        if isinstance(type_, type):
            return type_
        if written in self.aliases:
            raise UsageError(
                f"{self.where} has the type `{written}`, an alias that contains itself; "
                "make it a pydantic model, which may."
            )
        return dataclasses.replace(self, aliases=(*self.aliases, written)).looked_up(type_)

    def path(self, node: ast.expr) -> list[str]:
        """The parts of a dotted name."""
        match node:
            case ast.Name(name):
                return [name]
            case ast.Attribute(owner, name):
                return [*self.path(owner), name]
        raise UsageError(
            f"{self.where} has the type `{ast.unparse(node)}`, which is not an annotation; "
            "only a name has parts."
        )

    def found(self, path: list[str]) -> Iterator[Any]:
        """What a dotted name means, scope by scope."""
        for scope in self.scopes():
            value = scope.get(path[0], _ABSENT)
            for name in path[1:]:
                value = getattr(value, name, _ABSENT)
            if value is not _ABSENT:
                yield value

    def unknown(self, path: list[str], written: str) -> UsageError:
        for other in self.found(path):
            kind = "a module" if isinstance(other, types.ModuleType) else repr(other)[:60]
            return UsageError(
                f"{self.where} has the type `{written}`, which is {kind} and not a type; "
                "name a class, or one of Python's own such as `str`."
            )
        owners = list(self.found(path[:-1])) if path[1:] else []
        if owners:
            known = [
                name
                for owner in owners
                for name in dir(owner)
                if _is_type(getattr(owner, name, _ABSENT))
            ]
            hint = _hint(path[-1], known, f"`{'.'.join(path[:-1])}` has none of that name.")
        else:
            known = [name for scope in self.scopes() for name in scope if _is_type(scope[name])]
            hint = _hint(
                path[0], known, "define it first, or use one of Python's own such as `str`."
            )
        return UsageError(f"{self.where} has an unknown type `{written}`; {hint}")

    def looked_up(self, type_: Any) -> Any:
        """The type, with the names in its strings looked up."""
        match type_:
            case str():
                return self.parsed(type_)
            case typing.ForwardRef():
                return self.parsed(type_.__forward_arg__)
        return _mapped(type_, self.looked_up)

    # -- subscripts --------------------------------------------------------------------

    def subscripted(self, generic: Any, index: ast.expr, written: str) -> Any:
        items = index.elts if isinstance(index, ast.Tuple) else [index]
        if generic is typing.Annotated:
            arguments = (self.type(items[0]), *map(self.metadata, items[1:]))
        elif generic is typing.Literal or _reads_its_subscript(generic):
            arguments = tuple(map(self.value, items))
        else:
            arguments = tuple(map(self.argument, items))
        try:
            return generic[arguments[0] if len(arguments) == 1 else arguments]
        except (TypeError, IndexError):
            raise UsageError(
                f"{self.where} has the type `{written}`, which cannot be subscripted like this."
            ) from None

    def argument(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value) if value is ...:
                return ...
            case ast.List(items):  # the parameters of a Callable
                return [self.type(item) for item in items]
        return self.type(node)

    def metadata(self, node: ast.expr) -> Any:
        """What stands in `Annotated` behind the type. Limits are known by their names."""
        match node:
            case ast.Call(ast.Name(name) | ast.Attribute(_, name), positional, keywords):
                if name in _LIMITS and len(positional) <= len(_LIMITS[name]):
                    named = zip(_LIMITS[name], positional, strict=False)
                    said = [*named, *((keyword.arg or "**", keyword.value) for keyword in keywords)]
                    given = {key: self.value(value) for key, value in said}
                    known = [*KEYWORDS, *(["description"] if name == "Field" else [])]
                    for key in given:
                        if key not in known:
                            raise UsageError(
                                f"{self.where}: `{name}` with `{key}` cannot be read here; "
                                f"{nearest(key, known)}"
                            )
                    return pydantic.Field(**given)
        return self.value(node)

    def constrained(self, node: ast.expr, base: ast.expr, keywords: list[ast.keyword]) -> Any:
        type_ = self.type(base)
        given = {keyword.arg or "**": self.value(keyword.value) for keyword in keywords}
        try:
            return constrain(type_, given)
        except ValueError as error:
            raise UsageError(f"{self.where} has the type `{ast.unparse(node)}`: {error}") from None

    # -- values ------------------------------------------------------------------------

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Name() | ast.Attribute():
                path = self.path(node)
                for value in self.found(path):
                    return value
                known = [name for scope in self.scopes() for name in scope]
                hint = _hint(path[0], known, "define it first.")
                raise UsageError(f"{self.where} has an unknown name `{ast.unparse(node)}`; {hint}")
            case ast.List(items):
                return [self.value(item) for item in items]
            case ast.Tuple(items):
                return tuple(self.value(item) for item in items)
            case ast.Set(items):
                return {self.value(item) for item in items}
            case ast.Dict(keys, values) if all(keys):
                return {
                    self.value(typing.cast(ast.expr, key)): self.value(value)
                    for key, value in zip(keys, values, strict=True)
                }
        try:
            return ast.literal_eval(node)
        except ValueError:
            raise UsageError(
                f"{self.where} has `{ast.unparse(node)}`, which is not a plain value; nothing is "
                "called while a signature is read. Write a literal or a name."
            ) from None


_LIMITS: dict[str, tuple[str, ...]] = {  # the name of a limit -> its positional parameters
    "Ge": ("ge",),
    "Gt": ("gt",),
    "Le": ("le",),
    "Lt": ("lt",),
    "MultipleOf": ("multiple_of",),
    "MinLen": ("min_length",),
    "MaxLen": ("max_length",),
    "Len": ("min_length", "max_length"),
    "Interval": (),
    "StringConstraints": (),
    "Field": (),
}


def _hint(name: str, known: list[str], otherwise: str) -> str:
    known = [key for key in known if not key.startswith("_")]
    close = difflib.get_close_matches(name, known, n=1)  # among many, only what is really close
    return f"did you mean `{close[0]}`?" if close else otherwise


def _reads_its_subscript(generic: Any) -> bool:
    """Whether a class takes plain values in `[]`, as `Code["sql"]` does, by a method of its own."""
    for class_ in getattr(generic, "__mro__", ()) if isinstance(generic, type) else ():
        if method := vars(class_).get("__class_getitem__"):
            own = isinstance(getattr(method, "__func__", None), types.FunctionType)
            return own and class_.__module__ != "typing" and class_ is not pydantic.BaseModel
    return False


def _mapped(type_: Any, change: Callable[[Any], Any]) -> Any:
    """The type with each of its arguments changed."""
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if not arguments or origin is typing.Literal or _reads_its_subscript(origin):
        return type_
    if origin is typing.Annotated:
        base = change(type_.__origin__)
        same = base is type_.__origin__
        return type_ if same else typing.Annotated[(base, *type_.__metadata__)]
    changed = tuple(
        [change(item) for item in argument]
        if isinstance(argument, list)
        else argument
        if argument is ...
        else change(argument)
        for argument in arguments
    )
    if all(new is old or new == old == [] for new, old in zip(changed, arguments, strict=True)):
        return type_
    if origin in UNIONS:
        return union(changed)
    return origin[changed]
