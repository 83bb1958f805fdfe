"""An interrupt while an evaluation waits for many answers: who is still at work after it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any

from measuring import side, tell
from server import reset, stats


def main(framework: str, url: str, concurrency: int, latency: float, then: str) -> None:
    """`then` is `stay`, to see what goes on, or `leave`, to see how soon the process is gone.

    `sent` is when the signal was, on the system's monotonic clock.
    """
    # What a shell starts with `&` ignores the signal, and so do the processes that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    its = side(framework)
    its.connect(url)
    program = its.predict()
    for i in range(20):
        program(question=f"warm {i}")
    data = its.examples(20 * concurrency)
    reset(url, latency=latency)
    sent: list[float] = []
    threading.Thread(target=_interrupt, args=(url, concurrency, sent), daemon=True).start()
    try:
        its.score(program, data, concurrency)
    except KeyboardInterrupt:
        back = time.monotonic()
    figures = {"sent": sent[0], "back": 1000 * (back - sent[0])}
    tell(**figures, **(_afterwards(program, url) if then == "stay" else {}))


def _interrupt(url: str, concurrency: int, sent: list[float]) -> None:
    """Signal when all requests are in flight, or no more of them come."""
    before, since = -1.0, time.monotonic()
    while True:
        in_flight = stats(url)["in_flight"]
        now = time.monotonic()
        if in_flight == concurrency or (in_flight and now - since > 0.5):
            break
        if in_flight != before:
            before, since = in_flight, now
        time.sleep(0.02)
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)


def _afterwards(program: Any, url: str) -> dict[str, float]:
    """What is at work 200 ms later, and how long the next call takes."""
    in_flight = stats(url)["in_flight"]
    reset(url, latency=0)
    time.sleep(0.2)
    counted = stats(url)
    start = time.monotonic()
    assert program(question="What is the capital of France?").answer == "Paris"
    return {
        "at_once": in_flight,
        "running": counted["in_flight"],
        "begun": counted["total"],
        "next": 1000 * (time.monotonic() - start),
    }


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
