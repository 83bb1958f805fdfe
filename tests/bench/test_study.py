"""The study of optimizers: its runs, what is kept of DSPy's, and what the tables say of both."""

import dataclasses
import json
import math
import os
import random
import re
import statistics
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from dspnb import Example
from dspnb.data import BENCHMARKS
from dspnb.simulation import Simulated, truth

HERE = Path(__file__).parent / "study"
ROOT = HERE.parent.parent.parent
DSPY = Path(os.environ.get("DSPNB_DSPY_PYTHON", ROOT / ".venv-bench/bin/python"))
sys.path.append(str(HERE))  # its files import each other as a script's do

import ours  # noqa: E402
import resampled  # noqa: E402
import tables  # noqa: E402
import truths  # noqa: E402
from grid import SEEDS, cells, key_of  # noqa: E402
from lines import Line, Lines  # noqa: E402

PACE = {"seconds", "cpu", "date"}  # what is told of a run and is not the same again


def line(**told):
    """A line of results of a run that found a program 10 points better after 100 runs."""
    usual = {
        "side": "dspy",
        "grid": "A",
        "optimizer": "GEPA",
        "budget": None,
        "benchmark": "arith",
        "seed": 0,
        "base": 0.3,
        "best": 0.4,
        "returned": 0.4,
        "curve": [[0, 0, 0.3, 0.35], [100, 100, 0.4, 0.45]],
        "mean": 0.45,
        "program_calls": 250,
        "paid_calls": 200,
        "proposer_tokens": 1000,
        "error": None,
        "versions": {"dspy": "1"},
        "date": "2026-01-01",
    }
    return usual | told


# -- runs of ours ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run():
    """Makes a line, in a process of its own: what it remembers would slow the tests after these."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield lambda cell, **options: pool.submit(ours.run, cell, **options).result()


@pytest.fixture(scope="module")
def sample(run):
    """Lines of two benchmarks and two seeds: a race of 250 runs, and a bootstrap."""
    wanted = {("Race", 250), ("BootstrapFewShot", None)}
    return [
        run(cell)
        for cell in cells("ours", ("B", "C"), ("noisy", "negation"), 2)
        if (cell.optimizer, cell.budget) in wanted
    ]


def test_a_run_says_what_it_found_and_what_that_took(sample):
    assert len(sample) == 8
    for told in sample:
        assert json.loads(json.dumps(told)) == told
        assert told["error"] is None
        assert 0 < told["base"] < 1
        assert 0 < told["paid_calls"] <= told["program_calls"]
        assert told["model_calls"] == told["paid_calls"]  # of one predictor
        assert (told["proposer_tokens"] > 0) == (told["optimizer"] == "Race")


def test_a_race_and_its_confirmation_stay_within_the_budget(sample):
    races = [told for told in sample if told["optimizer"] == "Race"]

    for told in races:
        assert told["program_calls"] <= told["budget"] == 250
        assert told["returned"] in (told["base"], told["best"])
        assert (told["returned"] == told["best"]) == (told["better"] > 0.9)


def test_the_same_run_again_tells_the_same(run):
    cell = next(c for c in cells("ours", "A", ("noisy",), 1) if c.optimizer == "Race")
    first, again = run(cell), run(cell)

    assert _without(first, PACE) == _without(again, PACE)
    paid = [mark[0] for mark in first["curve"]]
    assert paid == sorted(paid)
    assert paid[-1] <= first["paid_calls"]
    assert first["curve"][-1][2] == first["best"]


def _small():
    """A run of each of ours, on one predictor; and some on several."""
    every = [cell for cell in cells("ours", seeds=1) if (cell.budget or 0) <= 500]
    by_kind = {
        (cell.optimizer, cell.budget): cell
        for cell in every
        if cell.benchmark == "noisy" and cell.grid != "A"
    }
    several = {"two_hops": "Race", "pii": "GEPA", "claim_recall": "InferRules"}
    return [
        *by_kind.values(),
        *(next(c for c in every if (c.benchmark, c.optimizer) == one) for one in several.items()),
    ]


@pytest.mark.parametrize("cell", _small(), ids=lambda cell: f"{cell.optimizer}-{cell.benchmark}")
def test_a_search_that_is_held_in_memory_tells_the_same_as_a_run_of_users(run, cell):
    held, kept = run(cell), run(cell, kept=True)

    assert held["error"] is None
    assert _without(held, PACE) == _without(kept, PACE)


@pytest.mark.parametrize("name", ["claim_recall", "pii", "two_hops"])
def test_the_quick_truth_of_several_predictors_is_the_truth(name):
    benchmark = BENCHMARKS[name]
    program, rules = benchmark.program(), " ".join(r.texts[0] for r in benchmark.rules[:3])
    demos = tuple(Example(**one) for one in benchmark.examples(2))
    state = {
        path: dataclasses.replace(
            setting, instructions=f"{setting.instructions} {rules}", demos=demos
        )
        for path, setting in program.state.items()
    }
    model, program = Simulated(benchmark, 3), program.with_state(state)

    assert truths.Truths(model)(state) == pytest.approx(truth(model, program), abs=1e-5)


def test_only_runs_that_are_not_there_yet_are_run(tmp_path):
    out = tmp_path / "raw" / "ours.jsonl"
    command = ["ours", "--grid", "B", "--benchmarks", "noisy", "--optimizers", "LabeledFewShot"]

    first = study(*command, "--seeds", 1, "--processes", 1, "--out", out)
    kept = out.read_text()
    more = study(*command, "--seeds", 2, "--processes", 1, "--out", out)

    assert "1/1 B noisy LabeledFewShot  0:" in first
    assert "1/1 B noisy LabeledFewShot  1:" in more
    assert out.read_text().startswith(kept)
    assert [json.loads(text)["seed"] for text in out.read_text().splitlines()] == [0, 1]


# -- what is kept ------------------------------------------------------------------------------


KEPT = sorted((HERE / "raw").glob("dspy-*.jsonl"))
OURS = sorted((HERE / "raw").glob("ours-*.jsonl"))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_all_of_dspys_runs_with_a_seed_are_kept_with_their_versions(path):
    kept = [json.loads(text) for text in path.read_text().splitlines()]
    keys, seeds = [key_of(told) for told in kept], max(told["seed"] for told in kept) + 1
    (grid,) = {told["grid"] for told in kept}

    assert keys == sorted(set(keys))
    assert set(keys) == {cell.key for cell in cells("dspy", (grid,), seeds=seeds)}
    assert 1 <= seeds <= SEEDS[grid]
    assert {told["versions"]["dspy"] for told in kept} == {"3.4.1"}
    assert all(told["date"] and told["settings"] is not None for told in kept)


# -- tables ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_all_of_our_runs_are_kept_and_a_few_of_them_end_the_same_today(run, path):
    kept = [json.loads(text) for text in path.read_text().splitlines()]
    (grid,) = {told["grid"] for told in kept}
    by_key, wanted = {key_of(told): told for told in kept}, list(cells("ours", (grid,), large=True))

    assert list(by_key) == sorted(cell.key for cell in wanted)
    optimizers = {(cell.optimizer, cell.budget) for cell in wanted}
    quick = [cell for cell in wanted if cell.benchmark == "noisy" and cell.seed == 2]
    few = random.Random(path.stem).sample(quick, 3)
    assert len(quick) == len(optimizers)
    for cell in few:
        told = json.loads(json.dumps(run(cell)))
        assert _without(told, PACE) == _without(by_key[cell.key], PACE)


def test_the_figures_of_the_readme_are_those_of_the_study():
    told = [json.loads(text) for path in (*KEPT, *OURS) for text in path.read_text().splitlines()]
    lines = Lines.of(told)
    made = {
        row[1].replace(", given that budget", ""): row[2:-1]
        for row in map(_cells_of, tables.anytime(lines).splitlines())
        if "given that budget" in row[1]
    }
    rows = [_cells_of(text) for text in (ROOT / "README.md").read_text().splitlines()]
    shown = {row[1]: row[2:-1] for row in rows if len(row) == 7 and row[1] in made}

    assert len(shown) == 4
    assert all(made[name] == figures for name, figures in shown.items())
    said = " ".join((ROOT / "README.md").read_text().split())
    savings = [_cells_of(row) for row in tables.savings(lines).splitlines()[2:]]
    assert [row[1] for row in savings if row[3] in said] == ["GEPA (A)", "MIPROv2 (A)"]
    # The last row of an optimizer has all its settings together.
    rows = map(_cells_of, tables.parity(lines).splitlines()[2:])
    parity = {re.split(r"[ ,]", row[1])[0]: row[5] for row in rows}
    lows = {name: float(told.partition("[")[2].partition(",")[0]) for name, told in parity.items()}
    assert len(lows) == 9
    assert min(lows.values()) > -1
    races = [one for one in lines.all if one.told["optimizer"] == "Race"]
    assert len(races) == 600
    assert not [one for one in races if one.returned < -tables.BAND]


def _cells_of(row):
    return [cell.strip() for cell in row.split("|")]


def test_the_mean_is_over_tasks_whatever_the_number_of_their_seeds():
    found = resampled.mean([[1.0, 1.0, 1.0, 1.0], [3.0]])

    assert (found.value, found.low, found.high) == (2.0, 1.0, 3.0)
    assert found == resampled.mean([[1.0, 1.0, 1.0, 1.0], [3.0]])


def test_the_interval_is_that_of_a_mean_over_tasks_and_seeds():
    tasks = [[10 * task + seed for seed in range(-5, 6)] for task in range(-10, 11)]
    found = resampled.mean(tasks)

    # The variance of the tasks' means, and of seeds within them, each over the number drawn.
    spread = math.sqrt((100 * 110 / 3 + 10 / 11) / 21)
    assert found.value == 0
    assert found.high == pytest.approx(1.96 * spread, rel=0.1)
    assert found.low == pytest.approx(-1.96 * spread, rel=0.1)


def test_there_is_no_mean_of_nothing():
    with pytest.raises(ValueError, match="nothing to take the mean of"):
        resampled.mean([[1.0], []])


def test_a_run_that_failed_gained_nothing():
    failed = Line(line(error="ValueError: no", best=0.9, returned=0.9))

    assert (failed.gain, failed.returned, failed.at(1000), failed.reached(0.1)) == (0, 0, 0, None)


def test_the_curve_is_that_of_the_best_one_so_far():
    told = Line(line(curve=[[10, 10, 0.32, 0], [50, 50, 0.5, 0], [90, 90, 0.4, 0]]))

    assert [round(told.at(calls), 9) for calls in (9, 10, 89, 90, 200)] == [0, 2, 20, 10, 10]
    assert [told.reached(value) for value in (0.31, 0.4, 0.6)] == [10, 50, None]
    assert [told.settled(value) for value in (0.31, 0.4, 0.45)] == [10, 50, None]


def test_parity_is_the_mean_of_the_paired_differences():
    told = []
    for seed, (mine, other) in enumerate([(0.42, 0.4), (0.405, 0.4), (0.36, 0.4)]):
        told.append(line(side="ours", seed=seed, best=mine, paid_calls=400, proposer_tokens=500))
        told.append(line(seed=seed, best=other))
    (_, _, row) = tables.parity(Lines.of(told)).splitlines()

    cells_of = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells_of[:4] == ["GEPA (A)", "3", "+9.5", "+10.0"]
    assert cells_of[4].startswith("-0.5 [")
    assert cells_of[5:] == ["1 / 1 / 1", "2.00 [2.00, 2.00]", "0.50 [0.50, 0.50]"]


def test_savings_count_runs_until_a_race_is_as_good_and_all_runs_when_it_never_is():
    race = {"side": "ours", "optimizer": "Race", "paid_calls": 60, "proposer_tokens": 300}
    marks = [[25, None, 0.41, 0, 80], [50, None, 0.3, 0, 300], [60, None, 0.4, 0, 300]]
    told = [
        line(seed=0, paid_calls=400),
        line(seed=1, paid_calls=400),
        line(**race, seed=0, curve=marks),
        line(**race, seed=1, best=0.35, curve=[[25, None, 0.35, 0, 80]]),
    ]
    (_, _, row) = tables.savings(Lines.of(told)).splitlines()

    # 400 runs beside 25, or 60 to stay there; and in the second pair 400 beside 400.
    cells_of = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells_of[2].startswith(f"{math.sqrt(16):.2f} [")
    assert cells_of[4].startswith(f"{math.sqrt(400 / 60):.2f} [")
    assert (cells_of[3], cells_of[5]) == ("1", "1")
    assert cells_of[6] == "6.67 [6.67, 6.67]"
    assert cells_of[8] == "190 of 1,000"  # 80, and all 300 of the one that never was as good


def test_costs_tell_harm_errors_and_what_is_returned():
    told = [
        line(seed=0, best=0.25, returned=0.3),
        line(seed=1, best=0.295, returned=0.295),
        line(seed=2, error="ValueError: no", best=None, returned=None),
        line(seed=3),
    ]
    (_, _, row) = tables.costs(Lines.of(told), "A").splitlines()

    cells_of = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells_of[:2] == ["DSPy GEPA", "4"]
    assert cells_of[2].startswith("+1.1 [")  # of -5, -0.5, 0 and 10
    assert cells_of[3].startswith("+2.4 [")
    assert cells_of[4:6] == ["25%", "0%"]
    assert cells_of[7:] == ["200", "250", "1,000", "1"]


def test_a_report_of_one_side_leaves_out_what_needs_both():
    text = tables.report([line()])

    assert "1 runs, 2026-01-01; dspy 1." in text
    assert "| DSPy GEPA | 1 | +10.0 [+10.0, +10.0] |" in text
    assert "times fewer" not in text


# -- both programs ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alike(tmp_path_factory):
    """What DSPy's environment tells of both programs of some benchmarks."""
    if not DSPY.exists():
        why = f"needs an environment with dspy, `make {DSPY.parent.parent.name}/.installed`"
        assert not os.environ.get("DSPNB_REQUIRE_DSPY"), why
        pytest.skip(why)
    return json.loads(script(DSPY, HERE / "alike.py"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bare", "demos"])
@pytest.mark.parametrize("name", BENCHMARKS)
def test_both_sides_have_the_same_program(alike, name, kind):
    told = alike[name][kind]
    differences = [a - b for a, b in zip(told["dspnb"], told["dspy"], strict=True)]
    luck = statistics.stdev(differences) / math.sqrt(len(differences))

    assert len(differences) == 200
    assert all(told["alike"].values())  # instructions, demos, inputs, and what they teach
    assert abs(statistics.fmean(differences)) < 4 * luck


def study(*arguments):
    """What the study's command line prints."""
    return script(sys.executable, HERE / "run.py", *arguments)


def script(python, file, *arguments):
    done = subprocess.run(
        [python, file, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        # What it needs beside the environment's packages comes after this project.
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _without(told, names):
    return {name: value for name, value in told.items() if name not in names}
