"""What differs between two kept runs: how they were set, what they found, what that took."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from .better import better
from .errors import UsageError
from .harmless import harmless
from .intervals import paired
from .kept_run import KeptRun, scores
from .pairs import changed
from .plain_table import plain_table
from .report import Report

SETTINGS = (
    "optimizer", "metric", "model", "train", "val", "test", "budget", "seed", "concurrency",
)  # fmt: skip
SAME = ("the held-out examples", "the metric")  # what makes two held-out scores comparable


@dataclass(frozen=True)
class RunDiff:
    """Two runs side by side."""

    a: KeptRun
    b: KeptRun

    def __post_init__(self) -> None:
        if self.a.id == self.b.id:
            raise UsageError(f"`{self.a.id}` cannot be compared with itself; name two runs.")

    @property
    def parts(self) -> Sequence[str]:
        """What the two were given that is not the same, in words."""
        a, b = self.a.record.parts, self.b.record.parts
        return [name for name in dict.fromkeys((*a, *b)) if a.get(name) != b.get(name)]

    @property
    def settings(self) -> Sequence[tuple[str, str, str]]:
        """(setting, of the first, of the second), where they differ."""
        a, b = self.a.settings, self.b.settings
        pairs = ((name, str(a.get(name, "")), str(b.get(name, ""))) for name in SETTINGS)
        return [pair for pair in pairs if pair[1] != pair[2]]

    @property
    def figures(self) -> Sequence[tuple[str, str, str]]:
        """(figure, of the first, of the second): scores, and what they took."""
        columns = zip(_figures(self.a).items(), _figures(self.b).items(), strict=True)
        return [(name, one, other) for (name, one), (_, other) in columns]

    @functools.cached_property
    def difference(self) -> tuple[float, float, float] | None:
        """By how much the second is better: the mean of the paired differences, and its interval.

        Of the programs that the two runs give, on the same held-out examples by the same metric;
        None when they were not scored so.
        """
        held_out = self._held_out
        return held_out and paired(held_out[0].scores, held_out[1].scores)

    @functools.cached_property
    def better(self) -> float | None:
        """The probability that the second is truly better; None without a `difference`."""
        held_out = self._held_out
        return None if held_out is None else better(held_out[0].scores, held_out[1].scores)

    @property
    def conclusion(self) -> str:
        """What held-out examples say of the two, in a line."""
        difference, probability = self.difference, self.better
        if difference is None or probability is None or self._held_out is None:
            return "no paired difference: the two have no scores of the same held-out examples"
        mean, low, high = difference
        before, after = self._held_out
        fixed, broke = changed(before.scores, after.scores)
        return (
            f"second - first: {mean:+.3f} [{low:+.3f}, {high:+.3f}] on {len(after.rows)} held-out "
            f"examples ({len(fixed)} better, {len(broke)} worse), P(better) "
            f"{min(max(probability, 0.01), 0.99):.2f}"
        )

    @functools.cached_property
    def _held_out(self) -> tuple[Report, Report] | None:
        if set(SAME) & set(self.parts) or not (self.a.comparison and self.b.comparison):
            return None
        a, b = self.a.report, self.b.report
        return (a, b) if a and b and len(a.rows) == len(b.rows) else None

    def __str__(self) -> str:
        heads = ["", self.a.id, self.b.id]
        rows = [*self.settings, *self.figures]
        parts = ", ".join(self.parts) or "nothing that the result depends on"
        table = plain_table(heads, rows, shorten=heads[1:])
        differs = textwrap.fill(f"differs: {harmless(parts)}", 100)
        return f"{table}\n{differs}\n{self.conclusion}"

    __repr__ = __str__


def _figures(run: KeptRun) -> dict[str, str]:
    best, spent = run.best_candidate, run.spent
    tried = sum(each.report is not None for each in run.candidates)
    held_out = run.report if run.comparison else None
    return {
        "status": run.status,
        "candidates tried": str(tried),
        "best on validation": scores(best.report) if best and best.report else "-",
        "given, on held-out": scores(held_out) if held_out else "-",
        "calls": f"{spent.get('calls', 0):,}",
        "tokens": f"{spent.get('tokens', 0):,}",
        "cost": run.cost,
        "seconds": f"{spent.get('seconds', 0.0):,.1f}",
    }
