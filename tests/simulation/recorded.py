"""Prompts as they were sent to a model, and digests of what the simulated model answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from dspnb import data
from dspnb.lm.base import Message
from dspnb.simulation import Simulated

FILE = Path(__file__).parent / "prompts.jsonl"
SAMPLES = 2  # of each prompt's answer


@dataclass(frozen=True)
class Recorded:
    """The start of a prompt, last turns that came after it, and digests of the answers."""

    benchmark: str
    library: str  # that wrote it
    layout: str
    source: str  # "program", or the optimizer whose question it is
    before: tuple[tuple[str, str], ...]  # roles and texts of the turns before the last
    asked: tuple[str, ...]  # last turns
    digests: tuple[str, ...] = ()  # of the samples for each of them

    def __str__(self) -> str:
        return f"{self.benchmark}-{self.library}-{self.layout}-{self.source}"

    @property
    def prompts(self) -> list[list[Message]]:
        """The whole prompts."""
        start = [Message.of(role, text) for role, text in self.before]  # type: ignore[arg-type]
        return [[*start, Message.of("user", text)] for text in self.asked]

    def answers(self, seed: int = 7) -> list[str]:
        """What a new simulated model answers, all samples of each prompt."""
        model = Simulated(data.benchmark(self.benchmark), seed=seed)
        return [model.text(prompt, i) for prompt in self.prompts for i in range(SAMPLES)]


def digest(text: str) -> str:
    """Twelve hex digits."""
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def load() -> list[Recorded]:
    """All that was recorded."""
    rows = [json.loads(line) for line in FILE.read_text("utf-8").split("\n") if line]
    return [
        Recorded(**{**row, **{name: _tuple(row[name]) for name in ("before", "asked", "digests")}})
        for row in rows
    ]


def save(rows: Iterable[Recorded]) -> None:
    """Write a new file."""
    lines = (json.dumps(asdict(row), ensure_ascii=False) for row in rows)
    FILE.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def _tuple(items: list[object]) -> tuple[object, ...]:
    return tuple(tuple(item) if isinstance(item, list) else item for item in items)
