"""How recorded answers count: the first to a request as a call, each later one as cached."""

from __future__ import annotations

from collections.abc import Callable

from . import forks
from .base import Completion, pieces
from .ledger import ledger
from .usage import Usage


class Answered:
    """Counts alike while recording and in a replay. Safe from several threads."""

    def __init__(self, model: str) -> None:
        self._model = model
        self.usage = Usage()
        self._keys: set[str] = set()
        self._lock = forks.lock()  # protects both

    def count(self, key: str, completion: Completion) -> Completion:
        """The answer to a request, marked as cached when there was one before."""
        with self._lock:
            counted = completion.changed(cached=key in self._keys)
            self._keys.add(key)
            self.usage = self.usage.add(counted)
        return counted

    def again(
        self, key: str, completion: Completion, on_text: Callable[[str], object] | None
    ) -> Completion:
        """The same for an answer that was there already: it takes no time and costs nothing.

        It is in the ledger too, where no model inside writes it down.
        """
        if on_text is not None:
            for piece in pieces(completion.text):
                on_text(piece)
        counted = self.count(key, completion.changed(seconds=0.0, dollars=0.0))
        ledger.add(counted, model=self._model)
        return counted
