"""The plainest value of a type: what the offline model answers when no example shows one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .neighbours import words
from .notation import Either, Exactly, Many, Map, Named, Notation, Plain, Record, Row, Type


def plainest(notation: Notation, text: str, numbers: list[float], turn: int = 0) -> Any:
    """A value of the type, with words and numbers of the text.

    Another `turn` gives another value, where there is one.

    >>> from .notation import read
    >>> plainest(read('{ n: int, kind: "a" or "b" }'), "17 lamps", [17.0])
    {'n': 17, 'kind': 'a'}
    """
    return _Chooser(notation.definitions, text, numbers, turn).value(notation.type, frozenset())


class _Chooser:
    def __init__(
        self, definitions: Mapping[str, Type], text: str, numbers: list[float], turn: int
    ) -> None:
        self.definitions, self.text, self.turn = definitions, text, turn
        self.number = numbers[turn % len(numbers)] if numbers else float(turn)

    def value(self, type_: Type, inside: frozenset[str]) -> Any:
        """A value; `inside` are the names whose definitions it is a part of."""
        match type_:
            case Exactly(value):
                return value
            case Either(options):
                finite = [one for one in options if not self.endless(one, inside)] or [*options]
                return self.value(finite[self.turn % len(finite)], inside)
            case Record(members):
                return {
                    member.name: self.value(member.type, inside)
                    for member in members
                    if member.required or not self.endless(member.type, inside)
                }
            case Row(items):
                return [self.value(item, inside) for item in items]
            case Many(Plain("string")):
                return words(self.text)[self.turn :][:3]
            case Many():
                return []
            case Map():
                return {}
            case Named(name) if name in self.definitions and name not in inside:
                return self.value(self.definitions[name], inside | {name})
            case Plain("int"):
                return int(self.number)
            case Plain("float"):
                return self.number // 1
            case Plain("bool"):
                return bool(self.turn % 2)
        return " ".join(self.text.split()[self.turn :][:8])

    def endless(self, type_: Type, inside: frozenset[str]) -> bool:
        """Whether a value of the type must hold one of a type that it is inside of."""
        match type_:
            case Named(name) if name in self.definitions:
                return name in inside or self.endless(self.definitions[name], inside | {name})
            case Either(options):
                return all(self.endless(option, inside) for option in options)
            case Row(items):
                return any(self.endless(item, inside) for item in items)
            case Record(members):
                return any(self.endless(m.type, inside) for m in members if m.required)
        return False
