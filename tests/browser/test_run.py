"""A long run on a page: watched, reloaded, paused, stopped, on both kinds of kernel and of view."""

import re
import time

import pytest
from playwright.sync_api import expect

from browser.lab import write_notebook
from browser.look import calls, moves

pytestmark = pytest.mark.browser

SETUP = """
%load_ext dspnb
%lm offline latency=0.05 cache=False
import dspnb
from dspnb import *
triage = Predict("ticket -> team: Literal['logistics', 'finance', 'hardware', 'software', "
                 "'identity', 'aftersales', 'sales', 'trust']")
rows = dspnb.data.tickets()
%examples tickets --from rows --inputs ticket --split 40/20/40
"""
COMPILE = (
    "%compile triage --with bootstrap-rs:num_candidate_programs=500 --as better "
    "--train tickets.train --val tickets.val --metric exact"
)
USE = "better.run.status, better(ticket='where is my parcel?').team"


@pytest.fixture(params=["python3", "old"])
def long_run(request, notebook, folder):
    """A notebook with a run of hours, on a kernel with subshells and on one without."""
    name = f"long-{request.param}.ipynb"
    write_notebook(
        folder / name, SETUP, COMPILE, USE, f"{COMPILE} --wait", "1 + 1", kernel=request.param
    )
    opened = notebook(name)
    opened.run_cell(0)
    yield opened
    opened.shut_down_kernel()


def ends(page, words="Stopped"):
    """Click on Stop, and give the seconds until the page says so."""
    start = time.monotonic()
    page.get_by_test_id("stop").last.click()
    expect(page.get_by_test_id("status").last).to_have_text(words, timeout=10_000)
    return time.monotonic() - start


def test_stop_ends_a_run_beside_the_cell_within_a_second_and_keeps_the_best(long_run):
    page = long_run.page
    long_run.run_cell(1)
    expect(page.get_by_test_id("candidates")).to_contain_text("1")
    moves(page)

    assert ends(page) < 1.0
    long_run.run_cell(2)
    assert "'stopped'" in long_run.text(2)
    assert re.search("logistics|finance|hardware|software", long_run.text(2))


def test_stop_ends_a_busy_cell_within_a_second_and_keeps_the_best(long_run):
    page = long_run.page
    long_run.start_cell(3)
    page.get_by_test_id("run").wait_for()
    moves(page)

    start = time.monotonic()
    page.get_by_test_id("stop").click()
    long_run.finish_cell(3, timeout=10)
    assert time.monotonic() - start < 1.0
    expect(page.get_by_test_id("status")).to_have_text("Stopped")
    long_run.run_cell(2)
    assert "'stopped'" in long_run.text(2)


def test_a_run_goes_on_moving_after_a_reload_and_can_still_be_stopped(long_run):
    page = long_run.page
    long_run.run_cell(1)
    moves(page)
    long_run.save()
    long_run.open()

    moves(page)
    before = calls(page)
    assert before > 0
    assert ends(page) < 1.0
    long_run.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.context.model.dirty"
    )
    long_run.save()
    snapshot = long_run.outputs(1)[0]["data"]["application/vnd.dspnb.run+json"]
    assert [e["status"] for e in snapshot["events"] if e["kind"] == "status"][-1] == "stopped"


def test_pause_holds_a_run_and_resume_goes_on(long_run):
    page = long_run.page
    long_run.run_cell(1)
    moves(page)

    page.get_by_test_id("pause").click()
    expect(page.get_by_test_id("status")).to_have_text("Paused")
    page.wait_for_timeout(300)  # what was in flight comes in
    held = calls(page)
    page.wait_for_timeout(700)
    assert calls(page) == held

    page.get_by_test_id("pause").click()
    expect(page.get_by_test_id("status")).to_have_text("Running")
    moves(page)
    assert ends(page) < 1.0


def test_a_restart_of_the_kernel_leaves_the_last_known_state(long_run):
    page = long_run.page
    long_run.run_cell(1)
    moves(page)

    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.context.sessionContext.restartKernel()"
    )
    expect(page.get_by_test_id("line")).to_contain_text("gone", timeout=20_000)
    expect(page.get_by_test_id("stop")).to_have_count(0)


def test_the_widget_view_alone_shows_and_stops_a_run(notebook, folder):
    """As in front ends that do not have the labextension."""
    only_widget = (
        "from dspnb.notebook.session import Session\n"
        "view = Session.of(get_ipython()).view(better.run)\n"
        "data, metadata = view._repr_mimebundle_()\n"
        "mime = 'application/vnd.jupyter.widget-view+json'\n"
        "display({mime: data[mime]}, raw=True)"
    )
    write_notebook(folder / "widget.ipynb", SETUP, COMPILE, only_widget, USE)
    opened = notebook("widget.ipynb")
    page = opened.page
    for number in (0, 1, 2):
        opened.run_cell(number)
    widget = page.locator(".jp-Notebook-cell").nth(2).get_by_test_id("run")
    widget.wait_for()

    moves(page)
    assert ends(page) < 1.0
    opened.run_cell(3)
    assert "'stopped'" in opened.text(3)
    opened.shut_down_kernel()
