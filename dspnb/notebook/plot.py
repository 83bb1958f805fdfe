"""A run's score plot as an SVG image that needs no script and reads on light and dark pages."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 560, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 34
GREY, DOT, BEST = "#888888", "#6f9bd1", "#e08a2e"  # all readable on white and on near-black


@dataclass(frozen=True)
class Point:
    """One candidate."""

    number: int
    mean: float
    low: float
    high: float


def score_plot(points: Sequence[Point]) -> str:
    """An `<img>` with a dot and a whisker for each candidate, and the best so far as a line."""
    data = base64.b64encode(_svg(points).encode()).decode()
    best = max(point.mean for point in points)
    words = f"scores of {len(points)} candidates; the best is {best:.3f}"
    return f'<img alt="{words}" src="data:image/svg+xml;base64,{data}" width="{WIDTH}">'


def _svg(points: Sequence[Point]) -> str:
    low = min(0.0, *(point.low for point in points))
    high = max(1.0, *(point.high for point in points))
    if low == 0.0 and high == 1.0:  # room for what there is
        high = min(1.0, max(point.high for point in points) + 0.1)
    last = max(1, points[-1].number)

    def x(number: float) -> float:
        return LEFT + 8 + (WIDTH - LEFT - RIGHT - 16) * number / last

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    grid = [low + (high - low) * i / 4 for i in range(5)]
    lines = [
        f'<path d="M{LEFT} {y(v):.1f}H{WIDTH - RIGHT}" stroke="{GREY}" stroke-opacity=".25"/>'
        f'<text x="{LEFT - 6}" y="{y(v) + 3:.1f}" text-anchor="end">{v:.2f}</text>'
        for v in grid
    ]
    best = itertools.accumulate((point.mean for point in points), max)
    steps = [f"{x(p.number):.1f},{y(b):.1f}" for p, b in zip(points, best, strict=True)]
    corners = [
        f"{after.split(',')[0]},{before.split(',')[1]} {after}"
        for before, after in itertools.pairwise(steps)
    ]
    stairs = " ".join([steps[0], *corners])
    dots = [
        f'<path d="M{x(p.number):.1f} {y(p.low):.1f}V{y(p.high):.1f}" stroke="{DOT}"'
        f' stroke-opacity=".6"/><circle cx="{x(p.number):.1f}" cy="{y(p.mean):.1f}" r="3.5"'
        f' fill="{DOT}"/>'
        for p in points
    ]
    ticks = sorted({0, last // 2, last})
    numbers = [
        f'<text x="{x(n):.1f}" y="{HEIGHT - 18}" text-anchor="middle">{n}</text>' for n in ticks
    ]
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
            f' font-family="sans-serif" font-size="11" fill="{GREY}">',
            *lines,
            f'<polyline points="{stairs}" fill="none" stroke="{BEST}" stroke-width="2"/>',
            *dots,
            *numbers,
            f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 3}" text-anchor="middle">candidate</text>'
            "</svg>",
        ]
    )
