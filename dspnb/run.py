"""Drive an optimizer: do the work it asks for, say what happened, obey the controls."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import itertools
import random
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from .budget import Budget, Metered, Spending, check_price
from .candidate import Candidate, Comparison, changes
from .context import current, use
from .controls import Controls, Stop
from .errors import TooManyErrors, one_line
from .evaluate import Report, Row, evaluate
from .events import (
    FINAL,
    BestChanged,
    Called,
    Compared,
    Estimated,
    Evaluated,
    Event,
    EventLog,
    Phase,
    Proposed,
    Scored,
    Spent,
    Split,
    Started,
    Status,
    StatusChanged,
    Warned,
)
from .example import Example, Metric, Prediction
from .lm.base import LanguageModel
from .lm.labels import labelled
from .lm.ledger import Calls, ledger
from .module import Module, State
from .optimizers import (
    Answer,
    Ask,
    Complete,
    Evaluate,
    Optimizer,
    Task,
    Validate,
)
from .plots import run_figure
from .pool import finished
from .predict import Predict
from .provenance import Provenance, fingerprint
from .trace import Trace

ERROR_RATE = 0.5  # above it an evaluation says nothing about the program
OUTSIDE: dict[str, Any] = {"history": None, "frame": None, "rollout": 0}  # of any program call


class Interrupted(KeyboardInterrupt):
    """The kernel's interrupt ended a wait for a run."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: one line."""
        return [f"Interrupted: {self}"]


class Run:
    """One search on a background thread, so the notebook stays free to show it and stop it.

    The baseline, the program as it is, is validated first: `best` is right at any time and never
    worse than it on the validation set.
    """

    def __init__(
        self,
        program: Module,
        optimizer: Optimizer,
        *,
        metric: Metric,
        train: Sequence[Example],
        val: Sequence[Example],
        test: Sequence[Example] = (),
        budget: Budget | None = None,
        teacher: LanguageModel | None = None,
        proposer: LanguageModel | None = None,
        seed: int = 0,
        concurrency: int = 16,
        warnings: Sequence[str] = (),
    ) -> None:
        self.id = f"run-{uuid.uuid4().hex[:12]}"
        self.program = program.with_state({})  # later changes to the user's own do not matter
        self.optimizer, self.metric, self.test = optimizer, metric, test
        self.budget, self.concurrency, self.seed = budget or Budget(), concurrency, seed
        signatures = {path: p.signature for path, p in self.program.predictors()}
        self.task = Task(self.program.state, train, val, random.Random(seed), signatures)
        self.controls, self.log, self.spending = Controls(), EventLog(), Spending()
        self.status: Status = "running"
        self.reason = ""
        self.candidates: list[Candidate] = []
        self.comparison: Comparison | None = None
        self.error: BaseException | None = None
        self._models = {"teacher": teacher, "proposer": proposer}
        self._warnings = warnings
        self._program_calls = 0  # done so far, of `_estimate`
        self._call_ids = itertools.count()
        self._ended = threading.Event()
        self._turn = threading.Lock()  # protects `status` and `reason`
        self._judged = threading.Lock()  # protects the candidates' reports and what counts calls
        here = current()
        self._lm, self._adapter = here.require_lm(), here.adapter
        for model in filter(None, (self._lm, teacher, proposer)):
            check_price(self.budget, model)
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._main,), name=self.id, daemon=True
        )

    # -- for users and front ends ----------------------------------------------------

    def start(self) -> Run:
        """Begin; returns at once."""
        self._thread.start()
        return self

    def events(self, since: int = 0) -> Iterator[Event]:
        """Every event from `since` on, past and future, until the run ends."""
        return itertools.chain.from_iterable(self.log.batches(since))

    def pause(self) -> None:
        """Start no further call until `resume`."""
        self.controls.pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        self.controls.resume()

    def stop(self, reason: str = "stopped by you") -> None:
        """End now, without waiting for calls in flight; `best` is what was found until then."""
        self._become("stopping")
        self.controls.stop(reason)

    def wait(self, timeout: float | None = None) -> Run:
        """Block until the run ends, at most `timeout` seconds; raise the error of a failed run.

        The kernel's interrupt stops the run, keeps the best so far, and is raised as `Interrupted`.
        """
        try:
            self.join(timeout)
        except KeyboardInterrupt:
            self.stop("interrupted")
            self.join(5.0)
            raise Interrupted(f"{self.optimizer_name} was stopped: {self.summary}") from None
        if self.error:
            raise self.error
        return self

    def join(self, timeout: float | None = None) -> None:
        """Block until the run ends, whatever its end; an interrupt ends only the waiting."""
        waited = 0.0
        # Not `Thread.join`: in Python 3.11 an interrupt inside it marks a live thread as ended. The
        # waits are short, so that an interrupt is seen on every platform.
        while not self._ended.wait(0.1) and (timeout is None or waited < timeout):
            waited += 0.1

    @property
    def over(self) -> bool:
        """Whether the run has ended, in whatever way."""
        return self.status in FINAL

    @property
    def best_candidate(self) -> Candidate | None:
        """The candidate with the highest validation mean so far, the earliest of equals."""
        scored = [c for c in self.candidates if c.report is not None]
        return max(scored, key=lambda c: (c.report.mean, -c.id), default=None)  # type: ignore[union-attr]

    @property
    def best(self) -> Module:
        """The best program so far; the original until one is scored.

        Its `provenance` says what was searched, and how good it is on the test set, or else on the
        validation set.
        """
        best = self.best_candidate
        if best is None or best.report is None:
            return self.program.with_state(self.task.state)
        split: Literal["val", "test"] = "test" if self.comparison else "val"
        report = self.comparison.best if self.comparison else best.report
        low, high = report.interval
        provenance = Provenance(
            optimizer=self.optimizer_name,
            metric=report.metric,
            split=split,
            score=report.mean,
            low=low,
            high=high,
            n=len(report.rows),
            train=self._train_fingerprint,
            seed=self.seed,
            model=self._lm.model,
            candidate=best.id,
        )
        return self.program.with_state(best.state, provenance=provenance)

    @functools.cached_property
    def _train_fingerprint(self) -> str:
        return fingerprint(self.task.train)

    @property
    def report(self) -> Report | None:
        """The best program's scores: on the test set when there was one, else on validation."""
        if self.comparison:
            return self.comparison.best
        best = self.best_candidate
        return best.report if best else None

    @property
    def ledger(self) -> Calls:
        """Its model calls, one by one: a part of the ledger of this process."""
        return ledger.of_run(self.id)

    @property
    def optimizer_name(self) -> str:
        """Its class."""
        return type(self.optimizer).__name__

    @property
    def summary(self) -> str:
        """How it stands, in a line."""
        best = self.best_candidate
        tried = sum(c.report is not None for c in self.candidates)
        if best is None or best.report is None:
            return "nothing is scored yet"
        return f"best of {tried} candidates is #{best.id}, {best.report} (validation)"

    @property
    def progress(self) -> tuple[int, int | None]:
        """Runs of the program done so far, and in all, as far as the optimizer can tell."""
        return self._program_calls, self._estimate

    @property
    def remaining(self) -> float | None:
        """Seconds left, estimated from the pace so far; None while nothing is known."""
        if not self._estimate or not self._program_calls or self.over:
            return None
        left = max(0, self._estimate - self._program_calls)
        return self.log.seconds * left / self._program_calls

    def plot(self) -> Any:
        """A matplotlib figure: each candidate's score with its interval, and the best so far."""
        return run_figure(self)

    def __repr__(self) -> str:
        return f"Run({self.optimizer_name}, {self.status}: {self.summary})"

    # -- the loop --------------------------------------------------------------------

    def _main(self) -> None:
        lm = self._metered(self._lm)
        try:
            with (
                use(lm=lm, adapter=self._adapter, meter=self._metered, **OUTSIDE),
                labelled(run=self.id, candidate=None, example=None, path=""),
            ):
                self._announce()
                with contextlib.suppress(_GoodEnough):
                    self._search()
                self._compare()
            self._tell_spent()
            self._become("done")
        except Stop as stop:
            self._become("stopped", str(stop))
        except Exception as error:  # whatever the optimizer or the user's program raises
            self.error = error
            self._become("failed", one_line(error))
        finally:
            self.log.close()
            self._ended.set()

    def _announce(self) -> None:
        task = self.task
        self.log.append(
            Started(
                self.optimizer_name,
                len(task.train),
                len(task.val),
                len(self.test),
                False,
                str(self.budget),
            )
        )
        self.log.append(StatusChanged("running"))
        if self._estimate is not None:
            calls = self._estimate * max(1, len(task.signatures))
            self.log.append(Estimated({"searching": self._estimate}, calls, None, None, None))
        for warning in self._warnings:
            self.log.append(Warned(warning))

    @functools.cached_property
    def _estimate(self) -> int | None:
        """Runs of the program that the whole run takes, about."""
        searching = self.optimizer.program_calls(len(self.task.train), len(self.task.val))
        if searching is None:
            return None
        return len(self.task.val) + searching + 2 * len(self.test)

    def _search(self) -> None:
        self.log.append(Phase("scoring the program as it is"))
        self._validate(Validate(self.task.state, note="as it is"))
        self.log.append(Phase("searching"))
        with contextlib.closing(self.optimizer.search(self.task)) as search:
            answer: Any = None
            while True:
                try:
                    ask = search.send(answer)
                except StopIteration as end:
                    final = end.value
                    break
                answer = self._perform_all(ask) if isinstance(ask, tuple) else self._perform(ask)
        self._validate(Validate(final, self.task.state, note="final"))

    def _perform_all(self, asks: tuple[Ask, ...]) -> tuple[Answer, ...]:
        for ask in asks:
            if isinstance(ask, Validate):
                self._candidate(ask)  # here, not in a thread: numbers follow the order of asks
        jobs = [functools.partial(self._perform, ask) for ask in asks]
        with contextlib.closing(finished(jobs, self.concurrency, self._checkpoint)) as done:
            answers: dict[int, Answer] = dict(done)
        return tuple(answers[i] for i in range(len(asks)))

    def _perform(self, ask: Ask) -> Answer:
        self._checkpoint()
        match ask:
            case Validate():
                return self._validate(ask)
            case Complete(signature, inputs):
                with self._model("proposer"):
                    return self._complete(functools.partial(Predict(signature), **inputs))
            case Evaluate(state, examples, rollout, role):
                with self._model(role), use(rollout=rollout):
                    return self._score(state, examples)

    def _complete(self, call: Callable[[], Prediction]) -> Prediction:
        """Call the model from another thread, so that a stop is seen while it hangs."""
        with contextlib.closing(finished([call], 1, self._checkpoint)) as done:
            prediction: Prediction = next(done)[1]
        self._called(prediction.trace)
        return prediction

    def _model(self, role: str) -> contextlib.AbstractContextManager[Any]:
        lm = self._models.get(role)
        return use(lm=self._metered(lm)) if lm else contextlib.nullcontext()

    def _metered(self, lm: LanguageModel) -> Metered:
        return Metered(
            lm,
            self.budget,
            self.spending,
            self._checkpoint,
            self._may_go_on,
            lambda: self.log.seconds,
        )

    def _validate(self, ask: Validate) -> Report:
        candidate = self._candidate(ask)
        if candidate.report is None:
            self.log.append(Phase(f"scoring candidate {candidate.id}"))
            report = self._score(ask.state, self.task.val, candidate.id, "val")
            with self._judged:
                before, candidate.report = self.best_candidate, report
                if self.best_candidate is not before:
                    self.log.append(BestChanged(candidate.id, report.mean))
            if self.budget.score is not None and report.mean >= self.budget.score:
                raise _GoodEnough
        return candidate.report

    def _score(
        self,
        state: State,
        examples: Sequence[Example],
        candidate: int | None = None,
        split: Split = "train",
    ) -> Report:
        with labelled(candidate=candidate):
            report = evaluate(
                self.program.with_state(state),
                examples,
                self.metric,
                concurrency=self.concurrency,
                on_row=functools.partial(self._scored, candidate, split),
                on_wait=self._checkpoint,
            )
        if len(report.rows) > 4 and len(report.errors) > ERROR_RATE * len(report.rows):
            raise TooManyErrors(
                f"{len(report.errors)} of {len(report.rows)} rows failed: {_causes(report)}"
            )
        if candidate is not None:
            low, high = report.interval
            n, errors = len(report.rows), len(report.errors)
            self.log.append(Evaluated(candidate, split, report.mean, low, high, n, errors))
        return report

    def _scored(self, candidate: int | None, split: Split, i: int, row: Row) -> None:
        with self._judged:
            self._program_calls += 1
        self._called(row.trace)
        if candidate is not None:
            self.log.append(Scored(candidate, i, row.score.value, split))

    def _called(self, trace: Trace) -> None:
        for call in trace:
            cached = call.completion is not None and call.completion.cached
            with self._judged:
                self.log.append(
                    Called(
                        next(self._call_ids),
                        call.path,
                        call.tokens_in,
                        call.tokens_out,
                        call.dollars,
                        call.seconds,
                        cached,
                    )
                )

    def _candidate(self, ask: Validate) -> Candidate:
        """The candidate of this state; a state that is new gets the next number."""
        for candidate in self.candidates:
            if candidate.state == ask.state:
                return candidate
        candidate = Candidate(len(self.candidates), ask.state)
        parent = next((c for c in self.candidates if c.state == ask.parent), None)
        self.candidates.append(candidate)
        differences = changes(parent.state, ask.state) if parent else {}
        origin = parent.id if parent else None
        self.log.append(Proposed(candidate.id, origin, ask.note, differences))
        return candidate

    def _compare(self) -> None:
        """Baseline and best on the held-out test set."""
        best = self.best_candidate
        if not self.test or best is None:
            return
        self.log.append(Phase("comparing on held-out examples"))
        baseline = self._score(self.task.state, self.test, 0, "test")
        after = baseline if best.id == 0 else self._score(best.state, self.test, best.id, "test")
        self.comparison = Comparison(baseline, after)
        difference, low, high = self.comparison.difference
        pairs = list(zip(baseline.scores, after.scores, strict=True))
        self.log.append(
            Compared(
                baseline=0,
                best=best.id,
                before=baseline.mean,
                after=after.mean,
                difference=difference,
                low=low,
                high=high,
                better=1.0 if low > 0 else 0.5,
                fixed=sum(b > a for a, b in pairs),
                broke=sum(b < a for a, b in pairs),
                search=best.report.mean if best.report else 0.0,
                n=len(self.test),
                opened=1,
                returned=True,
            )
        )

    def _tell_spent(self) -> None:
        usage = self.spending.usage
        self.log.append(
            Spent(
                self._program_calls,
                0,
                usage.calls,
                usage.cached,
                usage.tokens_in + usage.tokens_out,
                usage.dollars,
                usage.unpriced,
                self.log.seconds,
            )
        )

    def _checkpoint(self) -> None:
        if self.controls.paused:
            self._become("paused")
            self.controls.checkpoint()
            self._become("running")
        self.controls.checkpoint()
        self._check_time()

    def _may_go_on(self) -> bool:
        """The same without waiting: whether it is not paused."""
        if self.controls.paused:
            return False
        self.controls.check()
        self._check_time()
        return True

    def _check_time(self) -> None:
        if self.budget.seconds is not None and self.log.seconds >= self.budget.seconds:
            raise Stop(f"budget of {self.budget.seconds:g} s spent")

    def _become(self, status: Status, reason: str = "") -> None:
        with self._turn:  # a late `stop` must not reopen a finished run
            if self.status in FINAL or self.status == status:
                return
            if self.status == "stopping" and status not in FINAL:
                return
            self.status, self.reason = status, reason
            self.log.append(StatusChanged(status, reason))


class _GoodEnough(Exception):
    """The validation score that the budget asks for is reached."""


def _causes(report: Report, most: int = 3) -> str:
    """Why rows failed, the most frequent cause first; answers of models may all differ."""
    causes = list(report.causes().items())
    said = [f"{n} times {cause}" for cause, n in causes[:most]]
    return "; ".join(
        [*said, *([f"and {len(causes) - most} other causes"] if causes[most:] else [])]
    )
