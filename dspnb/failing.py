"""Rows of a run that fail: how many are too many, and why they did."""

from __future__ import annotations

import threading

from .errors import TooManyErrors
from .report import Cause, Row

FEW = 20  # rows; fewer say nothing about a rate
# A bad candidate is to blame for these, not the provider.
OF_THE_PROMPT = ("ParseError", "ConstraintError", "ContextTooLong")
_MOST = 3  # causes in a sentence


class Failures:
    """Counts failed rows; raises `TooManyErrors` above a rate of them, after 20 rows.

    Fewer rows are too many failures when more than half of at least five fail.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._lock = threading.Lock()  # protects the three below
        self._rows = self._failed = 0
        self._causes: dict[str, Cause] = {}

    def add(self, row: Row, *, changed: bool) -> None:
        """Count a row; `changed` says that the program is a candidate, not as it was given.

        What a model answers in the wrong form to a changed prompt is a matter of the score.
        """
        with self._lock:
            self._rows += 1
            if row.error and not (changed and row.cause in OF_THE_PROMPT):
                self._failed += 1
                known = self._causes.get(row.cause)
                self._causes[row.cause] = known.again() if known else Cause.of(row)

    def check(self, *, last: bool = False) -> None:
        """Raise when too many rows failed; `last` says that no more come for a while."""
        failed, rows = self._failed, self._rows
        enough = rows >= FEW
        if failed > self._rate * rows if enough else last and rows > 4 and failed > rows / 2:
            limit = f"more than {self._rate:.0%}" if enough else "more than half"
            with self._lock:
                causes = sorted(self._causes.values(), key=lambda cause: -cause.count)
            advice = ". With a higher `max_error_rate` they count as 0." if enough else ""
            said = f"{failed} of {rows} rows failed ({limit}): {_said(causes)}"
            raise TooManyErrors(f"{said}{advice}")


def _said(causes: list[Cause]) -> str:
    said = [str(cause) for cause in causes[:_MOST]]
    more = len(causes) - _MOST
    return "; ".join([*said, *([f"and {more} other kinds of error"] if more > 0 else [])])
