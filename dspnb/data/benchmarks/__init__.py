"""Benchmarks with hidden rules, made up from a seed: nothing to download, nobody's licence."""

from __future__ import annotations

from dspnb.data.benchmark import Benchmark
from dspnb.errors import UsageError, nearest

from .arith import ARITH
from .conditional_format import CONDITIONAL_FORMAT
from .count_sort import COUNT_SORT
from .negation import NEGATION
from .ruleworld import RULEWORLD
from .tabular import TABULAR

BENCHMARKS: dict[str, Benchmark] = {
    "arith": ARITH,
    "conditional_format": CONDITIONAL_FORMAT,
    "count_sort": COUNT_SORT,
    "negation": NEGATION,
    "ruleworld": RULEWORLD,
    "tabular": TABULAR,
}


def benchmark(name: str) -> Benchmark:
    """The benchmark of this name.

    Raises `UsageError` with the nearest name when there is none.

    >>> benchmark("negation").examples(1)[0].inputs.keys()
    dict_keys(['premise', 'hypothesis'])
    """
    if name not in BENCHMARKS:
        raise UsageError(f"There is no benchmark `{name}`; {nearest(name, BENCHMARKS)}")
    return BENCHMARKS[name]
