"""What is known of each run: how it was started, how it stands, and what it left."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import BaseFileLock, FileLock, Timeout

from dspnb.errors import UsageError, nearest
from dspnb.events import FINAL, Event, Status
from dspnb.module import State

from .database import Database, Statement
from .states import read_state, state_json
from .texts import writable

Command = Literal["stop", "pause", "resume"]
KEY = 16  # bytes of a cell's key
NOT_SCORED = bytes(KEY)  # in the place of an example on which a candidate was not scored

_COLUMNS = "id, began, status, reason, fingerprint, parts, settings, spent, result"


@dataclass(frozen=True)
class Record:
    """A run as the store knows it; `settings`, `spent` and `result` are values of JSON."""

    id: str
    began: float  # seconds since 1970
    fingerprint: str
    parts: Mapping[str, str]  # what the fingerprint is made of -> the fingerprint of that part
    settings: Mapping[str, Any]
    status: Status = "running"
    reason: str = ""
    spent: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether it has come to an end of its own, rather than with its process."""
        return self.status in FINAL


@dataclass(frozen=True)
class Evaluation:
    """A candidate on a set of examples: the keys of its cells, in the order of the examples.

    `NOT_SCORED` stands for an example on which it was not scored.
    """

    candidate: int
    split: str
    keys: Sequence[bytes]


@dataclass(frozen=True)
class KeptCandidate:
    """A candidate of a run."""

    number: int
    parent: int | None
    note: str
    state: State


class Runs:
    """The runs of a store. Safe from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- the records -----------------------------------------------------------------

    def all(self) -> list[Record]:
        """Every run, the newest last."""
        rows = self._database.read(f"SELECT {_COLUMNS} FROM runs ORDER BY number")
        return list({row[0]: _record(row) for row in rows}.values())  # what is in memory is newer

    def get(self, id_: str) -> Record:
        """The run of this id, or of the only id that begins so. Raises `UsageError`."""
        like = id_.replace("%", "").replace("_", "") + "%"
        query = f"SELECT {_COLUMNS} FROM runs WHERE id LIKE ? OR id LIKE ?"
        rows = self._database.read(query, (like, f"run-{like}"))
        found = {row[0]: _record(row) for row in rows}
        if id_ in found:
            return found[id_]
        if len(found) == 1:
            return next(iter(found.values()))
        if found:
            raise UsageError(f"Several runs begin with `{id_}`: {', '.join(found)}.")
        known = [record.id for record in self.all()]
        if not known:
            raise UsageError(f"There is no run `{id_}`; no run is kept in this project yet.")
        raise UsageError(f"There is no run `{id_}`; {nearest(id_, known)}")

    def alike(self, fingerprint: str) -> list[Record]:
        """The runs of this fingerprint, the newest last."""
        query = f"SELECT {_COLUMNS} FROM runs WHERE fingerprint = ? ORDER BY number"
        rows = self._database.read(query, (fingerprint,))
        return list({row[0]: _record(row) for row in rows}.values())

    def begin(self, record: Record) -> None:
        """Write a new run down; or one that goes on, of which what is told again is forgotten."""
        self._database.write(
            *(
                (f"DELETE FROM {table} WHERE run = ?", (record.id,))
                for table in ("events", "candidates", "evaluations")
            ),
            # A command that came as an earlier session ended was meant for that one.
            ("UPDATE runs SET command = '' WHERE id = ?", (record.id,)),
            _put(record),
        )

    def update(self, record: Record) -> None:
        """Write down how a run stands; one that is done needs no answers of unfinished rows."""
        statements = [_put(record)]
        if record.status == "done":
            statements.append(("DELETE FROM answers WHERE run = ?", (record.id,)))
        self._database.write(*statements)

    # -- what it leaves --------------------------------------------------------------

    def add_event(self, run: str, event: Event) -> Statement:
        """What writes an event down."""
        return "INSERT OR REPLACE INTO events VALUES (?, ?, ?)", (run, event.seq, event.to_json())

    def add_candidate(
        self, run: str, number: int, parent: int | None, note: str, state: State
    ) -> Statement:
        """What writes a candidate down."""
        values = (run, number, parent, writable(note), state_json(state))
        return "INSERT OR REPLACE INTO candidates VALUES (?, ?, ?, ?, ?)", values

    def add_evaluation(self, run: str, evaluation: Evaluation) -> Statement:
        """What writes an evaluation down."""
        keys = b"".join(evaluation.keys)
        values = (run, evaluation.candidate, evaluation.split, keys)
        return "INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?)", values

    def write(self, *statements: Statement) -> None:
        """Do it; when this returns, it outlives the process."""
        self._database.write(*statements)

    def events(self, run: str) -> Iterator[dict[str, Any]]:
        """The events of a run but the many small ones, as values of JSON."""
        query = "SELECT seq, body FROM events WHERE run = ? ORDER BY seq"
        time = 0.0
        for seq, body in self._database.read(query, (run,)):
            told = _object(body)
            if told is None:  # the others are shown all the same
                said = f"Event {seq} of `{run}` is damaged in the store."
                told = {"seq": seq, "time": time, "kind": "warned", "message": said}
            time = told.get("time", time)
            yield told

    def candidates(self, run: str) -> list[KeptCandidate]:
        """The candidates of a run, by number."""
        query = "SELECT number, parent, note, state FROM candidates WHERE run = ? ORDER BY number"
        found = []
        for number, parent, note, state in self._database.read(query, (run,)):
            try:
                found.append(KeptCandidate(number, parent, note, read_state(state)))
            except ValueError:
                raise UsageError(
                    f"Candidate {number} of `{run}` is damaged in the store. To have it again, "
                    "compile the same again."
                ) from None
        return found

    def evaluations(self, run: str) -> list[Evaluation]:
        """The evaluations of a run, by candidate."""
        query = (
            "SELECT candidate, split, keys FROM evaluations WHERE run = ? "
            "ORDER BY candidate, split DESC"
        )
        return [
            Evaluation(candidate, split, _keys(keys))
            for candidate, split, keys in self._database.read(query, (run,))
        ]

    def open_test(self, examples: str, fingerprint: str, run: str) -> int:
        """Note that a run looks at held-out examples; how many different runs have by now."""
        values = (examples, fingerprint, run)
        self._database.write(("INSERT OR IGNORE INTO openings VALUES (?, ?, ?)", values))
        query = "SELECT fingerprint FROM openings WHERE examples = ?"
        return len(set(self._database.read(query, (examples,))))

    def delete(self, run: str) -> None:
        """Forget a run, and the scored examples that it paid for and no other run shows.

        That a test set was looked at is not forgotten. Raises `UsageError` while it is under way.
        """
        with self.lock(run):
            shown = {
                key
                for (other, keys) in self._database.read("SELECT run, keys FROM evaluations")
                if other != run
                for key in _keys(keys)
            }
            mine = self._database.read("SELECT key FROM cells WHERE run = ?", (run,))
            self._database.write(
                *(("DELETE FROM cells WHERE key = ?", (k,)) for (k,) in mine if k not in shown),
                *(
                    (f"DELETE FROM {table} WHERE run = ?", (run,))
                    for table in ("events", "candidates", "evaluations", "answers")
                ),
                ("DELETE FROM runs WHERE id = ?", (run,)),
            )

    # -- who drives it ---------------------------------------------------------------

    def lock(self, run: str) -> Lock:
        """Held by the process that drives the run; no clock says whether that is alive."""
        file = self._database.file
        if file is None or self._database.trouble:
            return Lock(run, None)
        return Lock(run, file.parent / "locks" / f"{run}.lock")

    def under_way(self, run: str) -> bool:
        """Whether a process, this one or another, drives the run."""
        lock = self.lock(run)
        try:
            if lock.there:
                lock.take().release()
            return False
        except UsageError:
            return True

    def command(self, run: str, command: Command) -> None:
        """Tell the process that drives a run what to do. Raises `UsageError` if none does."""
        if not self.under_way(run):
            raise UsageError(f"`{run}` is not under way: {self.get(run).status}.")
        self._database.write(("UPDATE runs SET command = ? WHERE id = ?", (command, run)))

    def commanded(self, run: str) -> str:
        """What another process wants the run to do, once; empty when nothing."""
        rows = self._database.read("SELECT command FROM runs WHERE id = ?", (run,))
        for (command,) in rows:
            if command:
                self._database.write(("UPDATE runs SET command = '' WHERE id = ?", (run,)))
                return str(command)
        return ""


class Lock:
    """A file that a process holds while it drives a run; its end lets go of it in any case.

    Who lets go of it removes the file. Where no file can be locked it holds nobody off.
    """

    def __init__(self, run: str, file: Path | None) -> None:
        self._run, self._file = run, file
        # Not thread-local: it is taken by one thread and let go of by another.
        self._lock = None if file is None else FileLock(file, timeout=0, thread_local=False)

    @property
    def there(self) -> bool:
        """Whether a process holds it, or was killed while it did."""
        return self._file is not None and os.path.exists(self._file)

    def take(self) -> Lock:
        """Hold it. Raises `UsageError` when it is held already."""
        if self._lock is None or self._file is None:
            return self
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with _door(self._file.parent):
                self._acquire(self._lock)
        except (OSError, NotImplementedError):  # what cannot be locked cannot be written either
            self._lock = None
        return self

    def release(self) -> None:
        """Let go of it."""
        if self._lock is None or self._file is None:
            return
        # In a directory that was removed, there is nothing to be removed, and none is made.
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            if self._file.parent.exists():
                stack.enter_context(_door(self._file.parent))
            if self._lock.is_locked:
                self._lock.release()
                self._file.unlink(missing_ok=True)
        self._lock.release()

    def _acquire(self, lock: BaseFileLock) -> None:
        try:
            lock.acquire()
        except Timeout:
            raise UsageError(
                f"`{self._run}` is under way, here or in another process. Stop it first, "
                f"with `dspnb runs stop {self._run}` in a terminal or `%stop` where it runs."
            ) from None

    def __enter__(self) -> Lock:
        return self.take()

    def __exit__(self, *error: object) -> None:
        self.release()


def _door(folder: Path) -> BaseFileLock:
    """Held while a lock's file comes or goes, so that nobody locks one that is removed."""
    return FileLock(folder / "all.lock", timeout=10, poll_interval=0.002)


def _put(record: Record) -> Statement:
    text = (
        "INSERT INTO runs (id, began, status, reason, fingerprint, parts, settings, spent, result) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET status = excluded.status"
        ", reason = excluded.reason, settings = excluded.settings, spent = excluded.spent, "
        "result = excluded.result"
    )
    plain = (record.parts, record.settings, record.spent, record.result)
    parts, settings, spent, result = (json.dumps(dict(one)) for one in plain)
    values = (
        record.id, record.began, record.status, writable(record.reason), record.fingerprint,
        parts, settings, spent, result,
    )  # fmt: skip
    return text, values


def _record(row: Sequence[Any]) -> Record:
    """A record; one that is damaged counts as failed, and the others are shown all the same."""
    id_, began, status, reason, fingerprint, *plain = row
    objects = [_object(text) for text in plain]
    began = began if isinstance(began, float) else 0.0
    if status not in get_args(Status) or None in objects:
        status, reason = "failed", "its record is damaged in the store"
    parts, settings, spent, result = (one or {} for one in objects)
    return Record(str(id_), began, fingerprint, parts, settings, status, reason, spent, result)


def _object(text: Any) -> dict[str, Any] | None:
    """An object of JSON; None for anything else."""
    try:
        told = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def ended(record: Record, status: Status, reason: str, **more: Any) -> Record:
    """The record with another status."""
    return replace(record, status=status, reason=reason, **more)


def _keys(together: bytes) -> list[bytes]:
    return [together[i : i + KEY] for i in range(0, len(together), KEY)]
