"""Drive an optimizer: put what it asks to work, say what happened, judge the result."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from .allowance import Allowance, kept_usage
from .asked import Asked
from .candidate import Candidate, best_of, changes, expected_of
from .comparison import Comparison
from .context import use
from .controls import BudgetSpent, Controls
from .estimate import estimated
from .events import (
    BestChanged,
    Body,
    Called,
    Compared,
    Evaluated,
    Event,
    EventLog,
    Phase,
    Proposed,
    Scored,
)
from .failing import Failures
from .lm.labels import labelled
from .making import Made, Maker
from .module import Module
from .optimizers import Ask, Complete, Evaluate, Task, Train, Validate
from .plan import Plan
from .report import Report, Row
from .store import Evaluation, Store
from .trace import Trace
from .work import NOTHING, Work
from .work import Scored as Whose

OUTSIDE: dict[str, Any] = {"history": None, "frame": None, "rollout": 0}  # of any program call


class GoodEnough(Exception):
    """The validation score that the budget asks for is reached."""


class Driver:
    """One search: its log, its controls, its candidates, and all that is spent.

    `drive` is called once, in the run's thread; others read while it goes on.
    """

    def __init__(
        self, plan: Plan, run: str, store: Store, spent: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        """`spent` is what the record says of earlier sessions."""
        self.plan, self.run, self.store = plan, run, store
        signatures = {path: p.signature for path, p in plan.program.predictors()}
        rng = random.Random(plan.seed)
        self.task = Task(plan.program.state, plan.train, plan.val, rng, signatures)
        answers = store.answers(run)
        self.controls, self.log = Controls(), EventLog(self._write)
        kept = kept_usage(store.cells, answers, run)
        self.allowance = Allowance(plan, self.log, self.controls, kept, spent)
        self.candidates: list[Candidate] = []
        self.comparison: Comparison | None = None
        self._asked = Asked(plan, run, self.controls.checkpoint)
        self._maker = Maker(run, store, answers, self.allowance, plan.concurrency)
        self._failures = Failures(plan.max_error_rate)
        self._call_ids = itertools.count()
        self._searching = False  # so that something is set aside for held-out examples

    def drive(self) -> None:
        """Do all of it. Raises `Stop` when it is stopped, or the budget is spent."""
        here = self.plan.here
        with (
            use(lm=here.lm, adapter=here.adapter, **OUTSIDE),
            labelled(run=self.run, candidate=None, example=None, path=""),
        ):
            spent: BudgetSpent | None = None
            try:
                with contextlib.suppress(GoodEnough):
                    self._search()
            except BudgetSpent:
                if not self.allowance.some_is_set_aside:
                    raise
                told = f"budget of {self.plan.budget} spent, some of it on held-out examples"
                spent = BudgetSpent(told)
            self.allowance.release()
            self._compare()
            if spent is not None:
                raise spent

    def flush(self) -> None:
        """Write down what is held back."""
        self._maker.flush()

    @property
    def best_candidate(self) -> Candidate | None:
        """The candidate with the highest validation mean so far, the earliest of equals."""
        return best_of(self.candidates)

    def program(self, candidate: Candidate) -> Module:
        """The program of a candidate."""
        return self._asked.program(candidate)

    # -- the search ------------------------------------------------------------------

    def _search(self) -> None:
        self._say(Phase("scoring the program as it is"))
        self._perform((Validate(self.task.state, note="as it is"),))
        taken = self.allowance.taken
        if taken.program_calls and (better := estimated(self.plan, taken)):
            self._say(better)
        self._searching = True
        self._set_aside()
        self._say(Phase("searching"))
        with contextlib.closing(self.plan.optimizer.search(self.task)) as search:
            answer: Any = None
            while True:
                try:
                    ask = search.send(answer)
                except StopIteration as end:
                    final = end.value
                    break
                together = ask if isinstance(ask, tuple) else (ask,)
                answers = self._perform(together)
                answer = answers if isinstance(ask, tuple) else answers[0]
        self._perform((Validate(final, self.task.state, note="final"),))

    def _perform(self, asks: tuple[Ask, ...]) -> tuple[Any, ...]:
        """Do asks together: all their jobs share one pool, which does not idle between them."""
        self.controls.checkpoint()
        works: dict[int, Work] = {}
        for i, ask in enumerate(asks):
            if not isinstance(ask, Validate):
                works[i] = self._asked.work(ask)
            # Now, and not when it is scored: numbers follow the order of asks.
            elif (candidate := self._candidate(ask)).report is None:
                works[i] = self._asked.scoring(candidate, "val")
        made = dict(zip(works, self._make(list(works.values())), strict=True))
        return tuple(self._answer(ask, made.get(i)) for i, ask in enumerate(asks))

    def _answer(self, ask: Ask, made: Made | None) -> Any:
        if isinstance(ask, Validate):
            return self._candidate(ask).report
        assert made is not None
        rows = made.in_order()
        match ask:
            case Evaluate():
                return Report(rows, self.plan.metric_name)
            case Complete():
                return rows[0].prediction
            case Train():
                return self._asked.trained(rows[0])

    def _candidate(self, ask: Validate) -> Candidate:
        """The candidate of this state; a state that is new gets the next number."""
        for candidate in self.candidates:
            if candidate.state == ask.state and candidate.role == ask.role:
                return candidate
        candidate = Candidate(len(self.candidates), ask.state, role=ask.role)
        parent = next((c for c in self.candidates if c.state == ask.parent), None)
        self.candidates.append(candidate)
        origin = parent.id if parent else None
        runs = self.store.runs
        runs.write(runs.add_candidate(self.run, candidate.id, origin, ask.note, ask.state))
        differences = changes(parent.state, ask.state) if parent else {}
        self._say(Proposed(candidate.id, origin, ask.note, differences))
        return candidate

    def _compare(self) -> None:
        """Baseline and best on held-out examples, in the end and once."""
        plan, best = self.plan, self.best_candidate
        if not plan.test or best is None or best.report is None:
            return
        self._say(Phase("comparing on held-out examples"))
        baseline = self.candidates[0]
        both = [baseline] if best is baseline else [baseline, best]
        made = self._make([self._asked.scoring(candidate, "test") for candidate in both])
        reports = [one.report(self.store, plan.metric_name) for one in made]
        opened = 0
        if not plan.reserved:
            opened = self.store.runs.open_test(plan.held_out, plan.fingerprint, self.run)
        self.comparison = compared = Comparison(
            reports[0],
            reports[-1],
            best.report.mean,
            opened,
            plan.never_worse,
            expected_of(self.candidates, best),
        )
        difference, low, high = compared.difference
        self._say(
            Compared(
                baseline=baseline.id,
                best=best.id,
                before=compared.baseline.mean,
                after=compared.best.mean,
                difference=difference,
                low=low,
                high=high,
                better=compared.better,
                fixed=len(compared.fixed),
                broke=len(compared.broke),
                search=compared.search,
                n=len(plan.test),
                opened=opened,
                returned=compared.returned,
            )
        )

    def _set_aside(self) -> None:
        """Keep enough of the budget to compare on held-out examples in the end."""
        budget = self.plan.budget
        limits = (budget.calls, budget.tokens, budget.dollars, budget.seconds)
        if self.plan.test and any(limits):
            keys = self._asked.scoring(self.candidates[0], "test").keys
            self.allowance.set_aside(2 * len(keys) - len(self.store.cells.find(keys)))

    # -- rows ----------------------------------------------------------------------------

    def _make(self, works: Sequence[Work]) -> list[Made]:
        for work in works:
            if work.scored is not None and work.scored.split == "val":
                self._say(Phase(f"scoring candidate {work.scored.candidate.id}"))
        made = [Made.of(work) for work in works]
        # An answer that waits for its metric is lost with the process, unless it is in a cache.
        models = map(self._asked.model, ("student", "teacher"))
        ahead = all(getattr(lm, "keeps", False) for lm in models)
        self._maker.make(made, self._take, ahead=ahead)
        self._failures.check(last=True)
        return made

    def _take(self, one: Made, place: int, row: Row, known: bool) -> None:
        """Count a row, tell of it, and finish the work with its last."""
        one.take(place, row)
        if row.example is not NOTHING:
            self.allowance.program_calls += 1
            self.allowance.known += known
        whose = one.work.scored
        said: list[Body] = [] if known else [*self._called(row.trace)]
        if whose is not None:
            said.append(Scored(whose.candidate.id, place, row.score.value, whose.split, known))
        self.log.append(*said)
        self._failures.add(row, changed=one.work.changed)
        self._failures.check()
        if not one.left and whose is not None:
            self._maker.flush()
            self._finish(one, whose)

    def _finish(self, one: Made, whose: Whose) -> None:
        """A candidate is scored on a whole set."""
        report = one.report(self.store, self.plan.metric_name)
        candidate, split = whose.candidate, whose.split
        kept = Evaluation(candidate.id, split, one.keys)
        self.store.runs.write(self.store.runs.add_evaluation(self.run, kept))
        low, high = report.interval
        n, errors = len(report.rows), len(one.errors)
        self._say(Evaluated(candidate.id, split, report.mean, low, high, n, errors))
        if split != "val":
            return
        self.allowance.weigh(self.store.cells, one.keys)
        if self._searching:
            self._set_aside()
        before, candidate.report = self.best_candidate, report
        if self.best_candidate is not before:
            self._say(BestChanged(candidate.id, report.mean))
        if self.plan.budget.score is not None and report.mean >= self.plan.budget.score:
            raise GoodEnough

    # -- what is said ----------------------------------------------------------------------

    def _say(self, body: Body) -> None:
        self.log.append(body)

    def _write(self, event: Event) -> None:
        """Keep an event; the many small ones are in the rows."""
        if not isinstance(event.body, Scored | Called):
            self.store.runs.write(self.store.runs.add_event(self.run, event))

    def _called(self, trace: Trace) -> Iterator[Called]:
        for call in trace:
            yield Called(
                next(self._call_ids),
                call.path,
                call.tokens_in,
                call.tokens_out,
                call.dollars,
                call.seconds,
                call.completion is not None and call.completion.cached,
            )
