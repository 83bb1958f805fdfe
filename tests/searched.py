"""Searches in simulated worlds, and how true it is what they say of what they found."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from simulated import Instructions, World, closeness, program

from dspnb import BootstrapFewShotWithRandomSearch, Example, compile, use
from dspnb.comparison import Comparison
from dspnb.example import Score
from dspnb.optimizers import Optimizer
from dspnb.report import Report, Row

KINDS = ("headroom", "nothing")
HEADROOM = {"gain": 0.02, "spread": 0.05}  # most prompts help, some a lot
NOTHING = (  # to gain: no prompt helps by more than a point or two, and most harm
    {"gain": -0.015, "spread": 0.015},
    {"gain": -0.015, "spread": 0.0},
    {"gain": 0.0, "spread": 0.0},
)
SIZES = ((60, 100), (60, 150), (80, 200), (90, 0))  # examples to validate with, and held out
FRESH = 1_000_000  # the number of the first item that no search has seen
POINT = 0.01
TRAIN, VAL, TEST = 0, 1000, 2000  # the numbers of a search's first items


@dataclass(frozen=True)
class Said:
    """What one set of held-out examples says of a program and the best one that was found."""

    before: float  # the mean of the program as it was
    mean: float  # of the best one
    interval: tuple[float, float]
    difference: tuple[float, float]  # its interval
    optimism: float
    returned: bool
    returned_alone: bool  # by the held-out examples alone, whatever the search saw

    @classmethod
    def of(cls, comparison: Comparison) -> Said:
        """The little of a comparison that is to be held against the truth."""
        best, (_, low, high) = comparison.best, comparison.difference
        alone = dataclasses.replace(comparison, expected=None)
        return cls(
            comparison.baseline.mean,
            best.mean,
            best.interval,
            (low, high),
            comparison.optimism,
            comparison.returned,
            alone.returned,
        )


@dataclass(frozen=True)
class Outcome:
    """What one search found, what is true of that, and what held-out examples say.

    The first saying is the search's own. The others are of the same two programs on other held-out
    examples of the same number, as if the search had been given those.
    """

    original: float  # the true mean score of the program as it was
    best: float  # and of the one with the best validation score
    changed: bool  # these are two programs
    said: Sequence[Said]

    @property
    def gain(self) -> float:
        """What the best one is truly better by."""
        return self.best - self.original


def outcome(world: World, optimizer: Optimizer, val: int, test: int, *, fresh: int = 0) -> Outcome:
    """Compile the program in a world. Without `test` the run sets a part of `val` aside."""
    with use(lm=world):
        run = compile(
            program(),
            optimizer,
            metric=closeness,
            train=world.examples(TRAIN, 20),
            val=world.examples(VAL, val),
            test=world.examples(TEST, test) if test else None,
            seed=world.seed,
            concurrency=4,
            wait=True,
        )
    own, found = run.comparison, run.best_candidate
    assert own is not None and found is not None
    before, best = run.program, run.program.with_state(found.state)
    said, size = [Said.of(own)], len(own.best.rows)
    for i in range(fresh):
        items = world.examples(FRESH + i * size, size)
        after = _report(world.scores(best, items), items)
        same = own.baseline is own.best
        baseline = after if same else _report(world.scores(before, items), items)
        said.append(Said.of(dataclasses.replace(own, baseline=baseline, best=after)))
    return Outcome(world.truth(before), world.truth(best), found.id > 0, said)


def outcomes(count: int, kind: str, *, first: int = 0, fresh: int = 10) -> Iterator[Outcome]:
    """Searches in so many worlds of a kind: `headroom` or `nothing`, to gain.

    They go through two optimizers, two accuracies to begin with, sizes of the sets, three ways to
    gain nothing, and scores of 0 and 1 or, in a fifth, graded ones: after 240 worlds all of these
    met each other equally often.
    """
    for i in range(first, first + count):
        base, graded = (0.5, 0.8)[i % 2], i % 5 == 4
        optimizer = (BootstrapFewShotWithRandomSearch(3, 3, 1, 3), Instructions(6))[i // 2 % 2]
        val, test = SIZES[i // 4 % len(SIZES)]
        gains = HEADROOM if kind == "headroom" else NOTHING[i % len(NOTHING)]
        world = World(2 * i + KINDS.index(kind), base, graded=graded, **gains)
        yield outcome(world, optimizer, val, test, fresh=fresh)


@dataclass(frozen=True)
class Honesty:
    """How true it was what some searches said."""

    outcomes: Sequence[Outcome]

    @property
    def own(self) -> Honesty:
        """By the searches' own held-out examples only."""
        return Honesty([dataclasses.replace(one, said=one.said[:1]) for one in self.outcomes])

    @cached_property
    def bias(self) -> float:
        """Points by which the held-out mean of the best one is above the truth, on average."""
        return _points(said.mean - one.best for one, said in self._each())

    @cached_property
    def optimism(self) -> float:
        """Points by which the search overrates the best one."""
        return _points(said.optimism for _, said in self._each())

    @cached_property
    def flattered(self) -> float:
        """Points by which the held-out mean of the program that is returned is above the truth."""
        return _points(
            said.mean - one.best if said.returned else said.before - one.original
            for one, said in self._each()
        )

    @cached_property
    def of_means(self) -> float:
        """The share of 95% confidence intervals of the best one's mean that hold the truth."""
        return _share(_holds(said.interval, one.best) for one, said in self._each())

    @cached_property
    def of_differences(self) -> float:
        """The same of the paired difference, where there are two programs."""
        return _share(
            _holds(said.difference, one.gain) for one, said in self._each() if one.changed
        )

    @cached_property
    def worse(self) -> float:
        """The share of programs returned that are truly worse than the original by over a point."""
        return _share(said.returned and one.gain < -POINT for one, said in self._each())

    @cached_property
    def worse_alone(self) -> float:
        """The same when the held-out examples alone decide."""
        return _share(said.returned_alone and one.gain < -POINT for one, said in self._each())

    @cached_property
    def worse_without(self) -> float:
        """The same without the rule, when the best one is always returned."""
        return _share(one.gain < -POINT for one in self.outcomes)

    @cached_property
    def gain(self) -> float:
        """Points that the returned program is truly better by, on average."""
        return _points(said.returned * one.gain for one, said in self._each())

    @cached_property
    def gain_alone(self) -> float:
        """The same when the held-out examples alone decide."""
        return _points(said.returned_alone * one.gain for one, said in self._each())

    @cached_property
    def gain_without(self) -> float:
        """The same without the rule."""
        return _points(one.gain for one in self.outcomes)

    def _each(self) -> Iterator[tuple[Outcome, Said]]:
        return ((one, said) for one in self.outcomes for said in one.said)


def _report(scores: Sequence[float], items: Sequence[Example]) -> Report:
    rows = [Row(item, None, Score(value)) for item, value in zip(items, scores, strict=True)]
    return Report(rows, "closeness")


def _holds(interval: Sequence[float], truth: float) -> bool:
    low, high = interval
    return low <= truth <= high


def _points(shares: Iterable[float]) -> float:
    return 100 * statistics.fmean(shares)


def _share(claims: Iterable[bool]) -> float:
    return statistics.fmean(map(bool, claims))
