"""What was made of things, remembered by which they are and not by what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class ByIdentity(Generic[T]):
    """Values made of frozen things, at most so many; to hash all demos of a prompt takes longer.

    The things are held, so that no other comes to their place in memory. Safe from several threads:
    at worst a value is made twice.

    >>> memo = ByIdentity(lambda words: " ".join(words), most=10)
    >>> words = ("a", "b")
    >>> memo(words) is memo(words)
    True
    """

    def __init__(self, make: Callable[..., T], most: int) -> None:
        self._make, self._most = make, most
        self._known: dict[tuple[int, ...], tuple[tuple[Any, ...], T]] = {}

    def __call__(self, *things: Any) -> T:
        key = (*map(id, things),)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= self._most:
                self._known.clear()
            known = self._known[key] = (things, self._make(*things))
        return known[1]
