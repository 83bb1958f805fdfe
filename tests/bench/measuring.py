"""What the scripts that measure a framework share: finding it, taking the time, telling."""

from __future__ import annotations

import importlib
import json
import time
from typing import Any


def side(framework: str) -> Any:
    """`dspnb_side.py` or `dspy_side.py`: two modules with the same functions."""
    return importlib.import_module(f"{framework}_side")


def question(i: int) -> str:
    """Different for each number."""
    return f"What is the capital of France, take {i}?"


class Clock:
    """CPU of this process, user and system in all its threads, and time on the wall."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    @property
    def cpu(self) -> float:
        """Seconds."""
        return time.process_time() - self._cpu

    @property
    def wall(self) -> float:
        """Seconds."""
        return time.perf_counter() - self._wall

    def each(self, calls: int) -> dict[str, float]:
        """Microseconds a call."""
        cpu, wall = self.cpu, self.wall
        return {"cpu": 1e6 * cpu / calls, "wall": 1e6 * wall / calls}


def tell(**figures: Any) -> None:
    """Print the figures, as the last line of a script."""
    print(json.dumps(figures))
