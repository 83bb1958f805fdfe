"""Ready-made modules, one a file."""

from .best_of_n import BestOfN
from .chain_of_thought import ChainOfThought
from .ensemble import Ensemble
from .knn import KNN
from .majority import majority
from .multi_chain_comparison import MultiChainComparison
from .nearest_demos import NearestDemos
from .parallel import Parallel
from .refine import Refine

__all__ = [
    "KNN",
    "BestOfN",
    "ChainOfThought",
    "Ensemble",
    "MultiChainComparison",
    "NearestDemos",
    "Parallel",
    "Refine",
    "majority",
]
