"""All that is given to a run, and the fingerprint by which it is known again."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .budget import Budget
from .context import Context
from .example import Example, Metric, metric_name
from .fingerprints import Fingerprint, example_print, fingerprint_of, program_print, state_print
from .lm.base import LanguageModel
from .module import Module
from .optimizers import Optimizer
from .trainer import Trainer


@dataclass(frozen=True)
class Plan:
    """A program, how it is to be improved, on what, and within which limits."""

    program: Module
    optimizer: Optimizer
    metric: Metric
    train: Sequence[Example]
    val: Sequence[Example]
    test: Sequence[Example]  # held out
    here: Context  # its model and adapter are those of the program
    reserved: bool = False  # `test` was set aside from the validation set
    budget: Budget = field(default_factory=Budget)
    teacher: LanguageModel | None = None
    proposer: LanguageModel | None = None
    trainer: Trainer | None = None
    seed: int = 0
    concurrency: int = 16
    never_worse: bool = True
    max_error_rate: float = 0.1
    fresh: bool = False  # no score that is kept from before is used
    warnings: Sequence[str] = ()
    chosen: str = ""  # what the optimizer was chosen for; empty when it was named

    @property
    def optimizer_name(self) -> str:
        """The optimizer's class."""
        return type(self.optimizer).__name__

    @property
    def samples(self) -> bool:
        """Whether the optimizer validates in part, and says itself what is best."""
        return bool(getattr(self.optimizer, "samples", False))

    @property
    def metric_name(self) -> str:
        """What to call the metric."""
        return metric_name(self.metric)

    def model(self, role: str) -> LanguageModel:
        """The model of a role; without one of its own, the program's."""
        own = {"teacher": self.teacher, "proposer": self.proposer}.get(role)
        return own if own is not None else self.here.require_lm()

    @functools.cached_property
    def program_fingerprint(self) -> Fingerprint:
        """What the program does, whatever its instructions and demos."""
        return program_print(self.program)

    @functools.cached_property
    def metric_fingerprint(self) -> Fingerprint:
        """What the metric does."""
        return fingerprint_of(self.metric)

    @functools.cached_property
    def context_fingerprint(self) -> Fingerprint:
        """How the program's prompts are written."""
        here = self.here
        return fingerprint_of((here.adapter, dict(here.params), tuple(here.demos)))

    @functools.cached_property
    def held_out(self) -> str:
        """The fingerprint of the held-out examples."""
        return _of(self.test)

    @functools.cached_property
    def parts(self) -> Mapping[str, str]:
        """What the run depends on -> its fingerprint."""
        given = {
            "the program": self.program_fingerprint,
            "the metric": self.metric_fingerprint,
            "the adapter and parameters": self.context_fingerprint,
            "the optimizer": fingerprint_of(self.optimizer),
            "the model": fingerprint_of(self.model("student")),
            "the teacher": fingerprint_of(self.teacher),
            "the proposer": fingerprint_of(self.proposer),
            "the trainer": fingerprint_of(self.trainer),
        }
        return {
            **{name: part.digest for name, part in given.items()},
            "the instructions and demos": state_print(self.program.state),
            "the training examples": _of(self.train),
            "the validation examples": _of(self.val),
            "the held-out examples": self.held_out,
            "the seed": str(self.seed),
            "the rule about being never worse": str(self.never_worse),
        }

    @functools.cached_property
    def unsure(self) -> tuple[str, ...]:
        """What cannot be told apart from another of its kind, in words: not known again later."""
        parts: tuple[Callable[[], Fingerprint], ...] = (
            lambda: self.program_fingerprint,
            lambda: self.metric_fingerprint,
            lambda: self.context_fingerprint,
            lambda: fingerprint_of(self.model("student")),
        )
        return tuple(dict.fromkeys(words for part in parts for words in part().unsure))

    @property
    def fingerprint(self) -> str:
        """Of all parts: equal for a run that would do the same."""
        text = "\0".join(f"{name}={digest}" for name, digest in sorted(self.parts.items()))
        return hashlib.sha256(text.encode()).hexdigest()

    def changed(self, parts: Mapping[str, str]) -> list[str]:
        """The parts that differ from those of an earlier run."""
        return [name for name, digest in self.parts.items() if parts.get(name) != digest]


def _of(examples: Sequence[Example]) -> str:
    whole = hashlib.sha256()
    for example in examples:
        whole.update(example_print(example).encode())
    return whole.hexdigest()
