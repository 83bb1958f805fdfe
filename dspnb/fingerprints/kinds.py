"""What each kind of thing is made of, without a call of the user's code."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import functools
import io
import math
import os
import pathlib
import random
import re
import types
import typing
from collections.abc import Mapping
from typing import Any

from dspnb.example import Example, Prediction
from dspnb.lm import Recorded
from dspnb.module import Module
from dspnb.types.tool import Tool

from .attributes import attributes, has
from .code import class_parts, function_parts
from .graph import Parts
from .installed import installed_name
from .models import is_model, model_parts
from .plain import PLAIN, plain_bytes
from .size import OBJECT, Size


def parts_of(thing: Any, size: Size) -> Parts | None:
    """The parts of a thing; None for one that cannot be told from others of its kind."""
    size.take(OBJECT)
    while isinstance(thing, Recorded):
        thing = thing.lm
    if type(thing) in PLAIN:
        written = plain_bytes(thing, size)
        return _contents(thing, size) if written is None else Parts(written)
    if not isinstance(thing, Example | Prediction | types.ModuleType | type):
        said = getattr(thing, "fingerprint", None) if has(thing, "fingerprint") else None
        if isinstance(said, str):
            return Parts(f"{type(thing).__name__} {said}".encode())
    if (name := installed_name(thing)) is not None:
        return Parts(f"installed {name}".encode())
    return _code(thing) or _type(thing) or _value(thing, size)


def object_parts(thing: Any, *inside: tuple[str, Any], **instead: Any) -> Parts:
    """Its class and its attributes, some of them replaced by others."""
    held = attributes(thing) | instead
    return Parts(
        b"object",
        [
            ("", type(thing)),
            *inside,
            *((f".{name}", Parts(name.encode(), [("", v)])) for name, v in held.items()),
        ],
    )


# -- code and types --------------------------------------------------------------------


def _code(thing: Any) -> Parts | None:
    match thing:
        case types.ModuleType():
            return Parts(b"module " + thing.__name__.encode())
        case types.FunctionType():
            return function_parts(thing)
        case types.MethodType():
            return Parts(b"method", [("", thing.__func__), (".__self__", thing.__self__)])
        case functools.partial():
            given = (thing.args, thing.keywords)
            return Parts(b"partial", [("", thing.func), ("", given), ("", vars(thing))])
        case staticmethod() | classmethod():
            return Parts(type(thing).__name__.encode(), [("", thing.__func__)])
        case property():
            return Parts(b"property", [("", thing.fget), ("", thing.fset), ("", thing.fdel)])
        case functools.cached_property():
            return Parts(b"cached property", [("", thing.func)])
        case types.CellType():
            return Parts(b"cell", [("", thing.cell_contents)])
        case types.BuiltinMethodType() | types.MethodWrapperType():
            return Parts(b"method " + thing.__name__.encode(), [("", thing.__self__)])
        case (
            types.WrapperDescriptorType()
            | types.MethodDescriptorType()
            | types.ClassMethodDescriptorType()
            | types.GetSetDescriptorType()
            | types.MemberDescriptorType()
        ):
            return Parts(b"method " + thing.__name__.encode(), [("", thing.__objclass__)])
        case functools._lru_cache_wrapper():
            return Parts(b"cached", [("", thing.__wrapped__)])
    return None


def _type(thing: Any) -> Parts | None:
    if isinstance(thing, type) and not isinstance(thing, types.GenericAlias):
        return class_parts(thing)
    origin = typing.get_origin(thing)
    if origin is not None:
        return Parts(b"type", [("", origin), *(("", each) for each in typing.get_args(thing))])
    if type(thing).__module__ != "typing":
        return None
    label = f"{type(thing).__name__} {thing!r}".encode()
    names = ("__supertype__", "__bound__", "__constraints__", "__value__")
    return Parts(label, [("", getattr(thing, name)) for name in names if hasattr(thing, name)])


# -- values ----------------------------------------------------------------------------

# What keeps threads and processes in order, tells of the work, or is this process's own.
_HARMLESS = {
    "_thread", "threading", "logging", "weakref", "contextvars", "_contextvars", "asyncio",
    "concurrent", "IPython", "ipykernel",
}  # fmt: skip
_WORDS = (datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, pathlib.PurePath)


def _value(thing: Any, size: Size) -> Parts | None:
    kind = type(thing)
    if _is_harmless(thing):
        return Parts(f"a {kind.__module__}.{kind.__name__}".encode())
    if kind.__module__ == "unittest.mock":
        return None  # it makes up what it is asked for
    if is_model(thing):
        return model_parts(thing)
    match thing:
        case Example() | Prediction():
            return _row(thing)
        case Module():
            return object_parts(thing)
        case Tool():
            return object_parts(thing, (".args", thing.args))
        case enum.Enum():
            return Parts(b"member", [("", kind), ("", thing._name_), ("", thing._value_)])
        case re.Pattern():
            return Parts(b"pattern", [("", thing.pattern), ("", thing.flags)])
        case io.BytesIO() | io.StringIO():
            return Parts(b"file", [("", kind), ("", thing.getvalue())])
        case random.Random():
            return object_parts(thing, ("", thing.getstate()))
        case types.MappingProxyType():
            return Parts(b"mapping", [("", dict(thing))])
        case dataclasses.Field():
            told = {name: getattr(thing, name) for name in _OF_A_FIELD}
            return Parts(b"field", [(f".{name}", value) for name, value in told.items()])
    if isinstance(thing, _WORDS):
        return _in_words(thing)
    table = _table(thing, size)
    if table is not None:
        return Parts(b"table", [("", kind), *(("", part) for part in table)])
    if isinstance(thing, _CONTAINERS):
        return object_parts(thing, ("", _bare(thing)))
    if _hides(kind):
        return _in_words(thing)
    return object_parts(thing)


_OF_A_FIELD = (
    "name", "type", "default", "default_factory", "init", "repr", "hash", "compare", "kw_only",
    "metadata",
)  # fmt: skip


def _is_harmless(thing: Any) -> bool:
    kind = type(thing)
    if kind.__module__.partition(".")[0] in _HARMLESS or thing is os.environ:
        return True
    if any(each.__name__ == "InteractiveShell" for each in kind.__mro__):
        return True
    written = isinstance(thing, io.IOBase) and not isinstance(thing, io.BytesIO | io.StringIO)
    return written and not thing.closed and thing.writable()


def _in_words(thing: Any) -> Parts | None:
    """By its `repr`, unless that tells no more than where it is, or not all."""
    words = repr(thing)
    if " at 0x" in words or "..." in words or "…" in words:
        return None
    if installed_name(type(thing)) is not None:  # its attributes may be kept from an earlier use
        return Parts(b"in words", [("", type(thing)), ("", words)])
    return object_parts(thing, ("", words))


# -- containers ------------------------------------------------------------------------

_CONTAINERS = (
    dict, list, tuple, set, frozenset, str, bytes, bytearray, int, float, complex,
    collections.deque, BaseException,
)  # fmt: skip


def _row(row: Example | Prediction) -> Parts:
    """Its values, and which of them are inputs."""
    names = row._input_names if isinstance(row, Example) else None
    inputs = sorted(names) if names is not None else None
    return Parts(b"row", [("", type(row)), ("", inputs), ("", row._values)])


def _contents(thing: Any, size: Size) -> Parts:
    """Of a container whose items are not all plain."""
    size.take(OBJECT * len(thing))
    kind = type(thing).__name__.encode()
    match thing:
        case Example():
            return _row(thing)
        case dict():
            pairs = (
                (f"[{_short(key)}]", Parts(b"item", [("", key), ("", item)]))
                for key, item in thing.items()
            )
            return Parts(kind, list(pairs), ordered=False)
        case set() | frozenset():
            return Parts(kind, [("{}", item) for item in thing], ordered=False)
    return Parts(kind, [(f"[{i}]", item) for i, item in enumerate(thing)])


def _bare(thing: Any) -> Any:
    """What an object of a subclass holds as the builtin container that it is."""
    match thing:
        case collections.OrderedDict():
            return list(dict.items(thing))
        case dict():
            return dict(dict.items(thing))
        case list():
            return list(list.__iter__(thing))
        case tuple():
            return tuple(tuple.__iter__(thing))
        case set():
            return Parts(b"set", [("{}", item) for item in set.__iter__(thing)], ordered=False)
        case frozenset():
            items = frozenset.__iter__(thing)
            return Parts(b"set", [("{}", item) for item in items], ordered=False)
        case collections.deque():
            return [list(collections.deque.__iter__(thing)), thing.maxlen]
        case BaseException():
            return thing.args
    for kind in (str, bytes, bytearray, int, float, complex):
        if isinstance(thing, kind):
            return _plain_base(kind, thing)
    raise AssertionError(thing)


def _plain_base(kind: type, thing: Any) -> Any:
    match kind.__name__:
        case "str":
            return str.__str__(thing)
        case "int":
            return int.__int__(thing)
        case "float":
            return float.__float__(thing)
        case "complex":
            return complex(thing.real, thing.imag)
    return bytes(memoryview(thing))


def _short(key: Any) -> str:
    return repr(key)[:40] if type(key) in (str, int, bool, float) else type(key).__name__


# -- tables and arrays -----------------------------------------------------------------

CELLS = 20  # of an array that are read in the time of one value in a list


def _table(thing: Any, size: Size) -> list[Any] | None:
    """The cells of an array or a frame of numpy, pandas, polars and the like, with their types."""
    kind = type(thing)
    top = kind.__module__.partition(".")[0]
    if top == "pandas" and kind.__name__ == "DataFrame":
        size.take(thing.size)
        types_ = [str(type_) for type_ in thing.dtypes]
        return [types_, thing.to_dict(orient="split")]
    if top == "polars" and kind.__name__ == "DataFrame":
        return [str(thing.schema), thing.to_dict(as_series=False)]
    if top == "numpy" and hasattr(thing, "bit_generator"):
        return [thing.bit_generator.state]
    if not (hasattr(kind, "dtype") and hasattr(kind, "shape") and hasattr(kind, "tolist")):
        return None
    by_cell = top != "numpy" or thing.dtype.hasobject
    size.take(math.prod(thing.shape) // (1 if by_cell else CELLS))
    cells = thing.tolist() if by_cell else thing.tobytes()
    index = list(thing.index) if top == "pandas" and hasattr(kind, "index") else None
    return [str(thing.dtype), list(thing.shape), cells, index]


# -- what cannot be seen ---------------------------------------------------------------


def _hides(kind: type) -> bool:
    """Whether objects hold more than their attributes: those of classes that are written in C."""
    return any(map(_hides_itself, kind.__mro__))


@functools.lru_cache(maxsize=4096)
def _hides_itself(kind: type) -> bool:
    if kind.__base__ is None:
        return False
    body: Mapping[str, Any] = vars(kind)
    seen = sum(isinstance(member, types.MemberDescriptorType) for member in body.values())
    seen += ("__dict__" in body) + ("__weakref__" in body)
    return kind.__basicsize__ - kind.__base__.__basicsize__ > seen * POINTER


POINTER = tuple.__itemsize__  # bytes
