"""One answer to one prompt: render, ask, parse, record; and what is tried when that fails.

It is written once, as generators that yield what they want of a model; `asking.py` drives them,
blocking or awaiting.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .adapters import Adapter, TwoStepAdapter, native, two_step
from .asking import Ask, Steps
from .context import Context
from .errors import DspnbError, ParseError, Unsupported
from .example import Example
from .frame import Complaint, Record
from .lm.base import Block, Completion, Feature, LanguageModel, Message, supported
from .predictor import Predictor
from .prepared import Prepared, prepared
from .signature import Signature
from .trace import Attempt, Call

# The outputs, what the model wrote, and the call's place in its record.
Sample = tuple[dict[str, Any], str, int | None]


class Answering:
    """What was sent for one answer, what came back, and how often."""

    # What most calls never change.
    given: Completion | None = None  # drawn with other samples, in one call
    _native: native.Native | None = None
    _attempts: tuple[Attempt, ...] = ()
    _seconds = 0.0
    _refused = False  # the model took no response format
    _place: int | None = None  # of this call in the trace
    _messages: tuple[Message, ...] = ()

    def __init__(
        self,
        predictor: Predictor,
        record: Record | None,
        adapter: Adapter,
        inputs: Mapping[str, Any],
        path: str,
        complaint: Complaint | None,
        here: Context,
    ) -> None:
        self._predictor, self._here, self._kept_in = predictor, here, record
        self._inputs, self._path, self._complaint = inputs, path, complaint
        self._lm = _model(predictor, here)
        self._prepared = prepared(predictor.signature, adapter)
        if self._prepared.may_be_native:
            self._native = native.taken_out(predictor.signature, self._features())
            if self._native is not None:
                self._prepared = prepared(self._native.signature, adapter)
        self._done: list[Completion] = []

    @property
    def draws_samples(self) -> bool:
        """Whether the provider gives several samples for one prompt, which is paid once then."""
        return self._here.listener is None and "samples" in self._features()

    def draw(self, n: int) -> Steps[tuple[Completion, ...]]:
        """Several samples of the first answer; none when they do not come that way."""
        messages, params = self._rendered(self._prepared), {**self._params(self._prepared), "n": n}
        try:
            completion: Completion = yield self._wish(self._prepared, messages, params)
            return completion.samples
        except Unsupported:
            return ()

    def answer(self) -> Steps[Sample]:
        """The outputs, what the model wrote, and the call's place in the trace."""
        layout = self._prepared
        try:
            messages = self._rendered(layout)
            if self.given is None:
                text = yield from self._ask(layout, messages)
            else:
                self._messages = messages
                self._done.append(self.given)
                text = self.given.text
            try:
                if self._native is None and not layout.in_two_steps:
                    outputs = self._read(layout, text)
                else:
                    outputs = yield from self._parsed(layout, text)
            except ParseError as error:
                if layout.in_two_steps:
                    raise  # the second step had its own second try
                outputs = yield from self._repaired(messages, text, error)
        except DspnbError as error:
            self._record({}, f"{type(error).__name__}: {error}")
            raise
        return outputs, self._done[-1].text, self._record(outputs)

    def _repaired(
        self, messages: tuple[Message, ...], text: str, error: ParseError
    ) -> Steps[dict[str, Any]]:
        """The outputs of a second answer to the same prompt, or of one in a stricter layout."""
        layout, adapter = self._prepared, self._prepared.adapter
        wrong = self._note(text, error, adapter)
        said = f"That answer could not be read:\n{wrong}"
        again = (*messages, *adapter.repair(layout.signature, text, said))
        text = yield from self._ask(layout, again)
        try:
            return (yield from self._parsed(layout, text))
        except ParseError as second:
            stricter = adapter.fallback(self._features)
            if stricter is None:
                raise
            self._note(text, second, adapter)
        layout = prepared(layout.signature, stricter)
        text = yield from self._ask(layout, self._rendered(layout))
        return (yield from self._parsed(layout, text))

    def _note(self, text: str, error: ParseError, adapter: Adapter) -> str:
        """Keep an answer that could not be read; what was wrong with it."""
        wrong = _problems(error)
        self._attempts = (*self._attempts, Attempt(text, wrong, adapter.name))
        return wrong

    def _rendered(self, layout: Prepared) -> tuple[Message, ...]:
        here = self._here
        demos = self._predictor.demos
        if here.demos:
            demos = (*here.demos, *demos)
        given = self._native.inputs(self._inputs) if self._native else self._inputs
        messages = layout.prompt(demos, given)
        if hint := here.hints.get(self._path) if here.hints else None:
            last = messages[-1]
            advice = Block("hint", f"Advice from an earlier try: {hint}")
            blocks = (*last.blocks[:-1], advice, last.blocks[-1])
            messages = (*messages[:-1], dataclasses.replace(last, blocks=blocks))
        if self._complaint is not None:
            said = f"That answer was not accepted: {self._complaint.message}"
            text = self._complaint.made.text
            messages = (*messages, *layout.adapter.repair(layout.signature, text, said))
        return messages

    def _params(self, layout: Prepared) -> dict[str, Any]:
        params = {**self._predictor.params, **self._here.params}
        params.pop("n", None)
        params |= layout.adapter.params(layout.signature, self._features)
        if self._native is not None:
            params |= self._native.params(self._inputs, params)
        return params

    def _ask(self, layout: Prepared, messages: tuple[Message, ...]) -> Steps[str]:
        self._messages = messages
        params = self._params(layout)
        if self._refused:
            params = _without_format(params)
        start = time.perf_counter()
        try:
            completion = yield self._wish(layout, messages, params)
        except Unsupported as error:
            if "response_format" not in params:
                raise
            # The model was thought to take a response format, and does not: the prompt asks too.
            self._attempts = (*self._attempts, Attempt("", str(error), layout.adapter.name))
            self._refused = True
            completion = yield self._wish(layout, messages, _without_format(params))
        finally:
            self._seconds += time.perf_counter() - start
        self._done.append(completion)
        text: str = completion.text
        return text

    def _wish(
        self, layout: Prepared, messages: tuple[Message, ...], params: Mapping[str, Any]
    ) -> Ask:
        here, path = self._here, self._path
        if here.listener is None:
            return Ask(self._lm, messages, params, here.rollout, path)
        reader = layout.adapter.reader(layout.signature)
        return Ask(self._lm, messages, params, here.rollout, path, here.listener.hear(path), reader)

    def _parsed(self, layout: Prepared, text: str) -> Steps[dict[str, Any]]:
        if self._native is None:
            return (yield from self._told(layout, text))
        outputs = self._native.outputs(self._done[-1])
        if layout.signature.outputs:
            outputs |= yield from self._beside_calls(layout, text)
        return {field.name: outputs[field.name] for field in self._predictor.signature.outputs}

    def _beside_calls(self, layout: Prepared, text: str) -> Steps[dict[str, Any]]:
        """The other outputs; None each when the model calls a tool before it answers."""
        called = bool(self._done[-1].tool_calls)
        nothing = dict.fromkeys(field.name for field in layout.signature.outputs)
        if called and not text.strip():
            return nothing
        try:
            return (yield from self._told(layout, text))
        except ParseError:
            if called:
                return nothing  # a word on the way to the tool
            raise

    def _told(self, layout: Prepared, text: str) -> Steps[dict[str, Any]]:
        if isinstance(layout.adapter, TwoStepAdapter):
            return (yield from self._extracted(layout.adapter, text))
        return self._read(layout, text)

    def _read(self, layout: Prepared, text: str) -> dict[str, Any]:
        try:
            return layout.outputs(text)
        except ParseError as error:
            if self._done[-1].finish != "length":
                raise
            raise ParseError(
                error.problems, found=error.found, completion=error.completion, cut=True
            ) from None

    def _extracted(self, adapter: TwoStepAdapter, text: str) -> Steps[dict[str, Any]]:
        self._record({})  # it stands in the trace before the second step
        reading = _Extraction(two_step.extraction(self._prepared.signature))
        meter, lm = self._here.meter, adapter.extraction_model
        here = self._here.changed(lm=meter(lm) if meter else lm, demos=(), hints={})
        given = {reading.signature.inputs[0].name: text}
        path = f"{self._path}.extraction"
        layout = adapter.extracts_with
        step = Answering(reading, self._kept_in, layout, given, path, None, here)
        outputs, _, _ = yield from step.answer()
        return outputs

    def _record(self, outputs: dict[str, Any], error: str = "") -> int | None:
        record = self._kept_in
        if record is None:
            return None
        done = self._done
        if len(done) == 1:  # as nearly always
            (last,) = done
            tokens_in, tokens_out = last.tokens_in, last.tokens_out
        else:
            tokens_in = sum(completion.tokens_in for completion in done)
            tokens_out = sum(completion.tokens_out for completion in done)
        call = Call.of(
            path=self._path,
            signature=self._predictor.signature,
            inputs=self._inputs,
            outputs=outputs,
            messages=self._messages,
            completion=done[-1] if done else None,
            attempts=self._attempts,
            error=error,
            demos=len(self._predictor.demos) + len(self._here.demos),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            dollars=_dollars(done),
            seconds=self._seconds,
        )
        if self._place is None:
            self._place = record.record(call)
        else:
            record.trace[self._place] = call
        return self._place

    def _features(self) -> frozenset[Feature]:
        return supported(self._lm)


@dataclass(frozen=True)
class _Extraction:
    """Reads the fields out of an answer in prose."""

    signature: Signature
    demos: tuple[Example, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    lm: LanguageModel | None = None


def _dollars(done: Sequence[Completion]) -> float | None:
    """What the answers cost; None when the price of one is not known."""
    if len(done) == 1:
        return 0.0 if done[0].cached else done[0].dollars
    prices = [0.0 if completion.cached else completion.dollars for completion in done]
    return None if None in prices else sum(filter(None, prices), 0.0)


def _model(predictor: Predictor, here: Context) -> LanguageModel:
    if predictor.lm is None:
        return here.require_lm()
    return here.meter(predictor.lm) if here.meter else predictor.lm


def _without_format(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name != "response_format"}


def _problems(error: ParseError) -> str:
    problems = [f"`{name}` {problem}" for name, problem in error.problems.items()]
    if error.cut:
        problems.append("it was cut off at the limit of tokens, so be shorter")
    return "; ".join(problems)
