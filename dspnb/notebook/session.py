"""What the extension keeps for one shell: models, recent calls, views of runs, definitions."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dspnb.context import configure
from dspnb.example import Prediction
from dspnb.frontends import watch
from dspnb.lm import Model, Recorded
from dspnb.lm.finding import SERVERS, Server
from dspnb.module import Module
from dspnb.run import Run

from .usable import Usable

if TYPE_CHECKING:
    from .live import RunView

RECENT = 200  # calls of programs that `%inspect` remembers


class Recent:
    """The latest calls of programs."""

    def __init__(self) -> None:
        self.calls: deque[tuple[Module, Prediction]] = deque(maxlen=RECENT)

    def remember(self, program: Module, prediction: Prediction) -> None:
        """Keep one more; the oldest goes."""
        self.calls.append((program, prediction))


class Session:
    """One shell's extension."""

    def __init__(self, shell: Any) -> None:
        from .completion import Completion
        from .define_magics import DefineMagics
        from .displays import Displays
        from .rerun import Rerun
        from .run_magics import RunMagics
        from .runs_magics import RunsMagics
        from .state_magics import StateMagics

        self.shell = shell
        self.recent = Recent()
        self.servers: Sequence[Server] = SERVERS  # programs on this machine that `%lm` looks for
        self.usable = Usable()  # what it found
        self.models: dict[str, Model] = {}  # by role: "main", "teacher", "proposer", "judge"
        self.views: dict[str, RunView] = {}  # by run id
        self.watched: dict[str, int] = {}  # runs that a terminal showed, and in which cell
        self.rerun = Rerun(shell)
        self.magics = (
            DefineMagics(shell, self),
            RunMagics(shell, self),
            RunsMagics(shell, self),
            StateMagics(shell, self),
        )
        shell.register_magics(*self.magics)
        self.completion, self.displays = Completion(self), Displays(self)
        self.completion.install()
        self.displays.install()
        self.rerun.install()
        configure(history=self.recent)

    @classmethod
    def of(cls, shell: Any) -> Session:
        """The session of this shell, made when there is none."""
        magics = shell.magics_manager.registry.get("RunMagics")
        session = getattr(magics, "session", None)
        return session if isinstance(session, cls) else cls(shell)

    def close(self) -> None:
        """Take out magics, completion, displays and the hook after each cell."""
        self.completion.remove()
        self.displays.remove()
        self.rerun.remove()
        for lm in self.models.values():
            if isinstance(lm, Recorded):
                lm.close()
        manager = self.shell.magics_manager
        for magics in self.magics:
            for kind, names in magics.magics.items():
                for name in names:
                    manager.magics[kind].pop(name, None)
            manager.registry.pop(type(magics).__name__, None)
        configure(history=None)

    def view(self, run: Run, title: str = "") -> RunView:
        """The dashboard of a run; one that goes on gets a new one."""
        view = self.views.get(run.id)
        if view is None or view.run is not run:
            from .live import RunView  # anywidget takes 0.2 s to import

            if view is not None:
                view.ended.wait(5)  # or its last picture would come over the new one
            view = self.views[run.id] = RunView(run, title or run.optimizer_name)
        return view

    def show(self, run: Run, title: str = "") -> None:
        """Show a run under this cell, once: its dashboard."""
        if self.watched.get(run.id) != self.shell.execution_count:
            self.view(run, title).show(self.shell.execution_count)

    def watch(self, run: Run) -> None:
        """Show a run until it ends where a dashboard would be a text that stands still."""
        self.watched[run.id] = self.shell.execution_count
        watch(run)

    def flush(self, run: Run) -> None:
        """Bring the outputs that show a run up to date."""
        if run.id in self.views:
            self.views[run.id].flush()
