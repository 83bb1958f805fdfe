"""Which candidates are best at something that no other is as good at."""

from __future__ import annotations

from collections.abc import Sequence

Front = frozenset[int]  # the candidates that score highest on one example


def fronts(scores: Sequence[Sequence[float]]) -> list[Front]:
    """The front of each example; `scores` has a row for each candidate.

    >>> [sorted(front) for front in fronts([[1, 0, 1], [0, 1, 1]])]
    [[0], [1], [0, 1]]
    """
    return [
        frozenset(number for number, value in enumerate(column) if value == max(column))
        for column in zip(*scores, strict=True)
    ]


def wins(fronts: Sequence[Front], means: Sequence[float]) -> dict[int, int]:
    """Candidate -> on how many fronts it is, without the candidates that are dominated.

    One is dominated when others that are left are on each of its fronts. They are taken away from
    the lowest mean upwards, of equals the older one first (Agrawal et al., 2025, arXiv 2507.19457).

    >>> wins([frozenset({0, 1}), frozenset({1})], [0.5, 1.0])
    {1: 2}
    """
    left = frozenset[int]().union(*fronts)
    for one in sorted(left, key=lambda number: (means[number], number)):
        others = left - {one}
        if all(front & others for front in fronts if one in front):
            left = others
    return {number: sum(number in front for front in fronts) for number in sorted(left)}
