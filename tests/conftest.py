"""What all tests share."""

import asyncio
import os

import pytest


def pytest_collection_modifyitems(items):
    """Browser tests come last: Playwright keeps an event loop running in the main thread."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session", autouse=True)
def _home_of_the_tests(tmp_path_factory):
    """No test, and no process or kernel that it starts, reads or writes the user's own cache."""
    os.environ["DSPNB_HOME"] = str(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module", autouse=True)
def _event_loop_that_is_closed():
    """litellm's synchronous call makes an event loop for its thread and never closes it."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
