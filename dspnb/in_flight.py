"""What a killed process would lose: rows under way, and rows that are not written down yet."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from .lm.usage import Usage
from .report import Row
from .store import Cells, Statement

MANY = 64  # rows in one transaction


class InFlight:
    """Holds rows back as long as these and the ones under way are at most `most`; then writes them.

    Of a row under way one call at most is not written down. So as many calls as may be in flight
    are the most that are ever paid for twice. Rows whose answers came in no time cost nothing to be
    made again: they do not count, and go to the file many at a time. Safe from several threads.
    """

    def __init__(self, most: int, cells: Cells) -> None:
        self._most, self._cells = most, cells
        self._writing = threading.Lock()  # held while rows go to the file
        self._lock = threading.Lock()  # protects the three below
        self._under_way = self._held_back = 0
        self._unwritten: list[Statement] = []

    def begin(self) -> None:
        """The first call of a row is about to begin."""
        with self._lock:
            self._under_way += 1
            over = self._held_back and self._under_way + self._held_back > self._most
        if over:
            self.flush()

    def give_up(self) -> None:
        """What is under way will not be kept."""
        with self._lock:
            self._under_way = 0

    def keep(
        self,
        key: bytes,
        run: str,
        row: Row,
        usage: Usage,
        also: Iterable[Statement],
        *,
        begun: bool,
        paid: bool,
    ) -> None:
        """Write a row down, now or along with others.

        `begun` says whether a call was made, `paid` whether one took long enough to be paid for.
        """
        statements = [*self._cells.statements(key, run, row, usage), *also]
        with self._lock:
            self._unwritten += statements
            self._under_way = max(0, self._under_way - begun)
            self._held_back += paid
            over = paid and self._under_way + self._held_back > self._most
            over = over or len(self._unwritten) >= MANY
        if over:
            self.flush()

    def flush(self) -> None:
        """Write what is held back; when this returns, it outlives the process."""
        with self._writing:  # what another thread writes at this moment is not there yet
            with self._lock:
                statements, self._unwritten = self._unwritten, []
                rows = self._held_back
            self._cells.write(statements)
            with self._lock:
                self._held_back -= rows
