"""Sections of a text under headers such as `[[ ## answer ## ]]`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .found import Found, by_name, named

# A header may stand inside a line, in any case, with Markdown around it (`**[[ ## a ## ]]**`).
_NAMED = r"#{1,3}[ \t]{0,9}(\w{1,100})[ \t]{0,9}#{1,3}[ \t]{0,9}\]\]"
HEADER = re.compile(
    rf"(?:^[ \t]{{0,99}}[*_#>`]{{1,4}}[ \t]{{0,9}})?\[\[[ \t]{{0,9}}{_NAMED}[*_`:]{{0,9}}",
    re.MULTILINE,
)
HALF_HEADER = re.compile(
    r"(?:^\[\[?[ \t]{0,9}"
    r"|\[\[[ \t]{0,9}#{1,3}[ \t]{0,9}(?:\w{1,100}[ \t]{0,9}(?:#{1,3}[ \t]{0,9}\]?)?)?)\Z",
    re.MULTILINE,
)
_QUOTABLE = re.compile(rf"\[\[([ \t]{{0,9}})(\\{{0,50}})({_NAMED})")
_QUOTED = re.compile(rf"\[\[([ \t]{{0,9}})\\(\\{{0,50}})({_NAMED})")
_REST_IS_BLANK = re.compile(r"[ \t\r]{0,99}(?:\n|\Z)")


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
    text = without_half_header(text)
    headers = [match for match in HEADER.finditer(text) if ends_section(names, match)]
    ends = [*(match.start() for match in headers[1:]), len(text)]
    found: dict[str, str] = {}
    for match, end in zip(headers, ends, strict=bool(headers)):
        if name := named(names, match[1]):
            found.setdefault(name, unescaped(text[match.end() : end].strip()))
    return Found(found)


def without_half_header(text: str) -> str:
    """The text without a header at its end that was cut off."""
    if text.endswith("]]"):  # as most answers do
        return text
    # Only the end is looked at: to search all of a text takes longer than to read it.
    cut = HALF_HEADER.search(text, max(0, len(text) - 160))
    return text[: cut.start()] if cut else text


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
