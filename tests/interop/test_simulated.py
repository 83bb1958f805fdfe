"""The real DSPy runs on the simulated model: in its process, and over HTTP with its own client."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from servers.offline_over_http import running

from dspnb import data
from dspnb.simulation import Simulated

ROOT = Path(__file__).parent.parent.parent
PYTHON = Path(os.environ.get("DSPNB_DSPY_PYTHON", ROOT / ".venv-bench/bin/python"))
SIDE = Path(__file__).parent / "simulated_side.py"
NEGATION = data.benchmark("negation")

pytestmark = pytest.mark.slow


def asked(url, folder):
    """What DSPy's programs answer."""
    if not PYTHON.exists():
        why = f"needs an environment with dspy, `make {PYTHON.parent.parent.name}/.installed`"
        assert not os.environ.get("DSPNB_REQUIRE_DSPY"), why
        pytest.skip(why)
    file = folder / "rows.json"
    file.write_text(json.dumps([dict(row) for row in NEGATION.examples(9)]))
    done = subprocess.run(
        [PYTHON, SIDE, url, file],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "DSPY_CACHEDIR": str(folder / "cache")},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_dspys_own_client_gets_the_answers_that_it_gets_in_process(tmp_path):
    with running(Simulated(NEGATION)) as server:
        server.key = ""
        over_http = asked(server.url, tmp_path)
        requests = len(server.requests)

    in_process = asked("-", tmp_path)

    assert over_http == in_process
    assert set(in_process) == {"entailment", "neutral", "contradiction"}
    assert len(in_process) == 32
    assert requests >= 32
