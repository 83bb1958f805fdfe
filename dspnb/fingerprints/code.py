"""What functions and classes of the user's are made of: what they do, not where they stand.

A function is its bytecode with the values it loads, so neither line numbers, file names and
docstrings count, nor its own name. What its code refers to counts with it: defaults, the values of
its closure, and globals, whose plain data counts by value. Of a module of the user's those names
count that stand in the code.
"""

from __future__ import annotations

import builtins
import dataclasses
import dis
import enum
import inspect
import sys
import types
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from .graph import Parts
from .installed import is_installed

MEANING = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ITERABLE_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)


def function_parts(function: types.FunctionType) -> Parts:
    """Its code, and all that the code refers to."""
    code = _read(function.__code__)
    names = function.__code__.co_freevars
    cells = zip(names, function.__closure__ or (), strict=True)
    own = {name: v for name, v in vars(function).items() if not name.startswith("__")}
    return Parts(
        b"function",
        [
            (" (its code)", code.parts),
            (" (a default)", function.__defaults__),
            (" (a default)", function.__kwdefaults__),
            ("", Parts(b"closure", [(f".{name}", _inside(cell)) for name, cell in cells])),
            ("", Parts(b"globals", list(_globals(function, code)))),
            ("", Parts(b"attributes", [_named(name, own[name]) for name in sorted(own)])),
        ],
    )


def class_parts(kind: type) -> Parts:
    """Its name, its bases, and what stands in its body."""
    if issubclass(kind, enum.Enum):
        body = {name: v for name, v in vars(kind).items() if name not in kind.__members__}
        members = [_named(name, member._value_) for name, member in kind.__members__.items()]
    else:
        body, members = dict(vars(kind)), []
    slots = [name for name, v in body.items() if isinstance(v, types.MemberDescriptorType)]
    kept = {
        name: value
        for name, value in body.items()
        if name not in _MADE and name not in slots and not name.startswith(_MADE_BEGINS)
    }
    if issubclass(kind, enum.Enum):
        kept = {name: v for name, v in kept.items() if not _is_sunder(name)}
    if issubclass(kind, BaseModel):
        kept["the fields"] = dict(kind.model_fields)
        kept["the decorators"] = _decorators(kind)
    if _is_described(kind):
        kept["the docstring"] = kind.__doc__  # it may stand in the schema that a model is shown
    kept["the annotations"] = dict(inspect.get_annotations(kind))
    return Parts(
        b"class " + kind.__name__.encode(),
        [
            ("", Parts(b"bases", [("", base) for base in kind.__bases__])),
            ("", type(kind)),
            ("", Parts(b"members", members)),
            ("", Parts(b"slots", [("", tuple(sorted(slots)))])),
            ("", Parts(b"body", [_named(name, kept[name]) for name in sorted(kept)])),
        ],
    )


def _named(name: str, value: Any) -> tuple[str, Parts]:
    return f".{name}", Parts(name.encode(), [("", value)])


def _inside(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return Parts(b"not yet set")


# -- the body of a class ---------------------------------------------------------------

# What Python and pydantic write into a class, which follows from the rest or differs by process.
_MADE = {
    "__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__slots__",
    "__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__",
    "__firstlineno__", "__static_attributes__", "__abstractmethods__", "_abc_impl",
    "__parameters__", "__signature__", "__slotnames__", "__class_vars__", "model_fields",
    "model_computed_fields",
}  # fmt: skip
_MADE_BEGINS = ("__pydantic_", "_member_", "_value2member", "__dataclass_params")


def _is_sunder(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _is_described(kind: type) -> bool:
    return (
        issubclass(kind, BaseModel | enum.Enum)
        or dataclasses.is_dataclass(kind)
        or hasattr(kind, "__total__")  # a TypedDict
    )


def _parts_of(made: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(made) if dataclasses.is_dataclass(made) else ()


def _decorators(kind: type[BaseModel]) -> Parts:
    """How the methods of a model of pydantic are used; the methods themselves are in its body."""
    made = vars(kind).get("__pydantic_decorators__")
    found = [
        (name, key, decorator.info)
        for name, by_key in ((part.name, getattr(made, part.name)) for part in _parts_of(made))
        if isinstance(by_key, dict)
        for key, decorator in by_key.items()
    ]
    return Parts(b"decorators", [_named(f"{name} {key}", info) for name, key, info in found])


# -- code ------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Code:
    parts: Parts
    globals: frozenset[str]  # names that are looked up outside of the function
    attributes: frozenset[str]
    imports: frozenset[str]


# What the body of a class inside a function first writes down, of where it stands.
_TOLD = {"__module__", "__qualname__", "__doc__", "__firstlineno__", "__static_attributes__"}
_LOADS = {"LOAD_CONST", "LOAD_NAME", "LOAD_SMALL_INT"}


@lru_cache(maxsize=1024)
def _read(code: types.CodeType) -> _Code:
    """The instructions with what they name, the values that they load beside them."""
    told: list[tuple[str, Any]] = []
    values: list[tuple[str, Any]] = []
    stored: set[str] = set()
    loaded: set[str] = set()
    attributes: set[str] = set()
    imports: set[str] = set()
    for step in dis.get_instructions(code):
        if step.opname == "STORE_NAME" and step.argval in _TOLD and told[-1][0] in _LOADS:
            if told.pop()[0] == "LOAD_CONST":
                values.pop()
        elif step.opcode in dis.hasconst:
            value = step.argval
            if isinstance(value, types.CodeType):
                inner = _read(value)
                value = inner.parts
                loaded |= inner.globals
                attributes |= inner.attributes
                imports |= inner.imports
            told.append((step.opname, None))
            values.append(("", value))
        elif step.opcode in dis.hasname or step.opcode in dis.haslocal + dis.hasfree:
            told.append((step.opname, step.argval))
            match step.opname:
                case "STORE_NAME":
                    stored.add(step.argval)
                case "IMPORT_NAME":
                    imports.add(step.argval)
                case name if "GLOBAL" in name or name == "LOAD_NAME":
                    loaded.add(step.argval)
                case name if "ATTR" in name or "METHOD" in name or name == "IMPORT_FROM":
                    attributes.add(step.argval)
        else:
            told.append((step.opname, step.arg))
    shape = (
        code.co_flags & MEANING,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_varnames,
        code.co_exceptiontable,
    )
    label = repr((shape, told)).encode()
    names = frozenset(name for name in loaded - stored if not name.startswith("__"))
    return _Code(Parts(label, values), names, frozenset(attributes), frozenset(imports))


def _globals(function: types.FunctionType, code: _Code) -> Iterator[tuple[str, Any]]:
    for name in sorted(code.globals):
        if name in function.__globals__:
            value = function.__globals__[name]
            yield f".{name}", Parts(name.encode(), [("", _used(value, code.attributes))])
        elif not hasattr(builtins, name):
            yield f".{name}", Parts(b"undefined " + name.encode())
    for name in sorted(code.imports):
        if isinstance(sys.modules.get(name), types.ModuleType):
            value = _used(sys.modules[name], code.attributes)
            yield f".{name}", Parts(name.encode(), [("", value)])


def _used(value: Any, attributes: frozenset[str], depth: int = 0) -> Any:
    """Of a module of the user's, what the code names; anything else as it is."""
    if not isinstance(value, types.ModuleType) or is_installed(value.__name__) or depth > 3:
        return value
    found = [
        (f".{name}", Parts(name.encode(), [("", _used(vars(value)[name], attributes, depth + 1))]))
        for name in sorted(attributes & vars(value).keys())
    ]
    return Parts(b"module", found)
