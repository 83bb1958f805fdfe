"""Types as text: from an annotation's source to the type, and back.

Names are looked up, nothing is called: reading a signature runs no code.
"""

from __future__ import annotations

import ast
import builtins
import collections.abc
import datetime
import enum
import types
import typing
from collections.abc import Mapping
from typing import Any

from .errors import UsageError, nearest

TYPING: dict[str, Any] = {
    name: getattr(typing, name)
    for name in ("Annotated", "Any", "Literal", "Optional", "Union", "Dict", "List", "Tuple", "Set")
} | {"Sequence": collections.abc.Sequence, "Mapping": collections.abc.Mapping}
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
            "object",
        )
    }
    | {"date": datetime.date, "datetime": datetime.datetime}
)


def resolve(node: ast.expr, names: Mapping[str, Any], where: str) -> Any:
    """The type that an annotation names.

    `names` comes first, then Python's and typing's common ones. Raises `UsageError`, starting with
    `where`, for a name that is not known.
    """
    match node:
        case ast.Constant(None):
            return None
        case ast.Constant(str(text)):
            return resolve(_parse(text, where), names, where)
        case ast.Name(name):
            return _look_up(name, names, where)
        case ast.Attribute(value, name):
            owner = resolve(value, names, where)
            if not hasattr(owner, name):
                raise UsageError(f"{where} has an unknown type `{ast.unparse(node)}`.")
            return getattr(owner, name)
        case ast.BinOp(left, ast.BitOr(), right):
            return _union(resolve(left, names, where), resolve(right, names, where))
        case ast.Subscript(value, index):
            return _subscript(resolve(value, names, where), index, names, where, ast.unparse(node))
        case ast.List(items) | ast.Tuple(items):
            return [resolve(item, names, where) for item in items]
    raise UsageError(
        f"{where} has the type `{ast.unparse(node)}`, which is not an annotation; "
        "write a name such as `str`, `list[str]` or `Literal['a', 'b']`."
    )


def describe(type_: Any) -> str:
    """A type as one would write it.

    >>> describe(list[str]), describe(typing.Literal["a", "b"]), describe(int | None)
    ('list[str]', "Literal['a', 'b']", 'int | None')
    """
    if type_ is None or type_ is type(None):
        return "None"
    if type_ is Ellipsis:
        return "..."
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is typing.Literal:
        return f"Literal[{', '.join(map(repr, arguments))}]"
    if origin in (typing.Union, types.UnionType):
        return " | ".join(map(describe, arguments))
    if origin is typing.Annotated:
        return describe(arguments[0])
    if origin is not None:
        return f"{describe(origin)}[{', '.join(map(describe, arguments))}]"
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


def _look_up(name: str, names: Mapping[str, Any], where: str) -> Any:
    for scope in (names, COMMON):
        if name in scope:
            return scope[name]
    types_ = [key for key, value in names.items() if isinstance(value, type)]
    raise UsageError(f"{where} has an unknown type `{name}`; {_hint(name, [*COMMON, *types_])}")


def _hint(name: str, known: list[str]) -> str:
    hint = nearest(name, [key for key in known if not key.startswith("_")])
    if hint.startswith("known"):
        return "define it in an earlier cell, or use one of Python's own such as `str`."
    return hint


def _subscript(
    generic: Any, index: ast.expr, names: Mapping[str, Any], where: str, text: str
) -> Any:
    items = index.elts if isinstance(index, ast.Tuple) else [index]
    if generic is typing.Literal:
        arguments = tuple(_literal(item, names, where) for item in items)
    else:
        arguments = tuple(
            ...
            if isinstance(item, ast.Constant) and item.value is ...
            else _metadata(item, names, where)
            if generic is typing.Annotated and i
            else resolve(item, names, where)
            for i, item in enumerate(items)
        )
    try:
        return generic[arguments if len(arguments) > 1 else arguments[0]]
    except (TypeError, IndexError):
        raise UsageError(f"{where} has the type `{text}`, which cannot be subscripted.") from None


def _literal(item: ast.expr, names: Mapping[str, Any], where: str) -> Any:
    try:
        return ast.literal_eval(item)
    except ValueError:
        return resolve(item, names, where)


def _metadata(item: ast.expr, names: Mapping[str, Any], where: str) -> Any:
    return ast.literal_eval(item) if isinstance(item, ast.Constant) else resolve(item, names, where)


def _union(left: Any, right: Any) -> Any:
    return typing.Union[left, right]  # noqa: UP007  `|` fails between two strings' types


def _parse(text: str, where: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        raise UsageError(f"{where} has the type {text!r}, which is not an annotation.") from None
