"""Show a program the examples that are most like what it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dspnb.context import current, use
from dspnb.example import Example, Prediction
from dspnb.module import Module

from . import arguments
from .knn import KNN, Vectorizer


class NearestDemos(Module):
    """Look up the `k` nearest examples in each call, and give them to the predictors inside.

    They stand before the predictors' own demos, the nearest last; a predictor whose fields an
    example does not have goes without it. An example with the very inputs that are asked is left
    out: it would give its own answer away, and a score on these examples would mean nothing.
    `vectorizer` is that of `KNN`.
    """

    def __init__(
        self,
        module: Module,
        examples: Sequence[Example],
        k: int = 4,
        vectorizer: Vectorizer | None = None,
    ) -> None:
        self.module = arguments.program(module)
        self.neighbours = KNN(k, examples, vectorizer)

    def forward(self, **inputs: Any) -> Prediction:
        others = (one for one in self.neighbours.ranked(inputs) if not _asks(one, inputs))
        nearest = [one for one, _ in zip(others, range(self.neighbours.k), strict=False)]
        with use(demos=(*current().demos, *reversed(nearest))):
            return self.module(**inputs)


def _asks(example: Example, inputs: Mapping[str, Any]) -> bool:
    """Whether the example has these inputs, as far as both have the same ones."""
    shared = example.inputs.keys() & inputs.keys()
    return bool(shared) and all(example[name] == inputs[name] for name in shared)
