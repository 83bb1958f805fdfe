"""The runs of a project: look at them, compare them, write them out, forget them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import overload

from .errors import UsageError
from .harmless import harmless
from .kept_run import KeptRun
from .optimizers.names import OPTIMIZERS
from .plain_table import plain_table
from .run_diff import RunDiff
from .run_export import export
from .store import Command, Store, opened, store_file

SHORT = 10  # characters of an id in a narrow table


def runs() -> KeptRuns:
    """The runs of this project, those under way in any process too; the newest last.

    Nothing is made on disk when there are none.
    """
    return KeptRuns(store_file())


class KeptRuns(Sequence[KeptRun]):
    """The runs of a store's file, by place or by id; shows itself as a table.

    The table is of the moment; an id finds a run that began later too.
    """

    def __init__(self, file: Path) -> None:
        self._file, self._opened = file, Store()
        store = self._store
        self._runs = [KeptRun(store, record) for record in store.runs.all()]

    @overload
    def __getitem__(self, which: int | str) -> KeptRun: ...
    @overload
    def __getitem__(self, which: slice) -> Sequence[KeptRun]: ...
    def __getitem__(self, which: int | str | slice) -> KeptRun | Sequence[KeptRun]:
        """A run by its place, its id, or the beginning of its id, with or without `run-`.

        Raises `UsageError` when no run or several begin so.
        """
        if isinstance(which, str):
            return KeptRun(self._store, self._store.runs.get(which))
        return self._runs[which]

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def trouble(self) -> str:
        """Why runs are not kept in a file, and what to do about it; empty while all is well."""
        return self._store.trouble

    def compare(self, a: str, b: str) -> RunDiff:
        """What differs between two runs, and which is better on the same held-out examples."""
        return RunDiff(self[a], self[b])

    def export(self, run: str, file: str | Path, *, overwrite: bool = False) -> Path:
        """Write all that is kept of a run as JSON lines; a file that is there is left alone."""
        return export(self[run], file, overwrite=overwrite)

    def delete(self, run: str) -> str:
        """Forget a run and what only it shows; gives its whole id.

        That it looked at a test set stays known. Raises `UsageError` while it is under way.
        """
        id_ = self[run].id
        self._check()
        self._store.runs.delete(id_)
        self._runs = [each for each in self._runs if each.id != id_]
        return id_

    def stop(self, run: str) -> str:
        """Tell the process that drives a run to stop it; gives the run's whole id.

        Raises `UsageError` when it is not under way, as `pause` and `resume` do.
        """
        return self._tell(run, "stop")

    def pause(self, run: str) -> str:
        """Tell the process that drives a run to begin no further call."""
        return self._tell(run, "pause")

    def resume(self, run: str) -> str:
        """Tell the process that drives a run to go on after `pause`."""
        return self._tell(run, "resume")

    @property
    def _store(self) -> Store:
        if self._opened.file is None and self._file.exists():
            self._opened = opened(self._file)
        return self._opened

    def _tell(self, which: str, command: Command) -> str:
        run = self[which]
        if run.over or run.status == "interrupted":
            again = "; to go on with it, run its `%compile` line or `compile(...)` call again"
            advice = again if command == "resume" and run.status != "done" else ""
            raise UsageError(f"`{run.id}` is not under way: it is {run.status}{advice}.")
        self._check()
        self._store.runs.command(run.id, command)
        return run.id

    def _check(self) -> None:
        if self.trouble:
            raise UsageError(f"Nothing can be written down. {self.trouble}")

    @property
    def table(self) -> str:
        """A line for each run, in at most 100 columns."""
        if not self._runs:
            return "" if self.trouble else "No run is kept in this project yet."
        heads = ["id", "began", "optimizer", "metric", "model", "status", "score", "calls", "cost"]
        rows = [_cells(run) for run in self._runs]
        return plain_table(heads, rows, shorten=["optimizer", "metric", "model"])

    def __str__(self) -> str:
        return "\n".join(filter(None, [self.table, harmless(self.trouble)]))

    __repr__ = __str__


def when(run: KeptRun) -> str:
    """When it began, in local time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(run.began))


def optimizer(run: KeptRun) -> str:
    """The short name of its optimizer, if that has one."""
    names = {kind.__name__: name for name, kind in OPTIMIZERS.items()}
    return names.get(run.optimizer_name, run.optimizer_name)


def score(run: KeptRun) -> str:
    """What it gives is worth, as the record has it; empty when nothing is scored."""
    result = run.record.result
    if not result:
        return ""
    return f"{result['score']:.2f} [{result['low']:.2f}, {result['high']:.2f}] {result['split']}"


def _cells(run: KeptRun) -> list[str]:
    return [
        run.id[:SHORT],
        when(run)[5:],
        optimizer(run),
        run.metric_name,
        str(run.settings.get("model", "")),
        run.status,
        score(run) or "-",
        f"{run.spent.get('calls', 0):,}",
        run.cost,
    ]
