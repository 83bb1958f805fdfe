"""Which candidates are best at something that no other is as good at, and which one to improve."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Literal

from .lineage import Pool, best

Selection = Literal["pareto", "current_best", "epsilon_greedy", "top_k_pareto"]
Front = frozenset[int]  # the candidates that score highest on one example

EPSILON = 0.1  # how often `epsilon_greedy` takes any candidate
TOP = 5  # candidates that `top_k_pareto` draws from


def choose(pool: Pool, selection: Selection, rng: random.Random) -> int:
    """The place of the candidate to improve: drawn as often as it wins, or the best one.

    `pareto` draws from those that `wins` counts, `top_k_pareto` from the five best means of them.
    `current_best` takes the best mean; so does `epsilon_greedy`, but one time in ten anyone.
    """
    match selection:
        case "current_best":
            return best(pool)
        case "epsilon_greedy":
            return rng.randrange(len(pool)) if rng.random() < EPSILON else best(pool)
        case "top_k_pareto":
            won = wins(pool, sorted(range(len(pool)), key=lambda one: -pool[one].mean)[:TOP])
        case "pareto":
            won = wins(pool)
    # The five with the best means may be the best at no single example.
    return rng.choices([*won], [*won.values()])[0] if won else best(pool)


def wins(pool: Pool, among: Iterable[int] | None = None) -> dict[int, int]:
    """Candidate -> at how many examples of `val` it is best, without those that are dominated.

    One is dominated when, wherever it is best, another that is left is so too. They are taken away
    from the lowest mean upwards, of equals the older one first (Agrawal et al., 2025, arXiv
    2507.19457). With `among` as if there were only these at the top.
    """
    every = frozenset(range(len(pool)) if among is None else among)
    found = [front & every for front in fronts([member.scores for member in pool])]
    left = frozenset[int]().union(*found)
    for one in sorted(left, key=lambda number: (pool[number].mean, number)):
        others = left - {one}
        if all(front & others for front in found if one in front):
            left = others
    return {number: sum(number in front for front in found) for number in sorted(left)}


def fronts(scores: Sequence[Sequence[float]]) -> list[Front]:
    """For each example who is best at it; `scores` has a row for each candidate.

    >>> [sorted(front) for front in fronts([[1, 0, 1], [0, 1, 1]])]
    [[0], [1], [0, 1]]
    """
    columns = [*zip(*scores, strict=True)]
    tops = [max(column) for column in columns]
    return [
        frozenset(number for number, score in enumerate(column) if score == top)
        for column, top in zip(columns, tops, strict=True)
    ]
