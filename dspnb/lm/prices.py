"""What models cost, how long their prompts may be, and what they can do: litellm's list.

The list is read from the installed litellm without importing it, which takes seconds; nothing is
fetched.
"""

from __future__ import annotations

import importlib.util
import json
import re
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

    @classmethod
    def per_million(cls, tokens_in: float, tokens_out: float) -> Price:
        """As price lists say it.

        >>> Price.per_million(2.5, 10).of(Completion("", tokens_in=1000, tokens_out=100))
        0.0035
        """
        return cls(tokens_in / 1e6, tokens_out / 1e6)

    def of(self, completion: Completion) -> float:
        """Dollars for an answer."""
        price = self
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


def price(model: str) -> Price | None:
    """The price of `provider/name`; None when it is not known."""
    card = _card(model)
    if not {"input_cost_per_token", "output_cost_per_token"} <= card.keys():
        return None
    return Price(*_rates(card, ""), longer=_tiers(card))


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


def _rates(card: Mapping[str, Any], suffix: str) -> tuple[float, float, float | None]:
    def rate(name: str) -> Any:
        return card.get(f"{name}{suffix}", card.get(name))

    names = ("input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost")
    tokens_in, tokens_out, cached = map(rate, names)
    return float(tokens_in), float(tokens_out), None if cached is None else float(cached)


def _tiers(card: Mapping[str, Any]) -> tuple[tuple[int, Price], ...]:
    found = {}
    for name in card:
        if tier := re.fullmatch(r"input_cost_per_token(_above_(\d+)k_tokens)", name):
            found[int(tier[2]) * 1000] = Price(*_rates(card, tier[1]))
    return tuple(sorted(found.items()))
