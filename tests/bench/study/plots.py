"""The study in three figures."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

from lines import Line, Lines, Where, by_task, pairs
from matplotlib.figure import Figure
from resampled import Mean, mean
from tables import BAND, SIDES, twins

# Of Okabe and Ito's palette, which colour-blind people can tell apart.
COLORS = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
STEPS = tuple(range(0, 4001, 100))  # runs of the program


def anytime(lines: Lines) -> Figure:
    """What the best program so far gains, by runs of the program, with its interval."""
    figure, axes = _figure(9, 4)
    for (name, some), color in zip(_of_grid_a(lines), cycle(COLORS), strict=False):
        curve = [_mean(some, operator.methodcaller("at", calls)) for calls in STEPS]
        axes.plot(STEPS, [one.value for one in curve], color=color, label=name)
        bounds = [one.low for one in curve], [one.high for one in curve]
        axes.fill_between(STEPS, *bounds, color=color, alpha=0.12, linewidth=0)
    axes.set(xlabel="runs of the program", ylabel="true gain, points")
    _legend(axes)
    return figure


def of_tasks(lines: Lines) -> Figure:
    """What each optimizer gains on each benchmark, on average over seeds."""
    kinds = _of_grid_a(lines)
    names = sorted({benchmark for _, some in kinds for benchmark, _ in some})
    figure, axes = _figure(11, 4)
    width = 0.8 / max(1, len(kinds))
    for number, ((name, some), color) in enumerate(zip(kinds, cycle(COLORS), strict=False)):
        for place, benchmark in enumerate(names):
            gains = [line.gain for where, line in some.items() if where[0] == benchmark]
            if not gains:
                continue
            one = mean([gains])
            left = place - 0.4 + width * (number + 0.5)
            label = name if place == 0 else None
            axes.bar(left, one.value, width, yerr=_around(one), color=color, label=label)
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set(ylabel="true gain, points")
    _legend(axes)
    return figure


def parity(lines: Lines) -> Figure:
    """What ours gain more than DSPy's with the same settings, with 95% bounds."""
    rows = [
        (name, mean(by_task({w: a.gain - b.gain for w, a, b in pairs(*both)})))
        for name, *both in twins(lines)
    ]
    figure, axes = _figure(7, 0.4 * len(rows) + 1)
    axes.axvspan(-BAND, BAND, color="#DDDDDD", linewidth=0)
    for place, (_, one) in enumerate(rows):
        axes.errorbar(one.value, place, xerr=_around(one), fmt="o", color=COLORS[0], capsize=3)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.invert_yaxis()
    axes.set(xlabel="dspnb gains more than DSPy, points")
    return figure


def _of_grid_a(lines: Lines) -> Sequence[tuple[str, Mapping[Where, Line]]]:
    return [
        (f"{SIDES[side]} {optimizer}", lines.of_kind(side, "A", optimizer, budget))
        for side in SIDES
        for optimizer, budget in lines.kinds(side, "A")
    ]


def _mean(some: Mapping[Where, Line], value: Any) -> Mean:
    return mean(by_task({where: value(line) for where, line in some.items()}), resamples=500)


def _around(one: Mean) -> list[list[float]]:
    """The interval as matplotlib wants it."""
    return [[one.value - one.low], [one.high - one.value]]


def _figure(width: float, height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _legend(axes: Any) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))  # over no curve
