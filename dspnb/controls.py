"""Pause, resume and stop: flags that a run looks at before each step."""

from __future__ import annotations

import threading
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
    _turn: threading.Lock = field(default_factory=threading.Lock)  # protects both

    def __post_init__(self) -> None:
        self._go.set()

    def pause(self) -> None:
        with self._turn:
            if not self._reason:  # a late pause would hold up the end
                self._go.clear()

    def resume(self) -> None:
        self._go.set()

    def stop(self, reason: str) -> None:
        with self._turn:
            self._reason = self._reason or reason
            self._go.set()

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
