"""Where the fields are in what a model wrote, however it wrote it: headers, JSON, tags, labels.

Each adapter looks for its own layout first, and then for the others: a model that answers in the
wrong one has answered all the same. All repeats in patterns are bounded or possessive, so that no
answer, however odd, takes long.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from .found import Find, Found, by_name, named
from .headers import HEADER, ends_section, is_completed, unescaped, without_half_header
from .jsonish import readings
from .tags import tag_marks

# A model that thinks aloud does so before it answers.
THOUGHTS = {"<think>": "</think>", "<thinking>": "</thinking>", "[THINK]": "[/THINK]"}

_HALF_MARK = re.compile(r"\[{1,2}|<[\w/]{0,100}")  # all there is of an answer that was cut off


def best(known: Sequence[str], text: str, finds: Sequence[Find]) -> Found:
    """What the first way finds, if it finds every field; else what finds the most of them."""
    if "think" in text or "THINK" in text:
        text = without_thoughts(known, text)
    most = Found({})
    for find in finds:
        found = find(known, text)
        if len(found.fields) > len(most.fields):
            most = found
        if len(most.fields) == len(known):
            break
    return most


def without_thoughts(known: Sequence[str], text: str) -> str:
    """An answer without what was thought before it; all of it, when the thinking was cut off.

    >>> without_thoughts(["a"], "<think>Hm.</think> Yes.")
    ' Yes.'
    """
    start = text.lstrip()
    for opening, closing in THOUGHTS.items():
        if opening[1:-1].casefold() in known:
            continue
        if start.startswith(opening):
            return start.partition(closing)[2]
        # Some servers take the opening away, as it is a part of their prompt.
        before, end, rest = text.partition(closing)
        if end and rest.strip() and not _answers(known, before):
            return rest
    return text


def _answers(known: Sequence[str], text: str) -> bool:
    return "[[" in text or "{" in text or bool(known and any(tag_marks(known, text)))


# -- a JSON object ---------------------------------------------------------------------


def members(known: Sequence[str], text: str) -> Found:
    """The values of the JSON object in a text that has some of the names.

    Words around it, a code fence, trailing commas, a missing end and an object or a text around the
    object are forgiven.
    """
    if "{" not in text:
        return Found({})
    names = by_name(known)
    for value in readings(text):
        found = _members(names, value)
        if found:
            return Found(found, json=True)
    return Found({})


def _members(names: Mapping[str, str], value: Any, depth: int = 2) -> dict[str, Any]:
    """The members with known names: of the object, or of one that is wrapped in it."""
    match value:
        case dict():
            found: dict[str, Any] = {}
            for key, member in value.items():
                if name := named(names, str(key)):
                    found.setdefault(name, member)
            if found or not depth or len(value) != 1:
                return found
            return _members(names, next(iter(value.values())), depth - 1)
        case [*items] if depth:
            for item in items[:9]:
                if found := _members(names, item, depth - 1):
                    return found
        case str() if depth and "{" in value:
            for inner in readings(value):
                return _members(names, inner, depth - 1)
    return {}


# -- labels ----------------------------------------------------------------------------


def labelled(known: Sequence[str], text: str) -> Found:
    """The texts after `Name:` at the start of a line, Markdown around it or not.

    A lone field is labelled at the beginning, or in bold: its text may have a colon of its own.
    """
    if ":" not in text or not known:
        return Found({})
    names = {**by_name(known)} | {name.replace("_", " ").casefold(): name for name in known}
    marks = [mark for mark in _labels(tuple(names)).finditer(text) if named(names, mark[1])]
    if len(known) == 1:
        marks = [mark for mark in marks if "*" in mark[0] or not text[: mark.start()].strip()][:1]
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    found: dict[str, str] = {}
    for mark, end in zip(marks, ends, strict=bool(marks)):
        found.setdefault(named(names, mark[1]) or "", text[mark.end() : end].strip())
    return Found(found)


@lru_cache(maxsize=256)
def _labels(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(
        r"^[ \t]{0,99}(?:[-*>][ \t]{1,9})?[*_#>\-`]{0,4}[ \t]{0,9}("
        + "|".join(map(re.escape, names))
        + r")"
        r"[ \t]{0,9}[*_`]{0,3}[ \t]{0,9}:[*_`]{0,3}",
        re.MULTILINE | re.IGNORECASE,
    )


# -- no layout at all ------------------------------------------------------------------


def lone(known: Sequence[str], text: str) -> Found:
    """The whole text, if there is one field only, and no other one has a section."""
    if len(known) != 1:
        return Found({})
    headers = [m for m in HEADER.finditer(text) if ends_section({}, m)] if "[[" in text else []
    if any(not is_completed(match) for match in headers):
        return Found({})
    text = (text[: headers[0].start()] if headers else without_half_header(text)).strip()
    return Found({known[0]: unescaped(text)} if text and not _HALF_MARK.fullmatch(text) else {})
