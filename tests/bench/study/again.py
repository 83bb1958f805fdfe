"""A sample of one side, run anew: its lines, for the bench."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from grid import Side, cells
from run import run_cell

BENCHMARKS = "negation", "pii"
SEEDS = 2


def main(side: Side) -> None:
    """Grid C with 500 runs of the program."""
    some = [cell for cell in cells(side, ("C",), BENCHMARKS, SEEDS) if cell.budget == 500]
    with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as pool:
        print(json.dumps([*pool.map(run_cell, some)]))


if __name__ == "__main__":
    main("ours" if sys.argv[1] == "dspnb" else "dspy")
