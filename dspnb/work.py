"""What an optimizer asks for, as jobs: each makes one row, and is known by a key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .awaiting import only_awaits
from .candidate import Candidate
from .context import current, use
from .errors import ContextTooLong, ParseError, one_line
from .evaluate import Job
from .events import Split
from .example import Example, Metric, Prediction, Score
from .lm.base import LanguageModel
from .lm.labels import labelled
from .module import Module
from .optimizers import Complete, Train
from .predict import COLD, Predict
from .report import Row
from .row_calls import RowCalls
from .store import KEY
from .trainer import Trainer

Keep = Callable[[Row], object]  # called with a row before anybody else knows of it
SAMPLING = 1.0  # the temperature of another rollout, as in DSPy; some models take no other
NOTHING = Example()  # the example of a row that has none
UNREADABLE = (ParseError, ContextTooLong)  # a question that ends so is answered by None


class Work(Protocol):
    """Jobs that belong together. Each gives a `Row`."""

    @property
    def keys(self) -> Sequence[bytes]:
        """One for each job: two jobs of one key would give the same row."""

    @property
    def examples(self) -> Sequence[Example]:
        """One for each job."""

    @property
    def awaited(self) -> bool:
        """Whether its jobs may be awaited beside all others, without threads."""

    @property
    def changed(self) -> bool:
        """Whether the program is another than the one that was given."""

    @property
    def scored(self) -> Scored | None:
        """Whose scores the run tells of; None for what is only asked."""

    @property
    def program(self) -> Module:
        """Whose signatures the rows have."""

    def job(self, place: int, calls: RowCalls, keep: Keep) -> Any:
        """What makes the row at this place, with the models that `calls` gives."""


@dataclass
class Scored:
    """A candidate on a set of examples."""

    candidate: Candidate
    split: Split
    places: tuple[int, ...] | None = None  # of the set, in this order; None for all of it

    def place(self, index: int) -> int:
        """Where the example that is scored at this index stands in the set."""
        return index if self.places is None else self.places[index]


def key_of(*parts: str) -> bytes:
    """What is known by all these parts together."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=KEY).digest()


def warm(params: Mapping[str, Any], rollout: int) -> Mapping[str, Any]:
    """Parameters of the context by which this rollout is another: a model at 0 repeats itself."""
    if not rollout or (params.get("temperature") or 0) > COLD:
        return params
    return {**params, "temperature": SAMPLING}


def keys_of(
    start: bytes, examples: Sequence[Example], print_of: Callable[[Example], str]
) -> list[bytes]:
    """The key of each example, where all else is the same."""
    whole = hashlib.blake2b(start, digest_size=KEY)
    keys = []
    for example in examples:
        one = whole.copy()
        one.update(print_of(example).encode())
        keys.append(one.digest())
    return keys


class Scoring:
    """Run a program on examples, and score what it gives."""

    def __init__(
        self,
        program: Module,
        examples: Sequence[Example],
        metric: Metric,
        keys: Sequence[bytes],
        lm: LanguageModel,
        rollout: int = 0,
        scored: Scored | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        changed: bool = False,
    ) -> None:
        """`params` are those of the context, where they are not the ones that are current."""
        self.program, self.examples, self.keys, self.scored = program, examples, keys, scored
        self.changed = changed
        self._metric, self._lm, self._rollout, self._params = metric, lm, rollout, params
        with use(lm=lm):
            self.awaited = only_awaits(program)

    def job(self, place: int, calls: RowCalls, keep: Keep) -> Any:
        return Job(
            place,
            self.program,
            self.examples[place],
            self._metric,
            settings=_settings(calls, self._lm, self._rollout, self._params),
            labels={"candidate": self.scored.candidate.id if self.scored else None},
            keep=keep,
        )


class Completing:
    """Put one question to a model, as `Complete` says."""

    examples = (NOTHING,)
    scored = None
    changed = True  # an answer in the wrong form says nothing about the program that was given

    def __init__(self, ask: Complete, key: bytes, lm: LanguageModel) -> None:
        self.keys = (key,)
        self.program = Predict(ask.signature)
        self._params: dict[str, Any] = {}
        if ask.temperature is not None:
            self._params = {"temperature": ask.temperature}
        self._inputs, self._lm = dict(ask.inputs), lm
        with use(lm=lm):
            self.awaited = only_awaits(self.program)

    def job(self, place: int, calls: RowCalls, keep: Keep) -> Any:
        params = {**current().params, **self._params} if self._params else None
        settings = _settings(calls, self._lm, 0, params)
        return _Question(self.program, self._inputs, settings, keep)


class Training:
    """Have a model trained, as `Train` says; the row's prediction holds its name."""

    examples = (NOTHING,)
    scored = None
    changed = False
    awaited = False
    program = Module()

    def __init__(
        self, ask: Train, key: bytes, trainer: Trainer, checkpoint: Callable[[], object]
    ) -> None:
        self.keys = (key,)
        self._rows, self._trainer, self._checkpoint = ask.rows, trainer, checkpoint

    def job(self, place: int, calls: RowCalls, keep: Keep) -> Any:
        def train() -> Row:
            name = self._trainer.train(self._rows, self._checkpoint)
            row = Row(NOTHING, Prediction(model=name), Score(0.0))
            keep(row)
            return row

        return train


@dataclass
class _Question:
    """One call of a predictor: in a thread, or awaited."""

    program: Predict
    inputs: Mapping[str, Any]
    settings: Mapping[str, Any]
    keep: Keep
    labels: Mapping[str, Any] = field(default_factory=lambda: {"example": None})

    def __call__(self) -> Row:
        with use(**self.settings), labelled(**self.labels):
            try:
                return self.then(self.program(**self.inputs), None)
            except UNREADABLE as error:
                return self.then(None, error)

    async def ask(self) -> Prediction:
        with use(**self.settings), labelled(**self.labels):
            return await self.program.acall(**self.inputs)

    def then(self, prediction: Prediction | None, error: Exception | None) -> Row:
        if isinstance(error, UNREADABLE):
            said = one_line(error)
            row = Row(NOTHING, None, Score(0.0, said), said, error.trace)
        elif error is not None:
            raise error
        else:
            assert prediction is not None
            row = Row(NOTHING, prediction, Score(0.0), trace=prediction.trace)
        self.keep(row)
        return row


def _settings(
    calls: RowCalls, lm: LanguageModel, rollout: int, params: Mapping[str, Any] | None
) -> dict[str, Any]:
    settings = {"lm": calls.model(lm), "meter": calls.model, "rollout": rollout}
    return settings if params is None else {**settings, "params": params}
