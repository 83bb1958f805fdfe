"""Runs beside the cell, on every kernel that behaves in its own way."""

import time

import pytest
from kernels import VERSIONS, kernel

from dspnb.notebook.protocol import RUN_MIME

pytestmark = pytest.mark.kernels

COMPILE = (
    "%compile triage --with bootstrap-rs:num_candidate_programs={candidates} "
    "--train tickets.train --val tickets.val --metric exact --as better --resume never"
)
LONG = COMPILE.format(candidates=500)  # far more than any test waits for
SHORT = COMPILE.format(candidates=3)


@pytest.fixture(scope="module", params=VERSIONS)
def slow(request):
    """A kernel whose model takes 0.1 s, so that a run can be caught in the middle."""
    with kernel(request.param, latency=0.1) as running:
        running.version = request.param
        assert running.value("__import__('ipykernel').__version__") == request.param
        yield running


@pytest.fixture(autouse=True)
def _no_run_left(slow):
    yield
    slow.run("for run in [view.run for view in _session.views.values()]: run.stop(); run.join()")


@pytest.fixture(scope="module", autouse=True)
def _session(slow):
    slow.run("from dspnb.notebook.session import Session; _session = Session.of(get_ipython())")


def shown(kernel, request):
    """The id of the run that a cell shows, and of its widget."""
    message = kernel.until(
        lambda m: (
            RUN_MIME in m["content"].get("data", {}) and m["parent_header"]["msg_id"] == request
        )
    )
    data = message["content"]["data"]
    return data[RUN_MIME]["run"], data["application/vnd.jupyter.widget-view+json"]["model_id"]


def sent(kernel, request, trait, wanted=lambda value: True):
    """Wait until the widget that a cell shows is sent such a value of a trait."""
    _, model = shown(kernel, request)

    def found(message):
        content = message["content"]
        if message["msg_type"] != "comm_msg" or content["comm_id"] != model:
            return False
        state = content["data"].get("state", {})
        return trait in state and wanted(state[trait])

    return kernel.until(found)["content"]["data"]["state"][trait]


def scored(kernel, request):
    """Wait until the page knows of a scored candidate."""
    sent(kernel, request, "events", lambda es: any(e["kind"] == "evaluated" for e in es))


def test_the_page_is_told_of_a_run_while_its_cell_has_ended(slow):
    request = slow.start(SHORT)
    reply = slow.finish(request)
    assert reply.status == "ok"
    shown_by_cell = [
        m for m in reply.messages if m["msg_type"] in ("display_data", "execute_result")
    ]
    assert len(shown_by_cell) == 1  # the run's value does not show it a second time
    assert slow.value("better.run.over") is False

    still = sent(slow, request, "still", bool)
    _, model = shown(slow, request)
    events = slow.updates(model, "events")[-1][1]
    assert [e["status"] for e in events if e["kind"] == "status"][-1] == "done"
    assert slow.updates(model, "progress")[-1][1]["events"] == len(events)
    assert "best of 6 candidates" in still["text/plain"]


def test_messages_keep_well_below_what_the_server_drops(slow):
    request = slow.start(SHORT)
    sent(slow, request, "still", bool)
    _, model = shown(slow, request)
    times = [when for when, _ in slow.updates(model, "progress")]

    assert len(times) > 3
    for i, start in enumerate(times):
        assert len([t for t in times[i:] if t < start + 1.0]) <= 13


def test_the_kernel_runs_other_cells_meanwhile(slow):
    slow.run(LONG)

    assert slow.value("1 + 1") == 2
    assert slow.value("better.run.over") is False


def test_stop_from_another_cell_keeps_the_best_so_far(slow):
    request = slow.start(LONG)
    scored(slow, request)
    start = time.monotonic()
    slow.run("%stop\nbetter.run.join()")

    assert time.monotonic() - start < 1.0
    assert slow.value("better.run.status") == "stopped"
    assert slow.value("better(ticket='late parcel').team") in slow.value(
        "list(Team.outputs[0].type.__args__)"
    )


def test_an_interrupt_of_a_waiting_cell_stops_the_run_and_keeps_the_best(slow):
    request = slow.start(f"{LONG} --wait")
    scored(slow, request)
    start = time.monotonic()
    slow.manager.interrupt_kernel()
    reply = slow.finish(request)

    assert time.monotonic() - start < 1.5
    assert reply.status == "error"
    assert "was stopped: best of" in reply.error
    assert reply.error.count("\n") == 0  # one line, no frames
    assert slow.value("better.run.status") == "stopped"
    assert slow.value("type(better.program).__name__") == "Predict"


def test_an_interrupt_of_a_use_of_the_handle_ends_the_wait_and_not_the_run(slow):
    request = slow.start(LONG)
    scored(slow, request)
    request = slow.start("better(ticket='late parcel')")
    slow.until(
        lambda m: (
            m["parent_header"].get("msg_id") == request
            and "waiting for `better`" in m["content"].get("data", {}).get("text/plain", "")
        )
    )
    slow.manager.interrupt_kernel()
    reply = slow.finish(request, timeout=5.0)

    assert reply.status == "error"
    assert slow.value("better.run.over") is False


def test_a_click_reaches_a_run_in_a_busy_cell(slow):
    request = slow.start(f"{LONG} --wait")
    scored(slow, request)
    run, _ = shown(slow, request)
    start = time.monotonic()
    if slow.version.startswith("6"):
        slow.manager.interrupt_kernel()  # what the page does where there are no subshells
    else:
        code = f'__import__("dspnb.notebook.live", fromlist=["command"]).command("{run}", "stop")'
        assert slow.on_subshell(code)["data"]["text/plain"] == "True"
    slow.finish(request, timeout=5.0)

    assert time.monotonic() - start < 1.5
    assert slow.value("better.run.status") == "stopped"


def test_the_page_learns_that_a_kernel_does_not_know_a_run(slow):
    code = '__import__("dspnb.notebook.live", fromlist=["command"]).command("run-gone", "resync")'

    assert slow.value(code) is False
