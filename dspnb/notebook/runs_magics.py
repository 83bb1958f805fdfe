"""`%runs`: the runs that are kept, of this session and of others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from dspnb.errors import UsageError, nearest
from dspnb.kept_run import KeptRun
from dspnb.run import Run
from dspnb.run_diff import RunDiff
from dspnb.runs import KeptRuns, runs

from . import names
from .lines import plain_errors, words
from .notice import show
from .reached import pause, reached, stop

if TYPE_CHECKING:
    from .session import Session

USAGE = {
    "open": "ID",
    "resume": "ID",
    "stop": "ID",
    "pause": "ID",
    "compare": "ID ID",
    "delete": "ID",
    "export": "ID FILE",
}


@magics_class
class RunsMagics(Magics):
    """`%runs`."""

    shell: Any  # IPython says that it may be None; an installed extension's never is

    def __init__(self, shell: Any, session: Session) -> None:
        super().__init__(shell)
        self.session = session

    @no_var_expand
    @line_magic
    @plain_errors
    def runs(self, line: str) -> KeptRuns | KeptRun | Run | RunDiff | Path | None:
        """List the runs that are kept in this project, or do something with one of them.

        A run is named by its id, by how that begins, or by the variable of its program. `resume`
        lets a paused run go on; one that was stopped or interrupted goes on by its own `%compile`
        line, with options of yours behind.

        %runs
        %runs open run-3f
        %runs resume better --budget 2000calls
        %runs pause run-3f
        %runs stop run-3f
        %runs compare run-3f run-a0
        %runs export run-3f run.jsonl
        %runs delete run-3f
        """
        match words(line):
            case []:
                return runs()
            case ["open", which]:
                return reached(self.session, which)
            case ["resume", which, *options]:
                return self._resume(which, options)
            case ["stop", which]:
                stop(self.session, which)
            case ["pause", which]:
                pause(self.session, which)
            case ["compare", a, b]:
                return runs().compare(self._id(a), self._id(b))
            case ["delete", which]:
                self._delete(which)
            case ["export", which, file]:
                return runs().export(self._id(which), file)
            case [name, *_] if name in USAGE:
                raise UsageError(f"It is written `%runs {name} {USAGE[name]}`.")
            case [name, *_]:
                raise UsageError(f"`%runs` cannot `{name}`; {nearest(name, USAGE)}")
        return None

    def _resume(self, which: str, options: list[str]) -> Run | None:
        run = reached(self.session, which)
        if run.status == "paused":
            if isinstance(run, Run):
                run.resume()
                return run  # its dashboard comes under this cell
            show([f"`{runs().resume(run.id)}` is told to go on."])
            return None
        kept = runs()[run.id]
        if kept.status == "done" or not (kept.over or kept.status == "interrupted"):
            raise UsageError(f"`{run.id}` cannot go on: it is {kept.status}.")
        line = kept.settings.get("line")
        if not line:
            raise UsageError(
                f"`{run.id}` was not begun by `%compile`: run its `compile(...)` call again, and "
                "it goes on where it was."
            )
        resumed: Run | None = self.shell.run_line_magic(
            "compile", " ".join([line, "--resume", run.id, *options])
        )
        return resumed

    def _id(self, which: str) -> str:
        return names.run_id(which, self.shell.user_ns)

    def _delete(self, which: str) -> None:
        id_ = runs().delete(self._id(which))
        self.session.views.pop(id_, None)  # its rows can no longer be shown
        show([f"`{id_}` is deleted."])
