"""Where the fields are in what a model wrote, however it wrote it: headers, JSON, tags, labels.

Each adapter looks for its own layout first, and then for the others: a model that answers in the
wrong one has answered all the same. All repeats are bounded or possessive, so that no answer,
however odd, takes long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from .jsonish import readings

# A header may stand inside a line, in any case, with Markdown around it (`**[[ ## a ## ]]**`).
_NAMED = r"#{1,3}[ \t]{0,9}(\w{1,100})[ \t]{0,9}#{1,3}[ \t]{0,9}\]\]"
HEADER = re.compile(
    rf"(?:^[ \t]{{0,99}}[*_#>`]{{1,4}}[ \t]{{0,9}})?\[\[[ \t]{{0,9}}{_NAMED}[*_`:]{{0,9}}",
    re.MULTILINE,
)
HALF_HEADER = re.compile(r"\[\[[ \t]{0,9}#[^\]\n]{0,200}\]?\Z")
HALF_TAG = re.compile(r"</?\w{0,100}\Z")
_HALF_MARK = re.compile(r"\[{1,2}|<[\w/]{0,100}")  # all there is of an answer that was cut off
_QUOTABLE = re.compile(rf"\[\[([ \t]{{0,9}})(\\{{0,50}})({_NAMED})")
_QUOTED = re.compile(rf"\[\[([ \t]{{0,9}})\\(\\{{0,50}})({_NAMED})")
_REST_IS_BLANK = re.compile(r"[ \t\r]{0,99}(?:\n|\Z)")
# A model that thinks aloud does so before it answers.
THOUGHTS = {"<think>": "</think>", "<thinking>": "</thinking>", "[THINK]": "[/THINK]"}


class Found(NamedTuple):
    """What was found: texts by field, or JSON values."""

    fields: Mapping[str, Any]
    json: bool = False


Find = Callable[[Sequence[str], str], Found]


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
    return bool("[[" in text or "{" in text or (known and _tags(tuple(known)).search(text)))


def by_name(known: Sequence[str]) -> dict[str, str]:
    """Each way of writing a name -> the name; exact ones come first."""
    return {name.casefold(): name for name in known} | {name: name for name in known}


# -- sections under headers ------------------------------------------------------------


def header(name: str) -> str:
    """What stands above a field."""
    return f"[[ ## {name} ## ]]"


def escaped(text: str) -> str:
    r"""A text in which nothing reads as a header: `[[ ## a ## ]]` becomes `[[ \## a ## ]]`.

    >>> print(escaped("[[ ## a ## ]]"), unescaped(escaped("[[ ## a ## ]]")))
    [[ \## a ## ]] [[ ## a ## ]]
    """
    return _QUOTABLE.sub(r"[[\1\\\2\3", text) if "[[" in text else text


def unescaped(text: str) -> str:
    """The text that was escaped."""
    return _QUOTED.sub(r"[[\1\2\3", text) if "[[" in text else text


def sections(known: Sequence[str], text: str) -> Found:
    """The text of each section under `[[ ## name ## ]]`. The first one of a name counts."""
    if "[[" not in text:
        return Found({})
    names = by_name(known)
    text = HALF_HEADER.sub("", text)
    headers = [match for match in HEADER.finditer(text) if ends_section(names, match)]
    ends = [*(match.start() for match in headers[1:]), len(text)]
    found: dict[str, str] = {}
    for match, end in zip(headers, ends, strict=bool(headers)):
        if name := named(names, match[1]):
            found.setdefault(name, unescaped(text[match.end() : end].strip()))
    return Found(found)


def named(names: Mapping[str, str], written: str) -> str | None:
    """The field that a name means, in any case."""
    return names.get(written) or names.get(written.casefold())


def ends_section(names: Mapping[str, str], match: re.Match[str]) -> bool:
    """A field nobody asked for ends a section too, unless a line merely quotes its header."""
    if match[1] in names or named(names, match[1]) or is_completed(match):
        return True
    text, start = match.string, match.start()
    before = text[max(0, start - 99) : start].rstrip(" \t")
    begins = before.endswith("\n") if before else start < 99
    return begins and _REST_IS_BLANK.match(text, match.end()) is not None


def is_completed(match: re.Match[str]) -> bool:
    """Whether a header ends the answer."""
    return match[1].casefold() == "completed"


def lone(known: Sequence[str], text: str) -> Found:
    """The whole text, if there is one field only, and no other one has a section."""
    if len(known) != 1:
        return Found({})
    headers = [m for m in HEADER.finditer(text) if ends_section({}, m)] if "[[" in text else []
    if any(not is_completed(match) for match in headers):
        return Found({})
    text = (text[: headers[0].start()] if headers else HALF_HEADER.sub("", text)).strip()
    return Found({known[0]: unescaped(text)} if text and not _HALF_MARK.fullmatch(text) else {})


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


# -- tags ------------------------------------------------------------------------------


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


# -- labels ----------------------------------------------------------------------------


def labelled(known: Sequence[str], text: str) -> Found:
    """The texts after `Name:` at the start of a line, Markdown around it or not.

    A lone field is labelled at the beginning, or in bold: its text may have a colon of its own.
    """
    if ":" not in text or not known:
        return Found({})
    names = by_name(known) | {name.replace("_", " ").casefold(): name for name in known}
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
