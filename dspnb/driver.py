"""Drive an optimizer: put what it asks to work, say what happened, judge the result."""

from __future__ import annotations

import contextlib
import dataclasses
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
from .estimate import Taken, estimated, search_calls
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
    Warned,
)
from .example import Prediction
from .failing import Failures
from .lm.labels import labelled
from .making import Gathered, Made, Maker
from .module import Module, State
from .optimizers import Ask, Complete, Evaluate, Lead, Task, Train, Validate
from .plan import Plan
from .report import Report, Row
from .source import source_of
from .store import NOT_SCORED, Evaluation, Store
from .trace import Trace
from .unanswered import Unanswered
from .work import NOTHING, Completing, Work
from .work import Scored as Whose

OUTSIDE: dict[str, Any] = {"history": None, "frame": None, "rollout": 0}  # of any program call


FEW = 5  # validation examples; what fewer take says little about others


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
        self.task = Task(
            plan.program.state,
            plan.train,
            plan.val,
            rng,
            signatures,
            source_of(plan.program),
            search_calls(plan),
        )
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
        self._lead: tuple[Candidate, float] | None = None  # by the last `Lead`
        self._expected: tuple[State, float] | None = None  # by it too, seen or not
        self._gathered: dict[int, Gathered] = {}  # of candidates that were validated in part
        self._row: Taken | None = None  # what runs of the program took, for the estimate
        self._question: Taken | None = None  # and questions to the proposer
        self._unanswered = Unanswered()

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
            for words in self._unanswered.in_all():
                self._say(Warned(words))
            self._compare()
            if spent is not None:
                raise spent

    def flush(self) -> None:
        """Write down what is held back."""
        self._maker.flush()

    @property
    def best_candidate(self) -> Candidate | None:
        """The candidate that the run would return if it ended now, held-out examples aside.

        The one with the highest validation mean, the earliest of equals; of an optimizer that
        validates in part, that of its last `Lead`.
        """
        if not self.plan.samples:
            return best_of(self.candidates, self._lead)
        if self._lead is not None:
            return self._lead[0]
        return self.candidates[0] if self.candidates else None

    @property
    def returned(self) -> Candidate | None:
        """The candidate that the run gives: the first when the best is not surely better."""
        if self.comparison is not None and not self.comparison.returned:
            return self.candidates[0]
        return self.best_candidate

    def program(self, candidate: Candidate) -> Module:
        """The program of a candidate."""
        return self._asked.program(candidate)

    # -- the search ------------------------------------------------------------------

    def _search(self) -> None:
        as_it_is = Validate(self.task.state, note="as it is")
        if self.plan.samples:
            self._candidate(as_it_is)
        else:
            self._say(Phase("scoring the program as it is"))
            self._perform((as_it_is,))
            self._estimate()
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
                self._estimate()
        self._conclude(final)

    def _conclude(self, final: State) -> None:
        """The state that the search returned is the best one; or it is validated as any other."""
        last = Validate(final, self.task.state, note="final")
        if not self.plan.samples:
            self._perform((last,))
            return
        state, mean = self._expected or (None, 0.0)
        if expected := final == state:
            last = dataclasses.replace(last, note="expected to be the best", places=self._some)
        candidate, best = self._candidate(last), self.best_candidate
        if best is not None and (candidate is best or candidate.state == best.state):
            return
        if candidate.report is None and candidate.id:
            self._perform((last,))  # nobody has seen it; or nobody could say how good it is
        report = candidate.report
        self._follow(candidate, mean if expected or report is None else report.mean)

    def _perform(self, asks: tuple[Ask, ...]) -> tuple[Any, ...]:
        """Do asks together: all their jobs share one pool, which does not idle between them."""
        self.controls.checkpoint()
        works: dict[int, Work] = {}
        for i, ask in enumerate(asks):
            match ask:
                case Evaluate() | Complete() | Train():
                    works[i] = self._asked.work(ask)
                case Validate(places=places):
                    # Now, and not when it is scored: numbers follow the order of asks.
                    candidate = self._candidate(ask)
                    if places is not None or not candidate.whole:
                        works[i] = self._asked.scoring(candidate, "val", places)
        made = dict(zip(works, self._make(list(works.values())), strict=True))
        return tuple(self._answer(ask, made.get(i)) for i, ask in enumerate(asks))

    def _answer(self, ask: Ask, made: Made | None) -> Any:
        match ask:
            case Validate(places=None):
                return self._candidate(ask).report
            case Lead(state, mean):
                self._expected = state, mean
                known = (c for c in self.candidates if c.state == state)
                # What nobody has seen leads only once it was validated, or in the end.
                leader = next(known, None)
                return None if leader is None else self._follow(leader, mean)
        assert made is not None
        rows = made.in_order()
        match ask:
            case Evaluate() | Validate():
                return Report(rows, self.plan.metric_name)
            case Complete():
                return self._completed(rows[0])
            case Train():
                return self._asked.trained(rows[0])

    def _follow(self, candidate: Candidate, mean: float) -> None:
        """Take this candidate for the best one. Raises `GoodEnough` when it is."""
        known = self._lead
        self._lead = candidate, mean
        if candidate is not self.best_candidate or self._mean != mean:
            return  # one that was validated in full scored more, or this one less
        if known != self._lead:
            self._say(BestChanged(candidate.id, mean))
        if self.plan.budget.score is not None and mean >= self.plan.budget.score:
            raise GoodEnough

    @property
    def _mean(self) -> float | None:
        """What the best candidate has on the validation set, or is expected to have there."""
        best, lead = self.best_candidate, self._lead
        if lead is not None and lead[0] is best and (self.plan.samples or not best.whole):
            return lead[1]
        return best.report.mean if best is not None and best.report is not None else None

    def _completed(self, row: Row) -> Prediction | None:
        """What the proposer answered; None, and a word about it, when that is of no use."""
        if row.prediction is None and (words := self._unanswered.add(row)):
            self._say(Warned(words))
        return row.prediction

    def _estimate(self) -> None:
        """Say better what the run may take, once some of it is done."""
        known = self._row, self._question
        taken, asked = self.allowance.taken, self.allowance.asked
        if self._row is None and taken.count and (not self._searching or self.plan.samples):
            self._row = taken
        if self._question is None and asked.count:
            self._question = asked
        if (self._row, self._question) != known:
            better = estimated(self.plan, self._row, questions=self._question)
            if better is not None:
                self._say(better)

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

    @property
    def _some(self) -> tuple[int, ...]:
        """Places of a few validation examples, from all over the set."""
        count = len(self.plan.val)
        few = min(FEW, count)
        return tuple(i * count // few for i in range(few))

    def _compare(self) -> None:
        """Baseline and best on held-out examples, in the end and once."""
        plan, best = self.plan, self.best_candidate
        if not plan.test or best is None:
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
            reports[-1].mean if self._mean is None else self._mean,  # no validation, no optimism
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
        if self._sets_aside:
            keys = self._asked.scoring(self.candidates[0], "test").keys
            self.allowance.set_aside(2 * len(keys) - len(self.store.cells.find(keys)))

    @property
    def _sets_aside(self) -> bool:
        budget = self.plan.budget
        limits = (budget.calls, budget.tokens, budget.dollars, budget.seconds)
        return bool(self.plan.test) and any(limits)

    # -- rows ----------------------------------------------------------------------------

    def _make(self, works: Sequence[Work]) -> list[Made]:
        for phase in _phases(works):
            self._say(Phase(phase))
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
        elif isinstance(one.work, Completing):
            self.allowance.ask(row, known=known)
        whose = one.work.scored
        said: list[Body] = [] if known else [*self._called(row.trace)]
        if whose is not None:
            at, split = whose.place(place), whose.split
            said.append(Scored(whose.candidate.id, at, row.score.value, split, known))
        self.log.append(*said)
        self._failures.add(row, changed=one.work.changed)
        self._failures.check()
        if not one.left and whose is not None:
            self._maker.flush()
            self._finish(one, whose)

    def _finish(self, one: Made, whose: Whose) -> None:
        """A candidate is scored on a set, or on some of the validation examples."""
        candidate, keys, errors = whose.candidate, one.keys, len(one.errors)
        whole, gathered = whose.places is None, Gathered()
        if whose.split == "test" or whole:
            report = one.report(self.store, self.plan.metric_name)
        elif candidate.whole:
            return  # its rows were asked for once more
        else:
            gathered = self._gathered.setdefault(candidate.id, Gathered())
            gathered.add(one, whose)
            val, program = self.plan.val, one.work.program
            report = gathered.report(self.store, program, val, self.plan.metric_name)
            whole = len(report.rows) == len(val)
            keys = [gathered.keys.get(place, NOT_SCORED) for place in range(len(val))]
            errors = len(gathered.errors)
        kept = Evaluation(candidate.id, whose.split, keys)
        self.store.runs.write(self.store.runs.add_evaluation(self.run, kept))
        low, high = report.interval
        n, mean = len(report.rows), report.mean
        self._say(Evaluated(candidate.id, whose.split, mean, low, high, n, errors))
        if whose.split == "val":
            if self._sets_aside and n >= min(FEW, len(self.plan.val)):
                self.allowance.weigh(self.store.cells, [key for key in keys if key != NOT_SCORED])
            if self._searching:
                self._set_aside()
            self._judge(candidate, report, None if whole else gathered.places)

    def _judge(self, candidate: Candidate, report: Report, places: tuple[int, ...] | None) -> None:
        """Note how a candidate did; it may be the best one now. Raises `GoodEnough`."""
        before, first = (self.best_candidate, self._mean), candidate.report is None
        # Others look at the two at any moment, and take no part for the whole.
        if places is None:
            self._gathered.pop(candidate.id, None)
            candidate.report, candidate.places = report, None
        else:
            candidate.places, candidate.report = places, report
        if self.plan.samples:
            if self._lead is None and first and candidate.id == 0:
                self._say(BestChanged(candidate.id, report.mean))
            return
        if places is None:
            best = self.best_candidate
            if best is not None and (best is not before[0] or self._mean != before[1]):
                self._say(BestChanged(best.id, self._mean or 0.0))
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


def _phases(works: Sequence[Work]) -> Iterator[str]:
    """What a run does while these are made, in words."""
    validated = [
        work.scored for work in works if work.scored is not None and work.scored.split == "val"
    ]
    few = sorted({one.candidate.id for one in validated if one.places is not None})
    if few:
        yield f"scoring candidate{'s' * (len(few) > 1)} {', '.join(map(str, few))} on some examples"
    for one in validated:
        if one.places is None:
            yield f"scoring candidate {one.candidate.id}"
    if not validated and any(isinstance(work, Completing) for work in works):
        yield "asking the proposer"
