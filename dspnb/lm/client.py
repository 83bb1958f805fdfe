"""The model as a user holds it: a name, its parameters, a cache and a count of what it did."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dspnb.errors import UsageError

from .base import Completion, Message


class Provider(Protocol):
    """What stands behind an `LM`: one way of reaching models."""

    def complete(
        self, messages: Sequence[Message], *, rollout: int, params: Mapping[str, Any]
    ) -> Completion: ...


@dataclass(frozen=True)
class Usage:
    """What a model has done so far in this process."""

    calls: int = 0  # answered by the model
    cached: int = 0  # answered by the cache
    tokens_in: int = 0
    tokens_out: int = 0
    dollars: float = 0.0

    def add(self, completion: Completion) -> Usage:
        """With one more answer."""
        if completion.cached:
            return dataclasses.replace(self, cached=self.cached + 1)
        return Usage(
            self.calls + 1,
            self.cached,
            self.tokens_in + completion.tokens_in,
            self.tokens_out + completion.tokens_out,
            self.dollars + completion.dollars,
        )


class LM:
    """A language model: `LM("openai/gpt-4o-mini", temperature=0)`, or `LM("offline")`.

    `lm("text")` and `lm(messages)` give a `Completion`. The same messages with the same parameters
    are answered from memory unless `cache` is False. Keys come from the provider's environment
    variable or `api_key`, and are never shown or written.

    >>> LM("offline")("Say hello.").model
    'offline'
    """

    def __init__(
        self,
        model: str,
        *,
        api_base: str | None = None,
        api_key: str | None = None,
        cache: bool = True,
        **params: Any,
    ) -> None:
        self.model = model
        self.params = params
        self.api_base, self.cache = api_base, cache
        self._provider = _provider(model, api_base, api_key, params)
        self._answers: dict[str, Completion] | None = {} if cache else None
        self._usage = Usage()
        self._lock = threading.Lock()  # protects `_usage`

    @property
    def usage(self) -> Usage:
        """Calls, tokens and dollars so far."""
        return self._usage

    def __call__(
        self,
        prompt: str | Sequence[Message | Mapping[str, str]] | None = None,
        *,
        messages: Sequence[Message | Mapping[str, str]] | None = None,
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """Answer a text or a list of messages. Raises `LMError` when the model gives no answer."""
        asked = _messages(prompt if messages is None else messages)
        completion = self._answer(asked, rollout, {**self.params, **params})
        with self._lock:
            self._usage = self._usage.add(completion)
        return completion

    def _answer(
        self, messages: tuple[Message, ...], rollout: int, params: dict[str, Any]
    ) -> Completion:
        if self._answers is None:
            return self._provider.complete(messages, rollout=rollout, params=params)
        key = json.dumps(
            [rollout, params, [message.to_dict() for message in messages]],
            sort_keys=True,
            default=repr,
        )
        known = self._answers.get(key)
        if known is not None:
            return dataclasses.replace(known, cached=True, dollars=0.0, seconds=0.0)
        completion = self._provider.complete(messages, rollout=rollout, params=params)
        self._answers[key] = completion
        return completion

    def __repr__(self) -> str:
        inside = "".join(f", {name}={value!r}" for name, value in self.params.items())
        return f"LM({self.model!r}{inside})"


def _provider(
    model: str, api_base: str | None, api_key: str | None, params: dict[str, Any]
) -> Provider:
    if model == "offline":
        from .offline import Offline

        return Offline(latency=params.pop("latency", 0.0))
    if not model or "/" not in model:
        raise UsageError(
            f"A model is written `provider/name`, as in `openai/gpt-4o-mini`, or `offline`; "
            f"got {model!r}."
        )
    from .litellm import LiteLLM

    return LiteLLM(model, api_base=api_base, api_key=api_key)


def _messages(given: Any) -> tuple[Message, ...]:
    match given:
        case str():
            return (Message.of("user", given),)
        case [*items] if items:
            return tuple(map(_message, items))
    raise UsageError(f"A model is called with a text or a list of messages; got {given!r}.")


def _message(item: Any) -> Message:
    match item:
        case Message():
            return item
        case {"role": ("system" | "user" | "assistant") as role, "content": str(content)}:
            return Message.of(role, content)
    raise UsageError(
        f'A message is {{"role": "user", "content": "..."}}, its role system, user or assistant; '
        f"got {item!r}."
    )
