"""A SQLite file that several processes write, and the memory that stands in when it cannot be."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dspnb.errors import UsageError
from dspnb.lm import forks

from .place import make_folder
from .schema import APPLICATION, VERSIONS

Statement = tuple[str, Sequence[Any]]

_SPACE = "Free some space, or set `DSPNB_HOME` to a directory on another disk, and restart."
_ADVICE = {
    sqlite3.SQLITE_FULL: f"The disk is full. {_SPACE}",
    sqlite3.SQLITE_IOERR: f"The disk could not be written: it may be full. {_SPACE}",
    sqlite3.SQLITE_READONLY: "It is read-only. Set `DSPNB_HOME` to a directory you may write in.",
    sqlite3.SQLITE_CANTOPEN: "It cannot be made there. Set `DSPNB_HOME` to a directory you may "
    "write in.",
    sqlite3.SQLITE_PERM: "You may not read it. Set `DSPNB_HOME` to a directory of your own.",
    sqlite3.SQLITE_BUSY: "Another process holds it. End that process, and restart.",
    sqlite3.SQLITE_NOTADB: "It is damaged, or not a file of dspnb. Move it away, and restart.",
    sqlite3.SQLITE_CORRUPT: "It is damaged. Move it away, and restart.",
}
_REMOVED = "it was removed, or another was put in its place"


class Unusable(UsageError):
    """A file that cannot be used, and what to do about it."""


class Database:
    """Tables in a file, safe from several threads and processes, and across forks.

    What `write` has taken outlives the process. Once the file cannot be written (full disk, no
    permission, damage, removed) what follows is kept in memory, `trouble` says why, and what was
    written before can still be read. Without a file all is in memory.
    """

    def __init__(
        self,
        file: Path | None,
        *,
        patience: float = 10.0,
        versions: Sequence[str] = VERSIONS,
    ) -> None:
        self.file, self._patience, self._versions = file, patience, versions
        self.trouble = ""
        # A child would believe that it holds the parent's locks of the file, and that even of a
        # connection of its own: the parent lets go of the file before it forks.
        self._lock = forks.lock(before=self._let_go, in_child=self._forget_others)
        # The lock protects the two connections, their transactions, and which file it is.
        self._file: sqlite3.Connection | None = None
        self._memory: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._away = False  # the file is let go of for a fork
        self._waiting: list[_Waiting] = []
        self._door = threading.Lock()  # protects `_waiting`
        if file is None:
            self._memory = _in_memory(versions)
        else:
            self._open(file)

    @property
    def sound(self) -> bool:
        """Whether it is written to its file, which is still there."""
        return not self.trouble and self._identity == _identity(self.file)

    def read(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows that a query gives: those in the file, then those in memory."""
        rows: list[tuple[Any, ...]] = []
        with self._lock:
            self._return()
            if self._file is not None:
                try:
                    rows += _fetched(self._file, query, values)
                except sqlite3.DatabaseError as error:
                    if not self._is_to_blame(error, [(query, values)]):
                        raise
                    self._give_up(error)
            if self._memory is not None:
                rows += _fetched(self._memory, query, values)
        return rows

    def write(self, *statements: Statement) -> None:
        """Do all of it or nothing; when it returns, the file has it.

        What several threads write at the same moment goes to the file together, unless one of them
        has a statement that cannot be done: that is an error for this one alone.
        """
        mine = _Waiting(statements)
        with self._door:
            self._waiting.append(mine)
        with self._lock:
            if not mine.done:
                self._write_all()
        if mine.error is not None:
            raise mine.error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            for connection in filter(None, (self._file, self._memory)):
                connection.close()
            self._file, self._memory = None, _in_memory(self._versions)
            self._away = False

    # -- all below is called with the lock held --------------------------------------------

    def _write_all(self) -> None:
        """Write what all threads wait for."""
        with self._door:
            together, self._waiting = self._waiting, []
        try:
            self._commit([statement for each in together for statement in each.statements])
        except Exception as error:
            for each in together:
                each.error = error if len(together) == 1 else self._error_of(each)
        except BaseException:  # an interrupt of this thread; the others wait for theirs
            with self._door:
                self._waiting = [*together, *self._waiting]
            raise
        for each in together:
            each.done = True

    def _error_of(self, one: _Waiting) -> Exception | None:
        try:
            self._commit(one.statements)
        except Exception as error:
            return error
        return None

    def _commit(self, statements: Sequence[Statement]) -> None:
        self._return()
        if self._memory is None and self._file is not None:
            try:
                if self._identity != _identity(self.file):
                    raise OSError(_REMOVED)
                _transaction(self._file, statements)
                return
            except OSError as error:
                self._give_up(error)
            except sqlite3.DatabaseError as error:
                if not self._is_to_blame(error, statements):
                    raise
                self._give_up(error)
        assert self._memory is not None
        _transaction(self._memory, statements)

    def _is_to_blame(self, error: sqlite3.DatabaseError, statements: Sequence[Statement]) -> bool:
        """Whether an error is the file's, rather than that of a statement."""
        if not hasattr(error, "sqlite_errorcode"):  # of Python's own: a value that it cannot pass
            return False
        code = _code(error)
        if code == sqlite3.SQLITE_ERROR:  # a table is not there: in a sound file all are
            with contextlib.closing(_in_memory(self._versions)) as sound:
                try:
                    _transaction(sound, statements)
                except sqlite3.Error:
                    return False
            return True
        return code in _ADVICE or isinstance(error, sqlite3.OperationalError)

    def _give_up(self, error: Exception) -> None:
        """Write to memory from now on. What was wrong first is what is told."""
        if not self.trouble:
            code = _code(error)
            if isinstance(error, OSError) and str(error) == _REMOVED:
                advice = "Restart, or compile again, to keep runs in a new one."
            elif code == sqlite3.SQLITE_ERROR:
                advice = _ADVICE[sqlite3.SQLITE_CORRUPT]
            else:
                advice = _ADVICE.get(code, _ADVICE[sqlite3.SQLITE_CANTOPEN])
            self.trouble = f"`{self.file}` could not be used ({error}). {advice}"
        self._memory = self._memory or _in_memory(self._versions)

    def _open(self, file: Path) -> None:
        try:
            make_folder(file)
            self._file = _opened(file, self._patience, self._versions)
            self._identity = _identity(file)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)
            self._file = _opened_to_read(file, self._versions)
        except Unusable as error:
            self.trouble = self.trouble or str(error)
            self._memory = self._memory or _in_memory(self._versions)

    def _let_go(self) -> None:
        """Before a fork. A file that was removed can be had only once, and is not written."""
        if self._file is not None and self._identity == _identity(self.file):
            self._file.close()
            self._file, self._away = None, True

    def _return(self) -> None:
        """After a fork."""
        if not self._away:
            return
        self._away = False
        assert self.file is not None
        if self.trouble:
            self._file = _opened_to_read(self.file, self._versions)
        elif self._identity != _identity(self.file):
            self._give_up(OSError(_REMOVED))
        else:
            self._open(self.file)

    def _forget_others(self) -> None:
        """In the child of a fork: what other threads of the parent wait for, it writes itself."""
        self._door, self._waiting = threading.Lock(), []


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


def _fetched(
    connection: sqlite3.Connection, query: str, values: Sequence[Any]
) -> list[tuple[Any, ...]]:
    try:
        return connection.execute(query, values).fetchall()
    except sqlite3.OperationalError as error:
        if hasattr(error, "sqlite_errorcode"):
            raise
    # A text that is no UTF-8: the one who reads it sees that it says nothing.
    connection.text_factory = lambda text: text.decode(errors="replace")
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.text_factory = str


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CANTOPEN) & 0xFF


def _identity(file: Path | None) -> tuple[int, int] | None:
    """Which file it is, whatever its name."""
    if file is None:
        return None
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _in_memory(versions: Sequence[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for version in versions:
        connection.executescript(version)
    return connection


def _opened(file: Path, patience: float, versions: Sequence[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(
        file, timeout=patience, isolation_level=None, check_same_thread=False
    )
    try:
        _check(connection, file, versions)
        _use_log(connection, patience)
        # Survives the end of the process; a power cut may take the last moments, never the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(connection, file, versions)
    except BaseException:
        connection.close()
        raise
    return connection


def _opened_to_read(file: Path, versions: Sequence[str]) -> sqlite3.Connection | None:
    """What can only be read is read; in a directory that nobody may write, without a log."""
    for mode in ("ro", "ro&immutable=1"):
        try:
            connection = sqlite3.connect(
                f"{file.as_uri()}?mode={mode}", uri=True, check_same_thread=False
            )
        except sqlite3.Error:
            continue
        with contextlib.suppress(sqlite3.Error, Unusable):
            _check(connection, file, versions)
            connection.execute("SELECT count(*) FROM runs").fetchone()
            return connection
        connection.close()
    return None


def _check(connection: sqlite3.Connection, file: Path, versions: Sequence[str]) -> None:
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
    if version > len(versions):
        raise Unusable(
            f"`{file}` was written by a newer dspnb (its version is {version}, this one knows up "
            f"to {len(versions)}), and is left alone. Upgrade with "
            "`pip install --upgrade dspnb`, or set `DSPNB_HOME` to another directory."
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


def _migrate(connection: sqlite3.Connection, file: Path, versions: Sequence[str]) -> None:
    """Bring the tables to this version, step by step, all of it or nothing."""
    if connection.execute("PRAGMA user_version").fetchone()[0] == len(versions):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _check(connection, file, versions)  # another process may have been quicker
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for step in versions[version:]:
            for statement in _statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(versions)}")
        connection.execute("COMMIT")
    except BaseException as error:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.DatabaseError) and _code(error) not in _ADVICE:
            raise Unusable(
                f"`{file}` could not be brought to version {len(versions)} ({error}), and is left "
                "as it was. Move it away, or set `DSPNB_HOME` to another directory."
            ) from error
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
