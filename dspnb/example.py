"""The rows of a data set, what a program makes of them, and how good that is."""

from __future__ import annotations

import dataclasses
import json
import math
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from .errors import DspnbError, MetricError, UsageError, listed, nearest, one_line
from .trace import Attempt, Check, Trace


class _Record(Mapping[str, Any]):
    """Named values that cannot be changed, read as items or as attributes."""

    __slots__ = ("_hash", "_values")
    _values: dict[str, Any]

    def __init__(self, /, **values: Any) -> None:  # a column may be called `self`
        object.__setattr__(self, "_values", values)
        object.__setattr__(self, "_hash", None)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(
                f"this {type(self).__name__} has no `{name}`; {nearest(name, self._values)}"
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(
            f"an {type(self).__name__} does not change; "
            f"make another with `{type(self).__name__}(**{{**old, {name!r}: ...}})`"
        )

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._values == other._values

    def __hash__(self) -> int:
        if self._hash is None:
            object.__setattr__(self, "_hash", hash(repr(sorted(self._values.items()))))
        return int(self._hash)

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self._values.items())
        return f"{type(self).__name__}({inside})"

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._values]


class Example(_Record):
    """One row: inputs, and the labels that a metric compares with.

    >>> example = Example(question="What is 2 + 2?", answer="4").with_inputs("question")
    >>> example.inputs, example.labels, example.answer
    ({'question': 'What is 2 + 2?'}, {'answer': '4'}, '4')
    """

    __slots__ = ("_input_names",)
    _input_names: tuple[str, ...] | None

    def __init__(self, /, **values: Any) -> None:
        super().__init__(**values)
        object.__setattr__(self, "_input_names", None)

    def with_inputs(self, *names: str) -> Self:
        """The same row, with these fields as its inputs and the others as its labels."""
        missing = [name for name in names if name not in self]
        if missing:
            raise UsageError(
                f"An example has no field {listed(missing)} to be an input; it has {listed(self)}."
            )
        example = type(self)(**self._values)
        object.__setattr__(example, "_input_names", names)
        return example

    @property
    def input_names(self) -> tuple[str, ...]:
        """The fields that are inputs; empty when the example does not say."""
        return self._input_names or ()

    @property
    def inputs(self) -> dict[str, Any]:
        """What a program is called with."""
        if self._input_names is None:
            raise UsageError(
                f"This example does not say which of {listed(self)} are inputs; "
                "use `.with_inputs(...)`."
            )
        return {name: self[name] for name in self._input_names}

    @property
    def labels(self) -> dict[str, Any]:
        """What is known about the right answer."""
        inputs = self.inputs
        return {name: value for name, value in self.items() if name not in inputs}

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_example, (self._values, self._input_names)


def _restore_example(values: dict[str, Any], names: tuple[str, ...] | None) -> Example:
    example = Example(**values)
    return example if names is None else example.with_inputs(*names)


_set = object.__setattr__  # what a prediction is made of is set in every call


class Prediction(_Record):
    """What a program gives back: its outputs, and how they came about.

    >>> prediction = Prediction(answer="4")
    >>> prediction.answer, prediction["answer"]
    ('4', '4')
    """

    __slots__ = ("_checks", "_completions", "_trace")
    _trace: Trace
    _checks: tuple[Check, ...]
    _completions: tuple[Prediction, ...]

    def __init__(self, /, **outputs: Any) -> None:
        _set(self, "_values", outputs)
        _set(self, "_hash", None)
        _set(self, "_trace", ())
        _set(self, "_checks", ())
        _set(self, "_completions", ())

    def with_trace(self, trace: Trace, checks: tuple[Check, ...] = ()) -> Prediction:
        """The same outputs, with the calls that led to them and the constraints on the way."""
        return predicted(self._values, trace, checks, self._completions)

    def with_completions(self, completions: Iterable[Prediction]) -> Prediction:
        """The same outputs, with all samples that were drawn."""
        return predicted(self._values, self._trace, self._checks, tuple(completions))

    @property
    def trace(self) -> Trace:
        """Every model call of the program, in order."""
        return self._trace

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The answers that could not be used at first; empty when all went well."""
        return tuple(attempt for call in self._trace for attempt in call.attempts)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The constraints of the program that were not met at first; empty when all were."""
        return self._checks

    @property
    def completions(self) -> tuple[Prediction, ...]:
        """The samples of a predictor with `n`, this one first; else only this prediction."""
        return self._completions or (self,)

    def __reduce__(self) -> tuple[Any, ...]:
        return predicted, (self._values, self._trace, self._checks, self._completions)


def predicted(
    outputs: dict[str, Any],
    trace: Trace = (),
    checks: tuple[Check, ...] = (),
    completions: tuple[Prediction, ...] = (),
) -> Prediction:
    """The prediction of these outputs, a dict that nobody changes any more."""
    prediction = object.__new__(Prediction)
    _set(prediction, "_values", outputs)
    _set(prediction, "_hash", None)
    _set(prediction, "_trace", trace)
    _set(prediction, "_checks", checks)
    _set(prediction, "_completions", completions)
    return prediction


@dataclass(frozen=True)
class Score:
    """How good a prediction is."""

    value: float  # higher is better, 0..1 by convention
    feedback: str = ""  # read by people and by reflective optimizers
    parts: Mapping[str, float] = field(default_factory=dict)  # named parts of the value
    about: Mapping[str, str] = field(default_factory=dict)  # predictor path -> feedback on it

    def __float__(self) -> float:
        return self.value

    @property
    def told(self) -> str:
        """All feedback: on the whole, and a line for each predictor that it is about.

        >>> print(Score(0.5, "Half right.", about={"query": "Too long."}).told)
        Half right.
        query: Too long.
        """
        lines = [self.feedback, *(f"{path}: {text}" for path, text in self.about.items())]
        return "\n".join(line for line in lines if line)


Metric = Callable[[Example, Prediction], "Score | float | bool"]


def score(
    metric: Metric, example: Example, prediction: Prediction, *, kind: str = "metric"
) -> Score:
    """Ask a metric; a number, a truth or `(number, "feedback")` becomes a `Score`.

    Raises `MetricError`, which names the metric, its line and the example, when the metric fails;
    the error itself when a model that the metric asks does. `kind` is what an error calls it.
    """
    try:
        result = metric(example, prediction)
    except UsageError as error:
        raise MetricError(str(error)) from None
    except DspnbError:
        raise  # a judge that could not be asked, or read, is no mistake in the metric
    except Exception as error:  # whatever the user's code raises
        raise MetricError(
            f"The {kind} `{metric_name(metric)}` raised {one_line(error)}{_place(error)}, "
            f"for the example {_short(example)} and the prediction {_short(prediction)}."
        ) from error
    match result:
        case Score():
            given = result
        case (value, str(feedback)):
            given = Score(value, feedback)
        case _:
            given = Score(result)
    if not all(map(_finite, (given.value, *given.parts.values()))):
        raise MetricError(
            f"The {kind} `{metric_name(metric)}` gave {result!r}; it must give a "
            "finite number, True or False, a `Score`, or `(number, 'feedback')`."
        )
    if not (
        isinstance(given.about, Mapping)
        and all(isinstance(said, str) for pair in given.about.items() for said in pair)
    ):
        raise MetricError(
            f"The {kind} `{metric_name(metric)}` gave `about={given.about!r}`; it maps the path of "
            "a predictor to feedback on it, as in `Score(0.5, about={'query': 'Too long.'})`."
        )
    return dataclasses.replace(given, value=float(given.value))


def _finite(value: Any) -> bool:
    """Whether this is a number, numpy's too, that a mean can be taken of."""
    try:
        return hasattr(value, "__float__") and math.isfinite(value)
    except TypeError:  # an array
        return False


def metric_name(metric: object) -> str:
    """What to call a metric in a sentence."""
    return getattr(metric, "__name__", None) or str(metric)


def _place(error: BaseException) -> str:
    """Where the user's code raised: `(line 3)`."""
    here = Path(__file__).parent
    lines = [
        line
        for frame, line in traceback.walk_tb(error.__traceback__)
        if here not in Path(frame.f_code.co_filename).parents
    ]
    return f" (line {lines[-1]})" if lines else ""


def _short(record: _Record, limit: int = 120) -> str:
    text = json.dumps(dict(record), default=str, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[:limit]}…"


def only(example: Example, names: Iterable[str]) -> Example:
    """The row without its other fields; what were inputs stay inputs."""
    kept = {name: example[name] for name in names if name in example}
    return Example(**kept)
