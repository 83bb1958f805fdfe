"""What all tests share."""

import asyncio

import pytest


@pytest.fixture(scope="module", autouse=True)
def _event_loop_that_is_closed():
    """litellm's synchronous call makes an event loop for its thread and never closes it."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
