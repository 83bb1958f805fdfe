"""Scored examples by what made them: candidate, example, metric and model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
        """Those that are kept."""
        found: dict[bytes, Cell] = {}
        for some in _parts(keys):
            marks = ",".join("?" * len(some))
            query = f"SELECT id, key, value, error FROM cells WHERE key IN ({marks})"
            for id_, key, value, error in self._database.read(query, some):
                found[key] = Cell(id_, key, value, error)
        return found

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
    ) -> Iterator[Row]:
        """The rows of these keys, which are kept, each with its example, if it is at hand.

        Raises `ValueError` when one was deleted, or cannot be read.
        """
        bodies: dict[bytes, str] = {}
        for some in _parts(keys):
            marks = ",".join("?" * len(some))
            query = f"SELECT key, body FROM cells WHERE key IN ({marks})"
            bodies |= dict(self._database.read(query, some))
        for key, example in zip(keys, examples, strict=True):
            if key not in bodies:
                raise ValueError("a scored example was deleted meanwhile")
            yield read_row(bodies[key], example, signatures, self._texts.find)

    def usage(self, run: str) -> Usage:
        """What the rows that a run paid for took."""
        sums = [
            f"coalesce(sum({name}), 0)"
            for name in (
                "calls", "cached", "tokens_in", "tokens_out", "dollars", "unpriced", "failed",
            )
        ]  # fmt: skip
        found = self._database.read(f"SELECT {', '.join(sums)} FROM cells WHERE run = ?", (run,))
        # One row for the file, and one for what is in memory only.
        return Usage(*(sum(column) for column in zip(*found, strict=True)))


def _parts(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(keys), _MANY):
        yield keys[start : start + _MANY]
