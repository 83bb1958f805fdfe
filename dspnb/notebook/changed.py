"""The held-out examples that a run fixed and broke, as short texts: bounded plain data."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from dspnb.adapters.values import to_text
from dspnb.comparison import Comparison
from dspnb.report import Row

from .protocol import ChangedView, MadeView, TextView
from .text import short

MOST_ROWS = 50  # of each kind
MOST_FIELDS = 8  # of the inputs, of what is expected, and of the outputs
LONGEST_INPUT = 240  # characters
LONGEST = 160  # characters of any other text


def changed_rows(comparison: Comparison) -> list[ChangedView]:
    """Those that got worse, then those that got better; of each the largest changes first."""
    before, after = comparison.baseline.scores, comparison.best.scores

    def largest(indices: tuple[int, ...]) -> list[int]:
        return sorted(indices, key=lambda i: -abs(after[i] - before[i]))[:MOST_ROWS]

    return [_changed(comparison, i) for i in largest(comparison.broke) + largest(comparison.fixed)]


def got_worse(row: ChangedView) -> bool:
    """Whether the program broke it; else it fixed it."""
    return row.after.score < row.before.score


def _changed(comparison: Comparison, index: int) -> ChangedView:
    before, after = comparison.rows(index)
    made = {**(before.prediction or {}), **(after.prediction or {})}
    labels = before.example.labels
    return ChangedView(
        index,
        _texts(before.example.inputs, LONGEST_INPUT),
        _texts(_with_first(made, labels), LONGEST),
        _made(before, labels),
        _made(after, labels),
    )


def _made(row: Row, labels: Container[str]) -> MadeView:
    outputs = _with_first(labels, row.prediction or {})
    feedback, error = _short(row.score.told, LONGEST), _short(row.error, LONGEST)
    return MadeView(_texts(outputs, LONGEST), row.score.value, feedback, error)


def _with_first(first: Container[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those whose names are in `first` come first, so that labels and outputs face each other."""
    return {name: values[name] for name in sorted(values, key=lambda name: name not in first)}


def _texts(values: Mapping[str, Any], longest: int) -> list[TextView]:
    return [
        TextView(_short(name, 60), _short(_text(value), longest))
        for name, value in list(values.items())[:MOST_FIELDS]
    ]


def _text(value: Any) -> str:
    try:
        return to_text(value)
    except Exception:  # a label may be of any type, and raise anything: the page goes on
        return f"<{type(value).__name__}>"


def _short(text: str, longest: int) -> str:
    """In one line that can be sent: a kernel cannot send half of a surrogate pair."""
    return short(text, longest).encode("utf-8", "replace").decode()
