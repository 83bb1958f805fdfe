"""Plain values and rows of them as bytes, which no other value has."""

from __future__ import annotations

import hashlib
from typing import Any

from dspnb.example import Example

from .size import Size

LONG = 1000  # bytes; of a longer text only the hash is kept
DEEPEST = 50  # lists in lists
PLAIN = frozenset(
    {type(None), bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set}
    | {frozenset, type(...), type(NotImplemented), Example}
)


def plain_bytes(value: Any, size: Size) -> bytes | None:
    """None for a value that is not plain all the way down, or too deep. May raise `TooLarge`.

    >>> plain_bytes({"b": 1, "a": {2, 1}}, Size()) == plain_bytes({"a": {1, 2}, "b": 1}, Size())
    True
    >>> plain_bytes(1, Size()) == plain_bytes(True, Size()), plain_bytes([print], Size())
    (False, None)
    """
    try:
        return _written(value, size, 0)
    except _NotPlain:
        return None


class _NotPlain(Exception):
    pass


def _written(value: Any, size: Size, depth: int) -> bytes:
    kind = type(value)
    if kind is str:  # most of all rows: a function less
        data = value.encode("utf-8", "surrogatepass")
        return b"s%d:%b" % (len(data), data) if len(data) <= LONG else _text(b"s", data)
    if kind is int:
        return b"i%x;" % value
    if kind is float or kind is complex:
        return b"%b%b;" % (kind.__name__.encode(), repr(value).encode())
    if kind is bytes or kind is bytearray:
        return _text(kind.__name__.encode(), value)
    if kind not in PLAIN or depth > DEEPEST:
        raise _NotPlain
    if kind is list or kind is tuple:
        size.take(len(value))
        items = [_written(item, size, depth + 1) for item in value]
    elif kind is dict:
        size.take(2 * len(value))
        items = sorted(
            _written(key, size, depth + 1) + _written(item, size, depth + 1)
            for key, item in value.items()
        )
    elif kind is set or kind is frozenset:
        size.take(len(value))
        items = sorted(_written(item, size, depth + 1) for item in value)
    elif kind is Example:
        names = value._input_names
        inputs = None if names is None else sorted(names)
        items = [_written(each, size, depth + 1) for each in (inputs, value._values)]
    else:
        return b"%a;" % value  # None, True, False, ...
    return b"%b%d[%b]" % (kind.__name__.encode(), len(items), b"".join(items))


def _text(kind: bytes, data: bytes | bytearray) -> bytes:
    if len(data) > LONG:
        return b"%b#%d:%b" % (kind, len(data), hashlib.blake2b(data, digest_size=16).digest())
    return b"%b%d:%b" % (kind, len(data), bytes(data))
