"""Which optimizer a run has when nobody names one, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .optimizers import BootstrapFewShot, LabeledFewShot, Optimizer, Race

RACE, BOOTSTRAP, LABELS = Race(), BootstrapFewShot(), LabeledFewShot()
CHOICES: Sequence[Optimizer] = (RACE, BOOTSTRAP, LABELS)


@dataclass(frozen=True)
class Chosen:
    """An optimizer, and in a line what it was chosen by."""

    optimizer: Optimizer
    why: str
