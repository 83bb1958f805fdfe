"""Chat completions: what nearly every server of the OpenAI protocol speaks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from dspnb.errors import ConnectionLost
from dspnb.lm.base import Completion
from dspnb.lm.request import Request

from . import params
from .failures import failed, no_answer
from .samples import Sample, together


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
        try:
            samples = [_read(choice) for choice in answer["choices"]]
            usage = answer.get("usage")
            if answer.get("citations"):  # Perplexity's addresses
                samples[0].citations += flat([answer["citations"]])
            return together(samples, model, usage, request)
        except _MISSHAPEN:
            raise no_answer(answer, model) from None

    def reader(
        self, model: str, on_text: Callable[[str], object], request: Request | None = None
    ) -> ChatReader:
        """A stream of chunks."""
        return ChatReader(model, on_text, request)

    def _told(self, model: str, request: Request) -> dict[str, Any]:
        told = params.plain(request.params)
        if self.renames and "max_tokens" in told and reasons(model):
            told.setdefault("max_completion_tokens", told.pop("max_tokens"))
        return told


class ChatReader:
    """Adds the chunks of a stream up, by the index of the sample they belong to."""

    def __init__(
        self, model: str, on_text: Callable[[str], object], request: Request | None
    ) -> None:
        self._model, self._on_text, self._request = model, on_text, request
        self._samples: dict[int, Sample] = {}
        self._usage: Any = None
        self._citations: Any = None

    def feed(self, event: Mapping[str, Any]) -> None:
        """Take in a chunk."""
        try:
            text = self._add(event)
        except _MISSHAPEN:
            raise no_answer(event, self._model) from None
        if text:
            self._on_text(text)

    def close(self, *, done: bool = False) -> Completion:
        """The sum of all chunks."""
        samples = [sample for _, sample in sorted(self._samples.items())]
        if not samples or not (done or any(sample.finish for sample in samples)):
            raise ConnectionLost("the provider cut its answer short; ask again", model=self._model)
        if self._citations:
            samples[0].citations += flat([self._citations])
        return together(samples, self._model, self._usage, self._request)

    def _add(self, event: Mapping[str, Any]) -> str:
        """Add a chunk; gives the text that it has for the first sample."""
        if event.get("error") or event.get("object") == "error":
            raise failed(event.get("error") or event, self._model)
        self._usage = event.get("usage") or self._usage
        self._citations = event.get("citations") or self._citations
        first = ""
        for choice in event.get("choices") or ():
            index = choice.get("index") or 0
            sample = self._samples.get(index)
            if sample is None:
                sample = self._samples[index] = Sample()
            text = _add(sample, choice.get("delta") or {})
            if choice.get("logprobs"):
                sample.add_logprobs(choice["logprobs"])
            sample.finish = choice.get("finish_reason") or sample.finish
            if index == 0:
                first += text
        return first


def reasons(model: str) -> bool:
    """Whether OpenAI names its reasoning models so, in a deployment's own name too.

    >>> [reasons(name) for name in ("o4-mini", "gpt-5.1", "my-gpt-5", "gpt-4o", "gpt-35-turbo")]
    [True, True, True, False, False]
    """
    return bool(_REASONING.search(model))


_REASONING = re.compile(r"(?<![a-z0-9])(o[1-9]|gpt-[5-9])(?![0-9])")

# What reading raises when the parts of an answer are not there, or of another kind.
_MISSHAPEN = (AttributeError, IndexError, KeyError, TypeError)
_CHANGED = frozenset({"max_tokens", "stream", "extra_body"})  # not sent as they are given
_STREAM = ', "stream": true'
_STREAM_COUNTED = f'{_STREAM}, "stream_options": {{"include_usage": true}}'


@lru_cache(maxsize=256)
def _start(model: str) -> str:
    return f'{{"model": {json.dumps(model)}, "messages": '


def _read(choice: Mapping[str, Any]) -> Sample:
    sample = Sample(finish=choice.get("finish_reason") or "", logprobs=choice.get("logprobs"))
    _add(sample, choice["message"])
    return sample


def _add(sample: Sample, message: Mapping[str, Any]) -> str:
    """Add a message, or a piece of one; gives its text."""
    text: str = message.get("content") or ""
    thought: str = message.get("reasoning_content") or message.get("reasoning") or ""
    if not isinstance(text, str):
        text, thought = _parts(text)
    if text:
        sample.text.append(text)
    if thought:
        sample.reasoning.append(thought)
    if message.get("refusal"):
        sample.refusal.append(message["refusal"])
    for call in message.get("tool_calls") or ():
        sample.call(call, call.get("index"))
    for name in _CITING:
        if message.get(name):
            sample.citations += flat([message[name]])
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


def flat(found: Iterable[Any]) -> list[Mapping[str, Any]]:
    """Citations, which come one by one, in lists, or under a name, as one list.

    >>> flat([[{"type": "url_citation", "url_citation": {"url": "a"}}], ["b"]])
    [{'url': 'a'}, {'url': 'b'}]
    """
    cited: list[Mapping[str, Any]] = []
    for one in found:
        match one:
            case str(url):
                cited.append({"url": url})
            case {"url_citation": inner}:
                cited += flat([inner])
            case {"citations": inner} | {"citation": inner}:
                cited += flat([inner])
            case {"cited_text": _} | {"url": _}:
                cited.append(one)
            case [*inner]:
                cited += flat(inner)
    return cited
