"""What choices scored on more and more of one shared order of the validation examples."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dspnb.intervals import paired

Key = tuple[int, ...]  # which option of each variable


@dataclass
class Prefixes:
    """Each choice is scored on the first so many examples of one order, never on others.

    So any two are compared on the same examples, how hard these are changes no comparison, and no
    example is scored twice. `first` is a choice that is scored on all of them, in this order; the
    mean of another is that of `first` over all of `val`, plus what it gained on those it has seen.
    Means of few and of many examples can so be compared.
    """

    first: Key
    scores: Sequence[float]  # of the first choice
    level: float  # its mean over all of `val`, which may be more than the order holds
    _scores: dict[Key, Sequence[float]] = field(default_factory=dict, init=False)
    _whole: list[Key] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.score_all(self.first, self.scores)

    def __iter__(self) -> Iterator[Key]:
        """The choices that were scored, by when they first were."""
        return iter(self._scores)

    def next(self, key: Key, size: int) -> range | None:
        """Which places in the order come next; None when too few would be left after them."""
        seen = len(self._scores.get(key, ()))
        # The last ones are for a full evaluation, which finds out whether the choice is the best.
        return range(seen, seen + size) if seen + size < len(self.scores) else None

    def score_next(self, key: Key, scores: Sequence[float]) -> None:
        """Add the scores of the places that came next."""
        self._scores[key] = [*self._scores.get(key, ()), *scores]

    def score_all(self, key: Key, scores: Sequence[float]) -> None:
        """Note the scores of all places."""
        self._scores[key] = scores
        self._whole.append(key)

    def whole(self, key: Key) -> bool:
        """Whether a choice was scored on all places."""
        return key in self._whole

    def mean(self, key: Key) -> float:
        """What a choice is expected to score over all of `val`."""
        scores = self._scores[key]
        return self.level + statistics.fmean(scores) - statistics.fmean(self.scores[: len(scores)])

    @property
    def lead(self) -> Key:
        """The best of those scored on all places, the earliest of equals."""
        return max(self._whole, key=self.mean)

    @property
    def contender(self) -> Key | None:
        """The best of those that are not; None when it is clearly worse than the lead.

        Clearly worse: the 95% confidence interval of their difference, on the examples both have
        seen, lies below zero.
        """
        best = max((key for key in self if not self.whole(key)), key=self.mean, default=None)
        if best is None:
            return None
        scores = self._scores[best]
        _, _, high = paired(self._scores[self.lead][: len(scores)], scores)
        return best if high >= 0 else None
