"""Where the fields are in what a model wrote, however it wrote it: headers, JSON, tags, labels.

Each adapter looks for its own layout first, and then for the others: a model that answers in the
wrong one has answered all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# A header may stand inside a line, in any case, with Markdown around it (`**[[ ## a ## ]]**`).
HEADER = re.compile(
    r"(?:^[ \t]*[*_#>`]{1,4}[ \t]*)?\[\[[ \t]*#{1,3}[ \t]*(\w+)[ \t]*#{1,3}[ \t]*\]\][*_`:]*",
    re.MULTILINE,
)
_QUOTED = re.compile(r"\[\[([ \t]*)(\\*)(#{1,3}[ \t]*\w+[ \t]*#{1,3}[ \t]*\]\])")
_FENCED = re.compile(r"```[\w-]*[ \t]*\n(.*?)(?:\n?```|\Z)", re.DOTALL)


def escaped(text: str) -> str:
    r"""A text in which nothing reads as a header: `[[ ## a ## ]]` becomes `[[ \## a ## ]]`.

    >>> print(escaped("[[ ## a ## ]]"), unescaped(escaped("[[ ## a ## ]]")))
    [[ \## a ## ]] [[ ## a ## ]]
    """
    return _QUOTED.sub(r"[[\1\\\2\3", text) if "[[" in text else text


def unescaped(text: str) -> str:
    """The text that was escaped."""
    if "[[" not in text:
        return text
    return _QUOTED.sub(lambda m: f"[[{m[1]}{m[2][1:]}{m[3]}", text)


# -- sections under headers ------------------------------------------------------------


def sections(known: Sequence[str], text: str) -> dict[str, str]:
    """Name -> text of each section under `[[ ## name ## ]]`. The first one of a name counts."""
    headers = list(_headers(known, text))
    ends = [*(match.start() for _, match in headers), len(text)]
    found: dict[str, str] = {}
    for (name, match), end in zip(headers, ends[1:], strict=True):
        if name:
            found.setdefault(name, unescaped(text[match.end() : end].strip()))
    lone = text[: ends[0]].strip()
    if not found and len(known) == 1 and lone and all(_is_completed(m) for _, m in headers):
        return {known[0]: unescaped(lone)}
    return found


def _headers(known: Sequence[str], text: str) -> Iterator[tuple[str | None, re.Match[str]]]:
    if "[[" not in text:
        return
    names = by_name(known)
    for match in HEADER.finditer(text):
        name = names.get(match[1]) or names.get(match[1].casefold())
        if name or _ends_section(match):
            yield name, match


def _ends_section(match: re.Match[str]) -> bool:
    """A field nobody asked for ends a section too, unless a line merely quotes its header."""
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 :].partition("\n")[0]
    return _is_completed(match) or line.strip() == match[0].strip()


def _is_completed(match: re.Match[str]) -> bool:
    return match[1].casefold() == "completed"


def by_name(known: Sequence[str]) -> dict[str, str]:
    """Each way of writing a name -> the name; exact ones come first."""
    return {name.casefold(): name for name in known} | {name: name for name in known}


# -- a JSON object ---------------------------------------------------------------------


def members(known: Sequence[str], text: str) -> dict[str, Any]:
    """Name -> value of the JSON object in a text that has some of the names; empty without one.

    Words around it, a code fence, trailing commas and a missing end are forgiven.
    """
    names = by_name(known)
    for value in _objects(text):
        found = _named(names, value)
        if found:
            return found
    return {}


def _objects(text: str) -> Iterator[Any]:
    try:
        yield json.loads(text)
    except (ValueError, RecursionError):
        pass
    else:
        return
    start = text.find("{")
    if start < 0:
        return
    for inner in [*(match[1] for match in _FENCED.finditer(text)), text[start:]]:
        begin = inner.find("{")
        if begin < 0:
            continue
        try:
            yield json.JSONDecoder().raw_decode(inner, begin)[0]
        except (ValueError, RecursionError):
            yield from _repaired(inner[begin:])


def _repaired(text: str) -> Iterator[Any]:
    import json_repair  # 20 ms to import, and most answers never need it

    try:
        yield json_repair.loads(text)
    except (ValueError, RecursionError):
        return


def _named(names: Mapping[str, str], value: Any, depth: int = 2) -> dict[str, Any]:
    """The members with known names: of the object, or of one that it wraps."""
    match value:
        case [dict() as only]:
            return _named(names, only, depth)
        case [*items] if depth:
            for item in items:
                if isinstance(item, dict) and (found := _named(names, item, 0)):
                    return found
        case dict():
            found = {}
            for key, member in value.items():
                name = names.get(str(key)) or names.get(str(key).casefold())
                if name:
                    found.setdefault(name, member)
            if found or not depth or len(value) != 1:
                return found
            return _named(names, next(iter(value.values())), depth - 1)
    return {}


# -- tags ------------------------------------------------------------------------------


def tagged(known: Sequence[str], text: str) -> dict[str, str]:
    """Name -> text between `<name>` and `</name>`; the last tag may be left open."""
    found: dict[str, str] = {}
    for name in known:
        opening = re.search(rf"<{re.escape(name)}(?:\s[^<>]*)?>", text, re.IGNORECASE)
        if not opening:
            continue
        rest = text[opening.end() :]
        closing = re.search(rf"</{re.escape(name)}\s*>", rest, re.IGNORECASE)
        if closing:
            rest = rest[: closing.start()]
        else:
            others = [re.search(rf"<{re.escape(other)}>", rest) for other in known]
            rest = rest[: min((m.start() for m in others if m), default=len(rest))]
        found[name] = unescaped_tag(rest.strip("\n").strip())
    return found


def escaped_tag(text: str, name: str) -> str:
    """A text in which nothing reads as the end of the tag."""
    return re.sub(rf"<(\\*)(/{re.escape(name)}\s*>)", r"<\\\1\2", text, flags=re.IGNORECASE)


def unescaped_tag(text: str) -> str:
    """The text that was escaped."""
    return re.sub(r"<\\(\\*/\w+\s*>)", r"<\1", text) if "<\\" in text else text


# -- labels ----------------------------------------------------------------------------


def labelled(known: Sequence[str], text: str) -> dict[str, str]:
    """Name -> text after `Name:` at the start of a line, Markdown around it or not."""
    names = by_name(known) | {name.replace("_", " ").casefold(): name for name in known}
    label = re.compile(
        r"^[ \t]*[*_#>\-`]{0,4}[ \t]*(" + "|".join(map(re.escape, names)) + r")"
        r"[ \t]*[*_`]{0,3}[ \t]*:[*_`]{0,3}",
        re.MULTILINE | re.IGNORECASE,
    )
    marks = list(label.finditer(text)) if known else []
    if not marks:
        return {}
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    found: dict[str, str] = {}
    for mark, end in zip(marks, ends, strict=True):
        name = names.get(mark[1]) or names[mark[1].casefold()]
        found.setdefault(name, text[mark.end() : end].strip())
    return found


_ELEMENT = re.compile(r"<(\w+)(?:\s[^<>]*)?>(.*?)</\1\s*>", re.DOTALL)


def nested(text: str, depth: int = 20) -> Any:
    """What nested tags hold: a dict by tag name, a list where a tag stands more than once.

    >>> nested("<name>Ulm</name><lakes><item>a</item><item>b</item></lakes>")
    {'name': 'Ulm', 'lakes': ['a', 'b']}
    """
    parts = _ELEMENT.findall(text) if depth else []
    if not parts:
        return text.strip()
    values = [(name, nested(inner, depth - 1)) for name, inner in parts]
    names = {name for name, _ in values}
    if len(names) == 1 and (len(values) > 1 or names == {"item"}):
        return [value for _, value in values]
    found: dict[str, Any] = {}
    for name, value in values:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found
