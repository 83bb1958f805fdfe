"""The model as a user holds it: a name, its parameters, a cache and a count of what it did."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, get_args

from dspnb.errors import UsageError, nearest

from .base import Completion, Feature, Message
from .ledger import ledger
from .messages import read_messages
from .usage import Usage


class Provider(Protocol):
    """What stands behind an `LM`: one way of reaching models."""

    @property
    def supports(self) -> frozenset[Feature]: ...

    def complete(
        self, messages: Sequence[Message], *, rollout: int, params: Mapping[str, Any]
    ) -> Completion: ...

    def stream(
        self,
        messages: Sequence[Message],
        *,
        on_text: Callable[[str], object],
        rollout: int,
        params: Mapping[str, Any],
    ) -> Completion: ...


class LM:
    """A language model: `LM("openai/gpt-4o-mini", temperature=0)`, or `LM("offline")`.

    `lm("text")` and `lm(messages)` give a `Completion`. The same messages with the same parameters
    are answered from memory unless `cache` is False. Keys come from the provider's environment
    variable or `api_key`, and are never shown or written. `supports` says what a model can do that
    the list of known models does not have, such as `{"tools", "json_schema"}`.

    >>> LM("offline")("Say hello.").model
    'offline'
    """

    keeps_book = True  # its calls are in the ledger

    def __init__(
        self,
        model: str,
        *,
        api_base: str | None = None,
        api_key: str | None = None,
        cache: bool = True,
        supports: Iterable[Feature] | None = None,
        **params: Any,
    ) -> None:
        self.model = model
        self._supports = None if supports is None else _features(supports)
        self.params = params
        self.api_base, self.cache = api_base, cache
        self._provider = _provider(model, api_base, api_key, params)
        self._answers: dict[str, tuple[Completion, Any]] | None = {} if cache else None
        self._usage = Usage()
        self._lock = threading.Lock()  # protects `_usage`

    @property
    def usage(self) -> Usage:
        """Calls, tokens and dollars so far."""
        return self._usage

    @cached_property
    def supports(self) -> frozenset[Feature]:
        """What the model can do beyond text; to know it of a hosted one takes some seconds."""
        return self._provider.supports if self._supports is None else self._supports

    def __call__(
        self,
        prompt: str | Sequence[Message | Mapping[str, Any]] | None = None,
        *,
        messages: Sequence[Message | Mapping[str, Any]] | None = None,
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """Answer a text or a list of messages. Raises `LMError` when the model gives no answer."""
        return self._answer(prompt if messages is None else messages, None, rollout, params)

    def stream(
        self,
        prompt: str | Sequence[Message | Mapping[str, Any]] | None = None,
        *,
        on_text: Callable[[str], object],
        messages: Sequence[Message | Mapping[str, Any]] | None = None,
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """Answer like a call; `on_text` gets the text piece by piece as it comes.

        What memory knows comes in one piece. Raises `LMError`, also after some text.

        >>> parts = []
        >>> LM("offline").stream("Say hello.", on_text=parts.append).text == "".join(parts)
        True
        """
        return self._answer(prompt if messages is None else messages, on_text, rollout, params)

    def _answer(
        self,
        prompt: Any,
        on_text: Callable[[str], object] | None,
        rollout: int,
        params: Mapping[str, Any],
    ) -> Completion:
        messages, params = read_messages(prompt), {**self.params, **params}
        key = None if self._answers is None else _key(messages, rollout, params)
        known = None if self._answers is None or key is None else self._answers.get(key)
        start = time.perf_counter()
        try:
            if known is not None:
                completion = dataclasses.replace(known[0], cached=True, dollars=0.0, seconds=0.0)
                if on_text is not None and completion.text:
                    on_text(completion.text)
            elif on_text is None:
                completion = self._provider.complete(messages, rollout=rollout, params=params)
            else:
                completion = self._provider.stream(
                    messages, on_text=on_text, rollout=rollout, params=params
                )
        except Exception as error:  # the provider's, or the reader's own
            self._note(None, type(error).__name__, time.perf_counter() - start)
            raise
        if self._answers is not None and key is not None and known is None:
            self._answers[key] = completion, params  # kept, so that no other object gets their id
        self._note(completion)
        return completion

    def _note(self, completion: Completion | None, error: str = "", seconds: float = 0.0) -> None:
        with self._lock:
            self._usage = self._usage.add(completion)
        ledger.add(completion, model=self.model, error=error, seconds=seconds)

    def __repr__(self) -> str:
        inside = "".join(f", {name}={value!r}" for name, value in self.params.items())
        return f"LM({self.model!r}{inside})"


def _key(messages: Sequence[Message], rollout: int, params: Mapping[str, Any]) -> str | None:
    """What an answer is remembered by; None when the parameters cannot be compared.

    An object that is no JSON, such as a class that says what to answer, is only itself.
    """
    asked = [rollout, params, [message.to_dict() for message in messages]]
    try:
        return json.dumps(asked, sort_keys=True, default=lambda value: f"{type(value)} {id(value)}")
    except (TypeError, ValueError):  # keys of different types, or an object inside itself
        return None


def _features(given: Iterable[Feature]) -> frozenset[Feature]:
    known = get_args(Feature)
    if isinstance(given, str):
        raise UsageError(f"`supports` is a set, as in `{{'tools'}}`; got {given!r}.")
    found = frozenset(given)
    for name in found.difference(known):
        raise UsageError(f"`supports` has an unknown feature {name!r}; {nearest(name, known)}")
    return found


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
