"""A SQLite file that several processes write, and the memory that stands in when it cannot be."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dspnb.errors import UsageError

from .place import make_folder
from .schema import APPLICATION, VERSION, VERSIONS

Statement = tuple[str, Sequence[Any]]

_SPACE = "Free some space, or set `DSPNB_HOME` to a directory on another disk, and restart."
_ADVICE = {
    sqlite3.SQLITE_FULL: f"The disk is full. {_SPACE}",
    sqlite3.SQLITE_IOERR: f"The disk could not be written: it may be full. {_SPACE}",
    sqlite3.SQLITE_READONLY: "It is read-only. Set `DSPNB_HOME` to a directory you may write in.",
    sqlite3.SQLITE_CANTOPEN: "It cannot be made there. Set `DSPNB_HOME` to a directory you may "
    "write in.",
    sqlite3.SQLITE_BUSY: "Another process holds it. End that process, and restart.",
    sqlite3.SQLITE_NOTADB: "It is damaged, or not a file of dspnb. Move it away, and restart.",
    sqlite3.SQLITE_CORRUPT: "It is damaged. Move it away, and restart.",
}


class Unusable(UsageError):
    """A file that cannot be used, and what to do about it."""


class Database:
    """Tables in a file, safe from several threads and processes.

    What `write` has taken outlives the process. Once the file cannot be written (full disk, no
    permission, damage) what follows is kept in memory, `trouble` says why, and what was written
    before can still be read. Without a file all is in memory.
    """

    def __init__(self, file: Path | None, *, patience: float = 10.0) -> None:
        self.file, self._patience = file, patience
        self.trouble = ""
        self._lock = threading.RLock()  # protects the two connections, and their transactions
        self._waiting: list[_Waiting] = []
        self._door = threading.Lock()  # protects `_waiting`
        self._file: sqlite3.Connection | None = None
        self._memory: sqlite3.Connection | None = None
        if file is None:
            self._memory = _in_memory()
            return
        try:
            make_folder(file)
            self._file = _opened(file, patience)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)
            self._file = _opened_to_read(file)
        except Unusable as error:
            self.trouble, self._memory = str(error), _in_memory()

    def read(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows that a query gives: those in the file, then those in memory."""
        rows: list[tuple[Any, ...]] = []
        with self._lock:
            for connection in filter(None, (self._file, self._memory)):
                try:
                    rows += connection.execute(query, values).fetchall()
                except sqlite3.Error as error:
                    if connection is self._memory:
                        raise
                    self._give_up(error)
        return rows

    def write(self, *statements: Statement) -> None:
        """Do all of it or nothing; when it returns, the file has it.

        What several threads write at the same moment goes to the file together.
        """
        mine = _Waiting(statements)
        with self._door:
            self._waiting.append(mine)
        with self._lock:
            if mine.error is not None:
                raise mine.error
            if mine.done:
                return
            with self._door:
                together, self._waiting = self._waiting, []
            every = [statement for each in together for statement in each.statements]
            error: Exception | None = None
            try:
                self._commit(every)
            except Exception as raised:
                error = raised
                raise
            finally:
                for each in together:
                    each.done, each.error = True, error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            for connection in filter(None, (self._file, self._memory)):
                connection.close()
            self._file, self._memory = None, _in_memory()

    def _commit(self, statements: Sequence[Statement]) -> None:
        if self._memory is None and self._file is not None:
            try:
                _transaction(self._file, statements)
                return
            except sqlite3.OperationalError as error:
                self._give_up(error)
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF not in _ADVICE:
                    raise
                self._give_up(error)
        assert self._memory is not None
        _transaction(self._memory, statements)

    def _give_up(self, error: Exception) -> None:
        """Write to memory from now on."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CANTOPEN) & 0xFF
        advice = _ADVICE.get(code, _ADVICE[sqlite3.SQLITE_CANTOPEN])
        self.trouble = f"`{self.file}` could not be used ({error}). {advice}"
        self._memory = self._memory or _in_memory()


class _Waiting:
    """What one thread wants to be written."""

    __slots__ = ("done", "error", "statements")

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.statements, self.done = statements, False
        self.error: Exception | None = None


def _transaction(connection: sqlite3.Connection, statements: Sequence[Statement]) -> None:
    if len(statements) == 1:  # a transaction by itself, at a third of the time
        connection.execute(*statements[0])
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for text, values in statements:
            connection.execute(text, values)
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back by itself
            connection.execute("ROLLBACK")
        raise


def _in_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for version in VERSIONS:
        connection.executescript(version)
    return connection


def _opened(file: Path, patience: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        file, timeout=patience, isolation_level=None, check_same_thread=False
    )
    try:
        _check(connection, file)
        _use_log(connection, patience)
        # Survives the end of the process; a power cut may take the last moments, never the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(connection, file)
    except BaseException:
        connection.close()
        raise
    return connection


def _opened_to_read(file: Path) -> sqlite3.Connection | None:
    """What can only be read is read; in a directory that nobody may write, without a log."""
    for mode in ("ro", "ro&immutable=1"):
        try:
            connection = sqlite3.connect(
                f"{file.as_uri()}?mode={mode}", uri=True, check_same_thread=False
            )
        except sqlite3.Error:
            continue
        with contextlib.suppress(sqlite3.Error, Unusable):
            _check(connection, file)
            connection.execute("SELECT count(*) FROM runs").fetchone()
            return connection
        connection.close()
    return None


def _check(connection: sqlite3.Connection, file: Path) -> None:
    """Look before anything is changed."""
    tables, application, version = (
        connection.execute(query).fetchone()[0]
        for query in (
            "SELECT count(*) FROM sqlite_master",
            "PRAGMA application_id",
            "PRAGMA user_version",
        )
    )
    if application != APPLICATION and (tables or application or version):
        raise Unusable(
            f"`{file}` is a database of something else, and is left alone. Move it away, or set "
            "`DSPNB_HOME` to another directory."
        )
    if version > VERSION:
        raise Unusable(
            f"`{file}` was written by a newer dspnb (its version is {version}, this one knows up "
            f"to {VERSION}), and is left alone. Upgrade with `pip install --upgrade dspnb`, or set "
            "`DSPNB_HOME` to another directory."
        )


def _use_log(connection: sqlite3.Connection, patience: float) -> None:
    """Change to a log beside the file; SQLite does not wait by itself for another that does so."""
    until = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _migrate(connection: sqlite3.Connection, file: Path) -> None:
    """Bring the tables to this version, step by step, all of it or nothing."""
    if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _check(connection, file)  # another process may have been quicker
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for step in VERSIONS[version:]:
            for statement in _statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> list[str]:
    """One by one: `executescript` would commit before it begins."""
    parts, part = [], ""
    for line in script.splitlines():
        part += f"{line}\n"
        if part.strip() and sqlite3.complete_statement(part):
            parts.append(part)
            part = ""
    return parts
