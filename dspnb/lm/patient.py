"""A provider that is asked within its limits, and again when it is busy or broken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from dspnb.errors import LMError

from .base import Completion, Feature, estimate_tokens
from .limits import Limits
from .prices import Price
from .request import Request
from .retry import pause

OnText = Callable[[str], object]


class Remote(Protocol):
    """One model of one provider, asked from the network's event loop."""

    @property
    def supports(self) -> frozenset[Feature]: ...

    @property
    def price(self) -> Price | None: ...

    async def ask(self, request: Request, on_text: OnText | None = None) -> Completion:
        """Ask once. Raises `LMError`. To be cancelled at any moment."""


class Patient:
    """The same contract, around another `Remote`."""

    def __init__(self, remote: Remote, *, retries: int, limits: Mapping[str, Any]) -> None:
        self._remote, self._retries = remote, retries
        self._limits = limits if any(limits.values()) else None
        self._kept: tuple[asyncio.AbstractEventLoop, Limits] | None = None
        self._reached = False  # the provider has answered before

    @property
    def supports(self) -> frozenset[Feature]:
        """What the model inside can do beyond text."""
        return self._remote.supports

    @property
    def price(self) -> Price | None:
        """The price of the model inside."""
        return self._remote.price

    async def ask(self, request: Request, on_text: OnText | None = None) -> Completion:
        """Ask until there is an answer, or no hope of one; not again once text was passed on.

        To be cancelled at any moment, also between two tries.
        """
        # This is on the way of every call, with some hundred at once: closures, and coroutines
        # inside of others, would be a third of what the garbage collector has to look at.
        hear = None if on_text is None else _Heard(on_text)
        tried = 0
        while True:
            try:
                if self._limits is None:
                    completion = await self._remote.ask(request, hear)
                else:
                    completion = await self._within_limits(self._limits, request, hear)
                self._reached = True
                return completion
            except LMError as error:
                if tried == self._retries or (hear is not None and hear.heard):
                    raise
                seconds = pause(error, tried, reached=self._reached)
                if seconds is None:
                    raise
            await asyncio.sleep(seconds)
            tried += 1

    async def _within_limits(
        self, limits: Mapping[str, Any], request: Request, on_text: OnText | None
    ) -> Completion:
        loop = asyncio.get_running_loop()
        if self._kept is None or self._kept[0] is not loop:  # a forked child has its own
            self._kept = loop, Limits(**limits)
        async with self._kept[1].place(_estimate(request)) as spent:
            completion = await self._remote.ask(request, on_text)
            spent.tokens = completion.tokens_in + completion.tokens_out
            return completion


class _Heard:
    """Passes text on, and knows whether there was any."""

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self.heard = False

    def __call__(self, text: str) -> None:
        self.heard = True
        self._on_text(text)


def _estimate(request: Request) -> int:
    """Tokens of the prompt, and as many of an answer as are allowed, or a paragraph."""
    written = estimate_tokens(request.messages_json)
    most = request.params.get("max_tokens") or request.params.get("max_completion_tokens")
    return written + (most if isinstance(most, int) else 300)
