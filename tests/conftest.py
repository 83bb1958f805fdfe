"""What all tests share."""

import os

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Each file is left to one process, and all browser tests to one: they share a JupyterLab."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return "tests/browser" if file.startswith("tests/browser/") else file

    return ByFile(config, log)


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
