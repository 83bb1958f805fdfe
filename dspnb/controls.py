"""Pause, resume and stop: flags that a run looks at before each step."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field


class Stop(BaseException):
    """Unwinds a run. Not an `Exception`, so nothing that catches errors swallows it."""


class BudgetSpent(Stop):
    """The budget of a run, or of this part of it, allows no further call."""


@dataclass
class Controls:
    """Pause, resume, stop. Safe from any thread; seen at the run's next checkpoint."""

    _go: threading.Event = field(default_factory=threading.Event)
    _reason: str = ""
    _since: float | None = None  # when it was paused, on the monotonic clock
    _paused: float = 0.0  # seconds, before that
    _turn: threading.Lock = field(default_factory=threading.Lock)  # protects all

    def __post_init__(self) -> None:
        self._go.set()

    def pause(self) -> None:
        with self._turn:
            if not self._reason:  # a late pause would hold up the end
                self._go.clear()
                self._since = self._since or time.monotonic()

    def resume(self) -> None:
        with self._turn:
            self._run_on()

    def stop(self, reason: str) -> None:
        with self._turn:
            self._reason = self._reason or reason
            self._run_on()

    def _run_on(self) -> None:
        self._paused, self._since = self.paused_seconds, None
        self._go.set()

    @property
    def paused_seconds(self) -> float:
        """How long it was paused, up to now."""
        since = self._since
        return self._paused + (time.monotonic() - since if since is not None else 0.0)

    @property
    def paused(self) -> bool:
        return not self._go.is_set()

    def checkpoint(self) -> None:
        """Wait while paused; raise `Stop` once stopped."""
        self._go.wait()
        self.check()

    def check(self) -> None:
        """Raise `Stop` once stopped, without waiting."""
        if self._reason:
            raise Stop(self._reason)
