"""Make the rows of works: what is known comes from the store, all else is made in one pool."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .allowance import Allowance
from .evaluate import scored
from .example import Example, Score
from .failing import OF_THE_PROMPT
from .in_flight import InFlight
from .module import Module
from .report import Report, Row
from .row_calls import RowCalls
from .store import Answers, Cell, KeptRows, Store
from .work import Scored, Work, key_of


@dataclass
class Made:
    """A work, and how far it is."""

    work: Work
    keys: list[bytes]  # under which its rows are in the store
    left: int  # rows that are not there yet
    rows: dict[int, Row] = field(default_factory=dict)  # where they are needed whole
    scores: dict[int, float] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    exceptions: dict[int, Exception] = field(default_factory=dict)

    @classmethod
    def of(cls, work: Work) -> Made:
        """A work of which nothing is made yet."""
        return cls(work, list(work.keys), len(work.keys))

    @property
    def whole(self) -> bool:
        """Whether its rows are needed, rather than their scores."""
        return self.work.scored is None or self.work.scored.places is not None

    def take(self, place: int, row: Row) -> None:
        """Note a row."""
        self.left -= 1
        self.scores[place] = row.score.value
        if self.whole:
            self.rows[place] = row
        if row.error:
            self.errors[place] = row.error
            if row.exception is not None:
                self.exceptions[place] = row.exception

    def in_order(self) -> list[Row]:
        """The whole rows, as the examples are."""
        return [self.rows[i] for i in range(len(self.keys))]

    def report(self, store: Store, metric: str) -> Report:
        """A report whose rows stay in the store until they are looked at."""
        signatures = {path: p.signature for path, p in self.work.program.predictors()}
        scores = [self.scores[i] for i in range(len(self.keys))]
        errors = dict(sorted(self.errors.items()))
        rows = KeptRows(
            store.cells, self.keys, self.work.examples, signatures, scores, errors, self.exceptions
        )
        return Report(rows, metric)


@dataclass
class Gathered:
    """What a candidate scored on a part of the validation set so far, by place."""

    keys: dict[int, bytes] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    exceptions: dict[int, Exception] = field(default_factory=dict)

    def add(self, made: Made, whose: Scored) -> None:
        """Take in what was made of some more examples."""
        for index, key in enumerate(made.keys):
            place = whose.place(index)
            self.keys[place], self.scores[place] = key, made.scores[index]
            self.errors.pop(place, None)
            self.exceptions.pop(place, None)
            if index in made.errors:
                self.errors[place] = made.errors[index]
            if index in made.exceptions:
                self.exceptions[place] = made.exceptions[index]

    @property
    def places(self) -> tuple[int, ...]:
        """Of the examples, in the order of the set."""
        return tuple(sorted(self.keys))

    def report(self, store: Store, program: Module, val: Sequence[Example], metric: str) -> Report:
        """A report in the order of the set, whose rows stay in the store."""
        signatures = {path: p.signature for path, p in program.predictors()}
        places = self.places
        index = {place: i for i, place in enumerate(places)}
        rows = KeptRows(
            store.cells,
            [self.keys[place] for place in places],
            [val[place] for place in places],
            signatures,
            [self.scores[place] for place in places],
            {index[place]: self.errors[place] for place in sorted(self.errors)},
            {index[place]: error for place, error in self.exceptions.items()},
        )
        return Report(rows, metric)


# Told of each row: the work, the place in it, the row, and whether it was known.
Take = Callable[[Made, int, Row, bool], object]


class Maker:
    """Makes the rows of one run. Each is in the store before `take` is told of it, or soon after.

    A row of which nothing is known is made once, however many works want it.
    """

    def __init__(
        self, run: str, store: Store, answers: Answers, allowance: Allowance, concurrency: int
    ) -> None:
        self._run, self._store, self._answers = run, store, answers
        self._allowance, self._concurrency = allowance, concurrency
        self._in_flight = InFlight(concurrency, store.cells)
        self._has_own = False  # rows that only this run takes for known

    def make(self, works: Sequence[Made], take: Take, *, ahead: bool) -> None:
        """Make the rows of all works together; `take` is called in this thread.

        With `ahead` a call may begin before the last answers are scored.
        """
        self.flush()  # what an ask before paid for is not paid for again
        wanted: dict[bytes, list[tuple[Made, int]]] = {}
        for one in works:
            self._take_known(one, take)
            for place, key in enumerate(one.work.keys):
                if place not in one.scores:
                    wanted.setdefault(key, []).append((one, place))
        if not wanted:
            return
        self._in_flight.give_up()  # of an earlier search that was cut short
        self._allowance.set_out()
        owners = list(wanted.values())
        jobs = [_Row(self._job, key, *first) for key, (first, *_) in wanted.items()]
        awaited = all(one.work.awaited for one in works)
        rows = scored(jobs, self._concurrency, self._allowance.look, awaited=awaited, ahead=ahead)
        with contextlib.closing(rows):
            for i, row in rows:
                for n, (one, place) in enumerate(owners[i]):
                    take(one, place, row, n > 0)

    def flush(self) -> None:
        """Write down what is held back."""
        self._in_flight.flush()

    def _job(self, key: bytes, one: Made, place: int) -> Any:
        calls = RowCalls(key, self._answers, self._allowance.metered, self._in_flight)

        def keep(row: Row) -> None:
            where = key
            # Another try may cure it: the row says nothing about the program to other runs.
            if row.error and row.cause not in OF_THE_PROMPT:
                where = one.keys[place] = self._own(key)
                self._has_own = True
            self._in_flight.keep(
                where,
                self._run,
                row,
                calls.usage,
                calls.forgotten(),
                begun=calls.begun,
                paid=calls.paid,
            )

        return one.work.job(place, calls, keep)

    def _own(self, key: bytes) -> bytes:
        """The key of a row that only this run, when it goes on, takes for known."""
        return key_of(key.hex(), self._run)

    def _take_known(self, one: Made, take: Take) -> None:
        keys = one.work.keys
        own = [self._own(key) for key in keys]
        found = self._store.cells.find(keys)
        before = self._allowance.before
        if before.calls or before.failed or self._has_own:
            found |= self._store.cells.find(own)
        cells = {
            place: cell
            for place, (key, mine) in enumerate(zip(keys, own, strict=True))
            if (cell := found.get(key) or found.get(mine)) is not None
        }
        rows = self._read(one, cells) if one.whole else {}
        for place, cell in cells.items():
            row = rows.get(place)
            if row is None and one.whole:
                continue  # it is made anew
            if row is None:
                example = one.work.examples[place]
                row = Row(example, None, Score(cell.value, cell.error), cell.error)
            one.keys[place] = cell.key
            take(one, place, row, True)

    def _read(self, one: Made, cells: Mapping[int, Cell]) -> dict[int, Row]:
        """The whole rows of cells by their place; a damaged one makes room for another."""
        signatures = {path: p.signature for path, p in one.work.program.predictors()}
        keys = [cell.key for cell in cells.values()]
        examples = [one.work.examples[place] for place in cells]
        read = list(self._store.cells.rows(keys, examples, signatures))
        self._store.cells.set_aside(
            key for key, row in zip(keys, read, strict=True) if isinstance(row, ValueError)
        )
        return {
            place: row
            for place, row in zip(cells, read, strict=True)
            if not isinstance(row, ValueError)
        }


class _Row:
    """A job that is made when its turn comes: thousands of them wait."""

    __slots__ = ("_job", "_key", "_make", "_one", "_place")

    def __init__(
        self, make: Callable[[bytes, Made, int], Any], key: bytes, one: Made, place: int
    ) -> None:
        self._make, self._key, self._one, self._place = make, key, one, place
        self._job: Any = None

    def __call__(self) -> Row:
        row: Row = self._make(self._key, self._one, self._place)()
        return row

    async def ask(self) -> Any:
        self._job = self._make(self._key, self._one, self._place)
        return await self._job.ask()

    def then(self, answer: Any, error: Exception | None) -> Any:
        job, self._job = self._job, None
        return job.then(answer, error)
