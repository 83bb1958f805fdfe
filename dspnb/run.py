"""One search as its user holds it: watch it, pause it, stop it, and take the best."""

from __future__ import annotations

import contextvars
import dataclasses
import functools
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any, Literal

from .candidate import Candidate
from .comparison import Comparison, caution
from .controls import Stop
from .driver import Driver
from .errors import UsageError, one_line
from .estimate import estimated, paces, program_calls
from .events import FINAL, Event, Resumed, Spent, Started, Status, StatusChanged, Warned
from .example import Prediction
from .lm.ledger import Calls, ledger
from .module import Module
from .modules import Ensemble, arguments, majority
from .overlap import overlaps, words
from .plan import Plan
from .plots import run_figure
from .provenance import Provenance, fingerprint
from .report import Report
from .store import Lock, Record, Store
from .watching import Watch


class Interrupted(KeyboardInterrupt):
    """The kernel's interrupt ended a wait for a run."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: one line."""
        return [f"Interrupted: {self}"]


class Run:
    """One search on a background thread, so the notebook stays free to show it and stop it.

    The baseline, the program as it is, is validated first, unless the optimizer validates in part:
    `best` is right at any time. All that is paid for is in the store before anything else happens.
    """

    def __init__(
        self, plan: Plan, record: Record, store: Store, lock: Lock, *, resumed: bool = False
    ) -> None:
        self.id, self.plan = record.id, plan
        self._lock = lock  # held, so that no other process goes on with the same run
        self.store, self._record = store, record
        self.status: Status = "running"
        self.reason = ""
        self.error: BaseException | None = None
        self._driver = Driver(plan, record.id, store, record.spent)
        self.task, self.log = self._driver.task, self._driver.log
        self.spending = self._driver.allowance.spending
        self._resumed = resumed
        self._ended = threading.Event()
        self._turn = threading.Lock()  # protects `status`, `reason`, and the controls
        self._watch = Watch(self, store, self._keep, self.log.append)
        self._keeping = threading.Lock()  # protects `_record`, and the order of its writing
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
        """Start no further call until `resume`; those in flight are finished."""
        self._become("paused", then=self._driver.controls.pause)

    def resume(self) -> None:
        """Go on after `pause`."""
        self._become("running", then=self._driver.controls.resume)

    def stop(self, reason: str = "stopped by you") -> None:
        """End now, without waiting for calls in flight; `best` is what was found until then."""
        self._become("stopping", then=functools.partial(self._driver.controls.stop, reason))

    def wait(self, timeout: float | None = None) -> Run:
        """Block until the run ends, at most `timeout` seconds; raise the error of a failed run.

        The kernel's interrupt stops the run, keeps the best so far, and is raised as `Interrupted`.
        """
        try:
            self.join(timeout)
        except KeyboardInterrupt:
            self.stop("interrupted")
            self.join(5.0)
            raise Interrupted(
                f"{self.optimizer_name} was stopped: {self.summary}. The same call goes on with it."
            ) from None
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
    def program(self) -> Module:
        """The program as it was when the run began."""
        return self.plan.program

    @property
    def candidates(self) -> list[Candidate]:
        """The states that it has met, by number; the first is the program as it was."""
        return self._driver.candidates

    @property
    def comparison(self) -> Comparison | None:
        """The program as it was and the best one on held-out examples, once that was done."""
        return self._driver.comparison

    @property
    def best_candidate(self) -> Candidate | None:
        """The one with the highest validation mean so far, the earliest of equals.

        A search that validates in part says itself which is the best one.
        """
        return self._driver.best_candidate

    @property
    def returned(self) -> Candidate | None:
        """The candidate that `best` is made of; None until one is scored.

        It is the program as it was when the best candidate is not better beyond doubt on held-out
        examples, unless `compile(never_worse=False)`.
        """
        return self._driver.returned

    @property
    def best(self) -> Module:
        """The best program so far; the original until one is scored, or unless one is better.

        Its `provenance` says what was searched, and how good it is on the held-out examples, or
        else on the validation set.
        """
        best, report = self.returned, self.report
        if best is None or report is None:
            return self.program.with_state(self.task.state)  # nothing else can have been the best
        split: Literal["val", "test"] = "test" if self.comparison else "val"
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
            seed=self.plan.seed,
            model=self.plan.model("student").model,
            candidate=best.id,
        )
        program = self._driver.program(best)
        program._comes_from(provenance)
        return program

    def ensemble(
        self, size: int = 7, reduce: Callable[[list[Prediction]], Any] = majority
    ) -> Ensemble:
        """The `size` candidates with the best validation means as one program; fewer if fewer are.

        Its answer is the majority of theirs, as in DSPy's paper (Khattab et al., 2023, arXiv
        2310.03714). A call takes `size` times as many model calls, and nobody has scored it yet:
        `evaluate(run.ensemble(), test, metric)`. Raises `UsageError` when no candidate is scored.
        """
        every = len(self.plan.val)  # not those that were validated in part
        reports = [(c, c.report) for c in list(self.candidates) if c.report is not None]
        ranked = sorted(
            ((report.mean, -c.id, c) for c, report in reports if len(report.rows) == every),
            reverse=True,
        )
        if not ranked:
            raise UsageError("An ensemble is of candidates that are scored; none is so far.")
        size = arguments.count("size", size)
        return Ensemble([self._driver.program(one) for _, _, one in ranked[:size]], reduce)

    @functools.cached_property
    def _train_fingerprint(self) -> str:
        return fingerprint(self.task.train)

    @property
    def report(self) -> Report | None:
        """The scores of the program that `best` gives: held-out ones if there are any."""
        if self.comparison:
            return self.comparison.report
        best = self.best_candidate
        return best.report if best else None

    @property
    def ledger(self) -> Calls:
        """Its model calls, one by one: a part of the ledger of this process."""
        return ledger.of_run(self.id)

    @property
    def optimizer_name(self) -> str:
        """Its class."""
        return self.plan.optimizer_name

    @property
    def summary(self) -> str:
        """How it stands, in a line."""
        best = self.best_candidate
        tried = sum(c.report is not None for c in list(self.candidates))
        if best is None or best.report is None:
            if tried:
                return f"none of {tried} candidates is said to be better than the program as it was"
            return "nothing is scored yet"
        where = "validation" if best.whole else "some of the validation"
        said = f"best of {tried} candidates is #{best.id}, {best.report} ({where})"
        if self.comparison is not None and not self.comparison.returned:
            return f"{said}; not distinguishable from the program as it was, which is returned"
        return said

    @property
    def progress(self) -> tuple[int, int | None]:
        """Runs of the program done so far, and in all, as far as the optimizer can tell."""
        return self._driver.allowance.program_calls, self._whole

    @functools.cached_property
    def _whole(self) -> int | None:
        parts = program_calls(self.plan)
        return None if parts is None else sum(parts.values())

    @property
    def remaining(self) -> float | None:
        """Seconds left, estimated from the pace so far; None while nothing is known."""
        taken, whole = self._driver.allowance.taken, self._whole
        if not whole or not taken.count or self.over:
            return None
        left = max(0, whole - self._driver.allowance.program_calls)
        return taken.seconds * left / taken.count

    def plot(self) -> Any:
        """A matplotlib figure: each candidate's score with its interval, and the best so far."""
        return run_figure(self)

    def __repr__(self) -> str:
        return f"Run({self.optimizer_name}, {self.status}: {self.summary})"

    # -- on its thread -----------------------------------------------------------------

    def _main(self) -> None:
        try:
            self._announce()
            self._watch.start()
            self._driver.drive()
            self._end("done")
        except Stop as stop:
            self._end("stopped", str(stop))
        except BaseException as error:  # whatever the optimizer or the user's program raises
            self.error = error
            self._end("failed", one_line(error))
        finally:
            self.log.close()
            self._watch.close()
            self._lock.release()
            self._ended.set()

    def _announce(self) -> None:
        plan, say = self.plan, self.log.append
        sizes = (len(plan.train), len(plan.val), len(plan.test))
        say(Started(self.optimizer_name, *sizes, plan.reserved, str(plan.budget), plan.chosen))
        say(StatusChanged("running"))
        if self._resumed:
            before = self._driver.allowance.before
            rows = self.store.cells.count(self.id)
            say(Resumed(rows, before.calls, before.dollars))
        for warning in (*plan.warnings, *self._cautions()):
            say(Warned(warning))
        pace = paces(plan, self.store.runs.all())
        if (estimate := estimated(plan, pace=pace)) is not None:
            say(estimate)

    def _cautions(self) -> Iterator[str]:
        plan = self.plan
        yield from words(overlaps(train=plan.train, val=plan.val, test=plan.test))
        if plan.unsure:
            yield (
                "Its scores cannot be used again by another session, nor can it be resumed there: "
                f"it cannot be told what is in {', '.join(plan.unsure)}."
            )
        if self.store.trouble:
            yield f"What this run pays for is kept in memory only: {self.store.trouble}"
        if plan.test:
            yield caution(len(plan.test))

    def _end(self, status: Status, reason: str = "") -> None:
        usage, allowance = self.spending.usage, self._driver.allowance
        self._watch.tell()
        self.log.append(
            Spent(
                allowance.program_calls,
                allowance.known,
                usage.calls,
                usage.cached,
                usage.tokens_in + usage.tokens_out,
                usage.dollars,
                usage.unpriced,
                allowance.seconds,
            )
        )
        self._become(status, reason)
        self._keep()

    def _become(
        self, status: Status, reason: str = "", then: Callable[[], object] = lambda: None
    ) -> None:
        with self._turn:  # a late `stop` must not reopen a finished run
            if self.status in FINAL or self.status == status:
                return
            if self.status == "stopping" and status not in FINAL:
                return
            self.status, self.reason = status, reason
            then()  # not after: a `resume` at the same moment would leave it paused
            self.log.append(StatusChanged(status, reason))

    def _keep(self) -> None:
        """Write down how it stands, and all that is held back."""
        self._driver.flush()
        with self._keeping:
            usage = self.spending.usage
            spent = {
                "calls": usage.calls,
                "tokens": usage.tokens_in + usage.tokens_out,
                "dollars": usage.dollars,
                "unpriced": usage.unpriced,
                "seconds": self._driver.allowance.seconds,
                "program_calls": self._driver.allowance.program_calls,
            }
            result: dict[str, Any] = {}
            if (best := self.returned) is not None and (report := self.report) is not None:
                low, high = report.interval
                n = len(report.rows)
                result = {
                    "candidate": best.id,
                    "score": report.mean,
                    "low": low,
                    "high": high,
                    "n": n,
                }
                result["split"] = "test" if self.comparison else "val"
            self._record = dataclasses.replace(
                self._record, status=self.status, reason=self.reason, spent=spent, result=result
            )
            self.store.runs.update(self._record)
