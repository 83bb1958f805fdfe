"""Chat completions: what nearly every server of the OpenAI protocol speaks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from dspnb.lm.base import Completion
from dspnb.lm.request import Request

from . import choices, params
from .choices import ChunkReader
from .samples import Sample, word


@dataclass(frozen=True)
class Chat:
    """Chat completions, whole or streamed.

    >>> from dspnb.lm.base import Message
    >>> Chat().body("m", Request((Message.of("user", "Hi"),), {"seed": 1}), stream=False)
    b'{"model": "m", "messages": [{"role": "user", "content": "Hi"}], "seed": 1}'
    """

    path: ClassVar[str] = "/chat/completions"

    renames: bool = False  # OpenAI's reasoning models want `max_completion_tokens`
    counts: bool = True  # whether the server understands that a stream should end with its usage

    def body(self, model: str, request: Request, *, stream: bool) -> bytes:
        """Put together from texts: the start of a prompt is the same in every call."""
        told = request.params_json
        if told is None or not _CHANGED.isdisjoint(request.params):
            told = params.dumped(self._told(model, request))
        ending = f", {told[1:]}" if told != "{}" else "}"
        if stream:
            asks = self.counts and "stream_options" not in request.params
            ending = (_STREAM_COUNTED if asks else _STREAM) + ending
        return f"{_start(model)}{request.messages_json}{ending}".encode()

    def read(
        self, answer: Mapping[str, Any], model: str, request: Request | None = None
    ) -> Completion:
        """A whole answer."""
        return choices.read(_take_message, answer, model, request)

    def reader(
        self, model: str, on_text: Callable[[str], object], request: Request | None = None
    ) -> ChunkReader:
        """A stream of chunks."""
        return ChunkReader(_take_delta, model, on_text, request)

    def _told(self, model: str, request: Request) -> dict[str, Any]:
        told = params.plain(request.params)
        if self.renames and "max_tokens" in told and reasons(model):
            told.setdefault("max_completion_tokens", told.pop("max_tokens"))
        return told


def reasons(model: str) -> bool:
    """Whether OpenAI names its reasoning models so, in a deployment's own name too.

    >>> [reasons(name) for name in ("o4-mini", "gpt-5.1", "my-gpt-5", "gpt-4o", "gpt-35-turbo")]
    [True, True, True, False, False]
    """
    return bool(_REASONING.search(model))


_REASONING = re.compile(r"(?<![a-z0-9])(o[1-9]|gpt-[5-9])(?![0-9])")

_CHANGED = frozenset({"max_tokens", "stream", "extra_body"})  # not sent as they are given
_STREAM = ', "stream": true'
_STREAM_COUNTED = f'{_STREAM}, "stream_options": {{"include_usage": true}}'


@lru_cache(maxsize=256)
def _start(model: str) -> str:
    return f'{{"model": {json.dumps(model)}, "messages": '


def _take_message(sample: Sample, choice: Mapping[str, Any]) -> str:
    return _take(sample, choice["message"])


def _take_delta(sample: Sample, choice: Mapping[str, Any]) -> str:
    return _take(sample, choice.get("delta") or {})


def _take(sample: Sample, message: Mapping[str, Any]) -> str:
    """Take in a message, or a piece of one."""
    text: str = message.get("content") or ""
    thought = word(message.get("reasoning_content")) or word(message.get("reasoning"))
    if not isinstance(text, str):
        text, thought = _parts(text)
    if text:
        sample.text.append(text)
    if thought:
        sample.reasoning.append(thought)
    if refusal := word(message.get("refusal")):
        sample.refusal.append(refusal)
    for call in message.get("tool_calls") or ():
        sample.call(call, call.get("index"))
    for name in _CITING:
        if message.get(name):
            sample.citations += choices.flat([message[name]])
    return text


# OpenAI's, those of a server in front of Anthropic's models, and those that litellm's proxy passes.
_CITING = ("annotations", "citations", "provider_specific_fields")


def _parts(content: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    """Text and thinking of a message that comes in parts, as Mistral's reasoning models send."""
    text = thought = ""
    for part in content:
        if part.get("type") == "thinking":
            thought += "".join(piece.get("text") or "" for piece in part["thinking"])
        else:
            text += part.get("text") or ""
    return text, thought
