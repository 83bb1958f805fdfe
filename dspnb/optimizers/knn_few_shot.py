"""Demos that are looked up for each input, made as DSPy's optimizer of that name makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from dspnb.errors import UsageError
from dspnb.example import Example
from dspnb.module import Module
from dspnb.modules import NearestDemos
from dspnb.modules.knn import Vectorizer

INSTEAD = (
    "The nearest examples are looked up in each call, so there is nothing to search for. Wrap the "
    "program instead, as in `KNNFewShot(4, train).compile(program)`, the same as "
    "`NearestDemos(program, train)`; that can be evaluated, and compiled with any optimizer."
)


@dataclass(frozen=True)
class KNNFewShot:
    """`KNNFewShot(k, trainset).compile(program)` is `NearestDemos(program, trainset, k)`.

    DSPy's name for it. The labelled examples themselves are the demos: no model is called to look
    them up, and nothing is bootstrapped in a call. `vectorizer` is that of `KNN`. It is no search:
    `compile(program, KNNFewShot(...))` raises `UsageError`, before anything is spent.
    """

    k: int = 4
    trainset: Sequence[Example] = ()
    vectorizer: Vectorizer | None = None

    def compile(self, student: Module, *, teacher: Module | None = None) -> NearestDemos:
        """The program with its demos looked up in each call; `student` is left as it is.

        Raises `UsageError` for a teacher: there is nothing to be taught.
        """
        if teacher is not None:
            raise UsageError(
                "`KNNFewShot` shows labelled examples as they are, so a teacher has nothing to do. "
                "Leave it out, or bootstrap demos with `compile(program, BootstrapFewShot())`."
            )
        return NearestDemos(student, self.trainset, self.k, self.vectorizer)

    @property
    def search(self) -> NoReturn:
        """Not there: raises `UsageError`, which says what to do instead."""
        raise UsageError(INSTEAD)
