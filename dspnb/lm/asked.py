"""A request as it is written down: JSON that is alike on every machine, without keys."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from .private import is_private, keys, without
from .request import Request

# Parameters that hold schemas, whose fields may have any name.
_SCHEMAS = {"tools", "functions", "response_format"}


@dataclass(frozen=True)
class Asked:
    """What was asked, to look an answer up by: each message and the parameters as JSON."""

    messages: tuple[str, ...]
    params: str = "{}"
    rollout: int = 0

    @classmethod
    def of(cls, request: Request) -> Asked:
        """A request without keys, headers and addresses.

        A class among the parameters, as it may say what to answer, stands there by its name and
        schema.

        >>> from .base import Message
        >>> question = (Message.of("user", "Why?"),)
        >>> Asked.of(Request(question, {"temperature": 0, "api_key": "k"})).params
        '{"temperature": 0}'
        """
        *first, last = request.messages
        secret = keys()
        messages = (
            # The start of a prompt is the same in every call; a last message is new in each.
            *(_message(message.json, secret) for message in first),
            _message.__wrapped__(json.dumps(last.to_dict()), secret),
        )
        return cls(messages, params_json(request.params), request.rollout)

    @cached_property
    def key(self) -> str:
        """A hash of all of it."""
        whole = "\0".join((*self.messages, self.params, str(self.rollout)))
        return hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


def params_json(params: Mapping[str, Any]) -> str:
    """Parameters in the order of their names, without those that are private."""
    if not params:
        return "{}"
    plain = without(keys(), _plain_params(params))
    return json.dumps(plain, ensure_ascii=False, sort_keys=True)


@lru_cache(maxsize=1024)
def _message(text: str, secret: re.Pattern[str]) -> str:
    return json.dumps(without(secret, json.loads(text)), ensure_ascii=False)


def _plain_params(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _plain(value, private=name not in _SCHEMAS)
        for name, value in params.items()
        if not is_private(name)
    }


def _plain(value: Any, *, private: bool) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return {
                str(name): _plain(item, private=private)
                for name, item in value.items()
                if not (private and is_private(str(name)))
            }
        case list() | tuple():
            return [_plain(item, private=private) for item in value]
        case set() | frozenset():
            return sorted((_plain(item, private=private) for item in value), key=str)
    schema = getattr(value, "model_json_schema", None)  # pydantic's
    if isinstance(value, type) and schema is not None:
        return {"class": value.__name__, "schema": schema()}
    return {"object": re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))}
