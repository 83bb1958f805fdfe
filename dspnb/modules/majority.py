"""What most of several predictions say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dspnb import metrics
from dspnb.errors import UsageError, nearest
from dspnb.example import Prediction

THOUGHTS = ("reasoning", "rationale")  # how an answer was come by, not what it is


def normalized(value: Any) -> Any:
    """A text without case, punctuation, articles and spare blanks; another value as it is."""
    return metrics.normalize(value) if isinstance(value, str) else value


def majority(
    predictions: Prediction | Sequence[Mapping[str, Any]],
    field: str | None = None,
    normalize: Callable[[Any], Any] = normalized,
) -> Prediction:
    """The first prediction with the most frequent value of `field`, by default the last output.

    Takes a prediction of `Predict(..., n=5)`, or a list of predictions or dicts. Of values that are
    equally frequent the earliest wins. Those of which `normalize` leaves None or nothing do not
    count, unless there are no others.

    >>> majority([{"answer": "Rome"}, {"answer": "Paris"}, {"answer": "paris."}]).answer
    'Paris'
    """
    given = _listed(predictions)
    if not given:
        raise UsageError("There are no predictions to take the majority of.")
    name = field if field is not None else list(given[0])[-1]
    for prediction in given:
        if name not in prediction:
            raise UsageError(f"A prediction has no `{name}`; {nearest(name, prediction)}")
    values = [normalize(prediction[name]) for prediction in given]
    # By `==`, not by hash: an output may be a list.
    votes = [(values.count(value), -i) for i, value in enumerate(values) if _says_something(value)]
    best = max(votes, default=(0, 0))
    return given[-best[1]]


def same_answer(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two predictions say the same, however they came to it."""
    return _answer(one) == _answer(other)


def _answer(prediction: Mapping[str, Any]) -> dict[str, Any]:
    return {n: normalized(value) for n, value in prediction.items() if n not in THOUGHTS}


def _listed(predictions: Any) -> list[Prediction]:
    match predictions:
        case Prediction():
            return list(predictions.completions)
        case list() | tuple() if all(isinstance(one, Mapping) for one in predictions):
            return [
                one if isinstance(one, Prediction) else Prediction(**one) for one in predictions
            ]
    raise UsageError(
        "A majority is of a prediction with completions, or of a list of predictions or dicts; "
        f"got {predictions!r}."
    )


def _says_something(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and value == "")
