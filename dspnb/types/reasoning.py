"""A model's own thinking, in a field of its own type."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from dspnb.errors import UsageError

from .media import shortened
from .validated import Validated


class Reasoning(str, Validated):
    """What a model thought before it answered: a text, which a reasoning model gives by itself.

    >>> Reasoning("2 + 2 is 4.").upper()
    '2 + 2 IS 4.'
    """

    __slots__ = ()

    json_schema: ClassVar[dict[str, Any]] = {"type": "string"}

    @classmethod
    def read(cls, value: Any) -> Self:
        """Reasoning from a text, or from a dict that has it under `content`."""
        text = value["content"] if isinstance(value, dict) and "content" in value else value
        if not isinstance(text, str):
            raise UsageError(f"`Reasoning` is made of a text; got {shortened(repr(text))}.")
        return cls(text)

    def plain(self) -> str:
        """As JSON: the text."""
        return str(self)
