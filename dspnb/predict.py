"""One model call, typed by a signature."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .adapters import Adapter
from .answering import Answering, Sample
from .asking import Steps, answered, awaited
from .context import Context, check_adapter, current
from .errors import UsageError, listed
from .example import Example, Prediction, predicted
from .frame import Made, Record
from .inputs import check_inputs
from .lm.base import LanguageModel, Message
from .module import Module, Setting
from .signature import Signature
from .trace import Trace
from .under_way import failed

WARM = 0.7  # the temperature of several samples of one prompt, which would be alike at 0
COLD = 0.15  # a temperature at which samples are nearly alike


class Predict(Module):
    """The leaf of every program.

    `params` such as `temperature` go to the model with each call; `lm` and `adapter` are its own,
    instead of the context's. With `n=5` five samples are drawn at once: the first is the
    prediction, all are its `completions`. An answer that cannot be read is shown to the model once,
    with what is wrong; `prediction.attempts` tells.

    Raises `UsageError` for wrong inputs or no model, `LMError` when the model cannot be reached,
    `ParseError` when the second answer cannot be read either.
    """

    is_predictor = True
    only_asks = True

    def __init__(
        self,
        signature: Signature | type[Signature] | str,
        *,
        demos: Sequence[Example] = (),
        lm: LanguageModel | None = None,
        adapter: Adapter | None = None,
        **params: Any,
    ) -> None:
        self.signature = Signature.of(signature)
        if wrong := [demo for demo in demos if not isinstance(demo, Example)]:
            raise UsageError(f"A demo is an `Example(...)` of the fields; got {wrong[0]!r}.")
        for demo in demos:
            _check_demo(self.signature, demo)
        if adapter is not None:
            check_adapter(adapter)
            self.adapter = adapter
        n = params.get("n", 1)
        if not isinstance(n, int) or n < 1:
            raise UsageError(f"`n` is how many samples are drawn, at least 1; got {n!r}.")
        self.demos = tuple(demos)
        self.lm = lm
        self.params = params

    def parts(self, path: str = "") -> Iterator[tuple[str, Module]]:
        yield path, self

    def apply(self, setting: Setting) -> None:
        """Take over instructions and demos."""
        if setting.instructions != self.signature.instructions:
            self.signature = self.signature.with_instructions(setting.instructions)
        self.demos = setting.demos

    def messages(self, **inputs: Any) -> tuple[Message, ...]:
        """The exact prompt, without calling the model."""
        given = check_inputs(self.signature, inputs)
        return current().adapter.render(self.signature, self.demos, given)

    def __call__(self, *unnamed: Any, **inputs: Any) -> Prediction:
        """Answer the inputs. The prediction carries the trace of its model calls."""
        here = current()
        if unnamed or here.frame is not None or type(self).forward is not Predict.forward:
            return super().__call__(*unnamed, **inputs)
        return answered(self._alone(here, inputs))

    async def acall(self, **inputs: Any) -> Prediction:
        """The same for `await`."""
        here = current()
        if here.frame is not None or type(self).aforward is not Predict.aforward:
            return await super().acall(**inputs)
        return await awaited(self._alone(here, inputs))

    def _alone(self, here: Context, inputs: Mapping[str, Any]) -> Steps[Prediction]:
        """A call of this predictor as the whole program: there is nobody to go back for."""
        record = Record()
        adapter = here.adapter if self.adapter is None else self.adapter
        try:
            given = check_inputs(self.signature, inputs)
            ask = functools.partial(Answering, self, record, adapter, given, "self", None)
            drawn = yield from self._drawn(ask, here, record)
        except Exception as error:  # noted with what was done until then, and raised
            failed(self, here, error, tuple(record.trace))
            raise
        prediction = _prediction(drawn, tuple(record.trace))
        if here.history is not None:
            here.history.remember(self, prediction)
        return prediction

    def forward(self, **inputs: Any) -> Prediction:
        return answered(self._answer(inputs))

    async def aforward(self, **inputs: Any) -> Prediction:
        """What `acall` does."""
        return await awaited(self._answer(inputs))

    def _answer(self, inputs: Mapping[str, Any]) -> Steps[Prediction]:
        given = check_inputs(self.signature, inputs)
        here = current()
        frame = here.frame
        complaint, path = None, None
        if frame is not None:
            known = frame.recall(self, given)
            if known is not None:
                frame.keep(known)
                return known.prediction
            complaint = frame.complaint_for(self, given)
            path = frame.paths.get(id(self))
        told = frame, here.adapter, given, path or self._who, complaint
        drawn = yield from self._drawn(functools.partial(Answering, self, *told), here, frame)
        prediction = _prediction(drawn)
        if frame is not None:
            _, text, place = drawn[0]
            frame.keep(Made(self, given, prediction, text, place))
        return prediction

    def _drawn(
        self, ask: Callable[[Context], Answering], here: Context, record: Record | None
    ) -> Steps[list[Sample]]:
        """The samples that could be had, at least one."""
        n = here.params.get("n") or self.params.get("n", 1)
        if n == 1:
            return [(yield from ask(here).answer())]
        asked = [ask(self._warm(here, i, n)) for i in range(n)]
        first = asked[0]
        if first.draws_samples:
            for one, completion in zip(asked, (yield from first.draw(n)), strict=False):
                one.given = completion
        drawn = yield tuple(one.answer() for one in asked)
        samples = [sample for sample in drawn if not isinstance(sample, Exception)]
        if not samples:
            raise drawn[0]
        for _, _, other in samples[1:]:
            if record is not None and other is not None:
                record.reject_at(other, "another sample came first")
        return samples

    def _warm(self, here: Context, i: int, n: int) -> Context:
        """The context of sample `i` of `n`."""
        params = {**self.params, **here.params}
        warm = {} if (params.get("temperature") or 0) > COLD else {"temperature": WARM}
        rollout = here.rollout * n + i
        return dataclasses.replace(here, rollout=rollout, params={**here.params, **warm})

    @property
    def _who(self) -> str:
        return f"`{self.signature.name or self.signature}`"


def _prediction(drawn: list[Sample], trace: Trace = ()) -> Prediction:
    """Of samples the first, with all of them as its completions."""
    outputs = drawn[0][0]
    if len(drawn) == 1:
        return predicted(outputs, trace)
    return predicted(
        outputs, trace, completions=tuple(Prediction(**outputs) for outputs, _, _ in drawn)
    )


def _check_demo(signature: Signature, demo: Example) -> None:
    for role, fields in (("input", signature.inputs), ("output", signature.outputs)):
        if not any(field.name in demo for field in fields):
            raise UsageError(
                f"A demo shows at least one input and one output; this one has no {role}: it has "
                f"{listed(demo) or 'nothing'}, the signature {listed(f.name for f in fields)}."
            )
