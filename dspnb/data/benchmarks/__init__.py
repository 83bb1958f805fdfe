"""Benchmarks with hidden rules, made up from a seed: nothing to download, nobody's licence."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping

from dspnb.data.benchmark import Benchmark
from dspnb.errors import UsageError, nearest

NAMES = (  # each is a file here, with the benchmark under this name in capitals
    "arith",
    "claim_recall",
    "conditional_format",
    "constraints",
    "count_sort",
    "negation",
    "no_headroom",
    "noisy",
    "pii",
    "ruleworld",
    "tabular",
    "two_hops",
)


class Benchmarks(Mapping[str, Benchmark]):
    """The benchmarks by their names; each is imported when it is first used.

    >>> "negation" in BENCHMARKS, len(BENCHMARKS)
    (True, 12)
    """

    def __getitem__(self, name: str) -> Benchmark:
        if name not in NAMES:
            raise KeyError(name)
        found: Benchmark = getattr(importlib.import_module(f".{name}", __name__), name.upper())
        return found

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    def __repr__(self) -> str:
        return f"<{len(self)} benchmarks: {', '.join(self)}>"


BENCHMARKS: Mapping[str, Benchmark] = Benchmarks()


def benchmark(name: str) -> Benchmark:
    """The benchmark of this name: one of `BENCHMARKS`.

    Raises `UsageError` with the nearest name when there is none.

    >>> negation = benchmark("negation")
    >>> train, val, test = negation.sets(train=40, val=60, test=200)
    >>> train[0].inputs.keys()
    dict_keys(['premise', 'hypothesis'])
    >>> negation.program()
    Predict(self: premise, hypothesis -> label: Literal['entailment', 'neutral', 'contradiction'])
    """
    if name not in BENCHMARKS:
        raise UsageError(f"There is no benchmark `{name}`; {nearest(name, BENCHMARKS)}")
    return BENCHMARKS[name]


def __getattr__(name: str) -> Benchmark:
    """`NEGATION` is `BENCHMARKS["negation"]`."""
    if name.isupper() and name.lower() in NAMES:
        return BENCHMARKS[name.lower()]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
