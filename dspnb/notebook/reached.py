"""A run by its id: the live one of this session, or else as the store has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dspnb.errors import UsageError
from dspnb.kept_run import KeptRun
from dspnb.run import Run
from dspnb.runs import runs

from . import names
from .notice import show

if TYPE_CHECKING:
    from .session import Session


def reached(session: Session, which: str) -> Run | KeptRun:
    """The run of this id, of the only id that begins so, or of this variable's program.

    Raises `UsageError`.
    """
    which = names.run_id(which, session.shell.user_ns)
    try:
        kept = runs()[which]
    except UsageError:
        if which in session.views:  # one that could not be written to the store's file
            return session.views[which].run
        raise
    view = session.views.get(kept.id)
    if view is None or (view.run.over and not kept.over):  # another process goes on with it
        return kept
    return view.run


def stop(session: Session, which: str) -> None:
    """Stop a run, or have its process stop it."""
    run = reached(session, which)
    if isinstance(run, Run) and not run.over:
        run.stop()
    else:
        show([f"`{runs().stop(run.id)}` is told to stop."])


def pause(session: Session, which: str) -> None:
    """Pause a run, or have its process pause it."""
    run = reached(session, which)
    if isinstance(run, Run) and not run.over:
        run.pause()
    else:
        show([f"`{runs().pause(run.id)}` is told to pause."])
