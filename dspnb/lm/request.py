"""What a model is asked: messages, parameters, and which sample of the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .base import Message


def params_json(params: Mapping[str, Any]) -> str | None:
    """Parameters as a JSON object with sorted names; None when they are not JSON."""
    if not params:
        return "{}"
    try:
        return json.dumps(params, sort_keys=True)
    except (TypeError, ValueError):  # a class that says what to answer, an object in itself
        return None


class Request:
    """Messages and parameters for one model; `rollout` tells samples apart and is not sent."""

    __slots__ = ("_messages_json", "messages", "params", "params_json", "rollout")

    def __init__(
        self, messages: tuple[Message, ...], params: Mapping[str, Any], rollout: int = 0
    ) -> None:
        self.messages, self.params, self.rollout = messages, params, rollout
        self.params_json = params_json(params)
        self._messages_json: str | None = None

    @property
    def messages_json(self) -> str:
        """The messages as a JSON list of the OpenAI protocol."""
        if self._messages_json is None:
            # The last message is new in each call: keeping its JSON with it would be waste.
            written = [message.json for message in self.messages[:-1]]
            written.append(self.messages[-1].to_json())
            self._messages_json = f"[{', '.join(written)}]"
        return self._messages_json

    def key(self, model: str, where: str = "") -> str | None:
        """What an answer is kept by: a hash; None when the parameters cannot be compared.

        `where` tells two endpoints apart that have a model of the same name.

        >>> request = Request((Message.of("user", "?"),), {"temperature": 0})
        >>> request.key("openai/a") == request.key("openai/b")
        False
        """
        params = self.params_json or self._shapes_json()
        if params is None:
            return None
        parts = (model, where, str(self.rollout), params, self.messages_json)
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=20).hexdigest()

    def _shapes_json(self) -> str | None:
        """The parameters, with the schema of each class that says what to answer."""
        try:
            return json.dumps(self.params, sort_keys=True, default=_shape)
        except (TypeError, ValueError):
            return None


def _shape(value: Any) -> Any:
    if isinstance(value, type) and hasattr(value, "model_json_schema"):
        return {"class": value.__qualname__, "schema": value.model_json_schema()}
    raise TypeError
