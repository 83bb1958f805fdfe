"""Have a model say in a few sentences what a data set is like."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from dspnb.example import Example
from dspnb.signature import Field, Signature

from .base import Complete
from .shown import fields_text

BATCHES = 10  # at most, each with one call

OBSERVE = Signature(
    [
        Field("rows", desc="some rows of a data set, with the right answers where they are known"),
        Field("known", desc="what earlier rows of it have shown"),
        Field("observations", desc="what these rows add; nothing that is known", role="output"),
        Field("complete", bool, "whether further rows would hardly add anything", role="output"),
    ],
    "Study the rows and note what most of them have in common: subjects, form, length, wording, "
    "how the answers follow from the inputs, and what is easily got wrong. Say also which task the "
    "data set is likely made for.",
)
SUMMARIZE = Signature(
    [
        Field("observations", desc="notes on a data set"),
        Field("summary", desc="two or three sentences", role="output"),
    ],
    "Condense the notes to what somebody must know who has to do this task without seeing the "
    "data. Leave out what holds for single rows only.",
)


def dataset_summary(
    examples: Sequence[Example], batch: int, temperature: float
) -> Generator[Any, Any, str]:
    """A summary of the examples, looked at in batches until the model has seen enough.

    Empty when no answer could be read. Takes at most `summary_calls` calls of the proposer.
    """
    noted: list[str] = []
    for start in range(0, min(len(examples), BATCHES * batch), batch):
        rows = "\n\n".join(map(fields_text, examples[start : start + batch]))
        known = "\n".join(noted) or "(nothing yet)"
        said = yield Complete(OBSERVE, {"rows": rows, "known": known}, temperature)
        if said is None:
            continue
        noted.append(said.observations)
        if said.complete:
            break
    if not noted:
        return ""
    said = yield Complete(SUMMARIZE, {"observations": "\n".join(noted)}, temperature)
    return "" if said is None else str(said.summary).strip()


def summary_calls(examples: int, batch: int) -> int:
    """How many calls a summary takes at most."""
    return min(BATCHES, -(-examples // batch)) + 1
