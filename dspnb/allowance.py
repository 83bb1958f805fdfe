"""What a run may spend at the moment: its budget, less what is set aside for held-out examples."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .budget import Budget, Metered, Spending
from .controls import BudgetSpent, Controls
from .estimate import Taken, guessed
from .events import EventLog, Warned
from .lm.base import LanguageModel
from .lm.usage import Usage
from .plan import Plan
from .report import Row
from .store import Answers, Cells

LATE = 0.15  # seconds by which it may be seen late that the time is over


class _Each(NamedTuple):
    """What one row took."""

    calls: float = 0.0
    tokens_in: float = 0.0
    tokens_out: float = 0.0
    dollars: float = 0.0

    def times(self, rows: int) -> Usage:
        return Usage(
            calls=math.ceil(self.calls * rows - 1e-9),
            tokens_in=math.ceil(self.tokens_in * rows),
            tokens_out=math.ceil(self.tokens_out * rows),
            dollars=self.dollars * rows,
        )


class Allowance:
    """Counts what all sessions of a run spend, and says whether there is some left.

    Calls, tokens and dollars of rows and answers that are kept are counted once, by the session
    that paid; the time runs neither while the run is paused, nor on the way through what is known.
    """

    def __init__(
        self,
        plan: Plan,
        log: EventLog,
        controls: Controls,
        kept: Usage,
        spent: Mapping[str, Any],
    ) -> None:
        """`kept` is what rows and answers of earlier sessions took, `spent` what those told."""
        self.before = _at_least(kept, spent)
        self.spending = Spending(self.before)
        self.program_calls = self.known = 0  # runs of the program so far; of these not paid for
        self._asked = self._asked_anew = Taken(0, Usage(), 0.0)  # of the proposer
        self._plan, self._log, self._controls = plan, log, controls
        self._seconds = _number(spent, "seconds")  # of earlier sessions
        self._walked: float | None = None  # seconds, until something new was to be made
        self._allowed: Budget = plan.budget
        self._each = _Each(), 0.0  # what a row took, and seconds: the most of any candidate
        self._unconfirmed = False  # it was said that too little can be set aside
        self._meters: dict[int, Metered] = {}

    @property
    def seconds(self) -> float:
        """Seconds that count, of all sessions."""
        if self._walked is None:
            return self._seconds
        return self._log.seconds - self._walked - self._controls.paused_seconds

    @property
    def taken(self) -> Taken:
        """What runs of the program were made in this session, and what they took."""
        new = self.spending.usage - self.before - self._asked_anew.usage
        return Taken(self.program_calls - self.known, new, self.seconds - self._seconds)

    @property
    def asked(self) -> Taken:
        """Questions to the proposer so far, known ones too, and what they took."""
        return self._asked

    def ask(self, row: Row, *, known: bool) -> None:
        """Note a question to the proposer that was answered."""
        self._asked = self._asked.with_row(row)
        if not known:
            self._asked_anew = self._asked_anew.with_row(row)

    @property
    def some_is_set_aside(self) -> bool:
        """Whether there is more than may be spent at the moment."""
        return self._allowed is not self._plan.budget

    def metered(self, lm: LanguageModel) -> Metered:
        """The model, whose calls are counted, and wait or end when the run does."""
        meter = self._meters.get(id(lm))
        if meter is None:
            meter = self._meters[id(lm)] = Metered(
                lm,
                lambda: self._allowed,
                self.spending,
                self._controls.checkpoint,
                self._may_go_on,
                lambda: self.seconds,
            )
        return meter

    def set_out(self) -> None:
        """From now on the time counts."""
        if self._walked is None:
            paused = self._controls.paused_seconds
            self._walked = self._log.seconds - self._seconds - paused

    def look(self) -> None:
        """Wait while paused. Raises `Stop` when the run was stopped, or the time is over."""
        self._controls.checkpoint()
        self._check_time()

    def _may_go_on(self) -> bool:
        """The same without waiting: whether it is not paused."""
        if self._controls.paused:
            return False
        self._controls.check()
        self._check_time()
        return True

    def _check_time(self) -> None:
        limit = self._allowed.seconds
        if limit is not None and self.seconds >= limit:
            raise BudgetSpent(f"budget of {limit:g} s spent")

    # -- what is set aside ---------------------------------------------------------------

    def weigh(self, cells: Cells, keys: Sequence[bytes]) -> None:
        """See what a candidate's rows took: demos make its prompts longer than those before."""
        count, usage, seconds = cells.took(keys)
        if not count:
            return
        most, longest = self._each
        of_one = _Each(
            usage.calls / count,
            usage.tokens_in / count,
            usage.tokens_out / count,
            usage.dollars / count,
        )
        self._each = _Each(*map(max, most, of_one)), max(longest, seconds / count)

    def set_aside(self, rows: int) -> None:
        """Keep enough for so many rows; when that is more than half, say so and keep no more."""
        usage, seconds = self._needed(rows)
        allowed = self._plan.budget.without(usage, seconds)
        if allowed is not None:
            self._allowed = allowed
        elif not self._unconfirmed:
            self._unconfirmed = True
            self._log.append(
                Warned(
                    f"To compare on {len(self._plan.test)} held-out examples takes about "
                    f"{usage.calls} calls, more than half of the budget: no more is set aside for "
                    "it, and the result may stay unconfirmed."
                )
            )

    def release(self) -> None:
        """Allow what was set aside."""
        self._allowed = self._plan.budget

    def _needed(self, rows: int) -> tuple[Usage, float]:
        """What so many more rows take, and how many seconds, by the dearest candidate so far."""
        each, seconds = self._each
        seconds = LATE + seconds * (1 + -(-rows // self._plan.concurrency))
        if not each.calls:
            return guessed(self._plan, rows), seconds
        # A limit that is not counted in calls is overrun by the last of them.
        last = dataclasses.replace(each.times(1), calls=0)
        return each.times(rows) + last, seconds


def kept_usage(cells: Cells, answers: Answers, run: str) -> Usage:
    """What the rows and answers took that a run has paid for."""
    return cells.usage(run) + answers.usage


def _at_least(kept: Usage, spent: Mapping[str, Any]) -> Usage:
    """What rows and answers took, or the record's sums: a row that another run had is not kept."""
    tokens = int(_number(spent, "tokens")) - kept.tokens_in - kept.tokens_out
    return dataclasses.replace(
        kept,
        calls=max(kept.calls, int(_number(spent, "calls"))),
        tokens_in=kept.tokens_in + max(0, tokens),
        dollars=max(kept.dollars, _number(spent, "dollars")),
        unpriced=max(kept.unpriced, int(_number(spent, "unpriced"))),
    )


def _number(spent: Mapping[str, Any], name: str) -> float:
    value = spent.get(name, 0)
    return value if isinstance(value, int | float) and math.isfinite(value) else 0
