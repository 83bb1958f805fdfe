"""A progress bar in the cell that waits for something; gone when it ends."""

from __future__ import annotations

import time

from IPython.display import DisplayHandle, display

from .text import esc

AFTER = 1.0  # seconds; what is quick needs no bar
PAUSE = 0.25  # seconds between two drawings


class Bar:
    """Shows nothing for the first second."""

    def __init__(self) -> None:
        self._start = self._drawn = time.monotonic()
        self._handle: DisplayHandle | None = None

    def show(self, done: int, total: int, words: str) -> None:
        """Draw it, if it is time to."""
        now = time.monotonic()
        if now - self._start < AFTER or now - self._drawn < PAUSE:
            return
        self._drawn = now
        bar = f'<progress value="{min(done, total)}" max="{total}"></progress> {esc(words)}'
        self._put({"text/html": bar, "text/plain": words})

    def close(self) -> None:
        """Take it away."""
        if self._handle is not None:
            self._put({"text/html": "", "text/plain": ""})

    def _put(self, data: dict[str, str]) -> None:
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)
