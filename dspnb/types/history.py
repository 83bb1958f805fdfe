"""The turns of a conversation so far, as the input of a program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Self

from dspnb.errors import UsageError

from .media import shortened
from .validated import Validated, as_json


@dataclass(frozen=True, init=False, repr=False)
class History(Validated):
    """Past turns: mappings of a signature's fields, or of `role` and `content`.

    Written as JSON, a turn keeps texts, numbers, lists and dicts; other values become those.

    >>> history = History([{"question": "2 + 2?", "answer": "4"}])
    >>> history.add(question="And 3 more?", answer="7")
    History(2 turns)
    >>> [turn["answer"] for turn in history]
    ['4']
    """

    messages: tuple[Mapping[str, Any], ...]

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {"messages": {"type": "array", "items": {"type": "object"}}},
        "required": ["messages"],
    }

    def __init__(self, messages: Iterable[Mapping[str, Any]] = ()) -> None:
        object.__setattr__(self, "messages", tuple(map(_turn, _turns(messages))))

    def add(self, /, **turn: Any) -> History:
        """A history with one more turn."""
        return History((*self.messages, turn))

    @classmethod
    def read(cls, value: Any) -> Self:
        """A history from a list of turns, or from a dict that has it under `messages`."""
        match value:
            case {"messages": messages}:
                return cls(messages)
        return cls(value)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {"messages": as_json(self.messages)}

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)

    def __hash__(self) -> int:
        # Only texts are sure to be hashable, and to have one hash when they are equal.
        return hash(tuple(frozenset(map(_hashable, turn.items())) for turn in self.messages))

    def __repr__(self) -> str:
        return f"History({len(self)} turn{'s' * (len(self) != 1)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ([dict(turn) for turn in self.messages],)


def _turns(messages: Any) -> Iterable[Any]:
    if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Iterable):
        raise UsageError(
            "A `History` is made of a list of turns, such as "
            f"`History([{{'question': ..., 'answer': ...}}])`; got {shortened(repr(messages))}."
        )
    return messages


def _turn(turn: Any) -> Mapping[str, Any]:
    if not isinstance(turn, Mapping) or not all(isinstance(name, str) for name in turn):
        raise UsageError(
            "A turn of a `History` is a mapping of names to values, such as "
            f"`{{'question': ..., 'answer': ...}}`; got {shortened(repr(turn))}."
        )
    return MappingProxyType(dict(turn))


def _hashable(item: tuple[str, Any]) -> tuple[str, str | None]:
    name, value = item
    return name, value if type(value) is str else None
