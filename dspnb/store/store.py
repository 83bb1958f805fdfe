"""The store of a project, opened once a process."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from .answers import Answers
from .cells import Cells
from .database import Database
from .place import store_file
from .runs import Runs

_stores: dict[Path, Store] = {}
_lock = threading.Lock()  # protects `_stores`


class Store:
    """Runs and scored examples in a file; without a file in memory, for this process."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self._database = Database(file)
        self.cells, self.runs = Cells(self._database), Runs(self._database)

    @property
    def sound(self) -> bool:
        """Whether it is written to its file, which is still there."""
        return self._database.sound

    @property
    def trouble(self) -> str:
        """Why the file is not written, and what to do about it; empty while all is well."""
        return self._database.trouble

    def answers(self, run: str) -> Answers:
        """The answers inside of rows that are not scored yet."""
        return Answers(self._database, run)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


def opened(file: Path | None = None) -> Store:
    """The store in this file, or that of the project; the same one as long as it can be used."""
    file = (file or store_file()).absolute()
    with _lock:
        store = _stores.get(file)
        if store is None or not store.sound:
            # The other is not closed: runs may still read what they have written to it.
            store = _stores[file] = Store(file)
        return store


def _anew() -> None:
    """In the child of a fork: the thread that held the lock is not there."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):  # Windows knows no forks
    os.register_at_fork(after_in_child=_anew)
