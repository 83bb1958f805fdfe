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
from .labeled import LabeledFewShot
from .mipro import MIPROv2
from .names import OPTIMIZERS, optimizer
from .random_search import BootstrapFewShotWithRandomSearch

__all__ = [
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
    "MIPROv2",
    "Optimizer",
    "Role",
    "Search",
    "Task",
    "Train",
    "Trained",
    "Validate",
    "optimizer",
]
