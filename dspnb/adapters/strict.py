"""Outputs as a JSON schema that providers of structured outputs accept."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Set
from functools import lru_cache
from typing import Any

from dspnb.lm.base import Feature
from dspnb.signature import Signature

from . import kinds

KEPT = {"type", "enum", "anyOf", "items", "description"}  # what every provider's subset has


def response_format(signature: Signature, features: Set[Feature]) -> Mapping[str, Any]:
    """The parameter that holds a model to the outputs; empty when it can't be held to them."""
    if not signature.outputs:
        return {}
    if "json_schema" in features and (schema := strict_schema(signature)) is not None:
        name = re.sub(r"\W+", "_", signature.name or "answer", flags=re.ASCII)[:60]
        # A copy: some clients write into what they are given.
        wanted = {"name": name, "strict": True, "schema": copy.deepcopy(schema)}
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
    schema = kinds.schema_of(signature.outputs)
    properties = schema["properties"]
    for field in signature.outputs:
        if kinds.optional(field) and not kinds.plan(field.type).optional:
            properties[field.name] = {"anyOf": [properties[field.name], {"type": "null"}]}
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
