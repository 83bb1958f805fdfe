"""What was found of the fields in an answer, and by which names a model may call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple


class Found(NamedTuple):
    """What was found: texts by field, or JSON values."""

    fields: Mapping[str, Any]
    json: bool = False


Find = Callable[[Sequence[str], str], Found]


def by_name(known: Sequence[str]) -> Mapping[str, str]:
    """Each way of writing a name -> the name; exact ones come first."""
    return _by_name(tuple(known))


@lru_cache(maxsize=256)
def _by_name(known: tuple[str, ...]) -> Mapping[str, str]:
    return {name.casefold(): name for name in known} | {name: name for name in known}


def named(names: Mapping[str, str], written: str) -> str | None:
    """The field that a name means, in any case."""
    return names.get(written) or names.get(written.casefold())
