"""Test doubles that are real parts: a model that answers from a script."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .errors import UsageError
from .lm.base import Completion, Feature, Message, estimate_tokens, pieces

Reply = str | Completion


class Scripted:
    """A model for tests: answers from a list, or from a function of the last message.

    A reply is a text, which is free, or a `Completion` with what else a model gives: tool calls,
    reasoning, a price. It streams word by word. `calls` holds the messages of each call, `params`
    its parameters. Safe from several threads.

    >>> lm = Scripted(["one", "two"])
    >>> lm([Message.of("user", "?")]).text, len(lm.calls)
    ('one', 1)
    """

    model = "scripted"

    def __init__(
        self,
        replies: Iterable[Reply] | Callable[[str], Reply],
        *,
        supports: Iterable[Feature] = (),
    ) -> None:
        self.supports: frozenset[Feature] = frozenset(supports)
        self.calls: list[tuple[Message, ...]] = []
        self.params: list[dict[str, Any]] = []
        self._lock = threading.Lock()  # protects `calls` and `params`
        self._reply = replies if callable(replies) else _in_turn(replies)

    def __call__(
        self, messages: Sequence[Message], *, rollout: int = 0, **params: Any
    ) -> Completion:
        with self._lock:
            self.calls.append(tuple(messages))
            self.params.append(params)
        reply = self._reply(messages[-1].content)
        given = Completion(reply, dollars=0.0) if isinstance(reply, str) else reply
        asked = sum(estimate_tokens(message.content) for message in messages)
        return dataclasses.replace(
            given,
            model=given.model or self.model,
            tokens_in=given.tokens_in or asked,
            tokens_out=given.tokens_out or estimate_tokens(given.text),
        )

    def stream(
        self,
        messages: Sequence[Message],
        *,
        on_text: Callable[[str], object],
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """The same answer, word by word."""
        completion = self(messages, rollout=rollout, **params)
        for piece in pieces(completion.text):
            on_text(piece)
        return completion


def _in_turn(replies: Iterable[Reply]) -> Callable[[str], Reply]:
    rest, lock = iter(replies), threading.Lock()  # the lock protects `rest`

    def reply(prompt: str) -> Reply:
        with lock:
            for given in rest:
                return given
        raise UsageError(f"The scripted model has no reply left for {prompt[:80]!r}.")

    return reply
