"""A run as script-free HTML and as text: what a reader without our widgets sees."""

from __future__ import annotations

from dspnb.candidate import Candidate
from dspnb.comparison import Comparison
from dspnb.report import Report
from dspnb.run import Run

from .plot import Point, score_plot
from .text import esc, spending

MOST_ROWS = 50


def run_text(run: Run) -> str:
    """The run in a few lines."""
    lines = [f"{run.optimizer_name}: {run.status}{f' ({run.reason})' if run.reason else ''}"]
    lines.append(run.summary)
    if run.comparison:
        lines.append(_compared(run.comparison))
    return "\n".join(lines)


def run_html(run: Run, title: str) -> str:
    """The run as a heading, a comparison, a plot and a table of candidates."""
    reason = f" ({esc(run.reason)})" if run.reason else ""
    parts = [
        f"<p><b>{esc(title)}</b> · {esc(run.optimizer_name)} · <b>{esc(run.status)}</b>{reason}</p>"
    ]
    if run.comparison:
        parts.append(_comparison_table(run.comparison))
    scored = [c for c in list(run.candidates) if c.report is not None]
    if not scored:
        return "".join([*parts, "<p>Nothing is scored yet.</p>"])
    parts.append(f"<p>{score_plot([_point(candidate) for candidate in scored])}</p>")
    parts.append(_candidates_table(run, scored))
    usage = run.spending.usage
    spent = f"{usage.calls} model calls, {usage.cached} from the cache"
    tokens = f"{usage.tokens_in + usage.tokens_out} tokens"
    cost = spending(usage.dollars, usage.unpriced)
    return "".join([*parts, f"<p>{spent}, {tokens}{cost}</p>"])


def comparison_words(comparison: Comparison) -> str:
    """The paired difference with its interval, and whether it could be luck."""
    difference, low, high = comparison.difference
    n = len(comparison.best.rows)
    luck = "; could be luck" if low <= 0 <= high else ""
    return f"{difference:+.3f} [{low:+.3f}, {high:+.3f}] on {n} held-out examples{luck}"


def _compared(comparison: Comparison) -> str:
    return (
        f"held out: baseline {comparison.baseline}; best {comparison.best}; "
        f"difference {comparison_words(comparison)}"
    )


def _comparison_table(comparison: Comparison) -> str:
    rows = [("as it was", comparison.baseline), ("compiled", comparison.best)]
    body = "".join(f"<tr><td>{name}</td>{_cells(report)}</tr>" for name, report in rows)
    words = esc(comparison_words(comparison))
    return (
        "<table><thead><tr><th>held out</th><th>score</th><th>95% interval</th><th>examples</th>"
        f"</tr></thead><tbody>{body}</tbody></table><p>Difference: <b>{words}</b></p>"
    )


def _cells(report: Report) -> str:
    low, high = report.interval
    return (
        f"<td><b>{report.mean:.3f}</b></td><td>{low:.3f} to {high:.3f}</td>"
        f"<td>{len(report.rows)}</td>"
    )


def _point(candidate: Candidate) -> Point:
    report = candidate.report
    assert report is not None
    return Point(candidate.id, report.mean, *report.interval)


def _candidates_table(run: Run, scored: list[Candidate]) -> str:
    best = run.best_candidate
    rows = []
    for candidate in scored[-MOST_ROWS:]:
        assert candidate.report is not None
        mark = " (best)" if candidate is best else ""
        demos = ", ".join(
            f"{esc(path)}: {len(setting.demos)} demos" for path, setting in candidate.state.items()
        )
        rows.append(
            f"<tr><td>{candidate.id}{mark}</td>{_cells(candidate.report)}<td>{demos}</td></tr>"
        )
    return (
        f"<details><summary>{len(scored)} candidates</summary><table><thead><tr><th>candidate</th>"
        "<th>score</th><th>95% interval</th><th>examples</th><th>state</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></details>"
    )
