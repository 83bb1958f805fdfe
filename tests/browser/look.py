"""What a person sees of a run on a page."""

from __future__ import annotations

from typing import Any


def calls(page: Any) -> int:
    """The number of model calls that the dashboard shows."""
    text = page.get_by_test_id("calls").last.locator(".value").inner_text()
    return int("".join(filter(str.isdigit, text)))


def moves(page: Any, timeout: float = 20.0) -> None:
    """Wait until the number of calls on the dashboard grows."""
    seen, waited = calls(page), 0.0
    while calls(page) <= seen:
        page.wait_for_timeout(50)
        waited += 0.05
        assert waited < timeout, f"the dashboard stands still at {seen} calls"
