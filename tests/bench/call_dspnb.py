"""CPU of dspnb's share of a call: render, parse, record. The model answers at once."""

from __future__ import annotations

import sys
import time

from dspnb import Example, Predict, use
from dspnb.lm.base import Completion

ANSWER = "[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]"


class Instant:
    """A model that takes no time."""

    model = "instant"

    def __call__(self, messages, *, rollout=0, **params):
        for message in messages:
            _ = message.content  # a provider would send it
        return Completion(ANSWER, "instant", 10, 5)


def main(demos: int, calls: int) -> None:
    """Print microseconds of CPU a call."""
    rows = [Example(question=f"Where is {i}?", answer=f"place {i}") for i in range(demos)]
    program = Predict("question -> answer", demos=rows)
    with use(lm=Instant()):
        for i in range(20):
            program(question=f"warm {i}")
        start = time.process_time()
        for i in range(calls):
            assert program(question=f"What is the capital of France, take {i}?").answer == "Paris"
        print(1e6 * (time.process_time() - start) / calls)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
