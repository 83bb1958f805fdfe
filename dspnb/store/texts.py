"""Texts that many rows share, each written once: examples, starts of prompts, signatures."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any

from .database import Database, Statement

_MOST = 8192  # things whose number is remembered


class Texts:
    """Gives the texts numbers, which are made of what they say. Safe from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()  # protects the three below
        self._numbers: dict[Any, tuple[Any, int]] = {}
        self._unwritten: list[Statement] = []
        self._found: dict[int, str] = {}

    def keep(self, thing: Any, make: Callable[[Any], str]) -> int:
        """The number of what `make` writes of a thing: an example, a signature, or messages.

        It goes to the file with the next of `unwritten`.
        """
        # By identity, with the thing held so that no other comes to its place: to hash all messages
        # of a prompt takes longer than the rest of a row.
        key = (make, *map(id, thing)) if isinstance(thing, tuple) else (make, id(thing))
        known = self._numbers.get(key)
        if known is not None:
            return known[1]
        text = make(thing)
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        number = int.from_bytes(digest, "big", signed=True)
        with self._lock:
            if len(self._numbers) >= _MOST:
                self._numbers.clear()
            self._numbers[key] = (thing, number)
            self._unwritten.append(("INSERT OR IGNORE INTO texts VALUES (?, ?)", (number, text)))
        return number

    def unwritten(self) -> list[Statement]:
        """What is to be written along with the row that refers to it."""
        if not self._unwritten:
            return []
        with self._lock:
            return list(self._unwritten)

    def written(self, statements: list[Statement]) -> None:
        """The file has these."""
        if statements:
            with self._lock:
                done = set(map(id, statements))
                self._unwritten = [one for one in self._unwritten if id(one) not in done]

    def find(self, number: int) -> str:
        """The text of a number. Raises `ValueError` when there is none."""
        if type(number) is not int or not -(2**63) <= number < 2**63:
            raise ValueError(f"{number!r} is no number of a text")
        text = self._found.get(number)
        if text is None:
            rows = self._database.read("SELECT text FROM texts WHERE id = ?", (number,))
            if not rows:
                raise ValueError(f"the text {number} is missing")
            text = rows[0][0]
            with self._lock:
                if len(self._found) >= _MOST:
                    self._found.clear()
                self._found[number] = text
        return text


def writable(text: str) -> str:
    r"""The text with half of a surrogate pair, which a model may write, as an escape.

    >>> writable("\ud800 é") == r"\ud800 é"
    True
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
