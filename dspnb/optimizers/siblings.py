"""Several rewrites of instructions at once, from the failures of a program seen together."""

from __future__ import annotations

import collections
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dspnb.example import Prediction
from dspnb.report import Row
from dspnb.signature import Signature

from .base import Complete
from .shown import call_text, feedback_text

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
FAILURES, SUCCESSES, ATTEMPTS = 3, 1, 1  # how many are shown
TASK = """\
You improve the instructions of one step in a program that asks a language model.

You see the instructions as they are, what the metric found wrong and how often, some answers with
what was said of them, and rewrites that were tried before with what they changed. Work out what the
instructions would have to say so that these mistakes and others of their kind do not happen: rules
of the task, forms of answers, facts that come up again. Then write different new instructions. Each
is complete, keeps what is right in the old ones, and rests on another idea of what matters most.
They are for inputs nobody has seen: never speak of single examples."""


@dataclass(frozen=True)
class Attempt:
    """Instructions that were tried, and what they changed."""

    instructions: str
    gain: float  # in the mean score, over what they were made from


def question(
    path: str,
    instructions: str,
    failures: Sequence[Row],
    successes: Sequence[Row],
    every: Sequence[Row],
    attempts: Sequence[Attempt],
    count: int,
) -> Complete:
    """Ask for `count` rewrites of a predictor's instructions."""
    inputs = {
        "instructions": instructions,
        "mistakes": _table(every, path),
        "answers": _answers(failures, successes, path),
        "earlier": "\n".join(f"{a.gain:+.2f}: {a.instructions}" for a in attempts) or "none yet",
    }
    outputs = ", ".join(f"{name}_instructions" for name in ORDINALS[:count])
    return Complete(Signature(f"{', '.join(inputs)} -> {outputs}", TASK), inputs)


def rewrites(answer: Prediction | None, known: Sequence[str]) -> list[str]:
    """The new instructions in an answer, without those that are known or empty."""
    found: dict[str, str] = {}
    seen = {_plain(text) for text in known}
    for text in (answer or {}).values():
        text = str(text).strip()
        if _plain(text) and _plain(text) not in seen:
            found.setdefault(_plain(text), text)
    return list(found.values())


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()


def _table(rows: Sequence[Row], path: str) -> str:
    """What is said of failed rows, and how often: the same sentences counted together."""
    said = collections.Counter(
        sentence
        for row in rows
        for sentence in dict.fromkeys(re.split(r"(?<=[.!?])\s+", feedback_text(row, path)))
        if sentence
    )
    lines = [f"{times} times: {sentence}" for sentence, times in said.most_common(8) if times > 1]
    return "\n".join(lines) or "nothing more than once"


def _answers(failures: Sequence[Row], successes: Sequence[Row], path: str) -> str:
    shown = [_shown(row, path, f"Wrong ({feedback_text(row, path)})") for row in failures]
    return "\n\n".join([*shown, *(_shown(row, path, "Right") for row in successes)])


def _shown(row: Row, path: str, verdict: str) -> str:
    calls = [call_text(call) for call in row.trace if call.path == path]
    return "\n".join([*calls[-1:], f"Verdict: {verdict}"])
