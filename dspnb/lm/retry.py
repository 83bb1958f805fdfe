"""Whether a call is made again when a provider is busy or broken, and how much later."""

from __future__ import annotations

import random
from collections.abc import Callable

from dspnb.errors import LMError, Unreachable

FIRST = 0.5  # seconds before the second try; doubled for each one more
LONGEST = 30.0  # seconds between two tries, unless the provider asks for more
PATIENCE = 120.0  # seconds; a provider that asks for more is not waited for


def pause(error: LMError, tried: int, *, reached: bool) -> float | None:
    """Seconds to wait before a call is made again, `tried` times before; None: it is not.

    A `retry_after` of the provider is honoured, up to two minutes. A server that was `reached`
    before and is not now is tried again too.

    >>> pause(LMError("a wrong name", model="m"), 0, reached=True) is None
    True
    """
    again = error.retryable or (reached and isinstance(error, Unreachable))
    if not again or (error.retry_after or 0) > PATIENCE:
        return None
    return delay(tried, error.retry_after)


def delay(tried: int, asked: float | None, spread: Callable[[], float] = random.random) -> float:
    """Seconds to wait after try number `tried`, counted from 0.

    What a provider asks for is a lower limit. Waits are spread at random, so that many calls
    refused at once do not come back at once.

    >>> delay(1, None, lambda: 1.0), delay(1, 3.0, lambda: 1.0)
    (1.0, 3.5)
    """
    backoff = min(FIRST * 2.0**tried, LONGEST) * (0.5 + spread() / 2)
    return backoff if asked is None else asked + min(backoff, 0.5)
