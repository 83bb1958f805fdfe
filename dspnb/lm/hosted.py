"""Models behind the OpenAI protocol, over our own HTTP client."""

from __future__ import annotations

import json
import os
import time
from functools import cached_property
from typing import Any

from dspnb.errors import ConnectionLost, UsageError

from . import failures, prices
from .base import Completion, Feature
from .endpoints import Endpoint
from .formats.base import Format, Reader
from .formats.sse import Events
from .http import Answer, Client, Post
from .patient import OnText
from .prices import Price
from .request import Request


class Hosted:
    """One model of one endpoint; `price` is the user's own."""

    def __init__(
        self,
        model: str,
        endpoint: Endpoint,
        format_: Format,
        *,
        api_base: str | None,
        api_key: str | None,
        timeout: float,
        price: Price | None,
    ) -> None:
        self.model = model
        self._name = endpoint.bare(model)
        self._endpoint, self._format, self._timeout = endpoint, format_, timeout
        self._api_base, self._given_key = api_base, api_key
        self._given_price = price

    @cached_property
    def supports(self) -> frozenset[Feature]:
        """What is known of the endpoint, and of the model in litellm's list."""
        return self._endpoint.features | (prices.features(self.model) or frozenset())

    @cached_property
    def price(self) -> Price | None:
        """The price of the model; None when it is not known."""
        if self._given_price is not None or not self._endpoint.local:
            return self._given_price or prices.price(self.model)
        return Price(0.0, 0.0)

    async def ask(self, request: Request, on_text: OnText | None = None) -> Completion:
        """Ask once."""
