"""CPU of reading an answer with five typed outputs, of which two hold models."""

from __future__ import annotations

import sys
import time
from typing import Literal

from order import ANSWER, Address, Item

from dspnb import ChatAdapter, Signature


def main(calls: int) -> None:
    """Print microseconds of CPU an answer."""
    types = {"Item": Item, "Address": Address, "Literal": Literal}
    signature = Signature(
        "text -> summary, count: int, team: Literal['billing', 'shipping', 'sales'], "
        "lines: list[Item], address: Address",
        types=types,
    )
    adapter = ChatAdapter()
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
