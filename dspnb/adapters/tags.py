"""Texts between tags such as `<answer>` and `</answer>`, which are no XML: nothing is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .found import Found, by_name, named

HALF_TAG = re.compile(r"</?\w{0,100}\Z")


@lru_cache(maxsize=256)
def _tags(known: tuple[str, ...]) -> re.Pattern[str]:
    """The beginning and the end of each field; a beginning may have attributes."""
    names = "|".join(map(re.escape, known))
    return re.compile(
        rf"(?P<line>^[ \t]{{0,99}})?<(?:(?P<open>{names})(?:\s[^<>]{{0,200}})?"
        rf"|/(?P<close>{names})\s{{0,99}})>",
        re.IGNORECASE | re.MULTILINE,
    )


@lru_cache(maxsize=256)
def _tag_marks(known: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    names = "|".join(map(re.escape, known))
    tail = rf"(/?(?:{names})[\s>])"
    return (
        re.compile(rf"<(\\{{0,50}}){tail}", re.IGNORECASE),
        re.compile(rf"<\\(\\{{0,50}}){tail}", re.IGNORECASE),
    )


def escaped_tags(known: Sequence[str], text: str) -> str:
    r"""A text in which nothing reads as the tag of a field: `</a>` becomes `<\/a>`."""
    return _tag_marks(tuple(known))[0].sub(r"<\\\1\2", text) if "<" in text else text


def unescaped_tags(known: Sequence[str], text: str) -> str:
    """The text that was escaped."""
    return _tag_marks(tuple(known))[1].sub(r"<\1\2", text) if "<\\" in text else text


def tagged(known: Sequence[str], text: str) -> Found:
    """The texts between `<name>` and `</name>`.

    A field that was left open ends where a line begins with another one, and the last at the end.
    """
    if "<" not in text or not known:
        return Found({})
    found: dict[str, str] = {}
    for name, start, end in _elements(known, text):
        found.setdefault(name, unescaped_tags(known, text[start:end].strip()))
    return Found(found)


def _elements(known: Sequence[str], text: str) -> Iterator[tuple[str, int, int]]:
    names, seen = by_name(known), set[str]()
    name, start = None, 0
    for match in tag_marks(known, text):
        mark = tag_of(names, match)
        if mark is None or not ends_element(match, mark, name, seen):
            continue
        if name is not None:
            yield name, start, match.start()
        name, start = None, match.end()
        if match["open"] and mark not in seen:
            name = mark
            seen.add(mark)
    if name is not None:
        half = HALF_TAG.search(text, start)
        yield name, start, half.start() if half else len(text)


def tag_marks(known: Sequence[str], text: str, start: int = 0) -> Iterator[re.Match[str]]:
    """The tags of fields in a text."""
    return _tags(tuple(known)).finditer(text, start)


def tag_of(names: Mapping[str, str], match: re.Match[str]) -> str | None:
    """The field whose tag this is."""
    return named(names, match["open"] or match["close"])


def ends_element(match: re.Match[str], mark: str, inside: str | None, seen: set[str]) -> bool:
    """Whether a tag counts: any between fields; in one its end, or a line that begins another."""
    if inside is None or match["close"]:
        return inside in (None, mark)
    return match["line"] is not None and mark not in seen


_ANY_TAG = re.compile(r"<(/?)(\w{1,100})(?:\s([^<>]{0,200}))?>")
_KEY = re.compile(r"""key\s{0,9}=\s{0,9}["']([^"']*)["']""")


def nested(text: str, depth: int = 20) -> Any:
    """What nested tags hold: a dict by tag name, a list where a tag stands more than once.

    >>> nested("<name>Ulm</name><lakes><item>a</item><item>b</item></lakes>")
    {'name': 'Ulm', 'lakes': ['a', 'b']}
    """
    open_: list[_Open] = [_Open("", "")]
    for match in _ANY_TAG.finditer(text):
        slash, tag, attributes = match.groups()
        if not slash:
            if len(open_) > depth:
                return text.strip()
            key = _KEY.search(attributes or "") if tag == "entry" else None
            open_.append(_Open(tag, key[1] if key else tag, match.end()))
        elif tag == open_[-1].tag:
            done = open_.pop()
            value = _combined(done.parts, text[done.start : match.start()])
            open_[-1].parts.append((done.name, value))
    return _combined(open_[0].parts, text)


@dataclass
class _Open:
    """A tag whose end was not met yet."""

    tag: str
    name: str
    start: int = 0
    parts: list[tuple[str, Any]] = field(default_factory=list)


def _combined(parts: Sequence[tuple[str, Any]], text: str) -> Any:
    if not parts:
        return text.strip()
    names = {name for name, _ in parts}
    if len(names) == 1 and (len(parts) > 1 or names == {"item"}):
        return [value for _, value in parts]
    found: dict[str, list[Any]] = {}
    for name, value in parts:
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}
