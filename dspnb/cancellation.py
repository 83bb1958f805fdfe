"""Calls that are called off together: by a stop, by an interrupt, or when nobody waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar


class Cancelled(BaseException):
    """The call was called off. Not an `Exception`, so nothing that catches errors swallows it."""


class Cancellation:
    """What is under way for one purpose, and how each part of it is ended.

    >>> ended = []
    >>> cancellation = Cancellation()
    >>> with cancellation.watching(lambda: ended.append("request")):
    ...     cancellation.cancel()
    >>> ended
    ['request']
    """

    def __init__(self) -> None:
        self.over = False
        self._lock = threading.Lock()  # protects both
        self._ends: dict[object, Callable[[], object]] = {}

    def cancel(self) -> None:
        """End all that is under way, and whatever would begin; once."""
        with self._lock:
            self.over = True
            ends = [*self._ends.values()]
            self._ends.clear()
        for end in ends:
            end()

    def watching(self, end: Callable[[], object]) -> Watch:
        """While the block runs, `cancel` calls `end`; in the thread that cancels.

        Entering raises `Cancelled` when it is over already.
        """
        return Watch(self, end)

    def add(self, token: object, end: Callable[[], object]) -> None:
        """`cancel` calls `end`, until `discard`. Raises `Cancelled` when it is over already."""
        with self._lock:
            if self.over:
                raise Cancelled
            self._ends[token] = end

    def discard(self, token: object) -> None:
        """What this token stood for is over."""
        self._ends.pop(token, None)  # one operation, so it needs no lock


class Watch:
    """A block during which something can be called off."""

    __slots__ = ("_cancellation", "_end")

    def __init__(self, cancellation: Cancellation, end: Callable[[], object]) -> None:
        self._cancellation, self._end = cancellation, end

    def __enter__(self) -> None:
        self._cancellation.add(self, self._end)

    def __exit__(self, *error: object) -> None:
        self._cancellation.discard(self)


# What the calls of this thread or task belong to; None when nobody can call them off.
cancellation: ContextVar[Cancellation | None] = ContextVar("dspnb_cancellation", default=None)
