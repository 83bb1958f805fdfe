"""What all tests share."""

import os

import pytest


def pytest_collection_modifyitems(items):
    """Browser tests come last: Playwright keeps an event loop running in the main thread."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(autouse=True)
def _home_of_the_test(tmp_path_factory, monkeypatch, request):
    """No test, and no process or kernel that it starts, reads or writes the user's own cache.

    Each has its own: an answer that one test got is not known to another.
    """
    home = tmp_path_factory.getbasetemp() / "homes" / f"{abs(hash(request.node.nodeid)):x}"
    monkeypatch.setenv("DSPNB_HOME", str(home))


@pytest.fixture(scope="session", autouse=True)
def _home_between_tests(tmp_path_factory):
    """For what fixtures of several tests start."""
    os.environ["DSPNB_HOME"] = str(tmp_path_factory.mktemp("home"))
