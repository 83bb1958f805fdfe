"""The adapter seam: fields to messages, and the model's text back to fields. Pure; no model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from dspnb.example import Example
from dspnb.lm.base import Feature, Message
from dspnb.signature import Signature

Features = Callable[[], frozenset[Feature]]  # what the model can do; asking may cost an import


class Reader(Protocol):
    """Fields from a text that is still arriving."""

    def feed(self, text: str) -> Iterable[tuple[str, str]]:
        """One more piece of the answer; the pieces of fields, by name, that it completes."""

    def close(self) -> Iterable[tuple[str, str]]:
        """The answer is over; what was held back."""


class Adapter(Protocol):
    """Pure functions between values and text, and the words for a second try."""

    @property
    def name(self) -> str:
        """What it is called in a saved program, e.g. "chat"."""

    def render(
        self, signature: Signature, demos: Sequence[Example], inputs: Mapping[str, Any]
    ) -> tuple[Message, ...]:
        """The whole prompt."""

    def parse(self, signature: Signature, text: str) -> dict[str, Any]:
        """The outputs that a completion holds. Raises `ParseError`."""

    def repair(self, signature: Signature, text: str, wrong: str) -> tuple[Message, ...]:
        """What to append to the prompt so that the model sees its mistake and answers again."""

    def params(self, signature: Signature, features: Features) -> Mapping[str, Any]:
        """What the model is to be called with, such as a response format that it can enforce."""

    def fallback(self, features: Features) -> Adapter | None:
        """The adapter to try when a second answer cannot be read either; None to give up."""

    def reader(self, signature: Signature) -> Reader:
        """A reader of this layout, for one answer."""
