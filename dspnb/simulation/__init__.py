"""A simulated model of known skill, for studies of optimizers."""

from .simulated import Simulated
from .truth import truth

__all__ = ["Simulated", "truth"]
