"""What a ready-made module is given, checked before anything is spent."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

from dspnb.errors import UsageError
from dspnb.module import Module


def program(value: Any) -> Module:
    """A module, not its class."""
    if isinstance(value, Module):
        return value
    name = getattr(value, "__name__", "Program")
    example = f"{name}(...)" if isinstance(value, type) else "ChainOfThought('question -> answer')"
    raise UsageError(f"A program is a `Module`, such as `{example}`; got {value!r}.")


def count(name: str, value: Any, least: int = 1) -> int:
    """A whole number that is not too small."""
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least:
        return int(value)
    raise UsageError(f"`{name}` is a whole number, at least {least}; got {value!r}.")


def number(name: str, value: Any) -> float:
    """A finite number."""
    if isinstance(value, Real) and math.isfinite(value):
        return float(value)
    raise UsageError(f"`{name}` is a number; got {value!r}.")


def function(name: str, value: Any, of: str) -> Callable[..., Any]:
    """A function that is called, not awaited."""
    if not callable(value):
        raise UsageError(f"`{name}` is a function of {of}; got {value!r}.")
    if inspect.iscoroutinefunction(value):
        raise UsageError(f"`{name}` is called without `await`; `{value.__name__}` is `async`.")
    given: Callable[..., Any] = value
    return given
