"""Examples from rows, files and frames; splits; the data sets that come with dspnb."""

from .examples import Examples, Split, examples, split
from .tickets import tickets

__all__ = ["Examples", "Split", "examples", "split", "tickets"]
