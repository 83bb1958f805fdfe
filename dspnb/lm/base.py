"""The LM seam: messages in, a completion out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant"]
BlockKind = Literal["fields", "format", "instructions", "demo", "input", "answer", "repair", "text"]


@dataclass(frozen=True)
class Block:
    """A part of a message, and where it comes from."""

    kind: BlockKind
    text: str


@dataclass(frozen=True)
class Message:
    """One turn of a prompt: blocks with a blank line between them."""

    role: Role
    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, role: Role, text: str, kind: BlockKind = "text") -> Message:
        """A message of a single block."""
        return cls(role, (Block(kind, text),))

    @cached_property
    def content(self) -> str:
        """The text that the model sees."""
        return "\n\n".join(block.text for block in self.blocks)

    def to_dict(self) -> dict[str, str]:
        """In the shape of the OpenAI protocol."""
        return {"role": self.role, "content": self.content}


@dataclass(frozen=True)
class Completion:
    """What a model answered, and what that took."""

    text: str
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    dollars: float = 0.0  # 0.0 too when the price is not known
    seconds: float = 0.0
    cached: bool = False


class LanguageModel(Protocol):
    """Anything that answers messages: a provider, the offline model, a wrapper around either.

    `rollout` asks a cached or deterministic model for another sample of the same prompt; it is not
    sent to the provider. Raises an `LMError` when there is no answer.
    """

    @property
    def model(self) -> str:
        """Its name, e.g. `openai/gpt-4o-mini`."""

    def __call__(
        self, messages: Sequence[Message], *, rollout: int = 0, **params: Any
    ) -> Completion: ...


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has: a quarter of its characters.

    >>> estimate_tokens("four words of text")
    5
    """
    return -(-len(text) // 4)
