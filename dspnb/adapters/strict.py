"""Outputs as a JSON schema that providers of structured outputs accept."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Set
from functools import lru_cache
from typing import Any

from dspnb.lm.base import Feature
from dspnb.lm.formats.strict import strict
from dspnb.signature import Signature

from . import kinds


def response_format(signature: Signature, features: Set[Feature]) -> Mapping[str, Any]:
    """The parameter that holds a model to the outputs; empty when it can't be held to them."""
    if not signature.outputs:
        return {}
    if "json_schema" in features and (schema := strict_schema(signature)) is not None:
        return _held_to(signature, {"strict": True}, schema)
    if "json_object" in features:
        return {"response_format": {"type": "json_object"}}
    if "json_schema" in features:  # and nothing else, as LM Studio: no strict one then
        return _held_to(signature, {}, kinds.schema_of(signature.outputs))
    return {}


def _held_to(
    signature: Signature, how: Mapping[str, Any], schema: Mapping[str, Any]
) -> dict[str, Any]:
    name = re.sub(r"\W+", "_", signature.name or "answer", flags=re.ASCII)[:60]
    # A copy: some clients write into what they are given.
    wanted = {"name": name, **how, "schema": copy.deepcopy(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": wanted}}


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
    return strict(schema)
