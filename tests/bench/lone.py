"""One prediction after the other over HTTP, uncached: microseconds a call."""

from __future__ import annotations

import sys

from measuring import Clock, question, side, tell
from server import reset, stats


def main(framework: str, url: str, calls: int) -> None:
    """Tell CPU and wall, and the server's CPU."""
    its = side(framework)
    its.connect(url)
    program = its.predict()
    for i in range(20):
        program(question=f"warm {i}")
    reset(url)
    clock = Clock()
    for i in range(calls):
        assert program(question=question(i)).answer == "Paris"
    figures = clock.each(calls)
    tell(**figures, server=stats(url)["cpu_us"])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
