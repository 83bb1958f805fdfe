"""A provider that is asked within its limits, and again when it is busy or broken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .base import Completion, Feature, estimate_tokens
from .limits import Limits
from .prices import Price
from .request import Request
from .retry import retried

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
        """Ask until there is an answer, or no hope of one; not again once text was passed on."""
        heard = False

        def hear(text: str) -> None:
            nonlocal heard
            heard = True
            assert on_text is not None
            on_text(text)

        async def once() -> Completion:
            completion = await self._within_limits(request, hear if on_text else None)
            self._reached = True
            return completion

        return await retried(
            once, self._retries, may=lambda: not heard, reached=lambda: self._reached
        )

    async def _within_limits(self, request: Request, on_text: OnText | None) -> Completion:
        if self._limits is None:
            return await self._remote.ask(request, on_text)
        loop = asyncio.get_running_loop()
        if self._kept is None or self._kept[0] is not loop:  # a forked child has its own
            self._kept = loop, Limits(**self._limits)
        async with self._kept[1].place(_estimate(request)) as spent:
            completion = await self._remote.ask(request, on_text)
            spent.tokens = completion.tokens_in + completion.tokens_out
            return completion


def _estimate(request: Request) -> int:
    """Tokens of the prompt, and as many of an answer as are allowed, or a paragraph."""
    written = estimate_tokens(request.messages_json)
    most = request.params.get("max_tokens") or request.params.get("max_completion_tokens")
    return written + (most if isinstance(most, int) else 300)
