"""Questions to the proposer that had no answer of use: what is said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .report import Row

_WORDS = {  # the kind of error -> what it means, of the first one and of several
    "ParseError": (
        "An answer of the proposer could not be read; the search goes on without it",
        "answers of the proposer could not be read",
    ),
    "ContextTooLong": (
        "A question was too long for the proposer; the search goes on without an answer",
        "questions were too long for the proposer",
    ),
}


class Unanswered:
    """Counts them by what was wrong: the first of each kind is told of, and in the end how many."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, row: Row) -> str:
        """Count one that failed; what is to be said of the first of its kind, else empty."""
        self._counts[row.cause] += 1
        first, _ = _WORDS[row.cause]
        return f"{first} ({row.error})." if self._counts[row.cause] == 1 else ""

    def in_all(self) -> Iterator[str]:
        """How many there were of each kind that there were several of."""
        for cause, count in self._counts.items():
            if count > 1:
                yield f"{count:,} {_WORDS[cause][1]}."
