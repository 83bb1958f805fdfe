"""Ask again when a provider is busy or broken, a little later each time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from dspnb.errors import LMError, Unreachable

T = TypeVar("T")
FIRST = 0.5  # seconds before the second try; doubled for each one more
LONGEST = 30.0  # seconds between two tries, unless the provider asks for more
PATIENCE = 120.0  # seconds; a provider that asks for more is not waited for


async def retried(
    ask: Callable[[], Awaitable[T]],
    retries: int,
    *,
    may: Callable[[], bool] = lambda: True,
    reached: Callable[[], bool] = lambda: False,
) -> T:
    """What `ask` gives, asked at most `retries` times more when it raises a retryable `LMError`.

    A `retry_after` of the provider is honoured, up to two minutes. Waits are spread at random, so
    that many calls refused at once do not come back at once. A server that was `reached` before
    and is not now is tried again too. Nothing is asked again when `may` says no: a user has seen
    some of the answer. To be cancelled at any moment.
    """
    for i in range(retries + 1):
        try:
            return await ask()
        except LMError as error:
            again = error.retryable or (isinstance(error, Unreachable) and reached())
            if i == retries or not again or not may():
                raise
            if (error.retry_after or 0) > PATIENCE:
                raise
            pause = delay(i, error.retry_after)
        await asyncio.sleep(pause)
    raise AssertionError("unreachable")


def delay(tried: int, asked: float | None, spread: Callable[[], float] = random.random) -> float:
    """Seconds to wait after try number `tried`, counted from 0.

    What a provider asks for is a lower limit.

    >>> delay(1, None, lambda: 1.0), delay(1, 3.0, lambda: 1.0)
    (1.0, 3.5)
    """
    backoff = min(FIRST * 2.0**tried, LONGEST) * (0.5 + spread() / 2)
    return backoff if asked is None else asked + min(backoff, 0.5)
