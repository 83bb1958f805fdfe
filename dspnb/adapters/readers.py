"""Fields from an answer that is still arriving, one reader a layout.

What might be the beginning of a header, a tag or an escape is held back until it is clear. Only
texts come piece by piece; other values come when they are whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from .finding import THOUGHTS
from .found import by_name, named
from .headers import HALF_HEADER, HEADER, ends_section, unescaped
from .tags import HALF_TAG, ends_element, tag_marks, tag_of, unescaped_tags

Piece = tuple[str, str]  # field, text
Find = Callable[[str], Mapping[str, Any]]


class _Reader:
    """What the readers share: thoughts are left away, and an answer in another layout is found.

    `whole` names the fields that are no texts; `find` finds the fields in the whole answer, of
    which those are told in the end that were not met in the reader's own layout.
    """

    def __init__(self, known: Sequence[str], whole: Collection[str], find: Find) -> None:
        self._known, self._names, self._find = known, by_name(known), find
        self._all: list[str] = []
        self._answer = _WithoutThoughts(known)
        self._told = _Telling(whole)
        self._held = ""
        self._at = 0  # what is held before this was told; a header's line begins there

    def feed(self, text: str) -> Iterator[Piece]:
        """One more piece of the answer."""
        self._all.append(text)
        if text := self._answer.feed(text):
            self._held += text
            yield from self._read(over=False)

    def close(self) -> Iterator[Piece]:
        """The answer is over."""
        self._held += self._answer.rest()
        yield from self._read(over=True)
        yield from self._told.end()
        left = [name for name in self._known if name not in self._told.seen]
        if left:
            found = self._find("".join(self._all))
            for name in left:
                value = found.get(name, "")
                text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                if text:
                    yield name, text

    def _read(self, *, over: bool) -> Iterator[Piece]:
        """What is held, as far as it is clear."""
        raise NotImplementedError

    def _tell(self, until: int) -> Iterator[Piece]:
        """What is held up to a place belongs to the field that is open, if one is."""
        if until > self._at:
            yield from self._told.more(self._clean(self._held[self._at : until]))
            self._at = until

    def _clean(self, text: str) -> str:
        return text

    def _forget(self) -> None:
        """Drop what was told, but for one character: does a line begin after it?"""
        if self._at > 1:
            self._held = self._held[self._at - 1 :]
            self._at = 1


class HeaderReader(_Reader):
    """Sections under `[[ ## name ## ]]`.

    >>> reader = HeaderReader(["a"], (), lambda text: {})
    >>> [*reader.feed("[[ ## a ## ]]\\nHel"), *reader.feed("lo [[ ## comp"), *reader.close()]
    [('a', 'Hel'), ('a', 'lo')]
    """

    def _read(self, *, over: bool) -> Iterator[Piece]:
        for match in HEADER.finditer(self._held, self._at):
            if not over and not self._settled(match):
                yield from self._tell(match.start())
                self._forget()
                return
            if ends_section(self._names, match):
                yield from self._tell(match.start())
                yield from self._told.end()
                self._told.begin(named(self._names, match[1]))
                self._at = match.end()
        tail = (HALF_HEADER if over else _MAYBE_HEADER).search(self._held, self._at)
        yield from self._tell(tail.start() if tail else len(self._held))
        self._forget()

    def _settled(self, match: re.Match[str]) -> bool:
        """Whether what comes next cannot change what the header means."""
        after = self._held[match.end() : match.end() + 99]
        if named(self._names, match[1]) or match[1].casefold() == "completed":
            return bool(after)  # Markdown may follow it
        return len(after) == 99 or bool(after.strip(" \t\r"))

    def _clean(self, text: str) -> str:
        return unescaped(text)


# At the end of what arrived: the beginning of a header, of an escaped one, or of its line.
_MAYBE_HEADER = re.compile(
    r"(?:^[ \t]{0,99}(?:[*_#>`]{1,4}[ \t]{0,9})?)?"
    r"(?:\[(?:\[[ \t]{0,9}\\{0,51}(?:#{1,3}[ \t]{0,9}(?:\w{1,100}[ \t]{0,9}"
    r"(?:#{1,3}[ \t]{0,9}\]?)?)?)?)?)?\Z",
    re.MULTILINE,
)


class TagReader(_Reader):
    """Texts between `<name>` and `</name>`."""

    def __init__(self, known: Sequence[str], whole: Collection[str], find: Find) -> None:
        super().__init__(known, whole, find)
        self._inside: str | None = None
        self._begun: set[str] = set()

    def _read(self, *, over: bool) -> Iterator[Piece]:
        for match in tag_marks(self._known, self._held, self._at) if self._known else ():
            mark = tag_of(self._names, match)
            if mark is None or not ends_element(match, mark, self._inside, self._begun):
                continue
            yield from self._tell(match.start())
            yield from self._told.end()
            self._inside, self._at = None, match.end()
            if match["open"] and mark not in self._begun:
                self._inside = mark
                self._begun.add(mark)
                self._told.begin(mark)
        tail = (HALF_TAG if over else _MAYBE_TAG).search(self._held, self._at)
        yield from self._tell(tail.start() if tail else len(self._held))
        self._forget()

    def _clean(self, text: str) -> str:
        return unescaped_tags(self._known, text)


_MAYBE_TAG = re.compile(r"(?:^[ \t]{0,99})?(?:<[^<>]{0,400})?\Z", re.MULTILINE)


class ObjectReader(_Reader):
    """The members of one JSON object."""

    def __init__(self, known: Sequence[str], whole: Collection[str], find: Find) -> None:
        super().__init__(known, whole, find)
        self._told = _Telling(whole, blanks=True)
        self._step: Callable[[], Iterator[Piece] | None] | None = self._before
        self._depth, self._quoted, self._value = 0, False, ""

    def _read(self, *, over: bool) -> Iterator[Piece]:
        while self._step is not None and (pieces := self._step()) is not None:
            yield from pieces
        if self._step is None:
            self._held = ""

    def _before(self) -> Iterator[Piece] | None:
        begin = re.compile(r"\{\s*+(?=(.))", re.DOTALL).search(self._held)
        if begin is None:
            self._held = self._held[self._held.find("{") :] if "{" in self._held else ""
            return None
        self._held = self._held[begin.end() :]
        if begin[1] == '"':
            self._step = self._key
        return iter(())

    def _key(self) -> Iterator[Piece] | None:
        self._held = self._held.lstrip(" \t\r\n,")
        if self._held and not self._held.startswith('"'):
            self._step = None  # the end of the object, or what only a repair can read
            return iter(())
        key = _KEY.match(self._held)
        if not key:
            return None
        self._held = self._held[key.end() :]
        self._told.begin(named(self._names, _loaded(key[1])))
        self._step = self._text if key[2] else self._other
        return iter(())

    def _text(self) -> Iterator[Piece] | None:
        part = _CHARACTERS.match(self._held)
        assert part is not None  # it may be empty
        rest = self._held[part.end() :]
        if not part.end() and not rest.startswith('"'):
            self._step = None if len(rest) > 12 else self._text  # no escape is that long
            return None
        self._held = rest
        return self._more_text(_loaded(part[0]))

    def _more_text(self, text: str) -> Iterator[Piece]:
        yield from self._told.more(text)
        if self._held.startswith('"'):
            self._held, self._step = self._held[1:], self._key
            yield from self._told.end()

    def _other(self) -> Iterator[Piece] | None:
        """A number, a truth, a list, an object: told when it is over."""
        for mark in _MARKS.finditer(self._held):
            character = mark[0]
            if self._quoted:
                if character == "\\" and mark.end() == len(self._held):
                    self._value += self._held[: mark.start()]  # what it escapes has to arrive
                    self._held = self._held[mark.start() :]
                    return None
                self._quoted = character != '"'
            elif character == '"':
                self._quoted = True
            elif character in "[{":
                self._depth += 1
            elif character in "]}" and self._depth:
                self._depth -= 1
            elif character in ",}" and not self._depth:
                value = self._value + self._held[: mark.start()]
                self._held, self._value, self._step = self._held[mark.start() :], "", self._key
                return self._more_value(value)
        self._value, self._held = self._value + self._held, ""
        return None

    def _more_value(self, value: str) -> Iterator[Piece]:
        yield from self._told.more(value.strip())
        yield from self._told.end()


_KEY = re.compile(r'"((?:[^"\\]++|\\.)*+)"\s*+:\s*+(?=.)(")?', re.DOTALL)
_MARKS = re.compile(r'\\.?|["\[\]{},]', re.DOTALL)
# Whole characters of a JSON text; the two halves of a surrogate pair stay together.
_CHARACTERS = re.compile(
    r'(?:[^"\\]++'
    r"|\\u[dD][89abAB][\da-fA-F]{2}\\u[\da-fA-F]{4}"
    r"|\\u[dD][89abAB][\da-fA-F]{2}(?=[^\\]|\\[^u])"
    r"|\\u(?![dD][89abAB])[\da-fA-F]{4}"
    r"|\\[^u])*+",
    re.DOTALL,
)


def _loaded(text: str) -> str:
    """The text that the inside of a JSON string stands for."""
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


class _Telling:
    """Which field is open, and what of it can be told: a text as it comes, others at the end.

    Blanks at both ends are no part of a field, except in JSON, where `blanks` is set.
    """

    def __init__(self, whole: Collection[str], *, blanks: bool = False) -> None:
        self.seen: set[str] = set()
        self._whole, self._blanks = whole, blanks
        self._name: str | None = None
        self._kept: list[str] = []  # of a field that comes whole
        self._blank = ""  # between words, or at the end
        self._begun = False

    def begin(self, name: str | None) -> None:
        """A field begins; one that was told already, or that is not known, is passed over."""
        self._name = None if name in self.seen else name
        self._kept, self._blank, self._begun = [], "", False
        if name is not None:
            self.seen.add(name)

    def more(self, text: str) -> Iterator[Piece]:
        """More of the open field."""
        if self._name is None or not text:
            return
        if self._name in self._whole:
            self._kept.append(text)
            return
        if not self._blanks:
            text = text if self._begun else text.lstrip()
            kept = text.rstrip()
            blank = text[len(kept) :]
            if not kept:
                self._blank += blank
                return
            text, self._blank = self._blank + kept, blank
        self._begun = True
        yield self._name, text

    def end(self) -> Iterator[Piece]:
        """The open field is over."""
        text = "".join(self._kept).strip()
        if self._name is not None and text:
            yield self._name, text
        self._name, self._kept = None, []


class _WithoutThoughts:
    """An answer without what a model thought before it."""

    def __init__(self, known: Collection[str]) -> None:
        self._ends = {
            opening: closing
            for opening, closing in THOUGHTS.items()
            if opening[1:-1].casefold() not in known
        }
        self._held = ""
        self._closing: str | None = None
        self._over = False

    def feed(self, text: str) -> str:
        """What of the answer is clear by now."""
        if self._over:
            return text
        self._held += text
        if self._closing is None:
            start = self._held.lstrip()
            begun = (end for opening, end in self._ends.items() if start.startswith(opening))
            self._closing = next(begun, None)
            if self._closing is None:
                if any(opening.startswith(start) for opening in self._ends):
                    return ""
                return self._released(self._held)
        _, end, rest = self._held.partition(self._closing)
        if end:
            return self._released(rest)
        self._held = self._held[-len(self._closing) :]
        return ""

    def _released(self, text: str) -> str:
        self._over, self._held = True, ""
        return text

    def rest(self) -> str:
        """What was held back when the answer is over."""
        return "" if self._closing or self._over else self._released(self._held)
