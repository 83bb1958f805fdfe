"""Predictions whose answers a cache knows, each distinct prompt once: microseconds a call.

`fill` asks the server and leaves the cache's file behind; `file`, a fresh process, reads it;
`memory` fills and then finds all in memory. It begins right after a full garbage collection, which
takes as long as a thousand hits and else comes before or in the midst of them by chance.
"""

from __future__ import annotations

import gc
import sys

from measuring import Clock, question, side, tell
from server import reset, stats

WARM = 20


def main(framework: str, url: str, where: str, calls: int) -> None:
    """Tell CPU and wall, and how often the server was asked all the same."""
    its = side(framework)
    its.connect(url, cache=True)
    program = its.predict()
    if where != "file":
        for i in range(calls + WARM):
            program(question=question(i))
        gc.collect()
    reset(url)
    for i in range(WARM):
        program(question=question(i))
    clock = Clock()
    for i in range(WARM, calls + WARM):
        assert program(question=question(i)).answer == "Paris"
    figures = clock.each(calls)
    tell(**figures, asked=stats(url)["total"])


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]))
