"""What an evaluation costs beside its calls, by the number of examples: microseconds an example."""

from __future__ import annotations

import sys

from measuring import Clock, side, tell
from server import reset, stats

DISTINCT = 1000  # questions, so that filling the cache takes no longer than the measurement


def main(framework: str, url: str, kind: str, count: int) -> None:
    """Tell CPU and wall; `kind` is `silent`, or `cached`: each call answered from memory."""
    its = side(framework)
    its.connect(url, cache=True)
    program = its.Silent() if kind == "silent" else its.predict()
    its.score(program, its.examples(min(count, DISTINCT)), 32)
    data = its.examples(count, distinct=DISTINCT)
    reset(url)
    clock = Clock()
    result = its.score(program, data, 32)
    figures = clock.each(count)
    assert its.right(result) == 1.0 and not stats(url)["total"]
    tell(**figures)


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]))
