"""Kept runs as HTML: the table of them, one of them, two side by side."""

from __future__ import annotations

from dspnb.kept_run import KeptRun, Tried
from dspnb.report import Report
from dspnb.run_diff import RunDiff
from dspnb.runs import KeptRuns, optimizer, score, when

from .changed_html import comparison
from .markup import fold, kept, table
from .plot import Point, score_plot
from .text import esc

MOST_RUNS = 100
MOST_CANDIDATES = 50
MOST_NOTES = 10
RUNS = (
    *("id", "began", "optimizer", "metric", "model", "train / val / test", "status", "score"),
    *("calls", "cost"),
)


def runs(value: KeptRuns) -> str:
    """A row for each run, the newest first."""
    trouble = f"<p>{esc(value.trouble)}</p>" if value.trouble else ""
    if not len(value):
        return trouble or "<p>No run is kept in this project yet.</p>"
    newest = list(reversed(value))[:MOST_RUNS]
    count = f"{len(value):,} run{'s' * (len(value) != 1)}"
    more = f", the newest {len(newest)} shown" if len(value) > len(newest) else ""
    return f"<p>{count}{more}</p>{table(RUNS, map(_run_row, newest))}{trouble}"


def run(value: KeptRun) -> str:
    """How it stands, the comparison on held-out examples, a plot, and its candidates."""
    reason = f" ({esc(value.reason)})" if value.reason else ""
    parts = [
        f"<p><b>{esc(value.id)}</b> · {esc(optimizer(value))} · <b>{esc(value.status)}</b>{reason}"
        f" · {when(value)}</p>",
        fold("what it was given", table(["", ""], _given(value))),
    ]
    if value.comparison is not None:
        parts.append(comparison(value.comparison))
    scored = [(each, each.report) for each in value.candidates if each.report]
    if scored:
        points = [Point(each.id, report.mean, *report.interval) for each, report in scored]
        parts.append(f"<p>{score_plot(points)}</p>")
        rows = [_candidate(value, *each) for each in scored[-MOST_CANDIDATES:]]
        heads = ["candidate", "score", "95% interval", "examples", "from", "note"]
        count = f"{len(scored)} candidate{'s' * (len(scored) != 1)}"
        parts.append(fold(count, table(heads, rows)))
    else:
        parts.append("<p>Nothing is scored yet.</p>")
    notes = [event["message"] for event in value.events if event["kind"] == "warned"]
    parts += [f"<p>Note: {esc(note)}</p>" for note in notes[-MOST_NOTES:]]
    if value.lost:
        parts.append(
            f"<p>{value.lost} evaluations cannot be shown: their scored examples were deleted "
            "along with the run that paid for them.</p>"
        )
    spent = value.spent
    calls, tokens = spent.get("calls", 0), spent.get("tokens", 0)
    seconds = spent.get("seconds", 0.0)
    return "".join(
        [
            *parts,
            f"<p>{calls:,} calls, {tokens:,} tokens, {esc(value.cost)}, {seconds:,.1f} s</p>",
        ]
    )


def run_diff(value: RunDiff) -> str:
    """Settings that differ, scores, and what held-out examples say of the two."""
    rows = [[esc(name), esc(a), esc(b)] for name, a, b in (*value.settings, *value.figures)]
    parts = ", ".join(value.parts) or "nothing that the result depends on"
    return (
        f"{table(['', value.a.id, value.b.id], rows)}<p>differs: {esc(parts)}</p>"
        f"<p><b>{esc(value.conclusion)}</b></p>"
    )


def _run_row(value: KeptRun) -> list[str]:
    settings = value.settings
    sizes = " / ".join(str(settings.get(name, "")) for name in ("train", "val", "test"))
    return [
        f"<code>{esc(value.id)}</code>",
        when(value),
        esc(optimizer(value)),
        esc(value.metric_name),
        esc(settings.get("model", "")),
        esc(sizes),
        esc(value.status),
        esc(score(value)),
        f"{value.spent.get('calls', 0):,}",
        esc(value.cost),
    ]


def _given(value: KeptRun) -> list[list[str]]:
    return [
        [f"<b>{esc(name)}</b>", kept(setting)]
        for name, setting in value.settings.items()
        if setting not in ("", None)
    ]


def _candidate(value: KeptRun, candidate: Tried, report: Report) -> list[str]:
    mark = " (best)" if candidate is value.best_candidate else ""
    origin = "" if candidate.parent is None else str(candidate.parent)
    return [f"{candidate.id}{mark}", *_cells(report), origin, esc(candidate.note)]


def _cells(report: Report) -> list[str]:
    low, high = report.interval
    return [f"<b>{report.mean:.3f}</b>", f"{low:.3f} to {high:.3f}", f"{len(report.rows):,}"]
