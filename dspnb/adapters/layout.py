"""What all layouts share: how a prompt is put together from the parts that each writes its way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dspnb.example import Example
from dspnb.lm.base import Block, Message
from dspnb.signature import Field, Signature

from . import turns
from .base import Adapter, Features, Reader
from .finding import best, without_thoughts
from .found import Find, Found
from .kinds import comes_whole
from .readers import HeaderReader, ObjectReader, TagReader
from .reading import outputs_of


class Layout(ABC):
    """An adapter but for its own five parts, and the order in which layouts are looked for."""

    name: str
    finds: ClassVar[tuple[Find, ...]]  # its own layout first
    reads: ClassVar[type[HeaderReader] | type[TagReader] | type[ObjectReader]]

    def render(
        self, signature: Signature, demos: Sequence[Example], inputs: Mapping[str, Any]
    ) -> tuple[Message, ...]:
        """The whole prompt. What does not depend on `inputs` is built once and kept."""
        return turns.conversation(self, signature, demos, inputs)

    def parse(self, signature: Signature, text: str) -> dict[str, Any]:
        """The outputs that a completion holds. Raises `ParseError`.

        A missing optional output gets its default. An answer in another layout is read too.
        """
        return outputs_of(signature, self.found(signature, text), text)

    def repair(self, signature: Signature, text: str, wrong: str) -> tuple[Message, ...]:
        """Show the model its answer, if it gave any, and what was wrong with it."""
        plea = f"{wrong}\n\nWrite the whole answer again. {self.reminder(signature)}".rstrip()
        shown = without_thoughts(names_of(signature), text).strip()
        said = (Message.of("assistant", shown, "repair"),) if shown else ()
        return (*said, Message.of("user", plea, "repair"))

    def params(self, signature: Signature, features: Features) -> Mapping[str, Any]:
        """Nothing: any model can write text."""
        return {}

    def fallback(self, features: Features) -> Adapter | None:
        """None: there is no stricter layout."""
        return None

    def reader(self, signature: Signature) -> Reader:
        """Fields as they arrive."""
        known = names_of(signature)
        whole = {field.name for field in signature.outputs if comes_whole(field)}
        return self.reads(known, whole, lambda text: self.found(signature, text).fields)

    def found(self, signature: Signature, text: str) -> Found:
        """The outputs as they stand in an answer, in whatever layout."""
        return best(names_of(signature), text, self.finds)

    @abstractmethod
    def system(self, signature: Signature) -> tuple[Block, ...]:
        """Fields, layout and task."""

    @abstractmethod
    def asked(self, texts: Mapping[str, str]) -> str:
        """The inputs of one turn."""

    @abstractmethod
    def answered(self, fields: Sequence[Field], known: Mapping[str, Any]) -> str:
        """The outputs of one turn; a field that is not known is written as left out."""

    @abstractmethod
    def reminder(self, signature: Signature) -> str:
        """The last line of a question: what to answer with. Empty when nothing is asked for."""


def names_of(signature: Signature) -> tuple[str, ...]:
    """The names of the outputs."""
    return tuple(field.name for field in signature.outputs)
