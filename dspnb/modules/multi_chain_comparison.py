"""Reason several times, then compare the lines of thought in one more call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dspnb.adapters import values
from dspnb.context import current
from dspnb.errors import UsageError, listed
from dspnb.example import Prediction
from dspnb.frame import Frame
from dspnb.module import Module
from dspnb.predict import Predict
from dspnb.signature import Field, Signature

from . import arguments
from .chain_of_thought import ChainOfThought
from .majority import THOUGHTS, same_answer
from .side_by_side import side_by_side


class MultiChainComparison(Module):
    """Answer after looking at `M` attempts that others made, which may be wrong.

    `compare(completions=[...], question=...)` compares attempts that are there: predictions, dicts,
    or one prediction with completions, each with the outputs and maybe `reasoning`. Without them,
    `M` attempts are drawn at `temperature`; those that came to another answer in the end are
    `rejected` in the trace. (Yoran et al., 2023, arXiv 2304.13007)
    """

    def __init__(
        self,
        signature: Signature | type[Signature] | str,
        M: int = 3,
        temperature: float = 0.7,
        **params: Any,
    ) -> None:
        signature = Signature.of(signature)
        self.M = arguments.count("M", M)
        self.temperature = arguments.number("temperature", temperature)
        self.attempt = ChainOfThought(signature, **params)
        self.compare = Predict(_comparison(signature, M), **params)
        self.outputs = tuple(field.name for field in signature.outputs)

    def forward(
        self,
        completions: Prediction | Sequence[Mapping[str, Any]] | None = None,
        **inputs: Any,
    ) -> Prediction:
        frame = current().frame
        if frame is None:  # not called, but its `forward` was
            return self(completions=completions, **inputs)
        if completions is not None:
            return self.compare(**inputs, **self._attempts(completions))
        attempts = self._sampled(frame, inputs)
        answer = self.compare(**inputs, **self._attempts([attempt for _, attempt in attempts]))
        for sample, attempt in attempts:
            if not same_answer(answer, attempt):
                sample.reject("the comparison came to another answer")
        return answer

    def _sampled(self, frame: Frame, inputs: Mapping[str, Any]) -> list[tuple[Frame, Prediction]]:
        here = current()
        warm = {**here.params, "temperature": self.temperature}
        changes = [{"rollout": here.rollout * self.M + i, "params": warm} for i in range(self.M)]
        sampled = []
        for ran in side_by_side(frame, [(self.attempt, one) for one in changes], inputs):
            if isinstance(ran.result, Exception):
                raise ran.result
            sampled.append((ran.frame, ran.result))
        return sampled

    def _attempts(self, completions: Any) -> dict[str, str]:
        """The attempts as inputs of the comparison."""
        given = completions.completions if isinstance(completions, Prediction) else completions
        if not isinstance(given, list | tuple) or len(given) != self.M:
            found = f"{len(given)}" if isinstance(given, list | tuple) else repr(given)
            raise UsageError(f"A comparison is of `M={self.M}` completions; got {found}.")
        return {_name(i): self._told(attempt) for i, attempt in enumerate(given)}

    def _told(self, attempt: Any) -> str:
        if not isinstance(attempt, Mapping):
            raise UsageError(f"A completion is a prediction or a dict; got {attempt!r}.")
        if missing := [name for name in self.outputs if name not in attempt]:
            raise UsageError(
                f"A completion has the output {listed(missing)}; this one has {listed(attempt)}."
            )
        thoughts = [name for name in THOUGHTS if name in attempt]
        names = dict.fromkeys([*thoughts, *self.outputs])
        return "\n".join(f"{name}: {values.to_text(attempt[name])}" for name in names)


def _comparison(signature: Signature, M: int) -> Signature:
    if any(field.name == "completions" for field in signature.fields):
        raise UsageError("A comparison has an input `completions` of its own; rename the field.")
    for i in range(M):
        signature = signature.append(Field(_name(i), desc="what somebody thought and answered"))
    desc = "weigh the attempts, which may be wrong, and think it through"
    return signature.prepend(Field("reasoning", desc=desc, role="output"))


def _name(i: int) -> str:
    return f"attempt_{i + 1}"
