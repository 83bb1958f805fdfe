"""A simulated model of known skill, for studies of optimizers, and what is true under it.

It is not imported with `dspnb`: `from dspnb.simulation import Simulated, truth`.
"""

from .simulated import Simulated
from .truth import truth

__all__ = ["Simulated", "truth"]
