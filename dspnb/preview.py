"""The exact request of a program's first call, without calling the model."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .context import current, use
from .errors import UsageError
from .lm import Model
from .lm.base import Block, Completion, Feature, LanguageModel, Message, estimate_tokens, supported
from .lm.endpoints import Kind
from .lm.reached import body
from .lm.request import Request
from .module import Module
from .saving.models import harmless
from .types.validated import as_json

WRITTEN = ("tools", "response_format")  # parameters that providers put into the prompt as text


@dataclass(frozen=True, repr=False)
class Preview:
    """A request that would be sent: by which predictor, to which model, and what it says."""

    path: str
    messages: tuple[Message, ...]
    model: str = ""  # empty when none is set
    params: Mapping[str, Any] = field(default_factory=dict)  # without keys and addresses
    kind: Kind = "chat"  # the face of the OpenAI protocol

    @cached_property
    def counts(self) -> dict[str, int]:
        """Estimated tokens by origin, in the order of the prompt; attachments are not in it."""
        sums: dict[str, int] = {}
        for message in self.messages:
            for block in message.blocks:
                sums[block.kind] = sums.get(block.kind, 0) + estimate_tokens(block.text)
            if message.tool_calls:
                kind = message.blocks[0].kind if message.blocks else "text"
                sums[kind] = sums.get(kind, 0) + estimate_tokens(_called(message))
        for name in WRITTEN:
            if name in self.params:
                sums[name] = estimate_tokens(_json(self.params[name]))
        return sums

    @cached_property
    def attachments(self) -> dict[str, int]:
        """How many pictures, recordings, files and documents go along."""
        counts: dict[str, int] = {}
        for message in self.messages:
            for block in message.blocks:
                if block.attachment is not None:
                    kind = block.attachment.kind
                    counts[kind] = counts.get(kind, 0) + 1
        return counts

    @property
    def tokens(self) -> int:
        """Estimated, without attachments."""
        return sum(self.counts.values())

    @property
    def size(self) -> str:
        """Tokens and attachments in words: `about 120 tokens + 1 image`."""
        more = [f"{n} {kind}{'s' * (n != 1)}" for kind, n in self.attachments.items()]
        return " + ".join([f"about {self.tokens} tokens", *more])

    def text(self) -> str:
        """The messages as plain text; what is attached stands there by its name."""
        return "\n\n".join(f"--- {m.role} ---\n{_content(m)}" for m in self.messages)

    def markdown(self) -> str:
        """The whole as Markdown: a table of tokens, the parameters, each message in a fence."""
        head = " · ".join(filter(None, [f"**{self.path}**", self.model, self.size]))
        rows = [f"| {kind} | {tokens} |" for kind, tokens in self.counts.items()]
        parts = [head, "\n".join(["| part | tokens |", "| --- | ---: |", *rows])]
        if self.params:
            parts += ["### parameters", _fenced(_json(self.params, indent=2), "json")]
        for message in self.messages:
            parts += [f"### {message.role}", _fenced(_content(message))]
        return "\n\n".join(parts)

    def openai(self) -> dict[str, Any]:
        """The body that an endpoint of the OpenAI protocol is sent, as plain JSON data."""
        return body(self.model, self.kind, Request(self.messages, self.params))

    def __str__(self) -> str:
        counts = ", ".join(f"{kind} {tokens}" for kind, tokens in self.counts.items())
        params = ", ".join(f"{name}={_json(value)}" for name, value in self.params.items())
        head = [f"{self.path}: {self.size} ({counts})", *filter(None, [self.model, params])]
        return "\n".join(head) + f"\n\n{self.text()}"

    __repr__ = __str__


def preview(program: Module, /, **inputs: Any) -> Preview:
    """The request that `program(**inputs)` would send first.

    Raises `UsageError` when the program sends none with these inputs.

    >>> from dspnb import Predict
    >>> shown = preview(Predict("question -> answer"), question="Why?")
    >>> shown.messages[-1].role, list(shown.counts)
    ('user', ['fields', 'format', 'instructions', 'input'])
    """
    lm = current().lm
    path = _Path()
    try:
        with use(
            lm=_Catcher(lm, path), meter=path.catcher, listener=path, history=None, frame=None
        ):
            program(**inputs)
    except _Caught as caught:
        return caught.preview
    raise UsageError("The program made no model call with these inputs, so there is no prompt.")


class _Caught(BaseException):
    """Ends a program at its first call.

    It is no `Exception`, so that a program's own `except Exception` does not go on without it.
    """

    def __init__(self, preview: Preview) -> None:
        super().__init__("this is a preview")
        self.preview = preview


class _Path(threading.local):
    """Listens only to which predictor begins; threads of one program begin several at once."""

    name = ""

    def hear(self, path: str) -> Callable[[str, str], object]:
        """A predictor's model begins to answer."""
        self.name = path
        return lambda field, text: None

    def catcher(self, lm: LanguageModel) -> LanguageModel:
        """A predictor's own model, caught too."""
        return _Catcher(lm, self)


class _Catcher:
    """A model that answers nothing, in the place of one that can do certain things."""

    def __init__(self, lm: LanguageModel | None, path: _Path) -> None:
        self._lm, self._path = lm, path
        self.model = "" if lm is None else lm.model

    @property
    def supports(self) -> frozenset[Feature]:
        """What the model in whose place it is can do."""
        return frozenset() if self._lm is None else supported(self._lm)

    def __call__(
        self, messages: Sequence[Message], *, rollout: int = 0, **params: Any
    ) -> Completion:
        own: Mapping[str, Any] = self._lm.params if isinstance(self._lm, Model) else {}
        given = {**own, **params}
        told = {name: v for name, v in given.items() if name in WRITTEN or harmless({name: v})}
        kind: Kind = getattr(self._lm, "kind", "chat")
        raise _Caught(Preview(self._path.name, tuple(messages), self.model, told, kind))


def _content(message: Message) -> str:
    parts = [_named(block) for block in message.blocks if block.text or block.attachment]
    return "\n\n".join([*parts, _called(message)] if message.tool_calls else parts)


def _named(block: Block) -> str:
    attached = block.attachment
    if attached is None:
        return block.text
    return f"{block.text} [{attached.kind}: {attached.label}]".lstrip()


def _called(message: Message) -> str:
    return "\n".join(f"{call.name}({_json(call.args)})" for call in message.tool_calls)


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(as_json(value), ensure_ascii=False, indent=indent)


def _fenced(text: str, language: str = "") -> str:
    """A text in a fence longer than any inside it."""
    longest = max(map(len, re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
