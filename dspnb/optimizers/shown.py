"""What a proposer is shown of examples and of what the program did, as text."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from dspnb.adapters import values
from dspnb.report import Row
from dspnb.trace import Call


def fields_text(shown: Mapping[str, Any], names: Iterable[str] | None = None) -> str:
    """Values by name, one a line; only those `names` that there are.

    >>> fields_text({"question": "2 + 2?", "answer": 4})
    'question: 2 + 2?\\nanswer: 4'
    """
    wanted = shown if names is None else [name for name in names if name in shown]
    return "\n".join(f"{name}: {values.to_text(shown[name])}" for name in wanted)


def call_of(row: Row, path: str, rng: random.Random) -> Call | None:
    """One call of a predictor in a row: one that failed, else any; None when it was not called."""
    calls = [call for call in row.trace if call.path == path]
    failed = [call for call in calls if call.error]
    return rng.choice(failed or calls) if calls else None


def call_text(call: Call) -> str:
    """What went into a predictor and what came out, or what was wrong with its answer."""
    made = fields_text(call.outputs) if call.outputs else f"(no usable answer: {call.error})"
    return f"Inputs:\n{fields_text(call.inputs)}\nOutputs:\n{made}"


def feedback_text(row: Row, path: str = "") -> str:
    """What the metric says of a row, and of one predictor in it; else its score in words."""
    said = [row.score.about.get(path, ""), row.score.feedback, row.error]
    told = "\n".join(text for text in dict.fromkeys(said) if text)
    return told or f"The score was {row.score.value:g}."
