"""A measurement beside its target, and many of them as a table."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

COLUMNS = ("what", "dspnb", "dspy", "ratio", "target", "")


@dataclass(frozen=True)
class Target:
    """What dspnb's figure, or its ratio to the other's, is to be."""

    of: Literal["dspnb", "ratio"]
    least: float = float("-inf")
    most: float = float("inf")

    def __str__(self) -> str:
        if float("-inf") < self.least and self.most < float("inf"):
            bound = f"{self.least:g} to {self.most:g}"
        else:
            bound = f"≥ {self.least:g}" if self.least > float("-inf") else f"≤ {self.most:g}"
        return bound if self.of == "dspnb" else f"ratio {bound}"


@dataclass(frozen=True)
class Line:
    """Figures of both sides, one a round; those of a round belong together."""

    what: str
    ours: Sequence[float] = ()  # empty: there was nothing to measure
    theirs: Sequence[float] = ()
    target: Target | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The median of the ratios within a round."""
        if not self.ours or not self.theirs or not all(self.theirs):
            return None
        return statistics.median(a / b for a, b in zip(self.ours, self.theirs, strict=True))

    @property
    def verdict(self) -> str:
        """`ok`, `MISSED`, or empty without a target."""
        if self.target is None:
            return ""
        value = self.ratio if self.target.of == "ratio" else _median(self.ours)
        if value is None:
            return "MISSED" if not self.ours else ""
        return "ok" if self.target.least <= value <= self.target.most else "MISSED"

    def markdown(self) -> str:
        """One row of the table."""
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}"
        target = "" if self.target is None else str(self.target)
        verdict = " ".join(filter(None, [self.verdict, self.note]))
        cells = (self.what, _spread(self.ours), _spread(self.theirs), ratio, target, verdict)
        return _row(cells)

    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "what": self.what,
            "dspnb": list(self.ours),
            "dspy": list(self.theirs),
            "ratio": self.ratio,
            "target": None if self.target is None else str(self.target),
            "verdict": self.verdict,
            "note": self.note,
        }


def heading() -> str:
    """The head of the table."""
    return _row(COLUMNS) + "\n" + _row(["---", "---:", "---:", "---:", "---", "---"])


def written(lines: Iterable[Line], about: str, *, as_json: bool) -> str:
    """All of it, as a file has it: Markdown, or JSON."""
    if as_json:
        told = {"about": about, "lines": [line.told() for line in lines]}
        return json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    return "\n".join([about, "", heading(), *(line.markdown() for line in lines)]) + "\n"


def _median(figures: Sequence[float]) -> float | None:
    return statistics.median(figures) if figures else None


def _spread(figures: Sequence[float]) -> str:
    """The median, and the least and the most when they are not the same."""
    if not figures:
        return ""
    low, middle, high = min(figures), statistics.median(figures), max(figures)
    return _short(middle) if low == high else f"{_short(middle)} [{_short(low)}, {_short(high)}]"


def _short(figure: float) -> str:
    """Three digits that count, without an exponent."""
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
