"""What a wire format is: the body of a request, and how its answer is read, whole or in pieces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from dspnb.lm.base import Completion
from dspnb.lm.request import Request


class Reader(Protocol):
    """A streamed answer on its way in; it is thrown away when it raised."""

    def feed(self, event: Mapping[str, Any]) -> None:
        """Take in one event, decoded. Raises an `LMError` when it tells of one."""

    def close(self, *, done: bool = False) -> Completion:
        """The whole answer. Raises `ConnectionLost` when the stream ended before its end.

        `done` says that the server declared its end with `[DONE]`, which the end of the answer
        itself is not always sent before.
        """


class Format(Protocol):
    """One way of asking a server that speaks the OpenAI protocol.

    `model` is the name without its provider; completions bear the `model` that they are given, have
    the `dollars` that the provider says it took (None otherwise), and estimated tokens when the
    provider counts none: those of the prompt from the `request`.
    """

    @property
    def path(self) -> str:
        """What stands behind the server's base in the address, e.g. `/chat/completions`."""

    def body(self, model: str, request: Request, *, stream: bool) -> bytes:
        """What is sent. Raises `UsageError` for a parameter that cannot be."""

    def read(
        self, answer: Mapping[str, Any], model: str, request: Request | None = None
    ) -> Completion:
        """What came back. Raises `ServerFailed` when it is no answer, `Refused` when withheld."""

    def reader(
        self, model: str, on_text: Callable[[str], object], request: Request | None = None
    ) -> Reader:
        """What takes in a stream; `on_text` gets each piece of the (first) text as it comes."""
