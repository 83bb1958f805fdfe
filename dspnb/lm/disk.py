"""Texts by key in a SQLite file that several processes share."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import warnings
import weakref
from pathlib import Path

from dspnb.errors import CacheWarning, UsageError

from . import forks
from .places import file_system

_APPLICATION = 0x6473706E  # "dspn": tells our files from those of others
_FORMAT = 1
# The table grows at its end, in the order of writing. One without rowid, in the order of its keys,
# was measured: a put takes half as long again, a get of 4 kB two and a half times as long.
_CREATE = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS answers (
    id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, answer TEXT NOT NULL
);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_FORMAT};
COMMIT;
"""
_GET = "SELECT answer FROM answers WHERE key = ?"
_PUT = "INSERT OR REPLACE INTO answers (key, answer) VALUES (?, ?)"
_DROP_OLDEST = "DELETE FROM answers WHERE id IN (SELECT id FROM answers ORDER BY id LIMIT 64)"
_LARGEST_LOG = 4_000_000  # bytes
_LOGGED = 12_000  # bytes that a put writes to the log beside the text: three pages

# A write-ahead log needs memory that all processes share, and two machines have none.
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "fuse.sshfs"}
_CANNOT_WRITE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}


class Disk:
    """Texts by key in a file. Safe from several threads, processes, and across forks.

    What `put` has taken is there after the process is killed. Above `max_bytes` the texts that
    were written first are dropped; the write-ahead log beside the file, some MB, is not counted.
    A file that cannot be used (of something else, of a newer dspnb, damaged, locked for longer
    than `patience` seconds) is left as it is: one `CacheWarning` says so, and then nothing is
    found and nothing kept. One that can only be read is read. The file is made by the first `put`.
    """

    def __init__(
        self, file: Path, *, max_bytes: int = 2_000_000_000, patience: float = 5.0
    ) -> None:
        self.file = file.absolute()  # a program may change its directory
        self.max_bytes, self.patience = max_bytes, patience
        self._step = min(_LARGEST_LOG, max_bytes // 16)  # bytes written between two looks at sizes
        self._unchecked = self._step  # look at the first put: many short processes grow it too
        self._usable = True
        self._trouble = ""  # why nothing is written
        self._warned = False
        # One connection: with one for each of 16 threads a get is faster (10 µs, not 17), a put
        # is not, and 32 writers in two processes would wait for each other in SQLite's sleeps.
        self._connection: sqlite3.Connection | None = None
        self._at_exit: weakref.finalize[..., Disk] | None = None
        # A child would believe that it holds the parent's locks of the file. SQLite says that not
        # even a second connection in the child is safe while the first is there.
        self._lock = forks.lock(before=self._close)  # protects all of the above

    def get(self, key: str) -> str | None:
        """The text of a key, or None."""
        try:
            with self._lock:
                connection = self._connection or self._open(create=False)
                if connection is None:
                    return None
                row = connection.execute(_GET, (key,)).fetchone()
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)
            return None
        return None if row is None else row[0]

    def put(self, key: str, text: str) -> None:
        """Keep a text, unless it is larger than a sixteenth of `max_bytes`."""
        if not self._trouble and len(text) <= self.max_bytes // 16:
            try:
                with self._lock:
                    connection = self._connection or self._open(create=True)
                    if connection is not None and not self._trouble:
                        self._put(connection, key, text)
            except (sqlite3.Error, OSError) as error:
                self._give_up(error, writing=True)
        if self._trouble:
            self._warn()

    def __len__(self) -> int:
        try:
            with self._lock:
                connection = self._connection or self._open(create=False)
                if connection is None:
                    return 0
                count: int = connection.execute("SELECT count(*) FROM answers").fetchone()[0]
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)
            return 0
        return count

    def clear(self) -> None:
        """Drop all texts, for other processes too. Raises `UsageError` when it may not write."""
        try:
            with self._lock:
                connection = self._connection or self._open(create=False)
                if connection is not None:
                    connection.execute("DELETE FROM answers")
                    connection.execute("VACUUM")
        except (sqlite3.Error, OSError) as error:
            raise UsageError(f"`{self.file}` could not be cleared: {error}.") from error

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        with self._lock:
            self._close()

    # -- all below, but `_give_up` and `_warn`, is called with the lock held ---------------

    def _open(self, *, create: bool) -> sqlite3.Connection | None:
        """The connection, made now; None when there is no file, or none that can be used."""
        if not self._usable or not (create or self.file.exists()):
            return None
        if create:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        if file_system(self.file.parent) in _NETWORK:
            raise _Unusable("it is on a network, where SQLite cannot share it")
        try:
            connection = self._connected("rwc")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _CANNOT_WRITE or not self.file.exists():
                raise
            self._trouble = str(error)
            connection = self._connected_to_read(error)
        self._connection = connection
        self._at_exit = weakref.finalize(self, _close_at_exit, connection, self._lock)
        return connection

    def _connected_to_read(self, why: sqlite3.OperationalError) -> sqlite3.Connection:
        try:
            return self._connected("ro")
        except sqlite3.OperationalError:  # no log beside it, and none can be made: as on a DVD
            try:
                return self._connected("ro&immutable=1")
            except sqlite3.OperationalError:
                raise why from None

    def _connected(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.file.as_uri()}?mode={mode}",
            uri=True,
            timeout=self.patience,
            isolation_level=None,  # each statement is a transaction
            check_same_thread=False,
        )
        try:
            _prepare(connection, writable=mode == "rwc", patience=self.patience)
        except BaseException:
            connection.close()
            raise
        return connection

    def _put(self, connection: sqlite3.Connection, key: str, text: str) -> None:
        connection.execute(_PUT, (key, text))
        self._unchecked += len(text) + _LOGGED
        if self._unchecked >= self._step:
            self._unchecked = 0
            self._make_room(connection)

    def _make_room(self, connection: sqlite3.Connection) -> None:
        for _ in range(128):  # a bound on the time: the next look goes on
            if _size(connection) <= self.max_bytes - 2 * self._step:
                break
            connection.execute(_DROP_OLDEST)
        if os.path.getsize(f"{self.file}-wal") >= _LARGEST_LOG:
            # SQLite does this by itself after a put, when nobody reads just then. With 16 threads
            # in each of two processes that hardly ever came, and the log grew to 490 MB in 60 s.
            connection.execute("PRAGMA busy_timeout = 100")  # else the next look
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute(f"PRAGMA busy_timeout = {int(self.patience * 1000)}")

    def _close(self) -> None:
        if self._connection is not None and self._at_exit is not None:
            self._at_exit.detach()
            self._connection.close()
            self._connection = self._at_exit = None

    def _give_up(self, error: Exception, *, writing: bool = False) -> None:
        """Do without the file from now on, or only without writing when that is what failed."""
        with self._lock:
            self._trouble = str(error)
            # A full disk or a locked file can still be read; a damaged one is no `Operational...`.
            still_read = writing and isinstance(error, sqlite3.OperationalError)
            if self._connection is None or not still_read:
                self._usable = False
                self._close()
        self._warn()

    def _warn(self) -> None:
        with self._lock:
            warned, self._warned = self._warned, True
        if not warned:
            warnings.warn(
                CacheWarning(
                    f"New answers are kept in memory only, not in `{self.file}`: {self._trouble}. "
                    "Make room or move that file away, or set `DSPNB_HOME` to another directory, "
                    "and restart."
                ),
                stacklevel=2,
            )


class _Unusable(OSError):
    """A file that is not for us, for a reason of ours and not SQLite's."""


def _with_log(connection: sqlite3.Connection, patience: float) -> str:
    """Change to a log beside the file; SQLite does not wait by itself for another that does so."""
    until = time.monotonic() + patience
    while True:
        try:
            mode: str = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            return mode
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _prepare(connection: sqlite3.Connection, *, writable: bool, patience: float) -> None:
    """See whether the file is ours before anything in it is changed; make the table."""

    def number(query: str) -> int:
        found: int = connection.execute(query).fetchone()[0]
        return found

    connection.execute("BEGIN")  # all three as of one moment: another process may be making them
    tables = number("SELECT count(*) FROM sqlite_master")
    application, version = number("PRAGMA application_id"), number("PRAGMA user_version")
    connection.execute("COMMIT")
    if application != _APPLICATION and (tables or application or version):
        raise _Unusable("it is a database of something else")
    if version > _FORMAT:
        raise _Unusable("it was written by a newer version of dspnb")
    if not writable:
        return
    if _with_log(connection, patience) != "wal":
        raise _Unusable("its file system cannot share memory, which SQLite needs")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # see `_make_room`
    if not tables:
        connection.executescript(_CREATE)


def _size(connection: sqlite3.Connection) -> int:
    """Bytes in use: what was dropped leaves room inside of the file."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _close_at_exit(connection: sqlite3.Connection, lock: threading.Lock) -> None:
    # A thread that never ends may be waiting for another process with the lock held.
    if lock.acquire(timeout=1.0):
        try:
            connection.close()
        finally:
            lock.release()
