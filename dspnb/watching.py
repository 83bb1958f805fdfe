"""What goes on beside a run: commands from other processes are obeyed, its state is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from .events import Body, Warned
from .store import Store

TICK = 0.2  # seconds between two looks
KEPT = 1.0  # seconds between two writings of the state


class Watched(Protocol):
    """A run, as far as it is watched."""

    id: str

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def stop(self, reason: str = ...) -> None: ...


class Watch:
    """A thread that looks into the store for commands, and calls `keep` once a second."""

    def __init__(
        self, run: Watched, store: Store, keep: Callable[[], object], say: Callable[[Body], object]
    ) -> None:
        self._run, self._store, self._keep, self._say = run, store, keep, say
        self._over = threading.Event()
        self._trouble = store.trouble  # which the run has told of
        self._telling = threading.Lock()  # protects `_trouble`
        self._thread = threading.Thread(target=self._look, name=f"{run.id}-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def tell(self) -> None:
        """Say once when the store cannot be written any more."""
        with self._telling:
            if self._store.trouble == self._trouble:
                return
            self._trouble = self._store.trouble
        self._say(
            Warned(
                "What the run pays for from now on is kept in memory only, and what was "
                f"kept before is safe: {self._trouble}"
            )
        )

    def close(self) -> None:
        """Look no more."""
        self._over.set()

    def _look(self) -> None:
        kept = time.monotonic()
        while not self._over.wait(TICK):
            match self._store.runs.commanded(self._run.id):
                case "stop":
                    self._run.stop("stopped from another process")
                case "pause":
                    self._run.pause()
                case "resume":
                    self._run.resume()
            self.tell()
            if time.monotonic() - kept >= KEPT:
                self._keep()
                kept = time.monotonic()
