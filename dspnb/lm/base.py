"""The LM seam: messages in, a completion out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from functools import cached_property
from typing import Any, Literal, Protocol

from dspnb.pool import in_thread

Role = Literal["system", "user", "assistant", "tool"]
BlockKind = Literal[
    "fields", "format", "instructions", "demo", "history", "input", "hint", "answer", "repair",
    "text",
]  # fmt: skip
Feature = Literal["tools", "reasoning", "json_schema", "json_object", "citations", "samples"]


_quoted = json.encoder.encode_basestring_ascii


@dataclass(frozen=True)
class Attachment:
    """What goes to a model beside the text: a picture, a recording, a file, a document."""

    kind: Literal["image", "audio", "file", "document"]
    part: Mapping[str, Any] = field(hash=False)  # a content part of the OpenAI protocol
    label: str = ""  # what it is, in words for people, e.g. "image/png, 34 kB"


@dataclass(frozen=True)
class Block:
    """A part of a message, and where it comes from. The text of an attachment names it."""

    kind: BlockKind
    text: str
    attachment: Attachment | None = None


@dataclass(frozen=True)
class ToolCall:
    """A model's wish to have a tool called."""

    name: str
    args: Mapping[str, Any] = field(default_factory=dict, hash=False)
    id: str = ""  # the provider's; empty when the call was written as text


@dataclass(frozen=True)
class Message:
    """One turn of a prompt: blocks with a blank line between them."""

    role: Role
    blocks: tuple[Block, ...]
    tool_calls: tuple[ToolCall, ...] = ()  # of an assistant, in the provider's own form
    tool_call_id: str = ""  # of a tool's answer: which call it answers

    @classmethod
    def of(cls, role: Role, text: str, kind: BlockKind = "text") -> Message:
        """A message of a single block."""
        return cls(role, (Block(kind, text),))

    @cached_property
    def content(self) -> str:
        """The text that the model sees; an attachment stands there by its name."""
        return self._joined()

    def _joined(self) -> str:
        return "\n\n".join([block.text for block in self.blocks])

    def to_dict(self) -> dict[str, Any]:
        """In the shape of the OpenAI protocol: `content` is a text, or a list of parts."""
        told: dict[str, Any] = {"role": self.role, "content": self._content()}
        if self.tool_calls:
            told["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": json.dumps(dict(call.args))},
                }
                for call in self.tool_calls
            ]
        if self.tool_call_id:
            told["tool_call_id"] = self.tool_call_id
        return told

    @cached_property
    def json(self) -> str:
        """The JSON of `to_dict`, kept: the start of a prompt is the same in every call."""
        return self.to_json()

    def to_json(self) -> str:
        """The JSON of `to_dict`."""
        if self.tool_calls or self.tool_call_id:
            return json.dumps(self.to_dict())
        for block in self.blocks:
            if block.attachment is not None:
                return json.dumps(self.to_dict())
        # What `json.dumps` gives, at a fifth of its time.
        return f'{{"role": "{self.role}", "content": {_quoted(self._joined())}}}'

    def _content(self) -> str | list[dict[str, Any]]:
        if all(block.attachment is None for block in self.blocks):
            return self.content
        parts: list[dict[str, Any]] = []
        texts: list[str] = []
        for block in self.blocks:
            texts.append(block.text)
            if block.attachment is not None:
                parts.append({"type": "text", "text": "\n\n".join(texts)})
                parts.append(dict(block.attachment.part))
                texts = []
        if texts:
            parts.append({"type": "text", "text": "\n\n".join(texts)})
        return parts


class Prompt(tuple[Message, ...]):
    """Messages that are likely to be sent again."""

    # Model, endpoint, rollout and parameters of the last request with them, and the key by which
    # its answer is kept: in one tuple, as several threads may send the same prompt.
    sent: tuple[str, str, int, str, str] | None = None


@dataclass(frozen=True)
class Completion:
    """What a model answered, and what that took."""

    text: str
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0  # of `tokens_in`: those that the provider had in a cache of its own
    dollars: float | None = None  # None when the price is not known
    seconds: float = 0.0
    cached: bool = False
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""  # what the provider shows of the model's own thinking
    citations: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    finish: str = ""  # why it ended, in the provider's word: "stop", "length", "tool_calls"
    logprobs: Any = field(default=None, hash=False)  # in the provider's shape, when asked for
    samples: tuple[Completion, ...] = ()  # with `n` above 1: all of them, this one first

    @classmethod
    def of(cls, **fields: Any) -> Completion:
        """The same as calling the class, at a fifth of its time: one is made in every call."""
        completion = object.__new__(cls)
        completion.__dict__.update(fields)  # what is not given is the class's default
        return completion

    def changed(self, **changes: Any) -> Completion:
        """`dataclasses.replace`, at a fifth of its time; this is on the way of every call.

        The first of the samples changes alike, and all of them are from a cache or none.
        """
        twin = object.__new__(Completion)
        twin.__dict__.update(self.__dict__)
        twin.__dict__.update(changes)
        if self.samples and "samples" not in changes:
            first, *others = self.samples
            rest = [one.changed(cached=twin.cached) for one in others]
            twin.__dict__["samples"] = (first.changed(**changes), *rest)
        return twin

    def again(self) -> Completion:
        """The same from a cache, which costs nothing.

        >>> Completion("Hi.", dollars=0.1).again()
        Completion('Hi.', dollars=0.0, cached=True)
        """
        return self if self.cached else self.changed(cached=True, dollars=0.0, seconds=0.0)

    def __repr__(self) -> str:
        """What it is made of, without what says nothing and without the time, which always differs.

        >>> Completion("Hi.", "some/model", tokens_in=3, seconds=0.0123)
        Completion('Hi.', model='some/model', tokens_in=3)
        """
        told = [f"{f.name}={getattr(self, f.name)!r}" for f in fields(self)[1:] if self._tells(f)]
        return f"Completion({', '.join([repr(self.text), *told])})"

    def _tells(self, told: Field[Any]) -> bool:
        return told.name != "seconds" and getattr(self, told.name) != told.default


class LanguageModel(Protocol):
    """Anything that answers messages: a provider, the offline model, a wrapper around either.

    `rollout` asks a cached or deterministic model for another sample of the same prompt; it is not
    sent to the provider. Raises an `LMError` when there is no answer. A model may also have
    `supports`, a set of `Feature`, and `stream`, which is called like the model itself with one
    more argument, `on_text`; `supported` and `streamed` below do without them. With a `price` of
    None it says that nobody knows what its answers cost.
    """

    @property
    def model(self) -> str:
        """Its name, e.g. `openai/gpt-4o-mini`."""

    def __call__(
        self, messages: Sequence[Message], *, rollout: int = 0, **params: Any
    ) -> Completion: ...


def supported(lm: LanguageModel) -> frozenset[Feature]:
    """What a model can do beyond text, as far as it says; it may ask a large library."""
    return getattr(lm, "supports", frozenset())


def streamed(
    lm: LanguageModel,
    messages: Sequence[Message],
    on_text: Callable[[str], object],
    *,
    rollout: int = 0,
    **params: Any,
) -> Completion:
    """Call a model; `on_text` gets its text piece by piece, in one piece if it cannot stream."""
    stream = getattr(lm, "stream", None)
    if stream is not None:
        completion: Completion = stream(messages, on_text=on_text, rollout=rollout, **params)
        return completion
    completion = lm(messages, rollout=rollout, **params)
    on_text(completion.text)
    return completion


async def awaited(
    lm: LanguageModel,
    messages: Sequence[Message],
    on_text: Callable[[str], object] | None = None,
    *,
    rollout: int = 0,
    **params: Any,
) -> Completion:
    """Await a model's answer, streamed when there is an `on_text`; without `acall`, in a thread."""
    acall = getattr(lm, "acall", None)
    if acall is not None:
        heard = {} if on_text is None else {"on_text": on_text}
        completion: Completion = await acall(messages, rollout=rollout, **heard, **params)
        return completion
    if on_text is None:
        return await in_thread(lambda: lm(messages, rollout=rollout, **params))
    return await in_thread(lambda: streamed(lm, messages, on_text, rollout=rollout, **params))


def pieces(text: str) -> list[str]:
    """A text word by word, each with the blanks behind it.

    >>> pieces("two words\\n")
    ['two ', 'words\\n']
    """
    return re.findall(r"\s*\S+\s*|\s+", text)


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has: a quarter of its characters.

    >>> estimate_tokens("four words of text")
    5
    """
    return -(-len(text) // 4)
