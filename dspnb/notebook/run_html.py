"""A run as script-free HTML and as text: what a reader without our widgets sees."""

from __future__ import annotations

from collections.abc import Sequence

from dspnb.events import Compared, Evaluated
from dspnb.frontends.told import Told
from dspnb.frontends.words import (
    changes,
    chosen,
    compared,
    describe,
    estimated,
    resumed,
    setup,
    spending,
    spent,
    verdict,
)
from dspnb.harmless import harmless
from dspnb.run import Run

from .changed_html import changed
from .markup import fold, table
from .plot import Point, score_plot
from .text import esc

MOST_ROWS = 50
MOST_WARNINGS = 10


def run_text(run: Run) -> str:
    """The run in a few lines."""
    told = Told(run.log.since(0))
    reason = f" ({harmless(run.reason)})" if run.reason else ""
    lines = [f"{run.optimizer_name}: {run.status}{reason}", run.summary]
    if told.compared:
        lines.append(describe(told.compared))
    if told.spent:
        lines.append(spent(told.spent, told.estimated))
    return "\n".join(lines)


def run_html(run: Run, title: str) -> str:
    """The run as a heading, a comparison, a plot and a table of candidates."""
    told = Told(run.log.since(0))
    reason = f" ({esc(run.reason)})" if run.reason else ""
    parts = [
        f"<p><b>{esc(title)}</b> · {esc(run.optimizer_name)} · <b>{esc(run.status)}</b>{reason}</p>"
    ]
    parts += [f"<p>{esc(line)}</p>" for line in _setup(told)]
    if told.compared:
        parts.append(_comparison(told, told.compared))
        parts.append(changed(run.comparison) if run.comparison else "")
    scored = [told.evaluated[id_, "val"] for id_ in told.proposed if (id_, "val") in told.evaluated]
    if scored:
        points = [Point(each.candidate, each.mean, each.low, each.high) for each in scored]
        parts.append(f"<p>{score_plot(points)}</p>")
        parts.append(_candidates(told, scored))
    else:
        parts.append("<p>Nothing is scored yet.</p>")
    paid = spent(told.spent, told.estimated) if told.spent else spending(run.spending.usage)
    return "".join([*parts, f"<p>{esc(paid)}</p>"])


def _setup(told: Told) -> list[str]:
    return [
        *([setup(told.started)] if told.started else []),
        *([words] if told.started and (words := chosen(told.started)) else []),
        *([estimated(told.estimated)] if told.estimated and not told.spent else []),
        *([resumed(told.resumed)] if told.resumed else []),
        *(f"Note: {message}" for message in told.warnings[-MOST_WARNINGS:]),
    ]


def _comparison(told: Told, comparison: Compared) -> str:
    ids = {"as it was": comparison.baseline, "compiled": comparison.best}
    if comparison.best == comparison.baseline:
        del ids["compiled"]
    tested = [(name, told.evaluated.get((id_, "test"))) for name, id_ in ids.items()]
    rows = [[name, *_cells(each)] for name, each in tested if each]
    thoughts = [esc(thought) for thought in compared(comparison)]
    if words := verdict(comparison):
        thoughts.append(f"<b>{esc(words)}</b>")
    heads = ["held out", "score", "95% interval", "examples"]
    return f"{table(heads, rows)}<p>{'<br>'.join(thoughts)}</p>"


def _cells(body: Evaluated) -> list[str]:
    failed = f", {body.errors:,} failed" if body.errors else ""
    return [f"<b>{body.mean:.3f}</b>", f"{body.low:.3f} to {body.high:.3f}", f"{body.n:,}{failed}"]


def _candidates(told: Told, scored: Sequence[Evaluated]) -> str:
    rows = []
    for each in scored[-MOST_ROWS:]:
        proposed = told.proposed[each.candidate]
        mark = " (best)" if each.candidate == told.best else ""
        what = ": ".join(filter(None, [proposed.note, changes(proposed)]))
        rows.append([f"{each.candidate}{mark}", *_cells(each), esc(what)])
    heads = ["candidate", "score", "95% interval", "examples", "what changed"]
    return fold(f"{len(scored):,} candidates", table(heads, rows))
