"""A run whose kernel died goes on in the next one."""

import time

import pytest
from kernels import kernel

from dspnb import runs

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
