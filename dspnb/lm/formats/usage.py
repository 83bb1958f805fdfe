"""How many tokens an answer took: as the provider counts them, estimated where it does not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from dspnb.lm.base import estimate_tokens
from dspnb.lm.request import Request


class Tokens(NamedTuple):
    """The tokens of a call."""

    into: int
    out: int
    cached: int = 0  # of `into`
    dollars: float | None = None  # where the provider says it itself


def counted(usage: Any, request: Request | None, written: Callable[[], str]) -> Tokens:
    """The tokens of a call, from the counts in an answer of chat or of responses.

    >>> counted({"prompt_tokens": 9}, None, lambda: "some words")
    Tokens(into=9, out=3, cached=0, dollars=None)
    """
    known: dict[str, Any] = usage if isinstance(usage, dict) else {}
    into = count(known.get("prompt_tokens")) or count(known.get("input_tokens"))
    out = count(known.get("completion_tokens")) or count(known.get("output_tokens"))
    total = count(known.get("total_tokens"))
    if total > into + out:
        # xAI leaves the thinking out of its count of the answer, and has it in the sum.
        thought = _detail(known, "completion_tokens_details", "reasoning_tokens")
        out += min(total - into - out, thought)
    cached = (
        _detail(known, "prompt_tokens_details", "cached_tokens")
        or _detail(known, "input_tokens_details", "cached_tokens")
        or count(known.get("prompt_cache_hit_tokens"))  # DeepSeek
        or count(known.get("cached_tokens"))  # Moonshot
    )
    if not into and request is not None:
        into = sum(estimate_tokens(message.content) for message in request.messages)
    return Tokens(into, out or estimate_tokens(written()), cached, _dollars(known.get("cost")))


def count(told: Any) -> int:
    """A number of tokens as a provider tells it; 0 for what is none.

    >>> [count(told) for told in (7, 7.0, "7", -7, None, True, float("nan"))]
    [7, 7, 0, 0, 0, 0, 0]
    """
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 < told < _TOO_MANY:
        return 0
    return int(told)


_TOO_MANY = 10**15  # no call takes so many, and a sum of such numbers stays exact as a float


def _dollars(cost: Any) -> float | None:
    """What a provider says that a call cost: OpenRouter as a number, Perplexity item by item.

    >>> _dollars({"request_cost": 0.005, "total_cost": 0.0056})
    0.0056
    """
    told = cost.get("total_cost") if isinstance(cost, dict) else cost
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    return float(told) if 0 <= told <= sys.float_info.max else None


def _detail(usage: dict[str, Any], under: str, name: str) -> int:
    details = usage.get(under)
    return count(details.get(name)) if isinstance(details, dict) else 0
