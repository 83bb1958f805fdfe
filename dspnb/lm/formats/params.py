"""Parameters as a user gives them, as they are sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from dspnb.errors import UsageError

from .strict import strict


def plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON: a class as `response_format` is its schema, `extra_body` is unfolded.

    Whether to stream is not a parameter. Raises `UsageError`.

    >>> plain({"extra_body": {"top_k": 5}, "seed": 1})
    {'seed': 1, 'top_k': 5}
    """
    told = {name: value for name, value in params.items() if name not in ("stream", "extra_body")}
    told |= params.get("extra_body") or {}
    if isinstance(shape := told.get("response_format"), type):
        told["response_format"] = _response_format(shape)
    return told


def dumped(told: Mapping[str, Any]) -> str:
    """Parameters as a JSON object. Raises `UsageError` for one that is not JSON."""
    try:
        return json.dumps(told)
    except (TypeError, ValueError) as error:
        wrong = next((name for name in told if not _is_json(told[name])), "")
        raise UsageError(
            f"The parameter `{wrong}` cannot be sent to a model ({error}); "
            "give it as plain dicts, lists, texts and numbers."
        ) from None


@lru_cache(maxsize=64)
def _response_format(shape: type) -> Mapping[str, Any]:
    """A class of fields (pydantic's, a dataclass, a TypedDict) as the schema of what to answer."""
    import pydantic

    try:
        schema = pydantic.TypeAdapter(shape).json_schema()
    except pydantic.PydanticUserError:
        schema = {}
    if "$ref" in schema:  # a class that holds its own kind; providers want the object on top
        schema |= schema["$defs"][schema.pop("$ref").rpartition("/")[2]]
    if schema.get("type") != "object":
        raise UsageError(
            "`response_format` is a class of fields (a pydantic model), or the dict of a schema; "
            f"got {shape!r}."
        )
    name = re.sub(r"\W+", "_", shape.__name__, flags=re.ASCII)[:60] or "answer"
    held = strict(schema)
    wanted = {"name": name, "strict": True, "schema": held} if held else None
    return {"type": "json_schema", "json_schema": wanted or {"name": name, "schema": schema}}


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
