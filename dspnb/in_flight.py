"""What a killed process would lose: calls under way, and rows that are not written down yet."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from .lm.usage import Usage
from .report import Row
from .store import Cells, Statement


class InFlight:
    """Holds that back as long as both together are at most `most`, then writes the rows.

    So as many calls as may be under way at once are the most that are ever paid for twice; and rows
    that took next to no time go to the file a few at a time. Safe from several threads.
    """

    def __init__(self, most: int, cells: Cells) -> None:
        self._most, self._cells = most, cells
        self._lock = threading.Lock()  # protects the three below
        self._calls = self._rows = 0
        self._unwritten: list[Statement] = []

    def begin(self) -> None:
        """A call is about to begin."""
        with self._lock:
            self._calls += 1
            over = self._rows and self._calls + self._rows > self._most
        if over:
            self.flush()

    def end(self) -> None:
        """A call is over; its answer is in a row that is kept soon, or it failed."""
        with self._lock:
            self._calls -= 1

    def keep(
        self, key: bytes, run: str, row: Row, usage: Usage, also: Iterable[Statement] = ()
    ) -> None:
        """Write a row down, now or along with others."""
        statements = [*self._cells.statements(key, run, row, usage), *also]
        with self._lock:
            self._unwritten += statements
            self._rows += 1
            over = self._calls + self._rows >= self._most
        if over:
            self.flush()

    def flush(self) -> None:
        """Write what is held back; when this returns, it outlives the process."""
        with self._lock:
            statements, self._unwritten, self._rows = self._unwritten, [], 0
        self._cells.write(statements)
