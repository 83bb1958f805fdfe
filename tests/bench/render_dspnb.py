"""CPU of writing a prompt whose demos are the same each time, and its inputs not."""

from __future__ import annotations

import sys
import time

from dspnb import ChatAdapter, Example, Signature


def main(demos: int, calls: int) -> None:
    """Print microseconds of CPU a prompt."""
    rows = [Example(question=f"Where is {i}?", answer=f"place {i}") for i in range(demos)]
    signature = Signature("question -> answer")
    adapter = ChatAdapter()
    for i in range(20):
        adapter.render(signature, rows, {"question": f"warm {i}"})
    start = time.process_time()
    for i in range(calls):
        messages = adapter.render(signature, rows, {"question": f"What is the capital, take {i}?"})
        assert f"take {i}?" in messages[-1].to_dict()["content"] and len(messages) == 2 + 2 * demos
    print(1e6 * (time.process_time() - start) / calls)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
