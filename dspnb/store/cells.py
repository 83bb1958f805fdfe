"""Scored examples by what made them: candidate, example, metric and model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dspnb.example import Example
from dspnb.lm.usage import Usage
from dspnb.report import Row

from .database import Database, Statement
from .rows import Signatures, read_row, row_json
from .texts import Texts, writable

_MANY = 500  # values in one query
_INSERT = (
    "INSERT OR IGNORE INTO cells (key, run, value, error, calls, cached, tokens_in, tokens_out, "
    "dollars, unpriced, failed, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SUMS = ", ".join(
    f"coalesce(sum({name}), 0)"
    for name in ("calls", "cached", "tokens_in", "tokens_out", "dollars", "unpriced", "failed")
)


@dataclass(frozen=True)
class Cell:
    """One example, scored: what there is to know without reading all of it."""

    id: int
    key: bytes
    value: float
    error: str


class Cells:
    """The scored examples of a store. Safe from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database, self._texts = database, Texts(database)

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Cell]:
        """Those that are kept. What is damaged is none, and makes room for another."""
        damaged: set[bytes] = set()
        found: dict[bytes, Cell] = {}
        for some in _parts(keys):
            marks = ",".join("?" * len(some))
            query = (
                f"SELECT id, key, value, error, json_valid(body) FROM cells WHERE key IN ({marks})"
            )
            for id_, key, value, error, sound in self._database.read(query, some):
                if sound and type(error) is str and type(value) is float and math.isfinite(value):
                    found[key] = Cell(id_, key, value, error)
                else:
                    damaged.add(key)
        self.set_aside(damaged - found.keys())
        return found

    def set_aside(self, keys: Iterable[bytes]) -> None:
        """Make room for other rows in the place of these; what they took is not forgotten."""
        text = "UPDATE cells SET key = randomblob(16) WHERE key = ?"
        if statements := [(text, (key,)) for key in keys]:
            self._database.write(*statements)

    def statements(self, key: bytes, run: str, row: Row, usage: Usage) -> list[Statement]:
        """What writes a row down, with what it took."""
        body = row_json(row, self._texts.keep)
        values = (
            key, run, row.score.value, writable(row.error), usage.calls, usage.cached,
            usage.tokens_in, usage.tokens_out, usage.dollars, usage.unpriced, usage.failed, body,
        )  # fmt: skip
        return [(_INSERT, values)]

    def write(self, statements: Sequence[Statement]) -> None:
        """Do it; when this returns, it outlives the process."""
        texts = self._texts.unwritten()
        if statements or texts:
            self._database.write(*texts, *statements)
            self._texts.written(texts)

    def keep(self, key: bytes, run: str, row: Row, usage: Usage = Usage()) -> None:
        """Write one row down."""
        self.write(self.statements(key, run, row, usage))

    def rows(
        self,
        keys: Sequence[bytes],
        examples: Sequence[Example | None],
        signatures: Signatures,
    ) -> Iterator[Row | ValueError]:
        """The rows of these keys, each with its example, if it is at hand.

        In the place of one that was deleted or is damaged: an error that says so.
        """
        bodies: dict[bytes, str] = {}
        for some in _parts(keys):
            marks = ",".join("?" * len(some))
            query = f"SELECT key, body FROM cells WHERE key IN ({marks})"
            bodies |= dict(self._database.read(query, some))
        for key, example in zip(keys, examples, strict=True):
            if key not in bodies:
                yield ValueError("it was deleted from the store")
                continue
            try:
                yield read_row(bodies[key], example, signatures, self._texts.find)
            except ValueError as error:
                yield error

    def count(self, run: str) -> int:
        """How many rows a run paid for."""
        found = self._database.read("SELECT count(*) FROM cells WHERE run = ?", (run,))
        return sum(count for (count,) in found)

    def usage(self, run: str) -> Usage:
        """What the rows that a run paid for took."""
        found = self._database.read(f"SELECT {_SUMS} FROM cells WHERE run = ?", (run,))
        # One row for the file, and one for what is in memory only.
        return Usage(*(sum(column) for column in zip(*found, strict=True)))

    def took(self, keys: Sequence[bytes]) -> tuple[int, Usage, float]:
        """How many of these were kept, what they took, and the sum of their seconds."""
        found: list[tuple[Any, ...]] = [(0,) * 9]
        for some in _parts(keys):
            marks = ",".join("?" * len(some))
            found += self._database.read(
                f"SELECT count(*), coalesce(sum(json_extract(body, '$.seconds')), 0.0), {_SUMS} "
                f"FROM cells WHERE key IN ({marks}) AND json_valid(body)",
                some,
            )
        count, seconds, *usage = (sum(column) for column in zip(*found, strict=True))
        return count, Usage(*usage), seconds


def _parts(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(keys), _MANY):
        yield keys[start : start + _MANY]
