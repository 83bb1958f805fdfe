"""A run whose kernel died goes on in the next one."""

import time
from pathlib import Path

import pytest
from kernels import kernel

from dspnb import runs
from dspnb.notebook.protocol import RUN_MIME

pytestmark = pytest.mark.kernels

METRIC = "%%metric right\nexample.team == prediction.team"
COMPILE = (
    "%compile triage --with labeled:k=4 --train tickets.train --val tickets.val --test tickets.test"
    " --metric right --concurrency 1 --as better"
)


def said(kernel, text):
    """The text that a cell shows, which must succeed."""
    reply = kernel.run(text)
    assert reply.status == "ok", reply.error or reply.texts
    return reply.texts


def until(holds, seconds=30):
    """Wait for what another process does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_after_the_kernel_died_its_run_is_listed_and_goes_on_by_its_line():
    with kernel(latency=0.1) as first:
        said(first, METRIC)
        said(first, COMPILE)
        until(lambda: len(runs()) and runs()[0].spent.get("program_calls", 0) >= 5)
        first.manager.provisioner.process.kill()
        first.manager.provisioner.process.wait()
    (dead,) = runs()
    assert dead.status == "interrupted"

    with kernel() as second:
        assert "interrupted" in said(second, "%runs")
        missing = second.run(f"%runs resume {dead.id}")
        assert "There is no metric `right`" in missing.texts
        said(second, METRIC)
        said(second, f"%runs resume {dead.id} --wait")
        assert second.value("(better.run.id, better.run.status)") == (dead.id, "done")

    (done,) = runs()
    assert done.status == "done"
    told = {event["kind"]: event for event in done.events}
    assert told["resumed"]["rows"] >= 5
    assert told["spent"]["known"] >= 5
    assert told["spent"]["calls"] == 2 * 20 + 2 * 20


CONCURRENCY = 4
CELLS = (
    f"""import sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
import killing
dspnb.configure(lm=killing.Counting("calls"))
train, val, test = killing.examples(0, 8), killing.examples(100, 200), killing.examples(400, 100)
paint = Predict("thing -> color")""",
    "%%metric right\nexample.color == prediction.color",
    "%compile paint --with labeled:k=8 --train train --val val --test test --metric right "
    f"--concurrency {CONCURRENCY} --as better --wait",
)
ALL = 2 * 200 + 2 * 100  # calls: the program as it was and the one with demos


def test_the_cells_of_a_notebook_go_on_after_the_kernel_was_killed_and_pay_for_nothing_twice(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "calls"

    def begun():
        return file.read_bytes().count(b"<") if file.exists() else 0

    with kernel() as first:
        for text in CELLS[:-1]:
            said(first, text)
        first.start(CELLS[-1])
        until(lambda: begun() >= 150)
        first.manager.provisioner.process.kill()
        first.manager.provisioner.process.wait()
    before = begun()
    (dead,) = runs()
    assert before < ALL and dead.status == "interrupted"

    with kernel() as second:
        for text in CELLS[:-1]:
            said(second, text)
        reply = second.run(CELLS[-1])
        assert reply.status == "ok", reply.error or reply.texts
        assert second.value("(better.run.id, better.run.status)") == (dead.id, "done")
        asked = second.value("len(dspnb.ledger.of_run(better.run.id))")
        second.run("from dspnb.notebook.session import Session")
        view = second.value("Session.of(get_ipython()).view(better.run)._repr_mimebundle_()[0]")

    assert begun() - before == asked
    assert begun() - ALL <= CONCURRENCY  # those that were in flight
    [resumed] = [each for each in view[RUN_MIME]["events"] if each["kind"] == "resumed"]
    assert before - CONCURRENCY <= resumed["rows"] <= before
    assert f"resumed: {resumed['rows']} scored examples are known" in view["text/html"]
    assert [each.id for each in runs()] == [dead.id]
