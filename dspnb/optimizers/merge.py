"""Cross two candidates that learnt different things since they had a common ancestor."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from dspnb.module import State

from .lineage import Member, Pool, ancestors

PLACES = 5  # of `val` that a merged state is tried on


@dataclass(frozen=True)
class Merge:
    """What two members of a pool make together."""

    state: State
    parents: tuple[int, int]


def merge(
    pool: Pool, among: Sequence[int], tried: Sequence[State], rng: random.Random
) -> Merge | None:
    """Draw two of the members at the places `among` and cross them; None when there are no such.

    They have an ancestor in common that scores no better than either, neither descends from the
    other, and some predictor is as in the ancestor in one and changed in the other. What they make
    is neither in the pool nor among the states that were `tried` (Agrawal et al., 2025, arXiv
    2507.19457, the system-aware merge).
    """
    pairs = list(combinations(sorted(among), 2))
    for first, second in rng.sample(pairs, len(pairs)):
        common = _common(pool, first, second)
        if not common:
            continue
        weights = [max(0.0, pool[number].mean) for number in common]
        # All of them may score nothing: then none is more likely than another.
        ancestor = rng.choices(common, weights if any(weights) else None)[0]
        state = crossed(pool[ancestor], pool[first], pool[second], rng)
        if state not in tried and all(state != member.state for member in pool):
            return Merge(state, (first, second))
    return None


def crossed(ancestor: Member, first: Member, second: Member, rng: random.Random) -> State:
    """Of each predictor the setting that changed since the ancestor.

    Where both changed, that of the member with the higher mean; of equals by lot.
    """
    state = {}
    for path, old in ancestor.state.items():
        one, other = first.state[path], second.state[path]
        if one == other or other == old:
            state[path] = one
        elif one == old:
            state[path] = other
        elif first.mean != second.mean:
            state[path] = one if first.mean > second.mean else other
        else:
            state[path] = rng.choice([one, other])
    return state


def places(
    first: Sequence[float], second: Sequence[float], rng: random.Random, most: int = PLACES
) -> tuple[int, ...]:
    """Places of `val` to try a merged state on, as many of each kind as there are.

    The kinds are: where the first one is better, where the second one is, where they are equal.
    """
    every = range(len(first))
    kinds = (
        [place for place in every if first[place] > second[place]],
        [place for place in every if first[place] < second[place]],
        [place for place in every if first[place] == second[place]],
    )
    chosen: list[int] = []
    for kind in kinds:
        most_of_it = min(math.ceil(most / len(kinds)), most - len(chosen), len(kind))
        chosen += rng.sample(kind, most_of_it)
    rest = [place for place in every if place not in chosen]
    chosen += rng.sample(rest, min(most - len(chosen), len(rest)))
    return tuple(sorted(chosen))


def _common(pool: Pool, first: int, second: int) -> list[int]:
    """The ancestors of both that they may be crossed at."""
    above_first, above_second = ancestors(pool, first), ancestors(pool, second)
    if first in above_second or second in above_first:
        return []
    lower = min(pool[first].mean, pool[second].mean)
    return [
        number
        for number in sorted(above_first & above_second)
        if pool[number].mean <= lower and _complementary(pool[number], pool[first], pool[second])
    ]


def _complementary(ancestor: Member, first: Member, second: Member) -> bool:
    return any(
        first.state[path] != second.state[path] and old in (first.state[path], second.state[path])
        for path, old in ancestor.state.items()
    )
