"""Files go to the real DSPy and come back: the same instructions, demos and models."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PYTHON = Path(os.environ.get("DSPNB_DSPY_PYTHON", ROOT / ".venv-bench/bin/python"))
SIDE = Path(__file__).parent / "dspy_side.py"
NAMES = ("flat", "typed", "thought", "nested", "outer", "model", "responses", "text")

pytestmark = pytest.mark.slow


def run(action, folder, library):
    """The states of all programs after saving to a folder, or after loading from it."""
    if not PYTHON.exists():
        why = f"needs an environment with dspy, `make {PYTHON.parent.parent.name}/.installed`"
        assert not os.environ.get("DSPNB_REQUIRE_DSPY"), why
        pytest.skip(why)
    done = subprocess.run(
        [PYTHON, SIDE, action, folder, library],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        # DSPy keeps a cache, for which it needs a place.
        env=os.environ | {"PYTHONPATH": str(ROOT), "DSPY_CACHEDIR": str(folder / "cache")},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """What DSPy saved, what dspnb made of it, and the folder."""
    folder = tmp_path_factory.mktemp("theirs")
    return run("save", folder, "dspy"), run("load", folder, "dspnb"), folder


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """What dspnb saved, what DSPy made of it, and the folder."""
    folder = tmp_path_factory.mktemp("ours")
    return run("save", folder, "dspnb"), run("load", folder, "dspy"), folder


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_dspys_is_read_by_dspnb(theirs, name):
    saved, loaded, _ = theirs

    assert loaded[name] == saved[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_dspnbs_is_read_by_dspy(ours, name):
    saved, loaded, _ = ours

    assert loaded[name] == saved[name]


@pytest.mark.parametrize("name", NAMES)
def test_both_write_the_same_file_but_for_what_dspnb_adds(ours, theirs, name):
    file, other = (json.loads((side[2] / f"{name}.json").read_text()) for side in (ours, theirs))

    del file["metadata"], other["metadata"]
    for entry in _entries(file):
        for field in entry["signature"]["fields"]:
            assert field.pop("name") and field.pop("type") and field.pop("role")
    for entry in (*_entries(file), *_entries(other)):
        for field in entry["signature"]["fields"]:
            if field["prefix"] == "Reasoning:":
                field["description"] = ""  # each has its own words for it
        if entry["lm"]:
            entry["lm"] = {k: v for k, v in entry["lm"].items() if v is not None}
    assert file == other


def _entries(content):
    return [content] if "signature" in content else list(content.values())
