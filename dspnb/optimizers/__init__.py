"""Searches for better instructions and demos; each one only decides, a `Run` does the work."""

from .base import (
    Answer,
    Ask,
    Complete,
    Evaluate,
    Lead,
    Optimizer,
    Role,
    Search,
    Task,
    Train,
    Trained,
    Validate,
)
from .bootstrap import BootstrapFewShot
from .chain import Chain
from .gepa import GEPA
from .labeled import LabeledFewShot
from .names import OPTIMIZERS, optimizer
from .random_search import BootstrapFewShotWithRandomSearch

__all__ = [
    "GEPA",
    "OPTIMIZERS",
    "Answer",
    "Ask",
    "BootstrapFewShot",
    "BootstrapFewShotWithRandomSearch",
    "Chain",
    "Complete",
    "Evaluate",
    "LabeledFewShot",
    "Lead",
    "Optimizer",
    "Role",
    "Search",
    "Task",
    "Train",
    "Trained",
    "Validate",
    "optimizer",
]
