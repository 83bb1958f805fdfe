"""The scripts of the bench run on both sides and tell sensible figures; nothing asks how quick."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench.server import Server, reset

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
DSPY = Path(os.environ.get("DSPNB_DSPY_PYTHON", ROOT / ".venv-bench/bin/python"))

pytestmark = pytest.mark.slow
both = pytest.mark.parametrize("side", ["dspnb", "dspy"])


@pytest.fixture(scope="module")
def server():
    """Its address."""
    with Server() as running:
        yield running.url


@pytest.fixture
def tell(server, tmp_path):
    """Run a script for one side; its figures."""

    def tell(side, script, *arguments):
        reset(server, latency=0)
        return run(python_of(side), tmp_path, script, side, server, *arguments)

    return tell


def python_of(side):
    if side == "dspy" and not DSPY.exists():
        why = f"needs an environment with dspy, `make {DSPY.parent.parent.name}/.installed`"
        assert not os.environ.get("DSPNB_REQUIRE_DSPY"), why
        pytest.skip(why)
    return {"dspnb": sys.executable, "dspy": DSPY}[side]


def run(python, folder, script, *arguments):
    """The last line that a script prints."""
    done = subprocess.run(
        [python, HERE / script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            "DSPNB_HOME": str(folder),
            "DSPY_CACHEDIR": str(folder),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "NO_PROXY": "127.0.0.1",
        },
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@both
def test_lone_calls(tell, side):
    told = tell(side, "lone.py", 5)

    assert told["cpu"] > 0 and told["wall"] > 0 and told["server"] > 0


@both
@pytest.mark.parametrize("program", ["predict", "module"])
def test_an_evaluation_with_calls_in_flight(tell, side, program):
    told = tell(side, "load.py", program, 12, 4, 0.05)

    assert told["right"] == 1.0 and told["peak"] == 4 and 0 < told["efficiency"] < 1


@both
@pytest.mark.parametrize("kind", ["silent", "cached"])
def test_an_evaluation_that_asks_no_model(tell, side, kind):
    told = tell(side, "flat.py", kind, 20)

    assert told["cpu"] > 0


@both
def test_the_memory_of_kept_calls(tell, side):
    told = tell(side, "kept.py", 50)

    assert told["text"] > 100 and told["beside"] == pytest.approx(told["bytes"] - told["text"])


def test_the_growth_with_calls_that_nobody_keeps(tell):
    told = tell("dspnb", "bounded.py", 50)

    assert abs(told["growth"]) < told["resident"] / 20 and told["resident"] > 10_000_000


@both
def test_hits_in_memory(tell, side):
    told = tell(side, "hits.py", "memory", 5)

    assert told["cpu"] > 0 and told["asked"] == 0


@both
def test_hits_in_the_file_of_another_process(tell, side):
    tell(side, "hits.py", "fill", 5)

    told = tell(side, "hits.py", "file", 5)

    assert told["cpu"] > 0 and told["asked"] == 0


@both
def test_a_streamed_answer(tell, side):
    told = tell(side, "stream.py", 2)

    assert told["cpu"] > 0


@both
def test_an_interrupt(tell, side):
    told = tell(side, "interrupt.py", 4, 2.0, "stay")

    assert told["back"] >= 0 and told["next"] > 0
    if side == "dspnb":
        assert told["running"] == told["begun"] == 0


@both
def test_an_interrupt_after_which_the_process_ends(tell, side):
    told = tell(side, "interrupt.py", 4, 2.0, "leave")

    assert told["back"] >= 0


@pytest.mark.parametrize("in_flight", [1, 4])
def test_the_http_clients_that_there_are(server, tmp_path, in_flight):
    reset(server, latency=0)
    clients = run(sys.executable, tmp_path, "transport.py")["clients"]

    assert "ours" in clients
    for client in clients:
        told = run(sys.executable, tmp_path, "transport.py", client, server, 20, in_flight)
        assert told["cpu"] > 0


@pytest.mark.parametrize("kind", ["headroom", "nothing"])
def test_searches_in_simulated_worlds(tmp_path, kind):
    told = run(sys.executable, tmp_path, "honesty.py", kind, 4)

    assert 80 < told["means"] <= 100 and 80 < told["differences"] <= 100
    assert 0 <= told["worse"] <= told["worse_alone"] <= told["worse_without"] <= 100


def test_one_command_prints_the_table_and_writes_it(tmp_path):
    command = [sys.executable, HERE / "run.py", "--dspnb", sys.executable, "--dspy"]
    command += [python_of("dspy"), "--quick", "--only", "lone", "--out", tmp_path / "out.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "| one Predict over HTTP, uncached, CPU µs |" in done.stdout
    written = json.loads((tmp_path / "out.json").read_text())
    assert len(written["lines"]) == 3 and all(len(line["dspy"]) == 2 for line in written["lines"])
