"""Run a program over examples and score it."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from . import pool
from .awaiting import only_awaits
from .context import use
from .errors import DspnbError, LMError, UsageError, one_line
from .example import Example, Metric, Prediction, Score, metric_name, score
from .intervals import interval
from .lm.labels import labelled
from .plots import report_figure
from .trace import Check, Trace, cost

Program = Callable[..., Prediction]


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

    @property
    def cost(self) -> float | None:
        """Dollars, without the calls in `unpriced`; None when no call's price is known."""
        return cost(self.trace)[0]

    @property
    def unpriced(self) -> int:
        """How many calls have a price that is not known."""
        return cost(self.trace)[1]


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
        return [row.score.value for row in self.rows]

    @cached_property
    def errors(self) -> list[Row]:
        """The rows that failed."""
        return [row for row in self.rows if row.error]

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

    def causes(self) -> dict[str, int]:
        """Error -> how many rows it failed."""
        return dict(Counter(row.error for row in self.errors).most_common())

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


class Interrupted(KeyboardInterrupt):
    """The kernel's interrupt came during an evaluation; `report` holds the rows done by then."""

    def __init__(self, report: Report, asked: int) -> None:
        super().__init__(f"interrupted after {len(report.rows)} of {asked} examples")
        self.report = report

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: one line."""
        return [f"Interrupted: {self}"]


def evaluate(
    program: Program,
    data: Sequence[Example],
    metric: Metric,
    *,
    concurrency: int = 16,
    on_row: Callable[[int, Row], object] = lambda i, row: None,
    on_wait: Callable[[], object] = lambda: None,
) -> Report:
    """Score every example, at most `concurrency` at a time.

    A program that runs no code of the user's is awaited, any other has a thread for each call;
    metrics are always called in threads. A row that fails is kept, scored 0.0, and counted in
    `errors`. `on_row` is called in this thread, with the index, as rows finish; `on_wait` too, ten
    times a second. What would fail each row in the same way (no model, a wrong key, an unreachable
    server, a metric that raises) is raised at once; an interrupt is raised as `Interrupted`, which
    holds the rows done so far.
    """
    if not data:
        raise UsageError("There are no examples to evaluate on.")
    if concurrency < 1:
        raise UsageError(f"`concurrency` is at least 1; got {concurrency}.")
    rows: dict[int, Row] = {}
    jobs = [_Job(i, program, example, metric) for i, example in enumerate(data)]
    try:
        # Thousands of rows would push what the user called himself out of the history.
        with use(history=None):
            if only_awaits(program):
                from . import tasks  # asyncio and httptools, which its models need in any case

                done = tasks.finished(jobs, concurrency, on_wait)
            else:
                done = pool.finished(jobs, concurrency, on_wait)
            with contextlib.closing(done):
                for i, row in done:
                    rows[i] = row
                    on_row(i, row)
    except KeyboardInterrupt:
        raise Interrupted(_report(rows, metric), len(data)) from None
    return _report(rows, metric)


def _report(rows: Mapping[int, Row], metric: Metric) -> Report:
    return Report([rows[i] for i in sorted(rows)], metric_name(metric))


class _Job:
    """One example: asked and scored in a thread, or awaited first and then scored in one."""

    def __init__(self, index: int, program: Program, example: Example, metric: Metric) -> None:
        self._labels: Mapping[str, Any] = {"example": index}  # a metric may call a model too
        self._program, self._example, self._metric = program, example, metric
        self._start = self._seconds = 0.0

    def __call__(self) -> Row:
        with labelled(**self._labels):
            self._start = time.perf_counter()
            prediction = error = None
            try:
                prediction = self._program(**self._example.inputs)
            except Exception as raised:  # the user's own `forward` may raise anything
                error = raised
            self._seconds = time.perf_counter() - self._start
            return self._row(prediction, error)

    async def ask(self) -> Prediction:
        with labelled(**self._labels):
            self._start = time.perf_counter()
            program: Any = self._program
            prediction: Prediction = await program.acall(**self._example.inputs)
            self._seconds = time.perf_counter() - self._start
            return prediction

    def then(self, prediction: Prediction | None, error: Exception | None) -> Row:
        with labelled(**self._labels):
            return self._row(prediction, error)

    def _row(self, prediction: Prediction | None, error: Exception | None) -> Row:
        try:
            if error is not None:
                raise error
            assert prediction is not None
            given = score(self._metric, self._example, prediction)
        except (UsageError, LMError) as raised:
            if isinstance(raised, UsageError) or raised.fatal:
                raise
            return _failed(self._example, raised, prediction, self._start)
        except Exception as raised:  # of the program, or of a judge
            return _failed(self._example, raised, prediction, self._start)
        return Row(
            self._example,
            prediction,
            given,
            "",
            prediction.trace,
            self._seconds,
            prediction.checks,
        )


def _failed(example: Example, error: Exception, prediction: Prediction | None, start: float) -> Row:
    """The row of a program that failed; or of a judge, when there is a prediction."""
    said = one_line(error)
    made = prediction if prediction is not None else error
    trace, checks = (
        (made.trace, made.checks) if isinstance(made, (Prediction, DspnbError)) else ((), ())
    )
    return Row(example, None, Score(0.0, said), said, trace, time.perf_counter() - start, checks)


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
