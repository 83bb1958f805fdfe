"""A run as the store has it: in any process, and without its program."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .candidate import Candidate, best_of, expected_of
from .comparison import Comparison
from .errors import UsageError
from .events import Event, EventLog, Status
from .example import Example
from .jsonable import from_json
from .lm.money import money
from .module import Module, Setting, State
from .plots import run_figure
from .provenance import Provenance
from .report import Report
from .signature import Signature
from .store import NOT_SCORED, Evaluation, KeptRows, Record, Store

Standing = Status | Literal["under way", "interrupted"]


@dataclass
class Tried(Candidate):
    """A candidate of a run that is kept."""

    parent: int | None = None  # the candidate that it was made of
    note: str = ""  # where it comes from, e.g. "bootstrap, seed 3"


class KeptRun:
    """A run of this or another process, as it stood when it was opened.

    Its rows are read from the store when they are looked at; their values are those of JSON.
    """

    def __init__(self, store: Store, record: Record) -> None:
        self._store, self.record = store, record
        self.id, self.began, self.reason = record.id, record.began, record.reason
        self.settings, self.spent = record.settings, record.spent
        self.status: Standing = standing(store, record)

    # -- what it was given, and what that took ---------------------------------------

    @property
    def optimizer_name(self) -> str:
        """The optimizer's class."""
        return str(self.settings.get("name", ""))

    @property
    def metric_name(self) -> str:
        """What to call the metric."""
        return str(self.settings.get("metric", ""))

    @property
    def over(self) -> bool:
        """Whether it has come to an end of its own: done, stopped or failed."""
        return self.record.over

    @property
    def cost(self) -> str:
        """What its calls cost, in words."""
        return money(self.spent.get("dollars", 0.0), self.spent.get("unpriced", 0))

    # -- what it found ---------------------------------------------------------------

    @functools.cached_property
    def events(self) -> Sequence[Mapping[str, Any]]:
        """What it said about itself, but for single examples and calls, as values of JSON."""
        return list(self._store.runs.events(self.id))

    @functools.cached_property
    def evaluations(self) -> Mapping[tuple[int, str], Report]:
        """(candidate, "val" or "test") -> its scores there, so far; without those in `lost`."""
        found = ((each, self._report(each)) for each in self._evaluations)
        return {(each.candidate, each.split): report for each, report in found if report}

    @functools.cached_property
    def places(self) -> Mapping[int, tuple[int, ...]]:
        """Candidate -> the validation examples that it was scored on, when these are not all."""
        return {
            each.candidate: tuple(i for i, key in enumerate(each.keys) if key != NOT_SCORED)
            for each in self._evaluations
            if each.split == "val" and NOT_SCORED in each.keys
        }

    @property
    def lost(self) -> int:
        """Evaluations whose scored examples were deleted along with the run that paid for them."""
        return len(self._evaluations) - len(self.evaluations)

    @functools.cached_property
    def candidates(self) -> Sequence[Tried]:
        """The states that it has met, by number; the first is the program as it was."""
        return [
            Tried(
                kept.number,
                kept.state,
                self.evaluations.get((kept.number, "val")),
                places=self.places.get(kept.number),
                parent=kept.parent,
                note=kept.note,
            )
            for kept in self._store.runs.candidates(self.id)
        ]

    @functools.cached_property
    def comparison(self) -> Comparison | None:
        """The program as it was and the best one on held-out examples, once that was done."""
        told = next((event for event in self.events if event["kind"] == "compared"), None)
        if told is None:
            return None
        baseline = self.evaluations.get((told["baseline"], "test"))
        best = self.evaluations.get((told["best"], "test"))
        if baseline is None or best is None:
            return None
        never_worse = self.record.parts.get("the rule about being never worse") != "False"
        winner = self.candidates[told["best"]]
        expected = expected_of(self.candidates, winner)
        search, opened = told["search"], told["opened"]
        return Comparison(baseline, best, search, opened, never_worse, expected)

    @property
    def best_candidate(self) -> Tried | None:
        """The one that it said last was the best, or else has the highest validation mean."""
        said = [event["candidate"] for event in self.events if event["kind"] == "best"]
        for candidate in self.candidates:
            if said and candidate.id == said[-1] and candidate.report is not None:
                return candidate
        return best_of(self.candidates)

    @property
    def best(self) -> Tried | None:
        """The candidate that the run gives; None when none is scored.

        It is the program as it was when the best candidate is not better beyond doubt on held-out
        examples, unless `compile(never_worse=False)`.
        """
        comparison = self.comparison
        if comparison is not None and not comparison.returned:
            return self.candidates[0]
        return self.best_candidate

    @property
    def report(self) -> Report | None:
        """The scores of `best`: held-out ones if there are any."""
        if self.comparison:
            return self.comparison.report
        return self.best.report if self.best else None

    @property
    def state(self) -> State:
        """The instructions and demos of `best`. Raises `UsageError` when nothing is scored."""
        if self.best is None:
            raise UsageError(f"`{self.id}` has no best candidate: nothing is scored yet.")
        return self.best.state

    def program(self, program: Module) -> Module:
        """This program under the best state, with values of demos as its fields want them.

        Raises `UsageError` when it does not have the predictors of the run.
        """
        signatures = {path: predictor.signature for path, predictor in program.predictors()}
        state = {
            path: _fitted(setting, signatures[path]) if path in signatures else setting
            for path, setting in self.state.items()
        }
        return program.with_state(state, provenance=self._provenance)

    def plot(self) -> Any:
        """A matplotlib figure: each candidate's score with its interval, and the best so far."""
        return run_figure(self)

    @property
    def log(self) -> EventLog:
        """Its events, as those of a run; those of each example are in the reports."""
        return EventLog.of(map(Event.from_dict, self.events))

    @property
    def summary(self) -> str:
        """How it stands, in a line."""
        best = self.best_candidate
        if best is None or best.report is None:
            return "nothing is scored yet"
        tried = sum(each.report is not None for each in self.candidates)
        candidates = f"{tried} candidate{'s' * (tried != 1)}"
        where = "validation" if best.whole else "some of the validation"
        said = f"best of {candidates} is #{best.id}, {scores(best.report)} ({where})"
        if self.comparison is not None and not self.comparison.returned:
            return f"{said}; not distinguishable from the program as it was, which is returned"
        return said

    def __repr__(self) -> str:
        return f"KeptRun({self.id}, {self.optimizer_name}, {self.status}: {self.summary})"

    # -- from the store --------------------------------------------------------------

    @functools.cached_property
    def _evaluations(self) -> Sequence[Evaluation]:
        return self._store.runs.evaluations(self.id)

    def _report(self, evaluation: Evaluation) -> Report | None:
        keys = [key for key in evaluation.keys if key != NOT_SCORED]
        found = self._store.cells.find(keys)
        if not all(key in found for key in keys):
            return None
        cells = [found[key] for key in keys]
        errors = {i: cell.error for i, cell in enumerate(cells) if cell.error}
        values = [cell.value for cell in cells]
        rows = KeptRows(self._store.cells, keys, None, {}, values, errors)
        return Report(rows, self.metric_name)

    @property
    def _provenance(self) -> Provenance | None:
        best, report = self.best, self.report
        if best is None or report is None:
            return None
        low, high = report.interval
        return Provenance(
            optimizer=self.optimizer_name,
            metric=self.metric_name,
            split="test" if self.comparison else "val",
            score=report.mean,
            low=low,
            high=high,
            n=len(report.rows),
            train=self.record.parts["the training examples"],
            seed=self.settings["seed"],
            model=self.settings["model"],
            candidate=best.id,
        )


def standing(store: Store, record: Record) -> Standing:
    """How a run stands: what it said last, unless its process is gone.

    Of a file that cannot be written, nobody knows whether a process is gone.
    """
    if record.over or store.trouble:
        return record.status
    if not store.runs.under_way(record.id):
        return "interrupted"
    return "under way" if record.status == "running" else record.status


def scores(report: Report) -> str:
    """A mean with its interval, without a look at the rows.

    >>> scores(Report(()))
    '0.000 [0.000, 1.000] on 0 examples'
    """
    low, high = report.interval
    n = len(report.rows)
    return f"{report.mean:.3f} [{low:.3f}, {high:.3f}] on {n} example{'s' * (n != 1)}"


def _fitted(setting: Setting, signature: Signature) -> Setting:
    types = {field.name: field.type for field in signature.fields}
    demos = tuple(Example(**dict(_values(demo, types))) for demo in setting.demos)
    return dataclasses.replace(setting, demos=demos)


def _values(demo: Example, types: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in demo.items():
        try:
            yield name, from_json(value, types.get(name, Any))
        except ValueError:  # the field takes something else now; the prompt shows it as it is
            yield name, value
