"""What language models are made of: what decides their answers, and no key."""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from typing import Any

from dspnb.lm import LM, Replayed
from dspnb.lm.keys import address
from dspnb.lm.private import is_secret, keys, without
from dspnb.module import Module

from .attributes import has
from .graph import Parts
from .installed import is_installed


def is_model(thing: Any) -> bool:
    """Whether a thing can be called and has the name of a model, its own or that of one inside."""
    return (
        callable(thing)
        and not isinstance(thing, type | Module | types.ModuleType)
        and (has(thing, "model") or any(has(part, "model") for part in _held(thing).values()))
        and isinstance(getattr(thing, "model", None), str)
    )


def _held(thing: Any) -> dict[str, Any]:
    held: dict[str, Any] = getattr(thing, "__dict__", {})
    return held


def model_parts(lm: Any) -> Parts:
    """Name, parameters and address of a model; not how it keeps or repeats its calls.

    A replayed model is its name. Of a class of the user's its code
    counts too, with the texts, functions and models that it holds: its numbers and lists may be
    counts of its calls, unless it is a frozen dataclass.
    """
    params = getattr(lm, "params", None)
    own = _public(params) if isinstance(params, Mapping) else {}
    match lm:
        case Replayed():
            own, held = {}, {}
        case LM():
            held = {
                "kind": lm.kind,
                "api_base": address(lm.api_base or "").replace("//***@", "//"),
                "supports": lm._supports,
            }
        case _:
            held = _told(lm)
    return Parts(
        b"model " + str(lm.model).encode(),
        [("", type(lm)), (".params", own), *((f".{name}", held[name]) for name in sorted(held))],
    )


def _public(value: Any) -> Any:
    """Parameters without keys and headers."""
    match value:
        case Mapping():
            return {name: _public(v) for name, v in value.items() if not _is_hidden(str(name))}
        case str():
            return without(keys(), value)
        case list() | tuple():
            return [_public(item) for item in value]
    return value


def _is_hidden(name: str) -> bool:
    return is_secret(name) or "header" in name.lower()


def _told(lm: Any) -> dict[str, Any]:
    """Of what a model holds, that which does not change from call to call."""
    held = {name: v for name, v in _held(lm).items() if not _is_hidden(name)}
    params = getattr(type(lm), "__dataclass_params__", None)
    if params is not None and params.frozen:
        return held
    texts = {name: without(keys(), v) for name, v in held.items() if isinstance(v, str)}
    return texts | {name: v for name, v in held.items() if _is_function(v) or is_model(v)}


def _is_function(value: Any) -> bool:
    match value:
        case types.FunctionType():
            return not is_installed(str(value.__globals__.get("__name__")))
        case types.MethodType():
            return _is_function(value.__func__)
    return isinstance(value, functools.partial)
