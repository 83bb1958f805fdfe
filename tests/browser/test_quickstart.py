"""The quickstart in a real JupyterLab, and its file the next day with no kernel."""

import re

import nbformat
import pytest
from playwright.sync_api import expect

from browser.lab import Notebook, jupyter_lab
from browser.look import calls, moves

pytestmark = pytest.mark.browser

COMPILE = 16  # cell


@pytest.fixture(scope="module")
def watched(folder):
    """The quickstart with a model slow enough to be watched."""
    text = (folder / "01_quickstart.ipynb").read_text()
    assert "latency=0.02" in text
    (folder / "watched.ipynb").write_text(text.replace("latency=0.02", "latency=0.06"))
    return folder / "watched.ipynb"


@pytest.fixture(scope="module")
def executed(watched, lab, chromium):
    """The quickstart after Run All in a page, saved: its path."""
    context = chromium.new_context(viewport={"width": 1100, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    notebook = Notebook(page, lab, watched.name)
    notebook.open()
    notebook.start_all()

    run = page.get_by_test_id("run")
    run.wait_for(timeout=60_000)
    moves(page)
    notebook.screenshots("run-under-way", run)
    notebook.finish_all()
    expect(page.get_by_test_id("comparison")).to_be_visible()
    assert notebook.failures() == []
    notebook.screenshots("run-ended", run)
    for kind in ("fixed", "broke"):
        opened_by_keyboard(page, kind)
        notebook.screenshots(f"run-{kind}", page.get_by_test_id("comparison"))
        page.get_by_test_id(kind).press("Enter")
        expect(page.get_by_test_id(f"rows-{kind}")).to_be_hidden()

    inspector = page.get_by_test_id("inspector").last
    inspector.get_by_test_id("call").first.click()
    prompt = inspector.get_by_test_id("prompt")
    expect(prompt).to_contain_text("Route a support ticket to the team that can solve it.")
    kinds = prompt.locator("[data-kind]").evaluate_all("all => all.map(e => e.dataset.kind)")
    assert {"instructions", "demo", "input", "fields"} <= set(kinds)
    notebook.screenshots("inspector", inspector)
    for number, name in ((5, "signature"), (7, "program"), (10, "data"), (18, "report")):
        cell = page.locator(".jp-Notebook-cell").nth(number)
        for fold in cell.locator("details").all():
            fold.evaluate("e => { e.open = true; }")
        notebook.screenshots(f"card-{name}", cell)
    notebook.save()
    assert notebook.errors == []
    assert notebook.dialogs == []
    context.close()
    return watched


def opened_by_keyboard(page, kind):
    """Unfold the examples that a run fixed or broke; each says what it was before and after."""
    rows = page.get_by_test_id(f"rows-{kind}")
    button = page.get_by_test_id(kind)
    expect(rows).to_be_hidden()
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(rows.locator("tbody tr").first).to_contain_text("score")
    number = int(re.search(r"\d+", button.inner_text())[0])
    assert rows.locator("tbody tr").count() == min(number, 50)


def test_run_all_moves_the_dashboard_and_ends_with_every_cell_right(executed):
    saved = nbformat.read(executed, 4)

    (shown,) = saved.cells[COMPILE].outputs
    snapshot = shown.data["application/vnd.dspnb.run+json"]
    assert [e["status"] for e in snapshot["events"] if e["kind"] == "status"][-1] == "done"
    assert "held out: " in shown.data["text/html"]


def test_the_file_shows_its_run_and_calls_the_next_day_untrusted_and_with_no_kernel(
    executed, tmp_path, page
):
    saved = nbformat.read(executed, 4)
    for cell in saved.cells:
        cell.metadata.pop("trusted", None)
    saved.metadata.pop("widgets", None)  # a notebook that does not save widgets
    nbformat.write(saved, tmp_path / "next-day.ipynb")

    with jupyter_lab(tmp_path) as url:  # another home: this server has never trusted the file
        notebook = Notebook(page, url, "next-day.ipynb")
        notebook.open()
        notebook.shut_down_kernel()
        assert (
            page.evaluate(
                "() => window.jupyterapp.shell.currentWidget.content.model.cells.get(16).trusted"
            )
            is False
        )

        run = page.get_by_test_id("run")
        expect(run.get_by_test_id("status")).to_have_text(re.compile("done", re.IGNORECASE))
        expect(run.get_by_test_id("comparison")).to_contain_text("154")
        expect(run.get_by_test_id("plot")).to_be_visible()
        opened_by_keyboard(page, "broke")
        assert calls(page) > 1000
        inspector = page.get_by_test_id("inspector").last
        inspector.get_by_test_id("call").first.click()
        expect(inspector.get_by_test_id("prompt")).to_contain_text("Route a support ticket")
        notebook.screenshots("next-day", run)
        assert "model not found" not in page.locator(".jp-Notebook").inner_text()
        assert notebook.errors == []
        assert notebook.dialogs == []
