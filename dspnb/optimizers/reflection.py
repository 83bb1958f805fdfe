"""The question that makes new instructions of what a predictor did and what was said of it."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

from dspnb.example import Prediction
from dspnb.report import Row
from dspnb.signature import Signature
from dspnb.trace import Call

from .base import Complete
from .shown import call_of, call_text, feedback_text

REFLECTION = Signature(
    "current_instructions, examples -> new_instructions",
    """
    A language model does one step of a larger program. You see the instructions that it follows
    now, and some examples of what it was given, what it answered, and the feedback on the outcome.
    Write better instructions for this step.

    Work out from the examples what form the inputs come in and what exactly has to be done with
    them, and say both plainly. Take from the feedback each fact, name, rule and convention of the
    subject that a later input may turn on, however special it is: whoever follows your
    instructions sees nothing else of these examples and may not know such things. Where a way to
    proceed led to a good answer, or would have, describe it so that it serves for any input. Keep
    what is right in the current instructions; do not merely list the answers to these examples.
    """,
)


def reflection(
    instructions: str, rows: Sequence[Row], path: str, rng: random.Random, *, failures: bool
) -> Complete | None:
    """Ask for new instructions of one predictor; None when it made no call to show.

    Of each row one call is shown: one without a usable answer if there is such, else any. Without
    `failures` only calls with a usable answer are shown.
    """
    shown: list[str] = []
    for row in rows:
        usable = tuple(call for call in row.trace if not call.error)
        given = row if failures else dataclasses.replace(row, trace=usable)
        call = call_of(given, path, rng)
        if call is not None:
            shown.append(_example(len(shown) + 1, row, call))
    if not shown:
        return None
    inputs = {"current_instructions": instructions, "examples": "\n\n".join(shown)}
    return Complete(REFLECTION, inputs)


def new_instructions(answer: Prediction | None) -> str:
    """The instructions in the answer to a reflection; empty when it could not be read."""
    return "" if answer is None else str(answer.new_instructions).strip()


def _example(number: int, row: Row, call: Call) -> str:
    said = feedback_text(row, call.path)
    if call.rejected:
        said = f"{said}\nThe program did not use this answer: {call.rejected}"
    return f"Example {number}\n{call_text(call)}\nFeedback: {said}"
