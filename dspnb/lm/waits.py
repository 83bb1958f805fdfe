"""How long a provider asks us to wait, read from its headers and its words."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds to wait before the next request; None when the provider does not say.

    What it asks for comes first. After too many requests (status 429) the time until a used up
    limit starts again does as well. `now` is in seconds since 1970.

    >>> retry_after({"Retry-After": "7"})
    7.0
    >>> retry_after({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "0"})
    360.0
    """
    asked = asked_to_wait(headers, now=now)
    return until_reset(headers) if asked is None else asked


def asked_to_wait(
    headers: Mapping[str, str], said: str = "", now: float | None = None
) -> float | None:
    """Seconds that the provider asks us to wait, in a header or in what it said.

    >>> asked_to_wait({"retry-after-ms": "1500"})
    1.5
    >>> asked_to_wait({}, "Rate limit reached. Please try again in 1m2.5s.")
    62.5
    """
    known = lowered(headers)
    milliseconds = _number(known.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    after = known.get("retry-after", "")
    seconds = _number(after)
    if seconds is None:
        seconds = _until(after, time.time() if now is None else now)
    if seconds is None and (words := _AGAIN.search(said)):
        seconds = _duration(words[1])
    return seconds


def until_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until a limit starts again: one that is used up, else the one that does so first."""
    known = lowered(headers)
    resets = {kind: _duration(known.get(f"x-ratelimit-reset-{kind}", "")) for kind in _LIMITS}
    waits = {kind: wait for kind, wait in resets.items() if wait is not None}
    spent = [
        wait for kind, wait in waits.items() if known.get(f"x-ratelimit-remaining-{kind}") == "0"
    ]
    return max(spent) if spent else min(waits.values(), default=None)


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with their names in lower case, as they mean the same in any."""
    return {str(name).lower(): str(value).strip() for name, value in headers.items()}


_LIMITS = ("requests", "tokens")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|milli|h|m|s|d)[a-z]*\s*", re.IGNORECASE)
_AGAIN = re.compile(
    r"(?:try again|retry) (?:in|after) ((?:\d+(?:\.\d+)?\s*(?:ms|[hmsd])[a-z]*\s*)+)", re.IGNORECASE
)
_SECONDS = {"ms": 0.001, "milli": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None


def _until(date: str, now: float) -> float | None:
    """Seconds until a date as HTTP writes it."""
    try:
        then = parsedate_to_datetime(date)
    except ValueError:
        return None
    if then.tzinfo is None:  # a date of HTTP is in UTC, also when it does not say so
        then = then.replace(tzinfo=UTC)
    return max(then.timestamp() - now, 0.0)


def _duration(text: str) -> float | None:
    """Seconds from "6m0s", "20ms" or a plain number."""
    if (number := _number(text)) is not None:
        return number
    if not text or _PART.sub("", text).strip():
        return None
    return sum(float(count) * _SECONDS[unit.lower()] for count, unit in _PART.findall(text))
