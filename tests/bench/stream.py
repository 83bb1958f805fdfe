"""An answer of 200 words, read as it arrives in pieces of six characters."""

from __future__ import annotations

import sys

from measuring import Clock, question, side, tell
from server import WORDS


def main(framework: str, url: str, calls: int) -> None:
    """Tell milliseconds of CPU and wall an answer."""
    its = side(framework)
    its.connect(url)
    program = its.predict()
    its.stream(program, [f"warm {i}" for i in range(3)])
    clock = Clock()
    answers = its.stream(program, [question(i) for i in range(calls)])
    figures = clock.each(calls)
    assert [answer.strip() for answer in answers] == [WORDS] * calls
    tell(cpu=figures["cpu"] / 1000, wall=figures["wall"] / 1000)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
