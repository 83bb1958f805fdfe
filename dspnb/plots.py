"""Figures of runs and reports, by matplotlib without pyplot: nothing pops up or is shared."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from .events import BestChanged, Compared, Evaluated, EventLog, Started

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Of Okabe and Ito's palette, which colour-blind people can tell apart; readable on white.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
MANY = 60  # candidates; more are drawn small and without caps


class Searched(Protocol):
    """A run, as far as its figure needs it."""

    @property
    def log(self) -> EventLog:
        """What it says about itself."""


class Scored(Protocol):
    """A report, as far as its figure needs it."""

    @property
    def rows(self) -> Sequence[Any]:
        """One for each example, with `score.value` and `error`."""

    @property
    def metric(self) -> str:
        """Its name, or empty."""

    @property
    def mean(self) -> float:
        """The mean score."""

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% confidence interval of the mean."""


def run_figure(run: Searched) -> Figure:
    """Each candidate's validation score with its interval, and beside it what held-out data say."""
    from matplotlib.figure import Figure  # 0.7 s, and it never touches pyplot

    bodies = [event.body for event in run.log.since(0)]
    compared = next((body for body in bodies if isinstance(body, Compared)), None)
    started = next((body for body in bodies if isinstance(body, Started)), None)
    scored = {b.candidate: b for b in bodies if isinstance(b, Evaluated) and b.split == "val"}
    leads = [body for body in bodies if isinstance(body, BestChanged)]
    figure = Figure(figsize=(10 if compared else 6.4, 3.6), layout="constrained")
    if compared is None:
        left = figure.subplots()
    else:
        axes = figure.subplot_mosaic(
            [["search", "held out"], ["search", "difference"]],
            width_ratios=[3, 2],
            height_ratios=[2, 1],
        )
        left = axes["search"]
        tested = {b.candidate: b for b in bodies if isinstance(b, Evaluated) and b.split == "test"}
        _held_out(axes["held out"], compared, tested)
        _difference(axes["difference"], compared)
    _search(left, [scored[id_] for id_ in sorted(scored)], leads)
    figure.suptitle(started.optimizer if started else "run", fontsize="medium")
    return figure


def report_figure(report: Scored) -> Figure:
    """How many examples got which score, and the mean with its interval."""
    from matplotlib.figure import Figure  # 0.7 s, and it never touches pyplot

    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    top, bottom = figure.subplots(2, 1, height_ratios=[4, 1])
    failed = [row.score.value for row in report.rows if row.error]
    answered = [row.score.value for row in report.rows if not row.error]
    if all(value in (0, 1) for value in answered + failed):
        _counts(top, answered, failed)
        bottom.set_xlim(-0.02, 1.02)
    else:
        _histogram(top, answered, failed)
        bottom.set_xlim(top.get_xlim())
    _mean(bottom, report)
    name = f"{report.metric}, " if report.metric else ""
    figure.suptitle(f"{name}n = {len(report.rows):,}", fontsize="medium")
    return figure


def _search(axes: Axes, scored: list[Evaluated], leads: list[BestChanged]) -> None:
    best = leads[-1].candidate if leads else None
    axes.set(xlabel="candidate", ylabel=f"score on validation{_sizes(scored)}")
    if not scored:
        axes.text(0.5, 0.5, "nothing is scored yet", ha="center", transform=axes.transAxes)
        axes.set(xticks=[], yticks=[])
        _lighten(axes)
        return
    ids = [each.candidate for each in scored]
    means = [each.mean for each in scored]
    start = means[ids.index(min(ids))]
    many = len(scored) > MANY
    if 0 in ids:  # a search that validates in part may leave the program as it was out
        axes.axhline(start, color=GREY, linestyle="--", linewidth=1, label="baseline", zorder=1)
    if leads:
        stairs = _stairs(leads, max(ids))
        axes.step(*stairs, where="post", color=ORANGE, label="best so far", zorder=2)
    axes.errorbar(
        ids,
        means,
        yerr=_whiskers(scored),
        fmt="o",
        color=BLUE,
        ecolor=(BLUE, 0.3 if many else 0.6),
        markersize=2.5 if many else 5,
        capsize=0 if many else 2,
        label="candidate, 95% interval",
        zorder=3,
    )
    if best in ids:
        at = (best, leads[-1].mean)
        size = 60 if many else 130
        axes.scatter(*at, s=size, marker="*", color=ORANGE, zorder=4, label=f"best: {best}")
    room = max(0.5, 0.02 * (max(ids) - min(ids)))
    axes.set_xlim(min(ids) - room, max(ids) + room)
    _whole_numbers(axes.xaxis)
    _lighten(axes, "y")
    axes.legend(
        fontsize="small",
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.17),  # below the name of the axis
        ncols=4,
        columnspacing=1.2,
        handletextpad=0.5,
    )


def _sizes(scored: list[Evaluated]) -> str:
    sizes = sorted({each.n for each in scored})
    if not sizes:
        return ""
    return f" (n = {sizes[0]:,}" + (f" to {sizes[-1]:,})" if len(sizes) > 1 else ")")


def _stairs(leads: list[BestChanged], last: int) -> tuple[list[int], list[float]]:
    """Where the best candidate changed, and what it has or is expected to have.

    It can be one that was proposed before others; the staircase only goes to the right, with one
    step a candidate.
    """
    at = itertools.accumulate((lead.candidate for lead in leads), max)
    means = {place: lead.mean for place, lead in zip(at, leads, strict=True)}
    return [*means, last], [*means.values(), leads[-1].mean]


def _held_out(axes: Axes, compared: Compared, tested: dict[int, Evaluated]) -> None:
    ids = {"baseline": compared.baseline, "best": compared.best}
    if compared.best == compared.baseline:
        del ids["best"]
    rows = [(name, tested[id_]) for name, id_ in ids.items() if id_ in tested]
    for y, (name, each) in enumerate(rows):
        colour = GREY if name == "baseline" else BLUE
        _range(axes, y, each.mean, each.low, each.high, colour)
        axes.annotate(
            f"{each.mean:.2f}",
            (each.mean, y),
            (0, 7),
            textcoords="offset points",
            ha="center",
            fontsize="small",
        )
    axes.set_yticks(range(len(rows)), [f"{name} ({ids[name]})" for name, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.8)
    axes.set_xlabel(f"score held out (n = {compared.n:,})")
    axes.locator_params(axis="x", nbins=5)
    _lighten(axes, "x")


def _difference(axes: Axes, compared: Compared) -> None:
    if compared.best == compared.baseline:
        axes.text(0.5, 0.5, "nothing beat the baseline", ha="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    axes.axvline(0, color=GREY, linestyle="--", linewidth=1)
    _range(axes, 0, compared.difference, compared.low, compared.high, GREEN, "D")
    axes.set(yticks=[0], yticklabels=["difference"], ylim=(-1, 1))
    words = f"best minus baseline: {compared.difference:+.3f}"
    if not compared.returned:
        words += "\nnot distinguishable: the baseline is returned"
    axes.set_xlabel(words)
    axes.locator_params(axis="x", nbins=5)
    _lighten(axes, "x")


def _counts(axes: Axes, answered: list[float], failed: list[float]) -> None:
    right = sum(value == 1 for value in answered)
    counts = {"right": right, "wrong": len(answered) - right, "failed": len(failed)}
    bars = axes.barh(list(counts), list(counts.values()), color=[BLUE, ORANGE, GREY], height=0.7)
    axes.bar_label(bars, labels=[f"{count:,}" for count in counts.values()], padding=4)
    axes.invert_yaxis()
    axes.set(xlim=(0, max(1, *counts.values()) * 1.15), xlabel="examples")
    _whole_numbers(axes.xaxis)
    _lighten(axes)


def _histogram(axes: Axes, answered: list[float], failed: list[float]) -> None:
    scores = [*answered, *failed]
    low, high = min(0.0, *scores), max(1.0, *scores)
    names = [f"answered: {len(answered):,}", f"failed: {len(failed):,}"]
    axes.hist([answered, failed], bins=20, range=(low, high), stacked=True, color=[BLUE, GREY],
              label=names)  # fmt: skip
    room = 0.02 * (high - low)
    axes.set(ylabel="examples", xlim=(low - room, high + room))
    _whole_numbers(axes.yaxis)
    if failed:
        axes.legend(fontsize="small", frameon=False)
    _lighten(axes, "y")


def _mean(axes: Axes, report: Scored) -> None:
    low, high = report.interval
    _range(axes, 0, report.mean, low, high, GREEN)
    words = f"mean {report.mean:.3f}, 95% interval {low:.3f} to {high:.3f}"
    axes.set(yticks=[], ylim=(-1, 1), xlabel=f"score: {words}")
    _lighten(axes)


def _range(
    axes: Axes, y: float, mean: float, low: float, high: float, colour: str, marker: str = "o"
) -> None:
    below, above = _span(mean, low, high)
    axes.errorbar(mean, y, xerr=[[below], [above]], fmt=marker, color=colour, capsize=3)


def _whole_numbers(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))


def _whiskers(scored: list[Evaluated]) -> list[list[float]]:
    spans = [_span(each.mean, each.low, each.high) for each in scored]
    return [[below for below, _ in spans], [above for _, above in spans]]


def _span(mean: float, low: float, high: float) -> tuple[float, float]:
    """How far an interval reaches; that of zeros may begin a rounding error above them."""
    return max(0.0, mean - low), max(0.0, high - mean)


def _lighten(axes: Axes, grid: str = "") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    if grid:
        axes.grid(axis=grid, color="#dddddd", linewidth=0.7)  # type: ignore[arg-type]
        axes.set_axisbelow(True)
