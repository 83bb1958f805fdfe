"""Outputs as a JSON schema that providers of structured outputs accept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from functools import lru_cache
from typing import Any

from dspnb.lm.base import Feature
from dspnb.signature import Signature

from . import values

KEPT = {
    "type",
    "enum",
    "const",
    "anyOf",
    "items",
    "properties",
    "required",
    "$ref",
    "$defs",
    "description",
    "additionalProperties",
}  # fmt: skip  what every provider's subset has


def response_format(signature: Signature, features: Set[Feature]) -> Mapping[str, Any]:
    """The parameter that holds a model to the outputs; empty when it can't be held to them."""
    if "json_schema" in features and (schema := strict_schema(signature)) is not None:
        name = re.sub(r"\W+", "_", signature.name or "answer", flags=re.ASCII)[:60]
        wanted = {"name": name, "strict": True, "schema": schema}
        return {"response_format": {"type": "json_schema", "json_schema": wanted}}
    if features & {"json_object", "json_schema"}:
        return {"response_format": {"type": "json_object"}}
    return {}


@lru_cache(maxsize=256)
def strict_schema(signature: Signature) -> dict[str, Any] | None:
    """The schema of all outputs: every key required, none added; None when that cannot be said.

    >>> strict_schema(Signature("q -> n: int"))["properties"]
    {'n': {'type': 'integer'}}
    """
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    for field in signature.outputs:
        schema = values.json_schema(field)
        definitions |= schema.pop("$defs", {})
        if values.optional(field) and not values.plan(field.type).optional:
            schema = {"anyOf": [schema, {"type": "null"}]}
        properties[field.name] = schema
    whole = {"type": "object", "properties": properties}
    if definitions:
        whole["$defs"] = definitions
    try:
        strict: dict[str, Any] = _strict(whole)
        return strict
    except _Unsayable:
        return None


class _Unsayable(Exception):
    """A map with free keys, or a tuple: no provider's strict schema has them."""


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "prefixItems" in schema or not schema:
        raise _Unsayable
    if schema.get("type") == "object" and "properties" not in schema:
        raise _Unsayable
    told: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            told[key] = {name: _strict(part) for name, part in value.items()}
        elif key == "oneOf":
            told["anyOf"] = _strict(value)
        elif key in KEPT and key not in ("required", "additionalProperties"):
            told[key] = value if key in ("enum", "const") else _strict(value)
    if "properties" in told:
        told |= {"required": list(told["properties"]), "additionalProperties": False}
    return told
