"""What an object holds, without asking it to make anything up."""

from __future__ import annotations

import functools
import types
from typing import Any


def attributes(thing: Any) -> dict[str, Any]:
    """What an object holds, in `__dict__` and slots; not what a cached property keeps."""
    held: dict[str, Any] = {}
    kept = set(_BESIDE)
    for kind in type(thing).__mro__:
        for name, member in vars(kind).items():
            if isinstance(member, functools.cached_property):
                kept.add(name)
            elif isinstance(member, types.MemberDescriptorType):
                try:
                    held[name] = member.__get__(thing)
                except AttributeError:
                    continue  # a slot that is not set
    held |= getattr(thing, "__dict__", {})
    return {name: held[name] for name in sorted(held) if name not in kept}


def has(thing: Any, name: str) -> bool:
    """Whether there is such an attribute; a `__getattr__` may make any up."""
    bodies = map(vars, type(thing).__mro__)
    return name in getattr(thing, "__dict__", ()) or any(name in body for body in bodies)


_BESIDE = {"_made_with", "_provenance", "__pydantic_fields_set__"}  # of a program, of pydantic's
