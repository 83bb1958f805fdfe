"""Run a program several times, and keep what a reward function likes best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dspnb.context import current, use
from dspnb.errors import LMError, UsageError, one_line
from dspnb.example import Example, Prediction, Score, score
from dspnb.frame import Frame
from dspnb.module import Module

from . import arguments

WARM = 1.0  # the temperature of all samples but the first

Reward = Callable[[Any, Prediction], Score | float | bool]  # of the inputs and what came of them


@dataclass
class Sample:
    """One run of the program: what came of it, and how good that is."""

    frame: Frame  # what it asked, advice before it included
    run: Frame  # what the program itself asked
    hints: Mapping[str, str] = field(default_factory=dict)
    prediction: Prediction | None = None  # None after an error
    score: Score | None = None
    error: Exception | None = None


class BestOfN(Module):
    """Run `module` up to `N` times, each a fresh sample, and keep the one with the best reward.

    `reward_fn(inputs, prediction)` gives a number, a truth, a `Score` or `(number, "feedback")`; it
    sees the sample's calls in `prediction.trace`. A reward of `threshold` ends the search; of equal
    rewards the first is kept. The first sample is what `module` alone would give, the others are
    drawn at temperature 1. Samples that fail are passed over; the error of one is raised when more
    than `fail_count` failed (as many as `N` may), or when all did. The trace has the calls of all
    samples; those that were not kept are `rejected`.

    Raises `UsageError` at once when the reward function raises or gives no finite number.
    """

    def __init__(
        self,
        module: Module,
        N: int,
        reward_fn: Reward,
        threshold: float | None = None,
        fail_count: int | None = None,
    ) -> None:
        self.module = arguments.program(module)
        self.N = arguments.count("N", N)
        self.reward_fn = arguments.function("reward_fn", reward_fn, "inputs and a prediction")
        self.threshold = None if threshold is None else arguments.number("threshold", threshold)
        self.fail_count = N if fail_count is None else arguments.count("fail_count", fail_count, 0)

    def forward(self, **inputs: Any) -> Prediction:
        frame = current().frame
        if frame is None:  # not called, but its `forward` was
            return self(**inputs)
        samples: list[Sample] = []
        while len(samples) < self.N and not self._enough(samples):
            samples.append(self._sample(frame, inputs, samples))
            failed = [sample.error for sample in samples if sample.error is not None]
            if failed and (len(failed) > self.fail_count or len(failed) == self.N):
                raise failed[-1]
        return _best(frame, samples)

    def _enough(self, samples: Sequence[Sample]) -> bool:
        """Whether the last sample reaches the threshold."""
        if self.threshold is None or not samples or samples[-1].score is None:
            return False
        return samples[-1].score.value >= self.threshold

    def _hints(self, past: Sequence[Sample]) -> Mapping[str, str]:
        """Advice for the next sample, by path of a predictor; none here."""
        return {}

    def _sample(self, frame: Frame, inputs: Mapping[str, Any], past: Sequence[Sample]) -> Sample:
        here, number = current(), len(past)
        around = frame.inner()
        sample = Sample(around, run=around.inner())
        with use(frame=around):
            sample.hints = self._hints(past)
        changes: dict[str, Any] = {"rollout": here.rollout * self.N + number, "frame": sample.run}
        if number:
            changes["params"] = {**here.params, "temperature": WARM}
        if sample.hints:
            changes["hints"] = {**here.hints, **sample.hints}
        try:
            with use(**changes):
                sample.prediction = self.module(**inputs)
            sample.score = self._reward(inputs, sample)
        except Exception as error:  # whatever the user's `forward` raises
            if isinstance(error, UsageError) or (isinstance(error, LMError) and error.fatal):
                raise
            sample.error = error
            around.reject(f"the sample failed: {one_line(error)}")
        return sample

    def _reward(self, inputs: Mapping[str, Any], sample: Sample) -> Score:
        assert sample.prediction is not None
        example = Example(**inputs).with_inputs(*inputs)
        prediction = sample.prediction.with_trace(tuple(sample.run.calls))
        return score(self.reward_fn, example, prediction, kind="reward function")


def _best(frame: Frame, samples: Sequence[Sample]) -> Prediction:
    """The best sample's prediction; the trace says of the others that they are not used."""
    scored = [sample for sample in samples if sample.score is not None]
    best = max(scored, key=_value)
    for sample in scored:
        if sample is not best:
            which = "a better" if _value(sample) < _value(best) else "an earlier"
            sign = "<" if _value(sample) < _value(best) else "="
            sample.frame.reject(
                f"{which} sample was kept (reward {_value(sample):g} {sign} {_value(best):g})"
            )
    frame.prefer(best.frame)
    assert best.prediction is not None
    return best.prediction


def _value(sample: Sample) -> float:
    assert sample.score is not None
    return sample.score.value
