"""Sets of demos for all predictors together, from what a program did with training examples."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from dspnb.example import Example
from dspnb.report import Row
from dspnb.signature import Signature

from .bootstrap import demos_of
from .labeled import demos_for
from .options import Demos


def bundles(
    signatures: Mapping[str, Signature],
    train: Sequence[Example],
    rows: Sequence[Row],
    most: int,
    rng: random.Random,
) -> dict[str, Demos]:
    """Some sets of up to `most` demos for each predictor, by what they are.

    Its own successes first, as DSPy bootstraps; labels of what it failed at, which show what it
    does not know; and labels of any examples.
    """
    good, bad = parted(rows)
    own: dict[str, list[Example]] = {path: [] for path in signatures}
    for row in good:
        for path, demo in demos_of(row.trace, rng):
            if path in own:
                own[path].append(demo)
    failed = [row.example for row in bad]
    tried = {id(row.example) for row in rows}
    others = [
        example for example in rng.sample(list(train), len(train)) if id(example) not in tried
    ]
    found = {
        "own successes": _filled(signatures, own, others, most, most // 2),
        "labels of failures": _filled(signatures, own, failed, most, 0),
        "labels": _filled(signatures, own, others, most, 0),
    }
    different: dict[str, Demos] = {}
    for what, demos in found.items():
        if any(demos.values()) and demos not in different.values():
            different[what] = demos
    return different


def parted(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows that went well, the best first, and those that could be better, the worst first.

    With a metric of shares a row above the mean went well, and may be better still.
    """
    values = [row.score.value for row in rows]
    top, mean = max(1.0, *values), sum(values) / len(values)
    good = [r for r in rows if not r.error and (r.score.value >= top or r.score.value > mean)]
    bad = [row for row in rows if row.score.value < top]
    return (
        sorted(good, key=lambda row: -row.score.value),
        sorted(bad, key=lambda row: row.score.value),
    )


def _filled(
    signatures: Mapping[str, Signature],
    own: Mapping[str, Sequence[Example]],
    labelled: Sequence[Example],
    most: int,
    first: int,
) -> Demos:
    """So many of its own `first`, then labels; more of its own where a predictor has no labels."""
    demos = {}
    for path, signature in signatures.items():
        mine = list(own[path][:first])
        labels = demos_for(signature, labelled)
        demos[path] = tuple([*mine, *(labels or own[path][first:])][:most])
    return demos
