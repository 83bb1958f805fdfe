"""The adapter seam: fields to messages, and the model's text back to fields. Pure; no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from dspnb.errors import ParseError
from dspnb.example import Example
from dspnb.lm.base import Message
from dspnb.signature import Signature


class Adapter(Protocol):
    """Two pure functions between values and text, and the words for a second try."""

    @property
    def name(self) -> str:
        """What a saved program calls it."""

    def render(
        self, signature: Signature, demos: Sequence[Example], inputs: Mapping[str, Any]
    ) -> tuple[Message, ...]:
        """The whole prompt."""

    def parse(self, signature: Signature, text: str) -> dict[str, Any]:
        """The outputs that a completion holds. Raises `ParseError`."""

    def repair(self, signature: Signature, text: str, error: ParseError) -> tuple[Message, ...]:
        """What to append to the prompt so that the model sees its mistake and answers again."""
