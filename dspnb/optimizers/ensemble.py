"""Programs as one, made as DSPy's optimizer of that name makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dspnb.example import Prediction
from dspnb.module import Module
from dspnb.modules import Ensemble, majority


@dataclass(frozen=True)
class EnsembleOf:
    """`EnsembleOf(size=3).compile(programs)` is `Ensemble(programs, size=3)`, in DSPy's words.

    Without `reduce_fn` the answer is the majority. What is drawn for a call depends on its inputs
    only, whether `deterministic` or not: the same call asks the same programs.
    """

    reduce_fn: Callable[[list[Prediction]], Any] | None = None
    size: int | None = None
    deterministic: bool = False

    def compile(self, programs: Iterable[Module]) -> Ensemble:
        """The programs as one; raises `UsageError` for more of them than there are."""
        return Ensemble(programs, self.reduce_fn or majority, self.size)
