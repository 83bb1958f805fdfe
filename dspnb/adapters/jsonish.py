"""JSON as models write it: among words, in a fence, cut off, with single quotes or stray commas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pydantic_core

PLACES = 20  # brackets at which a value is looked for
# Beyond these, json_repair takes seconds: it looks ahead from each quote and each bracket.
LENGTH = 30_000  # characters
QUOTES = 500
DEPTH = 40  # brackets inside one another

_FENCE = re.compile(
    r"```[\w-]{0,20}[ \t]{0,9}\n\s{0,9}(?=[{\[])"
)  # what it begins with is the likeliest
_STRAY = re.compile(r'("(?:[^"\\]++|\\.)*+")|,(?=\s*+[}\]])', re.DOTALL)
_DECODER = json.JSONDecoder(strict=False)  # a line break inside a text is forgiven


def readings(text: str) -> Iterator[Any]:
    """What a text may mean as JSON, the likeliest first.

    >>> list(readings('{"a": 1}')), next(readings("Sure: {'a': 1,} Done."))
    ([{'a': 1}], {'a': 1})
    """
    try:
        yield _DECODER.decode(text)
    except (ValueError, RecursionError):
        pass
    else:
        return
    fenced = _FENCE.search(text)
    if fenced:
        yield from _inside(text, fenced.end(), places=1)
    yield from _inside(text, 0, places=PLACES)


def _inside(text: str, start: int, *, places: int) -> Iterator[Any]:
    """The values that stand in a text; the first bracket also with what is wrong behind it."""
    for place in range(places):
        at = _bracket(text, start)
        if at < 0:
            return
        try:
            value, start = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            start = at + 1
            if not place:
                yield from _repaired(text[at:])
        else:
            yield value


def _bracket(text: str, start: int) -> int:
    found = [at for at in (text.find("{", start), text.find("[", start)) if at >= 0]
    return min(found, default=-1)


def _repaired(text: str) -> Iterator[Any]:
    try:
        # A text that was cut off is kept as far as it goes; half a number would be another one.
        yield pydantic_core.from_json(text, allow_partial="trailing-strings")
        return
    except ValueError:
        pass
    try:
        yield _DECODER.raw_decode(_STRAY.sub(lambda match: match[1] or "", text))[0]
        return
    except (ValueError, RecursionError):
        pass
    quotes = text.count('"') + text.count("'")
    if len(text) > LENGTH or quotes > QUOTES or _depth(text) > DEPTH:
        return
    import json_repair  # 20 ms to import, and most answers never need it

    try:
        yield json_repair.loads(text)
    except (ValueError, RecursionError):
        return


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in re.findall(r"[\[{}\]]", text):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest
