"""Three disjoint sets: to learn from, to choose by, and to be told the truth by."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import UsageError
from .example import Example

Examples = Sequence[Example]
FEWEST = 60  # validation examples; a third of fewer could hardly confirm anything


@dataclass(frozen=True)
class Divided:
    """The sets of a run, and what is to be said about how they came about."""

    train: Examples
    val: Examples
    test: Examples
    reserved: bool  # `test` is a part of what was given as `val`, or was made of `train`
    warnings: tuple[str, ...]


def divided(
    train: Examples, val: Examples | None, test: Examples | None, seed: int, *, reserve: bool
) -> Divided:
    """The three sets. Without `val` the last third of a shuffled `train` validates.

    With `reserve` and without `test` a third of at least 60 validation examples is set aside: the
    search never sees it, and the result is confirmed on it. Raises `UsageError` for too few.
    """
    warnings: list[str] = []
    if val:
        if not train:
            raise UsageError("A run needs examples to learn from; `train` is empty.")
    else:
        if len(train) < 2:
            raise UsageError(
                "A run needs examples to learn from and to choose by; "
                f"got {len(train)} and no `val`."
            )
        train, val = _parted(train, seed)
        warnings.append(
            f"No validation set was given: {len(val)} of the {len(train) + len(val)} training "
            "examples validate instead."
        )
    if test or not reserve or len(val) < FEWEST:
        return Divided(train, val, test or (), False, tuple(warnings))
    whole = len(val)
    val, held_out = _parted(val, seed)
    warnings.append(
        f"No test set was given: {len(held_out)} of the {whole} validation examples are set aside "
        "to confirm the result on; `never_worse=False` searches on all of them."
    )
    return Divided(train, val, held_out, True, tuple(warnings))


def _parted(rows: Examples, seed: int) -> tuple[list[Example], list[Example]]:
    """Two thirds, and a third, in an order that the seed decides."""
    mixed = random.Random(seed).sample(list(rows), len(rows))
    cut = len(mixed) - max(1, len(mixed) // 3)
    return mixed[:cut], mixed[cut:]
