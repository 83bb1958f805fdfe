"""What the study runs: benchmarks, seeds, sizes, and the settings of both sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from dspnb.data import BENCHMARKS

Side = Literal["ours", "dspy"]
Grid = Literal["A", "B", "C"]
Key = tuple[str, ...]

GRIDS: tuple[Grid, ...] = get_args(Grid)
SEEDS: Mapping[Grid, int] = {"A": 10, "B": 10, "C": 10}
ABOUT: Mapping[Grid, str] = {
    "A": "each optimizer as it comes: DSPy's two best at `heavy`, ours beside them",
    "B": "parity: the same settings on both sides",
    "C": "equal budgets of runs of the program",
}
BUDGETS = 250, 500, 1000, 2000  # runs of the program


@dataclass(frozen=True)
class Cell:
    """One run of one optimizer."""

    side: Side
    grid: Grid
    optimizer: str
    benchmark: str
    seed: int
    train: int  # examples
    val: int  # examples
    settings: Mapping[str, Any] = field(default_factory=dict)
    budget: int | None = None  # runs of the program, in grid C
    same: bool = False  # the examples to choose by are those to learn from
    never_worse: bool = False  # ours: a third of `val` is held out to confirm the result

    @property
    def key(self) -> Key:
        """What tells it from the others."""
        budget = "" if self.budget is None else str(self.budget)
        return (self.side, self.grid, self.optimizer, budget, self.benchmark, str(self.seed))


def key_of(line: Mapping[str, Any]) -> Key:
    """The key of the cell that a line of results tells of."""
    names = "side", "grid", "optimizer", "budget", "benchmark", "seed"
    return tuple("" if line[name] is None else str(line[name]) for name in names)


def cells(
    side: Side,
    grids: Iterable[Grid] = GRIDS,
    benchmarks: Iterable[str] = tuple(BENCHMARKS),
    seeds: int | None = None,
    large: bool = False,
) -> Iterator[Cell]:
    """All runs of one side: grid by grid and seed by seed, so that what is there is balanced.

    There are so many `seeds`, or as many as the grid has; `large` runs of ours only if wanted.
    """
    named = tuple(benchmarks)
    for grid in grids:
        for seed in range(seeds or SEEDS[grid]):
            for name in named:
                for setup, is_large in SETUPS[side, grid]:
                    if large or not is_large:
                        yield Cell(side=side, grid=grid, benchmark=name, seed=seed, **setup)


Setup = tuple[dict[str, Any], bool]  # of a cell, and whether it is large


def _setup(optimizer: str, train: int, val: int, **more: Any) -> Setup:
    own = more.keys() & {"budget", "same", "never_worse"}
    cell = {name: more.pop(name) for name in sorted(own)}
    return {"optimizer": optimizer, "train": train, "val": val, "settings": more, **cell}, False


_HEAVY = (
    _setup("MIPROv2", 150, 300, auto="heavy"),
    _setup("GEPA", 150, 300, auto="heavy"),
)
_LARGE = tuple((setup, True) for setup, _ in _HEAVY)  # they take longest
# COPRO and SIMBA of DSPy choose by the examples they learn from.
_PARITY = (
    _setup("LabeledFewShot", 60, 100),
    _setup("BootstrapFewShot", 60, 100),
    _setup("BootstrapFewShotWithRandomSearch", 60, 100, num_candidate_programs=8),
    _setup("BootstrapFewShotWithOptuna", 60, 100, num_candidate_programs=8),
    _setup("COPRO", 100, 100, same=True, breadth=5, depth=2),
    _setup("SIMBA", 100, 100, same=True, max_steps=4, bsize=32),
    _setup("InferRules", 60, 100, num_candidates=5),
)
# Sizes whose bill, the first validation and the bootstrapping among it, just fits the budget.
_MIPRO_WITHIN = {250: (3, 1), 500: (6, 5), 1000: (8, 13), 2000: (12, 30)}  # candidates, trials
_SEARCHES_WITHIN = {500: 1, 1000: 5, 2000: 14}  # three are always tried: 250 do not pay for them
_WITHIN = (
    *(
        _setup("MIPROv2", 100, 100, budget=budget, auto=None, num_candidates=n, num_trials=trials)
        for budget, (n, trials) in _MIPRO_WITHIN.items()
    ),
    *(_setup("GEPA", 100, 100, budget=budget, max_metric_calls=budget) for budget in BUDGETS),
    *(
        _setup(
            "BootstrapFewShotWithRandomSearch", 100, 100, budget=budget, num_candidate_programs=n
        )
        for budget, n in _SEARCHES_WITHIN.items()
    ),
)
# 33 of 100 validation examples are held out, on which two programs are confirmed. A race may end
# with a block of 20 more than its calls.
CONFIRMED = 2 * 33 + 20
_RACES = tuple(
    _setup("Race", 100, 100, budget=budget, never_worse=True, calls=budget - CONFIRMED)
    for budget in BUDGETS
)
_TWINS = tuple(
    (setup, setup["budget"] == 1000)
    for setup, _ in _WITHIN
    if setup["budget"] in (500, 1000) and setup["optimizer"] in ("MIPROv2", "GEPA")
)
SETUPS: Mapping[tuple[Side, Grid], tuple[Setup, ...]] = {
    ("dspy", "A"): _HEAVY,
    ("dspy", "B"): _PARITY,
    ("dspy", "C"): _WITHIN,
    ("ours", "A"): (*_LARGE, _setup("Race", 150, 300, never_worse=True)),
    ("ours", "B"): _PARITY,
    ("ours", "C"): (*_TWINS, *_RACES),
}
