"""The store of a project, opened once a process."""

from __future__ import annotations

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
        if store is None or store.trouble or not file.exists():
            if store is not None and not store.trouble:
                store.close()  # its file was removed
            store = _stores[file] = Store(file)
        return store
