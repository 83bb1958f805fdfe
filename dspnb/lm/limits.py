"""Keep to what a provider allows: calls at a time, requests and tokens a minute."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator

MINUTE = 60.3  # seconds: what is sent a minute apart may arrive a little closer


class Limits:
    """The limits of one model. To be used from one event loop only.

    A window of a minute slides along: in none are there more than `requests` requests. Tokens are
    reserved as they are estimated, and corrected when the provider has counted them.
    """

    def __init__(
        self,
        *,
        concurrency: int | None = None,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,  # in and out
        minute: float = MINUTE,  # seconds
    ) -> None:
        self._places = asyncio.Semaphore(concurrency) if concurrency else None
        self._requests = _Window(requests_per_minute, minute) if requests_per_minute else None
        self._tokens = _Window(tokens_per_minute, minute) if tokens_per_minute else None

    @contextlib.asynccontextmanager
    async def place(self, tokens: int) -> AsyncIterator[Spent]:
        """Wait for a place, in turn; `tokens` is what the call will take, as far as one knows."""
        async with self._places or contextlib.nullcontext():
            if self._requests is not None:
                await self._requests.take(1)
            spent = Spent(tokens)
            if self._tokens is None:
                yield spent
                return
            entry = await self._tokens.take(tokens)
            yield spent
            self._tokens.correct(entry, spent.tokens)


class Spent:
    """What a call has taken in the end; set by who knows it."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens


class _Entry:
    def __init__(self, time: float, amount: int) -> None:
        self.time, self.amount = time, amount


class _Window:
    """At most so much in any minute, first come, first served."""

    def __init__(self, most: int, minute: float) -> None:
        self._most, self._minute = most, minute
        self._entries: deque[_Entry] = deque()
        self._taken = 0
        self._turn = asyncio.Lock()

    async def take(self, amount: int) -> _Entry:
        async with self._turn:
            while (pause := self._pause(min(amount, self._most))) > 0:
                await asyncio.sleep(pause)
            entry = _Entry(time.monotonic(), amount)
            self._entries.append(entry)
            self._taken += amount
            return entry

    def correct(self, entry: _Entry, amount: int) -> None:
        """It was another amount."""
        if entry.time + self._minute > time.monotonic():
            self._taken += amount - entry.amount
            entry.amount = amount

    def _pause(self, amount: int) -> float:
        """Seconds until there is room; 0 when there is."""
        now = time.monotonic()
        entries = self._entries
        while entries and entries[0].time + self._minute <= now:
            self._taken -= entries.popleft().amount
        free = self._most - self._taken
        if free >= amount:
            return 0.0
        for entry in entries:
            free += entry.amount
            if free >= amount:
                return max(entry.time + self._minute - now, 0.001)
        return 0.0
