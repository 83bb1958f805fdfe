"""A program's stream in a cell: its fields while they arrive, in the end its prediction."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from IPython.display import display

from dspnb.errors import DspnbError, one_line
from dspnb.streaming import Chunk, Stream

from .markup import kept, table
from .text import esc, short

PAUSE = 0.1  # seconds between two drawings: a server drops what comes too fast


def show_stream(stream: Stream, shell: Any) -> None:
    """Draw the fields as they arrive, and wait for the end.

    A call that failed ends the cell with its error. The kernel's interrupt ends the watching, not
    the call. A terminal, which cannot draw anew, shows the end only.
    """
    arriving = Arriving()
    over = threading.Event()
    threading.Thread(target=_read, args=(stream, arriving, over), daemon=True).start()
    live = hasattr(shell, "kernel")
    handle = display(arriving.bundle(), raw=True, display_id=True) if live else None
    drawn = -1
    while not over.wait(PAUSE):
        if handle is not None and arriving.heard > drawn:
            drawn = arriving.heard
            handle.update(arriving.bundle(), raw=True)
    try:
        prediction = stream.prediction
    except Exception as error:  # whatever the program raises
        if handle is not None:
            handle.update(arriving.bundle(f"ended by {one_line(error)}"), raw=True)
        raise Failed(error, shell) from None
    if handle is None:
        display(prediction)
        return
    data, metadata = shell.display_formatter.format(prediction)
    handle.update(data, metadata=metadata, raw=True)


class Arriving:
    """What has been heard so far: the text of each field, by predictor."""

    def __init__(self) -> None:
        self.heard = 0  # chunks
        self._texts: dict[tuple[str, str], str] = {}
        self._calls: dict[str, int] = {}  # path -> the number of the answer that is written now
        self._lock = threading.Lock()  # protects the texts

    def add(self, chunk: Chunk) -> None:
        """One more piece; a new answer of a predictor takes the place of its old one."""
        with self._lock:
            if self._calls.get(chunk.path, chunk.call) != chunk.call:
                for key in [key for key in self._texts if key[0] == chunk.path]:
                    del self._texts[key]
            self._calls[chunk.path] = chunk.call
            key = (chunk.path, chunk.field)
            self._texts[key] = self._texts.get(key, "") + chunk.text
            self.heard += 1

    def bundle(self, end: str = "") -> dict[str, str]:
        """As HTML and as text; `end` says why nothing more will come."""
        fields = list(self._fields())
        rows = ([f"<code>{esc(path)}</code>", f"<b>{esc(n)}</b>", kept(t)] for path, n, t in fields)
        last = f"<p>{esc(end or '…')}</p>"
        lines = [f"{path} {name}: {short(text)}" for path, name, text in fields]
        return {
            "text/html": (table(["", "field", "text"], rows) if fields else "") + last,
            "text/plain": "\n".join([*lines, end or "…"]),
        }

    def _fields(self) -> Iterator[tuple[str, str, str]]:
        with self._lock:
            known = list(self._texts.items())
        for (path, name), text in known:
            yield path, name, text


class Failed(BaseException):
    """Ends the cell of a stream that failed. Of an `Exception`, IPython would show a traceback of
    our own frames, and go on with the next cell."""

    def __init__(self, error: Exception, shell: Any) -> None:
        super().__init__(str(error))
        self.error, self._shell = error, shell

    def _render_traceback_(self) -> list[str]:
        if isinstance(self.error, DspnbError):
            return self.error._render_traceback_()
        where = self.error.__traceback__
        lines: list[str] = self._shell.InteractiveTB.structured_traceback(
            type(self.error), self.error, where
        )
        return lines


def _read(stream: Stream, arriving: Arriving, over: threading.Event) -> None:
    try:
        for chunk in stream:
            arriving.add(chunk)
    except BaseException:  # raised again by `stream.prediction`, in the cell's own thread
        pass
    finally:
        over.set()
