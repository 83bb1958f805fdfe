"""The same answers read by DSPy."""

from __future__ import annotations

import sys
import time
from typing import Literal

import dspy
from order import ANSWER, Address, Item


def main(calls: int) -> None:
    """Print microseconds of CPU an answer."""
    signature = dspy.Signature(
        {
            "text": (str, dspy.InputField()),
            "summary": (str, dspy.OutputField()),
            "count": (int, dspy.OutputField()),
            "team": (Literal["billing", "shipping", "sales"], dspy.OutputField()),
            "lines": (list[Item], dspy.OutputField()),
            "address": (Address, dspy.OutputField()),
        },
        "Read.",
    )
    adapter = dspy.ChatAdapter()
    answers = [ANSWER.format(i=i) for i in range(calls)]
    for i in range(20):
        adapter.parse(signature, ANSWER.format(i=f"1{i}"))
    start = time.process_time()
    for i, answer in enumerate(answers):
        outputs = adapter.parse(signature, answer)
        assert outputs["count"] == i and outputs["lines"][1].name == f"bulb {i}"
    print(1e6 * (time.process_time() - start) / calls)


if __name__ == "__main__":
    main(int(sys.argv[1]))
