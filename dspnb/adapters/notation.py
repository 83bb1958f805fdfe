"""Types as short text for a prompt: `{ name: string, tags: string[], size?: "s" or "l" }`.

About half of what the same JSON schema takes. It is made from the JSON schema that pydantic gives,
so every type that pydantic validates has one.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_SCALARS = {
    "string": "string",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "null",
}
_FORMATS = {
    "date-time": "as in 2026-01-31T12:00:00",
    "date": "as in 2026-01-31",
    "time": "as in 12:00:00",
    "duration": "as in P1DT2H",
    "uuid": "as in 123e4567-e89b-12d3-a456-426614174000",
}
_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} entries",
    "maxProperties": "at most {} entries",
    "pattern": "matching {}",
}
_ONE = re.compile(r"\b1 (character|item|entr)(?:s|(ies))\b")


def notation(schema: Schema) -> str:
    """The type that a JSON schema describes, on one line; `where` names what recurs.

    >>> notation({"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}})
    '(int or null)[]'
    """
    writer = _Writer(schema)
    text = writer.type(schema)
    named = [f"{name} = {definition}" for name, definition in writer.definitions()]
    return f"{text} where {'; '.join(named)}" if named else text


def block(schema: Schema, comments: Mapping[str, str]) -> str:
    """An object's type over several lines, a field a line, with descriptions as comments."""
    writer = _Writer(schema)
    needed = set(schema.get("required", ()))
    lines = ["{"]
    for name, part in schema["properties"].items():
        note = comments.get(name, "")
        mark = "" if name in needed else "?"
        lines.append(f"  {_key(name)}{mark}: {writer.type(part)}{f'  # {note}' if note else ''}")
    lines.append("}")
    named = [f"{name} = {text}" for name, text in writer.definitions()]
    return "\n".join([*lines, *(["where " + named[0], *named[1:]] if named else [])])


class _Writer:
    """Writes types; a model that recurs, or is used more than once, is written once, by name."""

    def __init__(self, root: Schema) -> None:
        self._known: Mapping[str, Schema] = root.get("$defs", {})
        uses = Counter(_references(root))
        self._named = {
            name
            for name, schema in self._known.items()
            if (uses[name] > 1 and "properties" in schema) or self._recurs(name)
        }
        self._wanted: list[str] = []

    def definitions(self) -> list[tuple[str, str]]:
        """The named types that were met, each with its text."""
        # `_wanted` grows while it is read, until no type is new.
        return [(_name(name), self._plain(self._known[name])) for name in self._wanted]

    def type(self, schema: Schema) -> str:
        """One type, with its limits and description in parentheses."""
        reference = schema.get("$ref")
        if reference is not None:
            name: str = reference.rsplit("/", 1)[1]
            if name in self._named:
                if name not in self._wanted:
                    self._wanted.append(name)
                return _name(name)
            return self.type(self._known[name])
        return self._plain(schema)

    def _plain(self, schema: Schema) -> str:
        match schema:
            case {"const": value}:
                return json.dumps(value, ensure_ascii=False)
            case {"enum": values}:
                return " or ".join(json.dumps(value, ensure_ascii=False) for value in values)
            case {"anyOf": options} | {"oneOf": options}:
                return " or ".join(dict.fromkeys(map(self.type, options)))
            case {"allOf": [only]}:
                return self.type(only)
            case {"properties": properties}:
                return self._object(properties, set(schema.get("required", ())))
            case {"type": "object", "additionalProperties": dict(values)}:
                return f"map<string, {self.type(values)}>"
            case {"type": "object"}:
                return "map<string, any>"
            case {"prefixItems": items}:
                return f"[{', '.join(map(self.type, items))}]"
            case {"type": "array"}:
                inner = self.type(schema.get("items") or {})
                return f"({inner})[]" if " or " in inner else f"{inner}[]"
            case {"type": list(kinds)}:
                return " or ".join(_SCALARS.get(kind, "any") for kind in kinds)
            case {"type": kind}:
                return _SCALARS.get(str(kind), "any")
        return "any"

    def _object(self, properties: Mapping[str, Schema], needed: set[str]) -> str:
        parts = []
        for name, part in properties.items():
            words = _words(part)
            note = f" ({words})" if words else ""
            mark = "" if name in needed else "?"
            parts.append(f"{_key(name)}{mark}: {self.type(part)}{note}")
        return "{ " + ", ".join(parts) + " }" if parts else "{}"

    def _recurs(self, name: str) -> bool:
        seen: set[str] = set()
        ahead = list(_references(self._known[name]))
        while ahead:
            other = ahead.pop()
            if other == name:
                return True
            if other not in seen and other in self._known:
                seen.add(other)
                ahead += _references(self._known[other])
        return False


def words(schema: Schema) -> str:
    """What a schema asks for beyond the type: limits and formats, in words.

    >>> words({"type": "array", "maxItems": 3, "items": {"type": "integer", "minimum": 0}})
    'at most 3 items, each at least 0'
    """
    found = [_FORMATS[schema["format"]]] if schema.get("format") in _FORMATS else []
    row = "prefixItems" in schema  # says how many by itself
    for limit, text in _LIMITS.items():
        if limit in schema and not (row and limit.endswith("Items")):
            found.append(_ONE.sub(_singular, text.format(schema[limit])))
    if schema.get("uniqueItems"):
        found.append("no two alike")
    options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    found += dict.fromkeys(text for option in options if (text := words(option)))
    for inside, which in (
        (schema.get("items"), "each"),
        (schema.get("additionalProperties"), "each value"),
    ):
        if isinstance(inside, Mapping) and (text := words(inside)):
            found.append(f"{which} {text}")
    return ", ".join(found)


def _singular(match: re.Match[str]) -> str:
    return f"1 {match[1]}{'y' if match[2] else ''}"


def _words(schema: Schema) -> str:
    """Limits and the description."""
    description = " ".join(schema.get("description", "").split())
    return "; ".join(text for text in (words(schema), description) if text)


def _key(name: str) -> str:
    """A member's name: an alias may be none of Python's names."""
    return name if name.isidentifier() else json.dumps(name, ensure_ascii=False)


def _name(name: str) -> str:
    """A definition's name: a generic's has brackets in it."""
    return re.sub(r"[^\w.]+", "_", name)


def _references(schema: Any) -> list[str]:
    """The names of definitions that a schema refers to, as often as it does."""
    match schema:
        case {"$ref": str(reference)}:
            return [reference.rsplit("/", 1)[1]]
        case dict():
            return [name for value in schema.values() for name in _references(value)]
        case list():
            return [name for value in schema for name in _references(value)]
    return []
