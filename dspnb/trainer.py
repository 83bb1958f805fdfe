"""The seam to whoever trains weights: rows of a program in, a model out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from .lm.base import LanguageModel
from .report import Row


class Trainer(Protocol):
    """Trains models, here or at a provider, and finds again those that it has trained.

    A run keeps the name that `train` gives: after a crash the model is not trained again.
    """

    def train(self, rows: Sequence[Row], checkpoint: Callable[[], object]) -> str:
        """Train on the calls in these rows, and give the model's name, once it can be used.

        It calls `checkpoint` at least each second, which waits while the run is paused and raises
        when it was stopped.
        """

    def model(self, name: str) -> LanguageModel:
        """The model that `train` named, in this or an earlier process."""
