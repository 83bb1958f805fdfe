"""The same prompts written by DSPy."""

from __future__ import annotations

import sys
import time

import dspy


def main(demos: int, calls: int) -> None:
    """Print microseconds of CPU a prompt."""
    rows = [dspy.Example(question=f"Where is {i}?", answer=f"place {i}") for i in range(demos)]
    signature = dspy.Signature("question -> answer")
    adapter = dspy.ChatAdapter()
    for i in range(20):
        adapter.format(signature, rows, {"question": f"warm {i}"})
    start = time.process_time()
    for i in range(calls):
        messages = adapter.format(signature, rows, {"question": f"What is the capital, take {i}?"})
        assert f"take {i}?" in messages[-1]["content"] and len(messages) == 2 + 2 * demos
    print(1e6 * (time.process_time() - start) / calls)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
