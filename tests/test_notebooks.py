"""The example notebooks run, tell the truth, and tell the same each time."""

import importlib.util
import json
import re
from pathlib import Path

import nbformat
import pytest

EXAMPLES = Path(__file__).parent.parent / "example_notebooks"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


@pytest.fixture(scope="module")
def demo():
    spec = importlib.util.spec_from_file_location("run_demo", EXAMPLES / "run_demo.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)

    assert [cell for cell in notebook.cells if cell.get("outputs")] == []


@pytest.mark.kernels
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(demo, path, tmp_path):
    notebook = nbformat.read(path, 4)
    demo.run(notebook, tmp_path)

    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@pytest.mark.kernels
def test_the_quickstart_goes_from_weak_to_good_and_tells_the_same_each_time(demo, tmp_path):
    runs = [demo.execute(EXAMPLES / "01_quickstart.ipynb", tmp_path / name) for name in "ab"]

    (notebook, first), (_, second) = runs
    before, after = first
    assert first == second
    assert before[3] == after[3] >= 120
    assert before[2] < after[1]  # the intervals do not overlap
    assert f"{after[0]:.3f}" in demo.table(first)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"] == []
    assert (tmp_path / "a" / "triage.json").read_text() == (
        tmp_path / "b" / "triage.json"
    ).read_text()


CALLS_OF_RUNS = """
import json
from dspnb import ledger, runs
asked = sum(entry.calls for entry in ledger if entry.run and not entry.cached)
print(json.dumps([asked, [[run.id, run.spent["calls"]] for run in runs()]]))
"""


@pytest.mark.kernels
@pytest.mark.parametrize("name", ["01_quickstart", "03_models"])  # 04 keeps its runs apart
def test_a_notebook_that_is_executed_again_pays_for_no_run_again(demo, name, tmp_path):
    told = []
    for _ in range(2):
        notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", 4)
        notebook.cells.append(nbformat.v4.new_code_cell(CALLS_OF_RUNS))
        demo.run(notebook, tmp_path)
        told.append(json.loads(notebook.cells[-1].outputs[0].text))

    (first, [[_, paid]]), (second, listed) = told
    assert first == paid > 100
    assert second == 0
    assert [calls for _, calls in listed] in ([paid], [paid, 0])  # gone on with, or a new one


@pytest.mark.kernels
def test_the_notebook_of_models_shows_bills_errors_and_a_lesson_and_leaves_nothing(
    demo, tmp_path, tmp_path_factory, monkeypatch
):
    texts = []
    for _ in range(2):
        monkeypatch.setenv("DSPNB_HOME", str(tmp_path_factory.mktemp("home")))
        notebook = nbformat.read(EXAMPLES / "03_models.ipynb", 4)
        demo.run(notebook, tmp_path)
        texts.append("\n".join(map(text_of, notebook.cells)))

    first, second = (SECONDS.sub("", re.sub(r"run-\w+", "run", text)) for text in texts)
    assert first == second
    for said in SAID:
        assert said in first, said
    assert list(tmp_path.iterdir()) == []


SECONDS = re.compile(r"\d+\.\d$", re.MULTILINE)  # the last column of the bill
SAID = (
    "cached=True",
    "budget of $0.02 spent",
    "UsageError: A budget in dollars cannot be kept: the price of `openai/my-model` is not known.",
    "WrongKey: groq/llama-3.3-70b-versatile: `groq` wants a key, and there is none.",
    "Unreachable: ollama/llama3.2: nobody answers at http://localhost:9/v1.",
    "UsageError: A model is written `provider/name`",
    "UsageError: A key in a cell would be saved with the notebook.",
    "NotRecorded: offline: `lesson.jsonl` has no answer to this request.",
    "`%lm offline --record lesson.jsonl`. (line 1 of the cell)",  # not of the program's
)


@pytest.mark.kernels
def test_the_notebook_of_runs_stops_goes_on_and_is_honest_alike_each_time(demo, tmp_path):
    texts = []
    for _ in range(2):  # in one home: no execution depends on what another left
        notebook = nbformat.read(EXAMPLES / "04_runs.ipynb", 4)
        demo.run(notebook, tmp_path)
        texts.append("\n".join(map(text_of, notebook.cells)))

    first, second = (VARYING.sub("", text) for text in texts)
    assert first == second
    for said in SAID_OF_RUNS:
        assert said in first, said
    assert list(tmp_path.iterdir()) == []


VARYING = re.compile(  # ids, times, and how far the run was when it was stopped
    r"run-\w+|\d\d-\d\d \d\d:\d\d|^seconds +.*$|in \d:\d\d|[\d.]+ s$|\(\d+ known from before\)"
    r"|and \d+ from the cache|, a few seconds|, \d+ s$",
    re.MULTILINE,
)
SAID_OF_RUNS = (
    "about 1,200 runs of the program, 1,200 model calls",  # before anything is spent
    "1 of 120 test examples is also in train: test 119 = train 0.",
    "'paused'",
    "'stopped'",
    "calls of the first run:  807\ncalls of the second run: 0",
    "difference: +0.36, between +0.24 and +0.47\nfixed 53, broke 10\n",
    "optimism +0.03",
    "after:  finance - should go to sales",
    "not distinguishable from the program as it was, which is returned",
    "'budget of 500 calls spent, some of it on held-out examples'",
    "second - first: +0.358 [+0.239, +0.466] on 120 held-out examples (53 better, 10 worse)",
    "PosixPath('luck.jsonl')",
    "held out: 0.14 -> 0.17 on 120: +0.025 [-0.05, +0.09], P(better) 0.76\nfixed 10, broke 7\n",
    "TooManyErrors: 5 of 20 rows failed (more than 10%): 3 times OverflowError",
    "times ValueError, as for ticket=",
)


def text_of(cell):
    """What a person sees under a cell, as text; a stream may come in pieces, cut anywhere."""
    return "".join(
        output.get("text")
        or "\n".join(output.get("traceback", ()))
        or output.get("data", {}).get("text/plain", "") + "\n"
        for output in cell.get("outputs", ())
    )
