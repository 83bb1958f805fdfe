"""Run a side of the study into raw lines, or make the tables of them."""

from __future__ import annotations

import argparse
import datetime
import gc
import importlib
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any, get_args

from grid import GRIDS, Cell, Side, cells, key_of

from dspnb.data import BENCHMARKS

HERE = Path(__file__).parent
RAW = HERE / "raw"


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    given = _given(arguments)
    if given.what == "tables":
        from tables import report

        print(report(lines_in(*given.raw)))
        return
    wanted = [
        cell
        for cell in cells(given.what, given.grid, given.benchmarks, given.seeds, given.large)
        if not given.optimizers or cell.optimizer in given.optimizers
    ]
    outs = {grid: given.out or default_out(given.what, grid) for grid in given.grid}
    for out in {*outs.values()} if given.anew else ():
        out.unlink(missing_ok=True)
    run_all(wanted, outs, given.processes)


def default_out(side: Side, grid: str) -> Path:
    """Where lines go and are kept: beside the code."""
    return RAW / f"{side}-{grid}.jsonl"


def lines_in(*paths: Path) -> list[dict[str, Any]]:
    """All lines of these files that exist."""
    return [
        json.loads(text)
        for path in paths
        if path.exists()
        for text in path.read_text().splitlines()
    ]


def run_all(
    some: Iterable[Cell],
    outs: Mapping[str, Path],
    processes: int,
) -> None:
    """Run the cells whose lines are not there yet, and add them to the file of their grid.

    In the end its lines are in an order that is fixed.
    """
    there = {key_of(line) for line in lines_in(*{*outs.values()})}
    wanted = [cell for cell in some if cell.key not in there]
    began, done = time.monotonic(), 0
    context = get_context("forkserver")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin) as pool:
        running: list[Future[list[dict[str, Any]]]] = [
            pool.submit(run_cells, cells) for cells in together(wanted)
        ]
        for future in as_completed(running):
            for line in future.result():
                done += 1
                out = outs[line["grid"]]
                out.parent.mkdir(parents=True, exist_ok=True)
                with out.open("a") as file:
                    file.write(json.dumps(line) + "\n")
                left = (time.monotonic() - began) / done * (len(wanted) - done)
                print(_progress(line, done, len(wanted), left), flush=True)
    for out in {*outs.values()}:
        tidy(out)


def together(some: Iterable[Cell]) -> Iterable[list[Cell]]:
    """Cells that one process runs one after another.

    Ours on the same examples share what is known of them; DSPy's take so long that each line is
    to be kept at once.
    """
    found: dict[Any, list[Cell]] = {}
    for cell in some:
        key = (cell.benchmark, cell.seed) if cell.side == "ours" else cell.key
        found.setdefault(key, []).append(cell)
    return found.values()


def _begin() -> None:
    """Look for garbage less often: what is remembered of examples is much, and stays."""
    gc.set_threshold(100_000, 50, 50)


def tidy(out: Path) -> None:
    """Sort the lines, so that the file does not depend on which run was quicker."""
    lines = sorted(lines_in(out), key=key_of)
    new = out.with_suffix(".new")
    new.write_text("".join(json.dumps(line) + "\n" for line in lines))
    os.replace(new, out)


def run_cells(some: Sequence[Cell]) -> list[dict[str, Any]]:
    """A line for each run, made by its side."""
    return [run_cell(cell) for cell in some]


def run_cell(cell: Cell) -> dict[str, Any]:
    """The line of one run, made by its side."""
    side = importlib.import_module("dspy_side" if cell.side == "dspy" else "ours")
    line: dict[str, Any] = side.run(cell)
    return line


def _progress(line: dict[str, Any], done: int, of: int, left: float) -> str:
    gain = "error" if line["error"] else f"{100 * (line['best'] - line['base']):+.1f}"
    what = f"{line['grid']} {line['benchmark']} {line['optimizer']} {line['budget'] or ''}"
    return (
        f"{datetime.datetime.now():%H:%M:%S} {done}/{of} {what} {line['seed']}: {gain} points, "
        f"{line['program_calls']} runs, {line['seconds']:.1f} s; {left / 60:.0f} min left"
    )


def _given(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=[*get_args(Side), "tables"])
    parser.add_argument("--grid", type=_words, default=GRIDS)
    parser.add_argument("--benchmarks", type=_words, default=tuple(BENCHMARKS))
    parser.add_argument("--optimizers", type=_words, default=())
    parser.add_argument("--seeds", type=int, help="as many; else as many as the grid has")
    parser.add_argument("--large", action="store_true", help="ours too where they take most runs")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--anew", action="store_true", help="forget the lines that are there")
    parser.add_argument("--out", type=Path, help="one file for all; else one for each grid")
    parser.add_argument(
        "--raw",
        type=Path,
        nargs="+",
        default=[default_out(side, grid) for side in get_args(Side) for grid in GRIDS],
    )
    return parser.parse_args(arguments)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


if __name__ == "__main__":
    main()
