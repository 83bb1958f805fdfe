"""Drive an optimizer: do the work it asks for, say what happened, obey the controls."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .budget import Budget, Metered, Spending
from .candidate import Candidate, changes
from .comparison import Comparison
from .context import use
from .controls import BudgetSpent, Controls
from .errors import UsageError
from .estimate import Taken, estimated
from .evaluate import scored
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
from .example import Score
from .expected import Expected, expected
from .failing import OF_THE_PROMPT, Failures
from .fingerprints import example_print, fingerprint_of, state_print
from .identity import ByIdentity
from .in_flight import InFlight
from .lm.base import LanguageModel
from .lm.labels import labelled
from .lm.usage import Usage
from .module import Module, State
from .optimizers import Ask, Complete, Evaluate, Task, Train, Trained, Validate
from .plan import Plan
from .report import Report, Row
from .row_calls import RowCalls
from .store import Evaluation, KeptRows, Store
from .trace import Trace
from .work import NOTHING, Completing, Scoring, Training, Work, key_of, keys_of
from .work import Scored as Whose

OUTSIDE: dict[str, Any] = {"history": None, "frame": None, "rollout": 0}  # of any program call


class GoodEnough(Exception):
    """The validation score that the budget asks for is reached."""


@dataclass
class _Progress:
    """How far a work is."""

    work: Work
    whole: bool  # whether its rows are needed, rather than their scores
    keys: list[bytes]  # under which its rows are in the store
    left: int
    rows: dict[int, Row] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    exceptions: dict[int, Exception] = field(default_factory=dict)


class Driver:
    """One search: its log, its controls, its candidates, and all that is spent.

    `drive` is called once, in the run's thread; others read while it goes on.
    """

    def __init__(self, plan: Plan, run: str, store: Store, seconds: float = 0.0) -> None:
        self.plan, self.run, self.store = plan, run, store
        signatures = {path: p.signature for path, p in plan.program.predictors()}
        rng = random.Random(plan.seed)
        self.task = Task(plan.program.state, plan.train, plan.val, rng, signatures)
        self.controls, self.log = Controls(), EventLog(seconds, self._write)
        self.candidates: list[Candidate] = []
        self.comparison: Comparison | None = None
        self.program_calls = self.known = 0  # runs of the program so far; of these not paid for
        self._answers = store.answers(run)
        self.in_flight = InFlight(plan.concurrency, store.cells)
        self.before = _together(store.cells.usage(run), self._answers.usage)  # earlier sessions
        self.spending = Spending(self.before)
        self._failures = Failures(plan.max_error_rate)
        self._allowed: Budget = plan.budget  # so far; some is set aside for held-out examples
        self._call_ids = itertools.count()
        self._asked: dict[bytes, int] = {}  # a question -> how often it was put
        self._trained: dict[str, LanguageModel] = {}  # by role
        self._meters: dict[int, Metered] = {}
        self._example_print = ByIdentity(example_print, most=1_000_000)
        self._model_print = ByIdentity(_model_print, most=100)
        self._seconds = seconds  # of earlier sessions

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
            except BudgetSpent as stop:
                if self._allowed is self.plan.budget:
                    raise
                spent = BudgetSpent(f"{stop}; the rest was set aside for held-out examples")
            self._allowed = self.plan.budget
            self._compare()
            if spent is not None:
                raise spent

    @property
    def best_candidate(self) -> Candidate | None:
        """The candidate with the highest validation mean so far, the earliest of equals."""
        done = [(c, c.report.mean) for c in list(self.candidates) if c.report is not None]
        best = max(done, key=lambda one: (one[1], -one[0].id), default=None)
        return best[0] if best else None

    def program(self, candidate: Candidate) -> Module:
        """The program of a candidate."""
        program = self.plan.program.with_state(candidate.state)
        if candidate.role in self._trained:
            program.set_lm(self._trained[candidate.role])
        return program

    @property
    def taken(self) -> Taken:
        """What was done so far in this session, and what that took."""
        usage, before = self.spending.usage, self.before
        new = Usage(
            usage.calls - before.calls,
            usage.cached - before.cached,
            usage.tokens_in - before.tokens_in,
            usage.tokens_out - before.tokens_out,
            usage.dollars - before.dollars,
            usage.unpriced - before.unpriced,
            usage.failed - before.failed,
        )
        return Taken(self.program_calls - self.known, new, self.log.seconds - self._seconds)

    # -- the search ------------------------------------------------------------------

    def _search(self) -> None:
        self._say(Phase("scoring the program as it is"))
        self._perform((Validate(self.task.state, note="as it is"),))
        if self.taken.program_calls and (better := estimated(self.plan, self.taken)):
            self._say(better)
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
        self._checkpoint()
        answers: dict[int, Any] = {}
        works: dict[int, Work] = {}
        for i, ask in enumerate(asks):
            if isinstance(ask, Validate):
                # Now, and not when it is scored: numbers follow the order of asks.
                candidate = self._candidate(ask.state, ask.parent, ask.note, ask.role)
                if candidate.report is None:
                    works[i] = self._scoring(candidate, "val")
            else:
                works[i] = self._work(ask)
        done = dict(zip(works, self._do(list(works.values())), strict=True))
        for i, ask in enumerate(asks):
            match ask:
                case Validate():
                    found = self._candidate(ask.state, ask.parent, ask.note, ask.role)
                    answers[i] = found.report
                case Evaluate():
                    answers[i] = Report(_rows(done[i]), self.plan.metric_name)
                case Complete():
                    answers[i] = _rows(done[i])[0].prediction
                case Train():
                    answers[i] = self._found(_rows(done[i])[0])
        return tuple(answers[i] for i in range(len(asks)))

    def _compare(self) -> None:
        """Baseline and best on held-out examples, in the end and once."""
        best = self.best_candidate
        if not self.plan.test or best is None or best.report is None:
            return
        self._say(Phase("comparing on held-out examples"))
        baseline = self.candidates[0]
        both = [baseline] if best is baseline else [baseline, best]
        done = self._do([self._scoring(candidate, "test") for candidate in both])
        reports = [self._report(one) for one in done]
        plan = self.plan
        opened = 0
        if not plan.reserved:
            opened = self.store.runs.open_test(plan.held_out, plan.fingerprint, self.run)
        self.comparison = compared = Comparison(
            reports[0],
            reports[-1],
            best.report.mean,
            opened,
            plan.never_worse,
            self._expected(best),
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

    def _expected(self, best: Candidate) -> Expected | None:
        """What all that was validated says about the gain of the best one."""
        done = [candidate for candidate in self.candidates if candidate.report is not None]
        if best is done[0]:
            return None
        scores = [candidate.report.scores for candidate in done if candidate.report is not None]
        return expected(scores, done.index(best))

    def _set_aside(self) -> None:
        """Keep enough of the budget to compare on held-out examples in the end."""
        plan, taken = self.plan, self.taken
        if not plan.test or not any(
            (plan.budget.calls, plan.budget.tokens, plan.budget.dollars, plan.budget.seconds)
        ):
            return
        keys = self._scoring(self.candidates[0], "test").keys
        rows = 2 * len(keys) - len(self.store.cells.find(keys))
        if taken.usage.calls and taken.program_calls:
            usage = _times(taken.usage, rows / taken.program_calls)
            seconds = taken.seconds * rows / taken.program_calls
        else:
            each = max(1, len(self.task.signatures))
            usage, seconds = Usage(calls=rows * each), 0.0
        allowed = plan.budget.without(usage, seconds)
        if allowed is not None:
            self._allowed = allowed
        else:
            self._say(
                Warned(
                    f"To compare on {len(plan.test)} held-out examples takes about {usage.calls} "
                    "calls, more than half of the budget: nothing is set aside for it, and the "
                    "result may stay unconfirmed."
                )
            )

    # -- works -------------------------------------------------------------------------

    def _work(self, ask: Ask) -> Work:
        plan = self.plan
        match ask:
            case Evaluate(state, examples, rollout, role):
                lm = self._model(role)
                program = plan.program.with_state(state)
                start = self._start(state, lm, rollout)
                keys = keys_of(start, examples, self._example_print)
                changed = state != self.task.state
                return Scoring(program, examples, plan.metric, keys, lm, rollout, changed=changed)
            case Complete(signature, inputs):
                lm = self._model("proposer")
                start = key_of(
                    "complete", self._salt(lm), fingerprint_of((signature, dict(inputs))).digest,
                    self._model_print(lm), plan.context_fingerprint.digest,
                )  # fmt: skip
                return Completing(ask, self._anew(start), lm)
            case Train(rows):
                if plan.trainer is None:
                    raise UsageError(
                        f"{plan.optimizer_name} trains weights; say with what: "
                        "`compile(..., trainer=...)`."
                    )
                given = [f"{row.score.value}{example_print(row.example)}" for row in rows]
                start = key_of("train", fingerprint_of(plan.trainer).digest, *given)
                return Training(ask, self._anew(start), plan.trainer, self._checkpoint)
            case Validate():  # pragma: no cover  `_perform` does these
                raise AssertionError(ask)

    def _scoring(self, candidate: Candidate, split: Any) -> Scoring:
        plan, lm = self.plan, self._model(candidate.role)
        examples = plan.val if split == "val" else plan.test
        program = plan.program.with_state(candidate.state)
        start = self._start(candidate.state, lm, 0)
        keys = keys_of(start, examples, self._example_print)
        whose, changed = Whose(candidate, split), candidate.id > 0
        return Scoring(program, examples, plan.metric, keys, lm, 0, whose, changed=changed)

    def _start(self, state: State, lm: LanguageModel, rollout: int) -> bytes:
        plan = self.plan
        return key_of(
            self._salt(lm), plan.program_fingerprint.digest, plan.metric_fingerprint.digest,
            plan.context_fingerprint.digest, self._model_print(lm), state_print(state),
            str(rollout),
        )  # fmt: skip

    def _salt(self, lm: LanguageModel) -> str:
        """What keeps the rows of a run to itself, where each is to be asked for anew."""
        anew = getattr(lm, "asks_anew", False) or getattr(lm, "cache", True) is False
        return self.run if self.plan.fresh or anew else ""

    def _anew(self, key: bytes) -> bytes:
        """The key of the same question put once more."""
        times = self._asked[key] = self._asked.get(key, 0) + 1
        return key_of(key.hex(), str(times))

    def _model(self, role: str) -> LanguageModel:
        return self._trained.get(role) or self.plan.model(role)

    def _found(self, row: Row) -> Trained:
        """A model that was trained, now or in an earlier session."""
        assert row.prediction is not None and self.plan.trainer is not None
        name = row.prediction["model"]
        role = f"trained {name}"
        if role not in self._trained:
            self._trained[role] = self.plan.trainer.model(name)
        return Trained(role)

    # -- doing them --------------------------------------------------------------------

    def _do(self, works: Sequence[Work]) -> list[_Progress]:
        """Make the rows that are not known, all in one pool; what is known is not made again."""
        under_way = [
            _Progress(work, work.scored is None, list(work.keys), len(work.keys)) for work in works
        ]
        for one in under_way:
            if one.work.scored is not None and one.work.scored.split == "val":
                self._say(Phase(f"scoring candidate {one.work.scored.candidate.id}"))
        wanted: dict[bytes, list[tuple[_Progress, int]]] = {}
        for one in under_way:
            self._take_known(one)
            for place, key in enumerate(one.work.keys):
                if place not in one.scores:
                    wanted.setdefault(key, []).append((one, place))
        jobs = [_Row(self._job, key, *owners[0]) for key, owners in wanted.items()]
        owners = list(wanted.values())
        if jobs:
            awaited = all(one.work.awaited for one in under_way)
            concurrency = self.plan.concurrency
            ahead = all(
                getattr(self._model(role), "keeps", False) for role in ("student", "teacher")
            )
            with contextlib.closing(
                scored(jobs, concurrency, self._look, awaited=awaited, ahead=ahead)
            ) as rows:
                for i, row in rows:
                    for first, (one, place) in enumerate(owners[i]):
                        self._take(one, place, row, known=first > 0)
        self._failures.check(last=True)
        return under_way

    def _job(self, key: bytes, one: _Progress, place: int) -> Any:
        calls = RowCalls(key, self._answers, self._metered, self.in_flight)

        def keep(row: Row) -> None:
            where = key
            # Another try may cure it: the row says nothing about the program to other runs.
            if row.error and row.cause not in OF_THE_PROMPT:
                where = one.keys[place] = self._own(key)
            self.in_flight.keep(where, self.run, row, calls.usage, calls.forgotten())

        return one.work.job(place, calls, keep)

    def _own(self, key: bytes) -> bytes:
        """The key of a row that only this run, when it goes on, takes for known."""
        return key_of(key.hex(), self.run)

    def _take_known(self, one: _Progress) -> None:
        keys = one.work.keys
        own = [self._own(key) for key in keys]
        found = self.store.cells.find(keys)
        if self.before.calls or self.before.failed:
            found |= self.store.cells.find(own)
        for place, (key, mine) in enumerate(zip(keys, own, strict=True)):
            cell = found.get(key) or found.get(mine)
            if cell is None:
                continue
            one.keys[place] = cell.key
            example = one.work.examples[place]
            row = Row(example, None, Score(cell.value, cell.error), cell.error)
            self._take(one, place, row, known=True)
        if one.whole and one.scores:
            places = list(one.scores)
            signatures = {path: p.signature for path, p in one.work.program.predictors()}
            rows = self.store.cells.rows(
                [one.keys[i] for i in places], [one.work.examples[i] for i in places], signatures
            )
            one.rows.update(zip(places, rows, strict=True))

    def _take(self, one: _Progress, place: int, row: Row, *, known: bool) -> None:
        """Count a row, tell of it, and finish the work with its last."""
        one.scores[place] = row.score.value
        if one.whole:
            one.rows[place] = row
        if row.error:
            one.errors[place] = row.error
            if row.exception is not None:
                one.exceptions[place] = row.exception
        if row.example is not NOTHING:
            self.program_calls += 1
            self.known += known
        whose = one.work.scored
        said: list[Body] = [] if known else [*self._called(row.trace)]
        if whose is not None:
            said.append(Scored(whose.candidate.id, place, row.score.value, whose.split, known))
        self.log.append(*said)
        self._failures.add(row, changed=one.work.changed)
        self._failures.check()
        one.left -= 1
        if not one.left and whose is not None:
            self.in_flight.flush()
            self._finish(one, whose)

    def _finish(self, one: _Progress, whose: Whose) -> None:
        """A candidate is scored on a whole set."""
        report = self._report(one)
        candidate, split = whose.candidate, whose.split
        kept = Evaluation(candidate.id, split, one.keys)
        self.store.runs.write(self.store.runs.add_evaluation(self.run, kept))
        low, high = report.interval
        n, errors = len(report.rows), len(one.errors)
        self._say(Evaluated(candidate.id, split, report.mean, low, high, n, errors))
        if split != "val":
            return
        before, candidate.report = self.best_candidate, report
        if self.best_candidate is not before:
            self._say(BestChanged(candidate.id, report.mean))
        if self.plan.budget.score is not None and report.mean >= self.plan.budget.score:
            raise GoodEnough

    def _report(self, one: _Progress) -> Report:
        signatures = {path: p.signature for path, p in one.work.program.predictors()}
        scores = [one.scores[i] for i in range(len(one.keys))]
        errors = dict(sorted(one.errors.items()))
        rows = KeptRows(
            self.store.cells, one.keys, one.work.examples, signatures, scores, errors,
            one.exceptions,
        )  # fmt: skip
        return Report(rows, self.plan.metric_name)

    def _candidate(
        self, state: State, parent_state: State | None, note: str, role: str
    ) -> Candidate:
        """The candidate of this state; a state that is new gets the next number."""
        for candidate in self.candidates:
            if candidate.state == state and candidate.role == role:
                return candidate
        candidate = Candidate(len(self.candidates), state, role=role)
        parent = next((c for c in self.candidates if c.state == parent_state), None)
        self.candidates.append(candidate)
        differences = changes(parent.state, state) if parent else {}
        origin = parent.id if parent else None
        runs = self.store.runs
        runs.write(runs.add_candidate(self.run, candidate.id, origin, note, state))
        self._say(Proposed(candidate.id, origin, note, differences))
        return candidate

    # -- what is said and spent ----------------------------------------------------------

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

    def _metered(self, lm: LanguageModel) -> Metered:
        meter = self._meters.get(id(lm))
        if meter is None:
            meter = self._meters[id(lm)] = Metered(
                lm,
                lambda: self._allowed,
                self.spending,
                self._checkpoint,
                self._may_go_on,
                lambda: self.log.seconds,
            )
        return meter

    # -- the controls --------------------------------------------------------------------

    def _checkpoint(self) -> None:
        self.controls.checkpoint()

    def _look(self) -> None:
        """While something is under way: the controls, and the time."""
        self._checkpoint()
        self._check_time()

    def _may_go_on(self) -> bool:
        """The same without waiting: whether it is not paused."""
        if self.controls.paused:
            return False
        self.controls.check()
        self._check_time()
        return True

    def _check_time(self) -> None:
        limit = self._allowed.seconds
        if limit is not None and self.log.seconds >= limit:
            raise BudgetSpent(f"budget of {limit:g} s spent")


def _model_print(lm: LanguageModel) -> str:
    return fingerprint_of(lm).digest


class _Row:
    """A job that is made when its turn comes: thousands of them wait."""

    __slots__ = ("_job", "_key", "_make", "_one", "_place")

    def __init__(
        self, make: Callable[[bytes, _Progress, int], Any], key: bytes, one: _Progress, place: int
    ) -> None:
        self._make, self._key, self._one, self._place = make, key, one, place
        self._job: Any = None

    def __call__(self) -> Row:
        row: Row = self._make(self._key, self._one, self._place)()
        return row

    async def ask(self) -> Any:
        self._job = self._make(self._key, self._one, self._place)
        return await self._job.ask()

    def then(self, answer: Any, error: Exception | None) -> Any:
        job, self._job = self._job, None
        return job.then(answer, error)


def _rows(one: _Progress) -> list[Row]:
    return [one.rows[i] for i in range(len(one.keys))]


def _together(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.calls + other.calls,
        one.cached + other.cached,
        one.tokens_in + other.tokens_in,
        one.tokens_out + other.tokens_out,
        one.dollars + other.dollars,
        one.unpriced + other.unpriced,
        one.failed + other.failed,
    )


def _times(usage: Usage, factor: float) -> Usage:
    return Usage(
        calls=round(usage.calls * factor),
        tokens_in=round(usage.tokens_in * factor),
        tokens_out=round(usage.tokens_out * factor),
        dollars=usage.dollars * factor,
    )
