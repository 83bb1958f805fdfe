"""Benchmarks with hidden rules, made up from a seed: nothing to download, nobody's licence."""

from __future__ import annotations

from dspnb.data.benchmark import Benchmark
from dspnb.errors import UsageError, nearest

from .arith import ARITH
from .claim_recall import CLAIM_RECALL
from .conditional_format import CONDITIONAL_FORMAT
from .constraints import CONSTRAINTS
from .count_sort import COUNT_SORT
from .negation import NEGATION
from .no_headroom import NO_HEADROOM
from .noisy import NOISY
from .pii import PII
from .ruleworld import RULEWORLD
from .tabular import TABULAR
from .two_hops import TWO_HOPS

BENCHMARKS: dict[str, Benchmark] = {
    "arith": ARITH,
    "claim_recall": CLAIM_RECALL,
    "conditional_format": CONDITIONAL_FORMAT,
    "constraints": CONSTRAINTS,
    "count_sort": COUNT_SORT,
    "negation": NEGATION,
    "no_headroom": NO_HEADROOM,
    "noisy": NOISY,
    "pii": PII,
    "ruleworld": RULEWORLD,
    "tabular": TABULAR,
    "two_hops": TWO_HOPS,
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
