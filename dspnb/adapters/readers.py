"""Fields from an answer that is still arriving, one reader a layout.

What might be the beginning of a header, a tag or an escape is held back until it is clear.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from .finding import HEADER, by_name, unescaped, unescaped_tag

LONGEST = 80  # characters that a header may take

Piece = tuple[str, str]  # field, text


class HeaderReader:
    """Sections under `[[ ## name ## ]]`.

    >>> reader = HeaderReader(["a"])
    >>> [*reader.feed("[[ ## a ## ]]\\nHel"), *reader.feed("lo [[ ## comp"), *reader.close()]
    [('a', 'Hel'), ('a', 'lo')]
    """

    def __init__(self, known: Sequence[str]) -> None:
        self._names = by_name(known)
        self._lone = known[0] if len(known) == 1 else ""
        self._name: str | None = None
        self._began = False
        self._held = ""
        self._seen: set[str] = set()

    def feed(self, text: str) -> Iterator[Piece]:
        """One more piece of the answer."""
        self._held += text
        while match := HEADER.search(self._held):
            if match.end() == len(self._held):
                break  # Markdown may follow it
            yield from self._told(self._held[: match.start()], whole=True)
            self._enter(match[1])
            self._held = self._held[match.end() :]
        safe = self._safe()
        yield from self._told(self._held[:safe], whole=False)
        self._held = self._held[safe:]

    def close(self) -> Iterator[Piece]:
        """The answer is over."""
        while match := HEADER.search(self._held):
            yield from self._told(self._held[: match.start()], whole=True)
            self._enter(match[1])
            self._held = self._held[match.end() :]
        cut = re.search(r"\s*\[\[[ \t]*#[^\]\n]*\Z", self._held)  # a header that was cut off
        yield from self._told(self._held[: cut.start()] if cut else self._held, whole=True)
        self._held = ""

    def _enter(self, written: str) -> None:
        name = self._names.get(written) or self._names.get(written.casefold())
        self._name = None if name in self._seen else name
        self._began = False
        if name:
            self._seen.add(name)

    def _safe(self) -> int:
        """How much of what is held cannot be a part of a header, or blanks before one."""
        start = self._held.rfind("[[")
        if start >= 0 and len(self._held) - start < LONGEST and "]]" not in self._held[start:]:
            held = self._held[:start]
        else:
            held = self._held.removesuffix("[")
        return len(held.rstrip(" \t\r\n*_#>`"))

    def _told(self, text: str, *, whole: bool) -> Iterator[Piece]:
        if not self._began:
            text = text.lstrip()
        if whole:
            text = text.rstrip()
        name = self._name or ("" if self._seen else self._lone)
        if text and name:
            self._began = True
            yield name, unescaped(text)


class TagReader:
    """Texts between `<name>` and `</name>`."""

    def __init__(self, known: Sequence[str]) -> None:
        self._names = by_name(known)
        names = "|".join(map(re.escape, known))
        self._opening = re.compile(rf"<({names})>", re.IGNORECASE) if known else None
        self._name = ""
        self._began = False
        self._held = ""

    def feed(self, text: str) -> Iterator[Piece]:
        """One more piece of the answer."""
        self._held += text
        while self._opening is not None:
            if not self._name:
                match = self._opening.search(self._held)
                if not match:
                    self._held = self._held[-LONGEST:]
                    return
                self._name, self._began = match[1], False
                self._held = self._held[match.end() :]
            end = re.search(rf"</{re.escape(self._name)}\s*>", self._held, re.IGNORECASE)
            if not end:
                break
            yield from self._told(self._held[: end.start()].rstrip())
            self._held, self._name = self._held[end.end() :], ""
        start = self._held.rfind("<")
        maybe_tag = start >= 0 and len(self._held) - start < LONGEST
        safe = len((self._held[:start] if maybe_tag else self._held).rstrip())
        yield from self._told(self._held[:safe])
        self._held = self._held[safe:]

    def close(self) -> Iterator[Piece]:
        """The answer is over."""
        if self._name:
            yield from self._told(self._held.rstrip())
        self._held = ""

    def _told(self, text: str) -> Iterator[Piece]:
        if not self._began:
            text = text.lstrip()
        if text and self._name:
            self._began = True
            name = self._names.get(self._name) or self._names[self._name.casefold()]
            yield name, unescaped_tag(text)


class ObjectReader:
    """The members of one JSON object: texts as they arrive, other values when they are whole."""

    def __init__(self, known: Sequence[str]) -> None:
        self._names = by_name(known)
        self._held = ""
        self._state = "before"  # the object, then "key", "value", "text", "other", "after"
        self._name: str | None = None

    def feed(self, text: str) -> Iterator[Piece]:
        """One more piece of the answer."""
        self._held += text
        while (step := self._step()) is not None:
            yield from step

    def close(self) -> Iterator[Piece]:
        """The answer is over."""
        if self._state == "text" and self._name and (text := _loaded(self._held)):
            yield self._name, text
        self._held = ""

    def _step(self) -> list[Piece] | None:
        """What the next part gives; None when more has to arrive first."""
        match self._state:
            case "before":
                return self._skip_to("{", "key")
            case "key":
                key = re.match(r"[\s,]*\"((?:[^\"\\]|\\.)*)\"\s*:\s*", self._held)
                if not key or key.end() == len(self._held):
                    return None
                written = _loaded(key[1])
                self._name = self._names.get(written) or self._names.get(written.casefold())
                self._held = self._held[key.end() :]
                self._state = "text" if self._held.startswith('"') else "other"
                self._held = self._held.removeprefix('"') if self._state == "text" else self._held
                return []
            case "text":
                return self._text()
            case "other":
                return self._other()
        return None

    def _skip_to(self, mark: str, state: str) -> list[Piece] | None:
        start = self._held.find(mark)
        if start < 0:
            return None
        self._held, self._state = self._held[start + 1 :], state
        return []

    def _text(self) -> list[Piece] | None:
        end = re.match(r"(?:[^\"\\]|\\.)*\"", self._held, re.DOTALL)
        if end:
            text, self._held = self._held[: end.end() - 1], self._held[end.end() :]
            self._state = "key"
        else:
            # An escape may still be incomplete: at most `\ud83d\ude00`, twelve characters.
            cut = self._held.rfind("\\", max(0, len(self._held) - 12))
            cut = len(self._held) if cut < 0 else _start_of_escapes(self._held, cut)
            text, self._held = self._held[:cut], self._held[cut:]
            if not text:
                return None
        piece = _loaded(text)
        return [(self._name, piece)] if self._name and piece else []

    def _other(self) -> list[Piece] | None:
        """A number, a truth, a list, an object: given when it is over."""
        depth, quoted, i = 0, False, 0
        while i < len(self._held):
            character = self._held[i]
            if quoted:
                i += character == "\\"
                quoted = character != '"'
            elif character == '"':
                quoted = True
            elif character in "[{":
                depth += 1
            elif character in "]}" and depth:
                depth -= 1
            elif character in ",}" and not depth:
                value, self._held = self._held[:i].strip(), self._held[i:]
                self._state = "key"
                return [(self._name, value)] if self._name and value else []
            i += 1
        return None


def _start_of_escapes(text: str, at: int) -> int:
    while at and (text[at - 1] == "\\" or text[max(0, at - 6) : at].startswith("\\u")):
        at = at - 1 if text[at - 1] == "\\" else at - 6
    return at


def _loaded(text: str) -> str:
    """The text that the inside of a JSON string stands for."""
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
