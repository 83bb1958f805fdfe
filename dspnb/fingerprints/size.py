"""How much is looked at before a thing counts as too large."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 2_000_000  # values in lists and dicts: about a second
OBJECT = 10  # an object takes the time of so many values


class TooLarge(Exception):
    """There is more than can be looked at; its argument is the path."""


@dataclass
class Size:
    """What is left."""

    left: int = MOST

    def take(self, number: int) -> None:
        """Raises `TooLarge`."""
        self.left -= number
        if self.left < 0:
            raise TooLarge
