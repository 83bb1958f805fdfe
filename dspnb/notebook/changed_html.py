"""The held-out examples that a run fixed and broke, as script-free HTML."""

from __future__ import annotations

from collections.abc import Mapping

from dspnb.comparison import Comparison

from .changed import changed_rows, got_worse
from .markup import fold, table
from .protocol import ChangedView, MadeView
from .text import esc


def comparison(value: Comparison) -> str:
    """Both programs on the held-out examples, what it comes to, and the rows that changed."""
    sides = {"as it was": value.baseline, "compiled": value.best}
    if value.baseline is value.best:
        del sides["compiled"]
    rows = []
    for name, report in sides.items():
        low, high = report.interval
        interval, size = f"{low:.3f} to {high:.3f}", f"{len(report.rows):,}"
        rows.append([name, f"<b>{report.mean:.3f}</b>", interval, size])
    heads = ["held out", "score", "95% interval", "examples"]
    return f"{table(heads, rows)}<p>{esc(value.conclusion)}</p>{changed(value)}"


def changed(value: Comparison) -> str:
    """The rows that got worse and those that got better, folded; nothing when there are none."""
    rows = changed_rows(value)
    broke = [row for row in rows if got_worse(row)]
    fixed = [row for row in rows if not got_worse(row)]
    return _folded("broke", broke, len(value.broke)) + _folded("fixed", fixed, len(value.fixed))


def _folded(name: str, rows: list[ChangedView], number: int) -> str:
    if not rows:
        return ""
    left = number - len(rows)
    more = f"<p>and {left:,} more: <code>run.comparison.rows(i)</code></p>" if left else ""
    heads = ["row", "inputs", "expected", "before", "after"]
    return fold(f"<b>{name} {number:,}</b>", table(heads, map(_cells, rows)) + more)


def _cells(row: ChangedView) -> list[str]:
    return [
        f"{row.index}",
        _values(row.inputs),
        _values(row.expected),
        _made(row.before),
        _made(row.after),
    ]


def _values(values: Mapping[str, str]) -> str:
    return "<br>".join(f"<b>{esc(name)}</b> {esc(text)}" for name, text in values.items())


def _made(made: MadeView) -> str:
    score = f"score {made.score:.2f}"
    parts = [_values(made.outputs), esc(made.error), esc(score), esc(made.feedback)]
    return "<br>".join(filter(None, parts))
