"""What came of running a program over examples: a row for each, and what they add up to."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from .errors import UsageError
from .example import Example, Prediction, Score
from .intervals import interval
from .plots import report_figure
from .trace import Check, Trace, cost


@dataclass(frozen=True)
class Row:
    """One example, what the program made of it, and how good that was."""

    example: Example
    prediction: Prediction | None  # None after an error
    score: Score  # 0.0 after an error
    error: str = ""
    trace: Trace = ()
    seconds: float = 0.0
    checks: tuple[Check, ...] = ()  # the constraints that were not met at first
    # What was raised; None for a row that another process made.
    exception: Exception | None = field(default=None, compare=False, repr=False)

    @property
    def cause(self) -> str:
        """The kind of the error; empty without one."""
        return self.error.partition(":")[0]

    @property
    def cost(self) -> float | None:
        """Dollars, without the calls in `unpriced`; None when no call's price is known."""
        return cost(self.trace)[0]

    @property
    def unpriced(self) -> int:
        """How many calls have a price that is not known."""
        return cost(self.trace)[1]


@dataclass(frozen=True)
class Cause:
    """Errors of one kind: how many rows they failed, and one of them."""

    kind: str  # the name of the exception
    count: int
    message: str
    example: Example

    @classmethod
    def of(cls, row: Row) -> Cause:
        """The cause of one failed row."""
        kind, _, message = row.error.partition(": ")
        return cls(kind, 1, message, row.example)

    def again(self) -> Cause:
        """With one more row."""
        return replace(self, count=self.count + 1)

    def __str__(self) -> str:
        times = f"{self.count} time{'s' * (self.count != 1)}"
        inputs = ", ".join(f"{n}={_short(self.example[n])}" for n in self.example.input_names)
        said = f" ({self.message})" if self.message else ""
        return f"{times} {self.kind}, as for {inputs}{said}"


def _short(value: Any, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"


@dataclass(frozen=True)
class Report:
    """A program's scores over a set of examples, in the order of the examples."""

    rows: Sequence[Row]
    metric: str = ""

    @cached_property
    def mean(self) -> float:
        """The mean score; rows that failed count as 0 and are listed in `errors`."""
        return statistics.fmean(self.scores) if self.rows else 0.0

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The 95% confidence interval of the mean."""
        return interval(self.scores)

    @cached_property
    def scores(self) -> list[float]:
        """The value of each row."""
        kept = getattr(self.rows, "scores", None)  # rows that are not read unless looked at
        return list(kept) if kept is not None else [row.score.value for row in self.rows]

    @cached_property
    def errors(self) -> list[Row]:
        """The rows that failed."""
        kept = getattr(self.rows, "errors", None)
        return (
            [self.rows[i] for i in kept] if kept is not None else [r for r in self.rows if r.error]
        )

    @cached_property
    def cost(self) -> float | None:
        """Dollars, without the calls in `unpriced`; None when no call's price is known."""
        return cost(self._trace)[0]

    @cached_property
    def unpriced(self) -> int:
        """How many calls have a price that is not known."""
        return cost(self._trace)[1]

    @cached_property
    def checks(self) -> dict[str, tuple[int, int]]:
        """Constraint -> how often it was not met at first, and in how many of these in the end."""
        met: dict[str, list[bool]] = {}
        for row in self.rows:
            for check in row.checks:
                met.setdefault(check.message, []).append(check.held)
        return {message: (len(held), sum(held)) for message, held in met.items()}

    @property
    def _trace(self) -> Trace:
        return tuple(call for row in self.rows for call in row.trace)

    def causes(self) -> list[Cause]:
        """The failed rows by kind of error, the most frequent first, with one example each."""
        found: dict[str, Cause] = {}
        for row in self.errors:
            known = found.get(row.cause)
            found[row.cause] = known.again() if known else Cause.of(row)
        return sorted(found.values(), key=lambda cause: -cause.count)

    def frame(self) -> Any:
        """A pandas frame, one row an example. Raises `UsageError` when pandas is not installed."""
        try:
            import pandas
        except ImportError:
            raise UsageError("`frame()` needs pandas; run `%pip install pandas`.") from None
        return pandas.DataFrame([_flat(row) for row in self.rows])

    def plot(self) -> Any:
        """A matplotlib figure: how many rows got which score."""
        return report_figure(self)

    def __repr__(self) -> str:
        return f"Report({self})"

    def __str__(self) -> str:
        low, high = self.interval
        failed = f", {len(self.errors)} failed" if self.errors else ""
        if self.checks:
            missed = sum(n - held for n, held in self.checks.values())
            failed += f", {sum(n for n, _ in self.checks.values())} constraints"
            failed += f" asked again ({missed} not met)" if missed else " asked again"
        return f"{self.mean:.3f} [{low:.3f}, {high:.3f}] on {len(self.rows)} examples{failed}"


def _flat(row: Row) -> dict[str, Any]:
    predicted: Mapping[str, Any] = row.prediction or {}
    return {
        **row.example,
        **{f"predicted_{name}": value for name, value in predicted.items()},
        "score": row.score.value,
        "feedback": row.score.feedback,
        "error": row.error,
        "seconds": row.seconds,
        "dollars": row.cost,
        "unpriced": row.unpriced,
    }
