"""What models cost, how long their prompts may be, and what they can do: litellm's list.

The list is read from the installed litellm without importing it, which takes seconds; nothing is
fetched.
"""

from __future__ import annotations

import importlib.util
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .base import Completion, Feature
from .money import money

LIST = "model_prices_and_context_window_backup.json"


@dataclass(frozen=True)
class Price:
    """Dollars a token: `Price(2.5e-6, 10e-6)`."""

    tokens_in: float
    tokens_out: float
    cached: float | None = None  # a token that the provider has in its own cache
    longer: tuple[tuple[int, Price], ...] = ()  # prompts of more tokens than this cost otherwise
    quiet: Price | None = None  # the price in the provider's quiet hours
    hours: tuple[Hours, ...] = ()  # which those are

    @classmethod
    def per_million(cls, tokens_in: float, tokens_out: float) -> Price:
        """As price lists say it.

        >>> Price.per_million(2.5, 10).of(Completion("", tokens_in=1000, tokens_out=100))
        0.0035
        """
        return cls(tokens_in / 1e6, tokens_out / 1e6)

    def of(self, completion: Completion, when: float | None = None) -> float:
        """Dollars for an answer that came now, or at `when`, in seconds since 1970."""
        price = self
        if self.quiet is not None and any(hours.hold(when) for hours in self.hours):
            price = self.quiet
        for more_than, other in self.longer:
            if completion.tokens_in > more_than:
                price = other
        read = min(completion.tokens_cached, completion.tokens_in)
        cached = price.tokens_in if price.cached is None else price.cached
        asked = (completion.tokens_in - read) * price.tokens_in + read * cached
        return asked + completion.tokens_out * price.tokens_out

    def __str__(self) -> str:
        """As price lists say it.

        >>> print(Price.per_million(0.15, 0.6))
        $0.15 for a million tokens in, $0.60 out
        """
        tokens_in, tokens_out = money(1e6 * self.tokens_in), money(1e6 * self.tokens_out)
        return f"{tokens_in} for a million tokens in, {tokens_out} out"


@dataclass(frozen=True)
class Hours:
    """Some time of some days of each week, in UTC."""

    start: int  # minutes after midnight
    end: int  # the first minute that is not meant; up to the start, it is one of the next day
    days: frozenset[int] = frozenset(range(1, 8))  # Monday is 1

    def hold(self, when: float | None = None) -> bool:
        """Whether they are now, or were at `when`, in seconds since 1970.

        >>> Hours(23 * 60, 60).hold(30 * 60.0)
        True
        """
        now = time.gmtime(when)
        minute = now.tm_hour * 60 + now.tm_min
        if now.tm_wday + 1 not in self.days:
            return False
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


def price(model: str) -> Price | None:
    """The price of `provider/name`; None when it is not known, or not by the token alone."""
    card = _card(model)
    if not _is_by_token(model, card):
        return None
    quiet, hours = _quiet(card)
    return Price(*_rates(card, ""), longer=_tiers(card), quiet=quiet, hours=hours)


def context_window(model: str) -> int | None:
    """The most tokens a prompt may have; None when it is not known."""
    most = _card(model).get("max_input_tokens")
    return most if isinstance(most, int) else None


def features(model: str) -> frozenset[Feature] | None:
    """What a model can do beyond text; None when it is not in the list."""
    card = _card(model)
    if not card:
        return None
    listed: dict[Feature, bool] = {
        "tools": card.get("supports_function_calling") is True,
        "reasoning": card.get("supports_reasoning") is True,
        "json_schema": card.get("supports_response_schema") is True,
    }
    return frozenset(name for name, can in listed.items() if can)


def _card(model: str) -> Mapping[str, Any]:
    """What the list says of a model; nothing when it is not there."""
    found = _list().get(model)
    if found is None:
        provider, _, name = model.partition("/")
        found = _list().get(name)
        if not isinstance(found, dict) or found.get("litellm_provider") != provider:
            return {}
    return found if isinstance(found, dict) else {}


@lru_cache(maxsize=1)
def _list() -> Mapping[str, Any]:
    package = importlib.util.find_spec("litellm")
    for place in (package and package.submodule_search_locations) or ():
        file = Path(place) / LIST
        if file.exists():
            read: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))  # 25 ms
            return read
    return {}


def _is_by_token(model: str, card: Mapping[str, Any]) -> bool:
    """Whether tokens in and out, which we know, are all that an answer is charged by."""
    out = card.get("output_cost_per_token", 0.0 if card.get("mode") == "embedding" else None)
    if not (_is_rate(card.get("input_cost_per_token")) and _is_rate(out)):
        return False
    if card.get("input_cost_per_request") or card.get("citation_cost_per_token"):
        return False
    if "search_context_cost_per_query" in card and _SEARCHES.search(model):
        return False
    return bool(card.get("output_cost_per_reasoning_token") in (None, out))


_SEARCHES = re.compile("search|sonar")  # models that look things up whenever they are asked


def _is_rate(value: Any) -> bool:
    return isinstance(value, int | float)


def _rates(card: Mapping[str, Any], suffix: str) -> tuple[float, float, float | None]:
    def rate(name: str) -> Any:
        return card.get(f"{name}{suffix}", card.get(name))

    names = ("input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost")
    tokens_in, tokens_out, cached = map(rate, names)
    if cached is None and card.get("litellm_provider") == "fireworks_ai":
        cached = tokens_in / 2  # https://docs.fireworks.ai/guides/prompt-caching
    return float(tokens_in), float(tokens_out or 0.0), None if cached is None else float(cached)


def _tiers(card: Mapping[str, Any]) -> tuple[tuple[int, Price], ...]:
    found = {}
    same = card.get("litellm_provider") == "xai"  # which counts the border to the longer ones
    for name in card:
        if tier := re.fullmatch(r"input_cost_per_token(_above_(\d+)k_tokens)", name):
            found[int(tier[2]) * 1000 - same] = Price(*_rates(card, tier[1]))
    return tuple(sorted(found.items()))


def _quiet(card: Mapping[str, Any]) -> tuple[Price | None, tuple[Hours, ...]]:
    """The price in a provider's quiet hours, and those hours."""
    told = card.get("off_peak_pricing")
    if not isinstance(told, dict):
        return None, ()
    found = []
    for window in (told, *told.get("windows", ())):
        hours, days = window.get("hours_utc", ()), frozenset(window.get("weekdays", range(1, 8)))
        for text in [hours] if isinstance(hours, str) else hours:
            start, _, end = text.partition("-")
            found.append(Hours(_minutes(start), _minutes(end), days))
    return Price(*_rates({**card, **told}, "")), tuple(found)


def _minutes(text: str) -> int:
    """Minutes after midnight.

    >>> _minutes("10:30")
    630
    """
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)
