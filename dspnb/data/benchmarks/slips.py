"""Answers that are a little wrong, as a weak model gets them."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

_NUMBER = re.compile(r"\d{1,9}")


def another(label: str, labels: Sequence[str], rng: random.Random) -> str:
    """One of the other labels."""
    return rng.choice([other for other in labels if other != label])


def nearly(text: str, rng: random.Random) -> str:
    """A text whose last number is off by a little, or that lacks a letter when it has none."""
    numbers = list(_NUMBER.finditer(text))
    if numbers:
        number = numbers[-1]
        off = str(int(number[0]) + rng.choice([1, 1, 2, 10])).zfill(len(number[0]))
        return text[: number.start()] + off + text[number.end() :]
    if len(text) < 2:
        return f"{text}?"
    at = rng.randrange(1, len(text))
    shorter = text[:at] + text[at + 1 :]
    return f"{text}s" if shorter.strip() == text.strip() else shorter
