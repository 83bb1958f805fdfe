"""The examples that are most like some inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import mul
from typing import Any

from dspnb.adapters import values
from dspnb.errors import UsageError
from dspnb.example import Example
from dspnb.lm.neighbours import Neighbours

from . import arguments

Vectorizer = Callable[[list[str]], Any]  # texts -> a vector each: lists of numbers, or an array


class KNN:
    """Called with inputs, gives the `k` examples whose inputs are most like them, nearest first.

    `vectorizer` turns a list of texts into a vector each, of lists or numpy's; they are compared by
    cosine, so they need no length of 1. Without one, texts are alike that share rare words and
    parts of words: no model is called. The examples are read once, when the index is made.

    >>> rows = [Example(text=text).with_inputs("text") for text in ("a red rose", "a blue whale")]
    >>> KNN(1, rows)(text="Do whales sing?")
    [Example(text='a blue whale')]
    """

    def __init__(
        self, k: int, trainset: Sequence[Example], vectorizer: Vectorizer | None = None
    ) -> None:
        self.k = arguments.count("k", k)
        self.trainset = tuple(trainset)
        if not self.trainset:
            raise UsageError("There are no examples to find the nearest of.")
        for example in self.trainset:
            if not isinstance(example, Example):
                raise UsageError(f"Neighbours are found among `Example`s; got {example!r}.")
        texts = [_text(example.inputs) for example in self.trainset]
        if vectorizer is None:
            self._similarities = Neighbours(texts).similarities
        else:
            arguments.function("vectorizer", vectorizer, "a list of texts")
            self._similarities = _Vectors(texts, vectorizer).similarities

    def __call__(self, **inputs: Any) -> list[Example]:
        """The `k` nearest examples."""
        return [example for example, _ in zip(self.ranked(inputs), range(self.k), strict=False)]

    def ranked(self, inputs: Mapping[str, Any]) -> Iterator[Example]:
        """All examples, the nearest first; of equally near ones, the earlier."""
        similarities = self._similarities(_text(inputs))
        order = sorted(range(len(self.trainset)), key=lambda i: -similarities[i])
        return (self.trainset[i] for i in order)


class _Vectors:
    """An index over the vectors of some texts."""

    def __init__(self, texts: list[str], vectorizer: Vectorizer) -> None:
        self._vectorizer = vectorizer
        self._known = self._of(texts)

    def similarities(self, text: str) -> list[float]:
        """Cosine similarity, -1..1, of the text with each known text."""
        (vector,) = self._of([text])
        if len(vector) != len(self._known[0]):
            raise UsageError(
                f"The vectorizer gave a vector of {len(vector)} numbers, "
                f"after vectors of {len(self._known[0])}."
            )
        return [sum(map(mul, vector, known)) for known in self._known]

    def _of(self, texts: list[str]) -> list[list[float]]:
        """A vector of length 1 for each text."""
        vectors = [[float(number) for number in vector] for vector in self._vectorizer(texts)]
        sizes = {len(vector) for vector in vectors}
        if len(vectors) != len(texts) or len(sizes) != 1 or 0 in sizes:
            raise UsageError(
                f"A vectorizer gives a vector for each text, all of one size; for {len(texts)} "
                f"texts this one gave {len(vectors)}, of the sizes {sorted(sizes)}."
            )
        return [[number / _length(vector) for number in vector] for vector in vectors]


def _length(vector: Sequence[float]) -> float:
    return math.sqrt(sum(number * number for number in vector)) or 1.0


def _text(inputs: Mapping[str, Any]) -> str:
    """Inputs as a text to compare: their values, in an order that does not depend on the caller."""
    return "\n".join(values.to_text(inputs[name]) for name in sorted(inputs))
