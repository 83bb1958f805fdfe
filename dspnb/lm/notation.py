"""The compact notation in which prompts say what type an answer has, read into a tree.

    string  int  float  bool  null  any      "a" or "b"      T or null      T[]      (T or U)[]
    [T, U]      map<string, T>      { name: T, age?: int }      Name[] where Name = { ... }; B = T

A member may be described in parentheses after its type, or by a `# comment` at the end of its line;
then a line break does for the comma.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PLAIN = frozenset({"string", "int", "float", "bool", "any"})
CONSTANTS = {"null": None, "true": True, "false": False}


@dataclass(frozen=True)
class Plain:
    """`string`, `int`, `float`, `bool` or `any`."""

    name: str


@dataclass(frozen=True)
class Exactly:
    """A JSON literal; `null` too."""

    value: Any


@dataclass(frozen=True)
class Either:
    """Types joined by ` or `."""

    options: tuple[Type, ...]


@dataclass(frozen=True)
class Many:
    """`T[]`."""

    item: Type


@dataclass(frozen=True)
class Row:
    """`[T, U]`: as many values as types."""

    items: tuple[Type, ...]


@dataclass(frozen=True)
class Map:
    """`map<string, T>`."""

    value: Type


@dataclass(frozen=True)
class Member:
    """A named part of an object."""

    name: str
    type: Type
    required: bool = True
    description: str = ""


@dataclass(frozen=True)
class Record:
    """`{ name: T, ... }`."""

    members: tuple[Member, ...]


@dataclass(frozen=True)
class Named:
    """A type that is defined after `where`."""

    name: str


Type = Plain | Exactly | Either | Many | Row | Map | Record | Named


@dataclass(frozen=True)
class Notation:
    """A type, the definitions of its named parts, and the text that follows it."""

    type: Type
    definitions: Mapping[str, Type]
    rest: str = ""


def read(text: str) -> Notation:
    """The type that a text begins with. Raises `ValueError` when it begins with none.

    >>> read('int[]; at least 2 items')
    Notation(type=Many(item=Plain(name='int')), definitions={}, rest='; at least 2 items')
    >>> read('Tree where Tree = { leaves: Tree[] }').definitions["Tree"].members[0].name
    'leaves'
    """
    reader = _Reader(text)
    type_ = reader.type()
    definitions = {}
    found = reader.take(r"\s+where\s+(?=[\w.]+\s*=)")
    while found and (name := reader.take(r"\s*([\w.]+)\s*=")):
        definitions[name[1]] = reader.type()
        found = reader.take(r"\s*[;,]?\s*(?=[\w.]+\s*=)")
    return Notation(type_, definitions, text[reader.at :])


class _Reader:
    """A place in a text that moves on as types are read."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def take(self, pattern: str) -> re.Match[str] | None:
        """Move behind the pattern when it is what comes next."""
        found = re.compile(pattern).match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found

    def need(self, pattern: str, what: str) -> re.Match[str]:
        """Move behind the pattern, or raise `ValueError`."""
        self.skip()
        found = self.take(pattern)
        if not found:
            raise ValueError(f"expected {what}, found {self.text[self.at : self.at + 20]!r}")
        return found

    def skip(self) -> None:
        """Move over blanks and comments."""
        self.take(r"(?:\s|#[^\n]*)*")

    def type(self) -> Type:
        """One type, or several with ` or ` between."""
        options = [self.part()]
        while self.take(r"\s+or\s+"):
            options.append(self.part())
        return options[0] if len(options) == 1 else Either(tuple(options))

    def part(self) -> Type:
        """A type, and whether there are many of it."""
        type_ = self.single()
        while self.take(r"\[\]"):
            type_ = Many(type_)
        return type_

    def single(self) -> Type:
        self.skip()
        if self.take(r"\{"):
            return Record(tuple(self.members()))
        if self.take(r"\["):
            return Row(tuple(self.row()))
        if self.take(r"\("):
            inside = self.type()
            self.need(r"\)", "`)`")
            return inside
        if self.take(r"map\s*<\s*\w+\s*,"):
            value = self.type()
            self.need(">", "`>`")
            return Map(value)
        if re.compile(r'["\-\d]').match(self.text, self.at):
            literal, self.at = json.JSONDecoder().raw_decode(self.text, self.at)
            return Exactly(literal)
        name = self.need(r"[^\W\d][\w.]*", "a type")[0]
        if name in CONSTANTS:
            return Exactly(CONSTANTS[name])
        return Plain(name) if name in PLAIN else Named(name)

    def row(self) -> list[Type]:
        items: list[Type] = []
        while not self.ended(r"\]"):
            items.append(self.type())
            self.take(r"\s*,")
        return items

    def members(self) -> list[Member]:
        members: list[Member] = []
        while not self.ended(r"\}"):
            name = self.need(r'"(?:[^"\\]|\\.)*"|[^\W\d]\w*', "a name")[0]
            name = json.loads(name) if name.startswith('"') else name
            required = not self.need(r"(\?)?\s*:", "`:`")[1]
            type_ = self.type()
            described = self.aside() if self.take(r"\s*\(") else ""
            self.take(r"\s*,")
            comment = self.take(r"[ \t]*#[ \t]*([^\n]*)")
            described = described or (comment[1].strip() if comment else "")
            members.append(Member(name, type_, required, described))
        return members

    def ended(self, bracket: str) -> bool:
        self.skip()
        return self.take(bracket) is not None

    def aside(self) -> str:
        """The description up to the bracket that closes it, with the brackets inside."""
        start, depth = self.at, 1
        for i in range(start, len(self.text)):
            depth += {"(": 1, ")": -1}.get(self.text[i], 0)
            if not depth:
                self.at = i + 1
                return self.text[start:i].strip()
        return self.need(r"(.*?)\)(?=\s*[,}])", "`)`")[1].strip()
