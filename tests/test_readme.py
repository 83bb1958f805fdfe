"""What the README shows is what happens."""

import re
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dspnb import configure

README = (Path(__file__).parent.parent / "README.md").read_text()
*CELLS, SCRIPT = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    configure(lm=None, history=None)


def test_the_cells_of_the_first_notebook_run(tmp_path):
    shell = InteractiveShell()

    for cell in CELLS:
        assert shell.run_cell(cell).success, cell
    better = shell.user_ns["better"]
    assert better.run.comparison.difference[1] > 0  # even the interval's lower end
    assert (tmp_path / "triage.json").exists()


def test_the_script_runs_without_a_notebook(tmp_path):
    names = {}

    exec(SCRIPT, names)
    assert names["run"].status == "done"
    assert (tmp_path / "triage.json").exists()


def test_what_the_readme_points_at_is_there():
    root = Path(__file__).parent.parent
    named = re.findall(r"`((?:example_notebooks|tests)/[\w./]+)`|\]\(([\w./]+)\)", README)

    assert named
    assert [path for pair in named for path in pair if path and not (root / path).exists()] == []
