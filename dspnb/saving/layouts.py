"""The adapter that a state was found with, in a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dspnb.adapters import (
    Adapter,
    ChatAdapter,
    CompactAdapter,
    JSONAdapter,
    TwoStepAdapter,
    XMLAdapter,
)
from dspnb.errors import nearest
from dspnb.lm import LM

from .models import harmless, model_entry, model_from

KNOWN: dict[str, Any] = {
    kind.name: kind
    for kind in (ChatAdapter, CompactAdapter, JSONAdapter, TwoStepAdapter, XMLAdapter)
}


def adapter_entry(adapter: Adapter) -> dict[str, Any]:
    """Its name and its settings, which may be adapters and models too."""
    given: tuple[dataclasses.Field[Any], ...] = ()
    if dataclasses.is_dataclass(adapter):
        given = dataclasses.fields(adapter)
    settings: dict[str, Any] = {"name": adapter.name}
    for part in given:
        match getattr(adapter, part.name):
            case LM() as lm:
                settings[part.name] = model_entry(lm)
            case value if hasattr(value, "render"):
                settings[part.name] = adapter_entry(value)
            case value:
                settings |= harmless({part.name: value})
    return settings


def adapter_from(entry: Any) -> Adapter:
    """The adapter of an entry. Raises `ValueError` with a sentence about why it is not made.

    >>> adapter_from({"name": "json", "enforce": False})
    JSONAdapter(enforce=False)
    """
    match entry:
        case {"name": str(name)} if name in KNOWN:
            kind = KNOWN[name]
        case {"name": str(name)}:
            raise ValueError(f"`{name}` is not known here; {nearest(name, KNOWN)}".rstrip("."))
        case _:
            raise ValueError("has no name")
    known = {part.name: part for part in dataclasses.fields(kind)}
    settings = {key: value for key, value in entry.items() if key in known}
    made: Adapter = kind(**{key: _setting(value) for key, value in settings.items()})
    return made


def _setting(value: Any) -> Any:
    match value:
        case Mapping() if "model" in value:
            return model_from(value)
        case Mapping():
            return adapter_from(value)
    return value
