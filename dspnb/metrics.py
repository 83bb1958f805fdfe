"""Ready-made metrics: each compares the fields that the example labels.

Normalisation and token F1 are SQuAD's (Rajpurkar et al., 2016, arXiv 1606.05250).
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from .errors import UsageError, listed
from .example import Example, Metric, Prediction, Score

_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize(text: str) -> str:
    """Lower case, without punctuation, articles and spare blanks.

    >>> normalize("The  Eiffel-Tower!")
    'eiffeltower'
    """
    text = text.lower().translate(_PUNCTUATION)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def exact(*fields: str) -> Metric:
    """A metric: 1 when every named field equals the label, 0 otherwise; texts are normalised.

    Without names, every output that the example labels is compared.

    >>> row = Example(question="?", answer="The Moon").with_inputs("question")
    >>> exact("answer")(row, Prediction(answer="moon.")).value
    1.0
    """
    return _Fields("exact", fields, lambda wanted, got: float(_same(wanted, got)), min)


def f1(*fields: str) -> Metric:
    """A metric: overlap of the words of label and answer, 0..1, averaged over the named fields.

    >>> row = Example(question="?", answer="the old moon").with_inputs("question")
    >>> round(f1("answer")(row, Prediction(answer="moon rock")).value, 2)
    0.5
    """
    return _Fields("f1", fields, lambda wanted, got: _overlap(str(wanted), str(got)), _mean)


@dataclass(frozen=True)
class _Fields:
    name: str
    fields: tuple[str, ...]
    compare: Callable[[object, object], float]
    combine: Callable[[list[float]], float]

    def __call__(self, example: Example, prediction: Prediction) -> Score:
        fields = self.fields or tuple(name for name in example.labels if name in prediction)
        if not fields or any(name not in example or name not in prediction for name in fields):
            raise UsageError(
                f"`{self}` compares what is both a label and an output; the example has "
                f"{listed(example)}, the prediction {listed(prediction)}."
            )
        parts = {name: self.compare(example[name], prediction[name]) for name in fields}
        wrong = [
            f"`{name}` should be {example[name]!r}, not {prediction[name]!r}"
            for name, part in parts.items()
            if part < 1
        ]
        return Score(self.combine(list(parts.values())), "; ".join(wrong), parts)

    @property
    def __name__(self) -> str:
        return self.name

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(repr, self.fields))})"

    __repr__ = __str__


def _same(wanted: object, got: object) -> bool:
    if isinstance(wanted, str) and isinstance(got, str):
        return normalize(wanted) == normalize(got)
    return wanted == got


def _overlap(wanted: str, got: str) -> float:
    left, right = normalize(wanted).split(), normalize(got).split()
    common = sum((Counter(left) & Counter(right)).values())
    if not left or not right:
        return float(left == right)
    return 2 * common / (len(left) + len(right))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
