"""Draw combinations of instructions and demos, and have them scored."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from .base import Lead, Task, Validate
from .combinations import Combinations
from .prefixes import Key, Prefixes
from .tpe import TPE

DRAWS = 20  # of the sampler, before a trial is given up that has nothing new to score


@dataclass(frozen=True)
class Trials:
    """What a search draws from, and what it has seen of it so far."""

    task: Task
    space: Combinations
    order: tuple[int, ...]  # places in `val`
    seen: Prefixes

    def drawn(self, batch: int | None) -> Key | None:
        """The next combination to try; None when those that are drawn have nothing new to score.

        The sampler is told anew each time, of each combination once, what it is expected to score
        by all that was seen of it. Told of trials one by one, it would take a minibatch for as good
        as a full evaluation, and a combination for as much better as it was tried more often.
        """
        tpe = TPE(self.space.options, self.task.rng.getrandbits(32))
        for key in self.seen:
            tpe.add(self.space.choice(key), self.seen.mean(key))
        for _ in range(DRAWS):
            key = tuple(tpe.ask().values())
            if not self.seen.whole(key) and (batch is None or self.seen.next(key, batch)):
                return key
        return None

    def score(
        self, key: Key, batch: int | None = None, note: str = ""
    ) -> Generator[Any, Any, None]:
        """Score a combination on its next minibatch, or on all that this search looks at."""
        state, part = self.space.state(key), len(self.order) < len(self.task.val)
        if batch is not None and (following := self.seen.next(key, batch)):
            places = tuple(self.order[place] for place in following)
            report = yield Validate(state, self.task.state, note, places=places)
            self.seen.score_next(key, report.scores)
            return
        report = yield Validate(state, self.task.state, note, places=self.order if part else None)
        scores = report.scores if part else [report.scores[place] for place in self.order]
        self.seen.score_all(key, scores)
        if part and self.seen.lead == key:
            yield Lead(state, self.seen.mean(key))
