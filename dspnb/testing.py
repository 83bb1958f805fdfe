"""Test doubles that are real parts: a model that answers from a script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .errors import UsageError
from .lm.base import Completion, Message, estimate_tokens


class Scripted:
    """A model for tests: answers from a list, or from a function of the last message.

    `calls` holds the messages of each call. Safe from several threads.

    >>> lm = Scripted(["one", "two"])
    >>> lm([Message.of("user", "?")]).text, len(lm.calls)
    ('one', 1)
    """

    model = "scripted"

    def __init__(self, replies: Iterable[str] | Callable[[str], str]) -> None:
        self.calls: list[tuple[Message, ...]] = []
        self._lock = threading.Lock()  # protects `calls`
        self._reply = replies if callable(replies) else _in_turn(replies)

    def __call__(
        self, messages: Sequence[Message], *, rollout: int = 0, **params: Any
    ) -> Completion:
        with self._lock:
            self.calls.append(tuple(messages))
        text = self._reply(messages[-1].content)
        asked = sum(estimate_tokens(message.content) for message in messages)
        return Completion(text, self.model, asked, estimate_tokens(text))


def _in_turn(replies: Iterable[str]) -> Callable[[str], str]:
    rest, lock = iter(replies), threading.Lock()  # the lock protects `rest`

    def reply(prompt: str) -> str:
        with lock:
            for text in rest:
                return text
        raise UsageError(f"The scripted model has no reply left for {prompt[:80]!r}.")

    return reply
