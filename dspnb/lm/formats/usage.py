"""How many tokens an answer took: as the provider counts them, estimated where it does not."""

from __future__ import annotations

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
    into = known.get("prompt_tokens") or known.get("input_tokens") or 0
    out = known.get("completion_tokens") or known.get("output_tokens") or 0
    total = known.get("total_tokens") or 0
    if total > into + out:
        # xAI leaves the thinking out of its count of the answer, and has it in the sum.
        thought = _detail(known, "completion_tokens_details", "reasoning_tokens")
        out += min(total - into - out, thought)
    cached = (
        _detail(known, "prompt_tokens_details", "cached_tokens")
        or _detail(known, "input_tokens_details", "cached_tokens")
        or known.get("prompt_cache_hit_tokens")  # DeepSeek
        or known.get("cached_tokens")  # Moonshot
        or 0
    )
    if not into and request is not None:
        into = sum(estimate_tokens(message.content) for message in request.messages)
    return Tokens(into, out or estimate_tokens(written()), cached, _dollars(known.get("cost")))


def _dollars(cost: Any) -> float | None:
    """What a provider says that a call cost: OpenRouter as a number, Perplexity item by item.

    >>> _dollars({"request_cost": 0.005, "total_cost": 0.0056})
    0.0056
    """
    told: Any = cost.get("total_cost") if isinstance(cost, dict) else cost
    is_number = isinstance(told, int | float) and not isinstance(told, bool)
    return float(told) if is_number and told >= 0 else None


def _detail(usage: dict[str, Any], under: str, name: str) -> int:
    details = usage.get(under)
    return details.get(name) or 0 if isinstance(details, dict) else 0
