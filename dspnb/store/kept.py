"""The rows of a report that stay in the store until they are looked at."""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from dspnb.example import Example, Score
from dspnb.report import Row
from dspnb.signature import Signature

from .cells import Cells

_AT_ONCE = 200  # rows that are read together


class KeptRows(Sequence[Row]):
    """Rows by their keys; only scores and errors are in memory.

    A row that was deleted from the store meanwhile, or is damaged there, has its score, and an
    error that says so.
    """

    def __init__(
        self,
        cells: Cells,
        keys: Sequence[bytes],
        examples: Sequence[Example] | None,
        signatures: Mapping[str, Signature],
        scores: Sequence[float],
        errors: Mapping[int, str],
        exceptions: Mapping[int, Exception] = {},
    ) -> None:
        self._cells, self._keys, self._examples = cells, keys, examples
        self._signatures, self._exceptions = signatures, exceptions
        self.scores = array("d", scores)
        self.errors = errors  # index -> why that row failed

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...

    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if isinstance(place, slice):
            return list(self._read(range(len(self))[place]))
        (row,) = self._read([range(len(self))[place]])
        return row

    def __iter__(self) -> Iterator[Row]:
        for start in range(0, len(self), _AT_ONCE):
            yield from self._read(range(start, min(start + _AT_ONCE, len(self))))

    def __len__(self) -> int:
        return len(self._keys)

    def _read(self, places: Sequence[int]) -> Iterator[Row]:
        keys = [self._keys[i] for i in places]
        examples = [self._examples[i] if self._examples else None for i in places]
        for i, row in zip(places, self._cells.rows(keys, examples, self._signatures), strict=True):
            if isinstance(row, ValueError):
                row = self._lost(i, row)
            raised = self._exceptions.get(i)
            yield row if raised is None else dataclasses.replace(row, exception=raised)

    def _lost(self, place: int, why: ValueError) -> Row:
        said = f"Row {place} cannot be read any more: {why}. Its score is right."
        example = self._examples[place] if self._examples else Example()
        return Row(example, None, Score(self.scores[place], said), self.errors.get(place) or said)
