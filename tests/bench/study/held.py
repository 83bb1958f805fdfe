"""A search as `compile` does it, but in one thread, with all its rows in memory.

A study makes thousands of searches of which nothing is to be kept, stopped or looked at meanwhile.
Their driver is the one of every run; only its rows are not written to a store, nor made in threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from dspnb.allowance import Allowance
from dspnb.compiling import planned
from dspnb.context import use
from dspnb.driver import Driver
from dspnb.events import Called
from dspnb.lm.base import LanguageModel
from dspnb.lm.usage import Usage
from dspnb.making import Made, Take
from dspnb.report import Row


def searched(program: Any, optimizer: Any, **settings: Any) -> Held:
    """What a search found, with the settings of `compile`, or the error that ended it."""
    found = Held(planned(program, optimizer, **settings))
    try:
        found.drive()
    except Exception as error:
        found.error = error
    return found


class Held(Driver):
    """A driver that holds its rows."""

    def __init__(self, plan: Any) -> None:
        rows = _Rows()
        super().__init__(plan, "held", _store(rows))
        self._maker: Any = _Maker(rows, self.allowance)
        self.error: Exception | None = None

    @property
    def progress(self) -> tuple[int, None]:
        """Runs of the program."""
        return self.allowance.program_calls, None

    def _called(self, trace: object) -> Iterator[Called]:
        return iter(())  # nobody looks at each call


class _Rows:
    """Rows by their keys, as a store has them."""

    def __init__(self) -> None:
        self.known: dict[bytes, Row] = {}

    def rows(self, keys: Sequence[bytes], *of: object) -> Iterator[Row]:
        return (self.known[key] for key in keys)

    def usage(self, run: str) -> Usage:
        return Usage()


def _store(rows: _Rows) -> Any:
    """Where a driver writes to: nothing is kept but the rows."""
    names = "write", "add_candidate", "add_event", "add_evaluation", "open_test"
    runs = SimpleNamespace(**dict.fromkeys(names, _nothing))
    answers = SimpleNamespace(usage=Usage())
    return SimpleNamespace(cells=rows, runs=runs, answers=lambda run: answers)


class _Maker:
    """Makes the rows of works, one after another. One that is known is not made again."""

    def __init__(self, rows: _Rows, allowance: Allowance) -> None:
        self._known, self._allowance = rows.known, allowance
        self._calls: Any = SimpleNamespace(model=_as_it_is)

    def make(self, works: Sequence[Made], take: Take, *, ahead: bool) -> None:
        wanted: dict[bytes, list[tuple[Made, int]]] = {}
        for one in works:
            for place, key in enumerate(one.work.keys):
                if (row := self._known.get(key)) is not None:
                    take(one, place, row, True)
                else:
                    wanted.setdefault(key, []).append((one, place))
        if wanted:
            self._allowance.set_out()
        with use(history=None):
            for key, places in wanted.items():
                (one, place), *_ = places
                row = self._known[key] = one.work.job(place, self._calls, _nothing)()
                for n, (other, where) in enumerate(places):
                    take(other, where, row, n > 0)

    def flush(self) -> None:
        pass


def _nothing(*what: object) -> int:
    return 0


def _as_it_is(lm: LanguageModel) -> LanguageModel:
    return lm
