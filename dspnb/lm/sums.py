"""Model calls, and what those that have something in common add up to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args, overload

from dspnb.errors import UsageError, nearest

from .money import money

By = Literal["model", "run", "candidate", "example", "path", "cached", "error"]


class Entry(NamedTuple):
    """One call, or many old ones added up. What was not answered by the model took no tokens."""

    when: float | None  # seconds since 1970, at its end; None where calls are added up
    model: str
    tokens_in: int
    tokens_out: int
    dollars: float | None  # None when no price is known
    seconds: float
    cached: bool
    error: str  # the class of the error; empty when it was answered
    run: str
    candidate: int | None
    example: int | None
    path: str
    calls: int = 1  # how many are added up
    unpriced: int = 0  # of `calls`: those whose price is not known


@dataclass(frozen=True, slots=True)
class Sum:
    """Calls that have something in common, added up."""

    by: Mapping[str, Any]  # what they have in common, such as `{"model": "offline"}`
    calls: int = 0  # answered by the model
    cached: int = 0  # answered by the cache
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    dollars: float = 0.0  # of the calls whose price is known
    unpriced: int = 0  # of `calls`: those whose price is not known
    seconds: float = 0.0

    @property
    def cost(self) -> str:
        """The dollars in words, with what is not known of them."""
        return money(self.dollars, self.unpriced)


class Sums(Sequence[Sum]):
    """A table of sums, in the order in which the first calls of each were made."""

    def __init__(self, by: Sequence[str], rows: Iterable[Sum]) -> None:
        self.by, self._rows = tuple(by), tuple(rows)

    @overload
    def __getitem__(self, place: int) -> Sum: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Sum]: ...
    def __getitem__(self, place: int | slice) -> Sum | Sequence[Sum]:
        return self._rows[place]

    def __len__(self) -> int:
        return len(self._rows)

    def cells(self) -> list[list[str]]:
        """The table as texts, the heads first."""
        heads = ["calls", "cached", "failed", "tokens in", "tokens out", "cost", "seconds"]
        rows = [[*(_word(row.by[name]) for name in self.by), *_numbers(row)] for row in self]
        return [[*self.by, *heads], *rows]

    def __str__(self) -> str:
        cells = self.cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)

    __repr__ = __str__


def summed(entries: Iterable[Entry], by: Sequence[By]) -> Sums:
    for name in by:
        if name not in get_args(By):
            raise UsageError(f"Calls have no `{name}` to add up by; {nearest(name, get_args(By))}")
    groups: dict[tuple[Any, ...], list[Entry]] = {} if by else {(): []}
    for entry in entries:
        groups.setdefault(tuple(getattr(entry, name) for name in by), []).append(entry)
    return Sums(
        by, (_sum(dict(zip(by, values, strict=True)), group) for values, group in groups.items())
    )


def _sum(by: Mapping[str, Any], entries: Sequence[Entry]) -> Sum:
    return Sum(
        by,
        calls=sum(entry.calls for entry in entries if not entry.cached and not entry.error),
        cached=sum(entry.calls for entry in entries if entry.cached),
        failed=sum(entry.calls for entry in entries if entry.error),
        tokens_in=sum(entry.tokens_in for entry in entries),
        tokens_out=sum(entry.tokens_out for entry in entries),
        dollars=math.fsum(entry.dollars or 0.0 for entry in entries),
        unpriced=sum(entry.unpriced for entry in entries),
        seconds=math.fsum(entry.seconds for entry in entries),
    )


def _word(value: object) -> str:
    """What calls have in common, as a cell; a dash where nothing is said."""
    return "-" if value in ("", None) else str(value)


def _numbers(row: Sum) -> list[str]:
    counts = (row.calls, row.cached, row.failed, row.tokens_in, row.tokens_out)
    return [*(f"{count:,}" for count in counts), row.cost, f"{row.seconds:.1f}"]
