"""JSON schemas as providers of structured outputs accept them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEPT = {"type", "enum", "anyOf", "items", "description"}  # what every provider's subset has


def strict(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The schema with every key required and none added; None when that cannot be said.

    >>> strict({"type": "object", "properties": {"n": {"type": "integer", "title": "N"}}})
    {'type': 'object', 'properties': {'n': {'type': 'integer'}}, 'required': ['n'], \
'additionalProperties': False}
    """
    try:
        return _strict(schema)
    except _Unsayable:
        return None


class _Unsayable(Exception):
    """A map with free keys, or a tuple: no provider's strict schema has them."""


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}  # nothing may stand beside it
    if not schema or "prefixItems" in schema:
        raise _Unsayable
    if schema.get("type") == "object" and "properties" not in schema:
        raise _Unsayable
    told = {key: value for key, value in schema.items() if key in KEPT}
    if "const" in schema:
        told["enum"] = [schema["const"]]
    if options := schema.get("anyOf") or schema.get("oneOf"):
        told["anyOf"] = [_strict(option) for option in options]
    if "items" in schema:
        told["items"] = _strict(schema["items"])
    if "properties" in schema:
        told["properties"] = {name: _strict(part) for name, part in schema["properties"].items()}
        told |= {"required": list(told["properties"]), "additionalProperties": False}
    if schema.get("$defs"):
        told["$defs"] = {name: _strict(part) for name, part in schema["$defs"].items()}
    return told
