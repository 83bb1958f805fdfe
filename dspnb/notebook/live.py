"""The run dashboard: one publisher thread a run, at most ten messages a second, clicks back.

A server drops what comes faster than a thousand messages a second, for good, so the rate is part of
being right. State goes in traits, so that a page that was reloaded finds all of it.
"""

from __future__ import annotations

import contextvars
import dataclasses
import threading
import time
import weakref
from typing import Any

import anywidget
import traitlets
from IPython.display import display, update_display

from dspnb.run import Run

from .assets import static
from .protocol import RUN_MIME
from .run_html import run_html, run_text
from .snapshot import Picture

PAUSE = 0.1  # seconds between messages
RATE = 3000  # events a second that a page is sent: of a long run all of them go again each time
WINDOW = 3.5  # seconds; the server forgets within 3 that it was flooded

# A page knows a run only by its id, so there has to be one place to look it up.
_views: weakref.WeakValueDictionary[str, RunView] = weakref.WeakValueDictionary()


def command(run: str, kind: str) -> bool:
    """A click on a page; True when this kernel knows the run. Only sets flags."""
    view = _views.get(run)
    if view is None:
        return False
    view.obey(kind)
    return True


class RunView(anywidget.AnyWidget):
    """A live view of a run. Closing it does not stop the run; `show` may be called again."""

    _esm = traitlets.Unicode().tag(sync=True)
    run_id = traitlets.Unicode().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    events: traitlets.List[Any] = traitlets.List().tag(sync=True)
    progress = traitlets.Dict().tag(sync=True)
    changed: traitlets.List[Any] = traitlets.List().tag(sync=True)
    still = traitlets.Dict().tag(sync=True)  # mime -> text of the ended run, for the saved file

    def __init__(self, run: Run, title: str) -> None:
        self.run = run
        self._picture = Picture(run, title)
        self._drawing = threading.Lock()  # protects the picture and the order of the traits
        self._sent = -1  # the picture's `changes` when the page was last sent its events
        self._next_events = 0.0  # seconds since the run started; not before it they are sent again
        self._shown_in: int | None = None
        self.ended = threading.Event()  # the outputs show the end of the run
        super().__init__(_esm=static("run.js"), run_id=run.id, title=title)
        _answer_while_busy(self)
        self.on_msg(self._clicked)
        _views[run.id] = self
        # The context of this cell: ipykernel 7.0 cannot send from a thread without one.
        publish = contextvars.copy_context()
        threading.Thread(target=publish.run, args=(self._publish,), daemon=True).start()

    def show(self, execution_count: int) -> None:
        """Display the dashboard, once a cell."""
        if self._shown_in == execution_count:
            return
        self._shown_in = execution_count
        display(self, display_id=self.run.id)

    def flush(self) -> None:
        """Put the final state into every output that shows this run."""
        update_display(self, display_id=self.run.id)

    def obey(self, kind: str) -> None:
        """Do what a button says."""
        match kind:
            case "stop":
                self.run.stop()
            case "pause":
                self.run.pause()
            case "resume":
                self.run.resume()
            case "resync":
                self.send_state()

    def _clicked(self, _: object, message: dict[str, Any], buffers: list[bytes]) -> None:
        self.obey(str(message.get("kind")))

    def _publish(self) -> None:
        for batch in self.run.log.batches(pause=PAUSE, every=1.0):
            if batch or self._picture.changes != self._sent:
                self._push()
        self._push(last=True)
        self.still = {"text/html": run_html(self.run, self.title), "text/plain": run_text(self.run)}
        self.flush()
        self.ended.set()
        time.sleep(WINDOW)
        self.send_state()  # in case that the last message fell to a flood of the user's own

    def _push(self, *, last: bool = False) -> None:
        with self._drawing, self.hold_sync():
            self._picture.catch_up()
            now = self.run.log.seconds
            if self._picture.changes != self._sent and (last or now >= self._next_events):
                self._sent, self.events = self._picture.changes, self._picture.page_events()
                self._next_events = now + len(self.events) / RATE
            if self._picture.changed and not self.changed:  # they are sent once
                self.changed = [dataclasses.asdict(row) for row in self._picture.changed]
            self.progress = dataclasses.asdict(self._picture.progress(len(self.events)))

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        with self._drawing:
            self._picture.catch_up()
            snapshot = self._picture.snapshot()
        return {
            RUN_MIME: snapshot,
            **data,
            "text/html": run_html(self.run, self.title),
            "text/plain": run_text(self.run),
        }, metadata

    def __repr__(self) -> str:
        return run_text(self.run)


def _answer_while_busy(view: RunView) -> None:
    """Let clicks run on the front end's subshell even while a cell is busy.

    ipykernel 7.4 sends the answers to a widget of the main shell there, behind the busy cell.
    """
    if hasattr(view.comm, "_reply_subshell_for"):
        view.comm._reply_subshell_for = None
