"""Run a program over examples and score it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from . import pool
from .awaiting import only_awaits
from .context import use
from .errors import DspnbError, LMError, UsageError, one_line
from .example import Example, Metric, Prediction, Score, metric_name, score
from .lm.labels import labelled
from .report import Report, Row

Program = Callable[..., Prediction]


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
    jobs = [Job(i, program, example, metric) for i, example in enumerate(data)]
    try:
        for i, row in scored(jobs, concurrency, on_wait, awaited=only_awaits(program)):
            rows[i] = row
            on_row(i, row)
    except KeyboardInterrupt:
        raise Interrupted(_report(rows, metric), len(data)) from None
    return _report(rows, metric)


def _report(rows: Mapping[int, Row], metric: Metric) -> Report:
    return Report([rows[i] for i in sorted(rows)], metric_name(metric))


def scored(
    jobs: Sequence[Any],
    concurrency: int,
    on_wait: Callable[[], object] = lambda: None,
    *,
    awaited: bool = False,
    ahead: bool = True,
) -> Generator[tuple[int, Row], None, None]:
    """The rows of jobs by their place, as they finish; of one program or of several.

    With `awaited` they are tasks of one event loop, without a thread for each call. Then and with
    `ahead`, the next program may be called before the last answers are scored.
    """
    # Thousands of rows would push what the user called himself out of the history.
    with use(history=None):
        if awaited:
            from . import tasks  # asyncio and httptools, which its models need in any case

            done = tasks.finished(jobs, concurrency, on_wait, ahead=ahead)
        else:
            done = pool.finished(jobs, concurrency, on_wait)
        with contextlib.closing(done):
            yield from done


class Job:
    """One example: asked and scored in a thread, or awaited first and then scored in one.

    `settings` are of the context of the call (`lm`, `rollout`), `labels` say what it is made for.
    `keep` is called with the row in that thread, before anybody else knows of it.
    """

    def __init__(
        self,
        index: int,
        program: Program,
        example: Example,
        metric: Metric,
        *,
        settings: Mapping[str, Any] | None = None,
        labels: Mapping[str, Any] | None = None,
        keep: Callable[[Row], object] | None = None,
    ) -> None:
        # A metric may call a model too.
        self._labels: Mapping[str, Any] = {"example": index, **(labels or {})}
        self._program, self._example, self._metric = program, example, metric
        self._settings, self._keep = settings, keep
        self._start = self._seconds = 0.0

    def __call__(self) -> Row:
        with labelled(**self._labels), self._context():
            self._start = time.perf_counter()
            prediction = error = None
            try:
                prediction = self._program(**self._example.inputs)
            except Exception as raised:  # the user's own `forward` may raise anything
                error = raised
            self._seconds = time.perf_counter() - self._start
            return self._row(prediction, error)

    async def ask(self) -> Prediction:
        with labelled(**self._labels), self._context():
            self._start = time.perf_counter()
            program: Any = self._program
            prediction: Prediction = await program.acall(**self._example.inputs)
            self._seconds = time.perf_counter() - self._start
            return prediction

    def then(self, prediction: Prediction | None, error: Exception | None) -> Row:
        with labelled(**self._labels), self._context():
            return self._row(prediction, error)

    def _context(self) -> contextlib.AbstractContextManager[Any]:
        return use(**self._settings) if self._settings else contextlib.nullcontext()

    def _row(self, prediction: Prediction | None, error: Exception | None) -> Row:
        row = self._made(prediction, error)
        if self._keep is not None:
            self._keep(row)
        return row

    def _made(self, prediction: Prediction | None, error: Exception | None) -> Row:
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
    seconds = time.perf_counter() - start
    return Row(example, None, Score(0.0, said), said, trace, seconds, checks, error)
