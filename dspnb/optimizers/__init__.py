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
from .bootstrap_optuna import BootstrapFewShotWithOptuna
from .chain import Chain
from .copro import COPRO
from .ensemble import EnsembleOf
from .gepa import GEPA
from .infer_rules import InferRules
from .knn_few_shot import KNNFewShot
from .labeled import LabeledFewShot
from .mipro import MIPROv2
from .names import OPTIMIZERS, optimizer
from .race import Race
from .random_search import BootstrapFewShotWithRandomSearch
from .simba import SIMBA

__all__ = [
    "COPRO",
    "GEPA",
    "OPTIMIZERS",
    "SIMBA",
    "Answer",
    "Ask",
    "BootstrapFewShot",
    "BootstrapFewShotWithOptuna",
    "BootstrapFewShotWithRandomSearch",
    "Chain",
    "Complete",
    "EnsembleOf",
    "Evaluate",
    "InferRules",
    "KNNFewShot",
    "LabeledFewShot",
    "Lead",
    "MIPROv2",
    "Optimizer",
    "Race",
    "Role",
    "Search",
    "Task",
    "Train",
    "Trained",
    "Validate",
    "optimizer",
]
