"""An evaluation with many calls in flight: how near it comes to what the server could do."""

from __future__ import annotations

import sys

from measuring import Clock, side, tell
from server import reset, stats


def main(framework: str, url: str, kind: str, count: int, concurrency: int, latency: float) -> None:
    """Tell the efficiency (1.0: no slot was ever free), CPU a call, the most in flight,
    and the share of right answers."""
    its = side(framework)
    its.connect(url)
    program = its.predict() if kind == "predict" else its.Answer()
    data = its.examples(count)
    for i in range(20):
        program(question=f"warm {i}")
    reset(url, latency=latency)
    clock = Clock()
    result = its.score(program, data, concurrency)
    figures = clock.each(count)
    efficiency = count * latency / concurrency / (count * figures["wall"] / 1e6)
    tell(**figures, efficiency=efficiency, peak=stats(url)["peak"], right=its.right(result))


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:6]), float(sys.argv[6]))
