"""How good states truly are under the model of one run."""

from __future__ import annotations

from functools import lru_cache

from dspnb.data import BENCHMARKS
from dspnb.module import State
from dspnb.simulation import Simulated, truth


class Truths:
    """Truths of states under one model, each reckoned once."""

    def __init__(self, simulated: Simulated) -> None:
        self.simulated = simulated
        self.known: dict[str, float] = {}

    def __call__(self, state: State) -> float:
        """The mean score over all examples there could be."""
        key = repr(state)
        if key not in self.known:
            program = self.simulated.benchmark.program().with_state(state)
            self.known[key] = round(truth(self.simulated, program), 5)
        return self.known[key]


@lru_cache(maxsize=8)
def truths_of(benchmark: str, seed: int) -> Truths:
    """Those of a benchmark's model; optimizers that find the same states share them."""
    return Truths(Simulated(BENCHMARKS[benchmark], seed))
