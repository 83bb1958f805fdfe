"""Examples from rows, files and frames; splits; data sets and benchmarks that come with dspnb."""

from .benchmarks import BENCHMARKS, benchmark
from .examples import Examples, Split, examples, split
from .tickets import tickets

__all__ = ["BENCHMARKS", "Examples", "Split", "benchmark", "examples", "split", "tickets"]
