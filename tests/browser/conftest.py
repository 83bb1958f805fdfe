"""One JupyterLab and one Chromium for all browser tests.

They end with the last of these tests: Playwright keeps an event loop running in the main thread.
"""

import os
import shutil

import pytest
from kernels import packages_of

from browser.chromium import find
from browser.lab import ARGUMENTS, ROOT, Notebook, jupyter_lab

OLD = "6.30.1"  # an ipykernel without subshells


@pytest.fixture(scope="package")
def chromium():
    path = find()
    if path is None:
        if os.environ.get("DSPNB_REQUIRE_BROWSER") == "1":
            pytest.fail("There is no Chromium, and the browser tests are required here.")
        pytest.skip("There is no Chromium; run `make test`, which tries to install one.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def folder(tmp_path_factory):
    """Where the notebooks of the tests lie, the examples among them."""
    path = tmp_path_factory.mktemp("notebooks")
    for notebook in (ROOT / "example_notebooks").glob("*.ipynb"):
        shutil.copy(notebook, path)
    return path


@pytest.fixture(scope="package")
def lab(folder, chromium):
    old = {"PYTHONPATH": os.pathsep.join([str(packages_of(OLD)), str(ROOT)])}
    with jupyter_lab(folder, kernels={"old": old}) as url:
        yield url


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 1100, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


@pytest.fixture
def notebook(page, lab):
    """Opens a notebook by its name."""
    opened = []

    def open_(name, **options):
        made = Notebook(page, lab, name)
        made.open(**options)
        opened.append(made)
        return made

    yield open_
    for made in opened:
        assert made.errors == []
        assert made.dialogs == []
