"""One model call, typed by a signature: render, call, parse, record.

What it does is written once, as generators that yield what they want of a model; `asking.py` drives
them, blocking or awaiting.
"""

from __future__ import annotations

import dataclasses
import time
import typing
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, cast

from .adapters import Adapter, TwoStepAdapter, native, two_step
from .asking import Ask, Steps, answered, awaited
from .context import Context, check_adapter, current, use
from .errors import DspnbError, ParseError, Unsupported, UsageError, listed
from .example import Example, Prediction
from .frame import Complaint, Frame, Made
from .inputs import check_inputs
from .lm.base import Block, Completion, Feature, LanguageModel, Message, Prompt, supported
from .module import Module, Setting
from .signature import Signature
from .trace import Attempt, Call
from .under_way import ended, failed

WARM = 0.7  # the temperature of several samples of one prompt, which would be alike at 0


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
        given = check_inputs(self.signature, inputs, self._who())
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
        frame = Frame(paths={id(self): "self"})
        adapter = here.adapter if self.adapter is None else self.adapter
        try:
            given = check_inputs(self.signature, inputs, self._who())
            inside = here.changed(frame=frame, adapter=adapter)
            sample = yield from self._sampled(inside, given, None)
        except Exception as error:  # noted with what was done until then, and raised
            failed(self, here, frame, error)
            raise
        return ended(self, here, frame, sample[0])

    def forward(self, **inputs: Any) -> Prediction:
        return answered(self._answer(inputs))

    async def aforward(self, **inputs: Any) -> Prediction:
        """What `acall` does."""
        return await awaited(self._answer(inputs))

    def _answer(self, inputs: Mapping[str, Any]) -> Steps[Prediction]:
        given = check_inputs(self.signature, inputs, self._who())
        here = current()
        frame = here.frame
        if frame is None:
            return (yield from self._sampled(here, given, None))[0]
        known = frame.recall(self, given)
        if known is not None:
            frame.keep(known)
            return known.prediction
        complaint = frame.complaint_for(self, given)
        prediction, text, place = yield from self._sampled(here, given, complaint)
        frame.keep(Made(self, given, prediction, text, place))
        return prediction

    def _sampled(
        self, here: Context, given: dict[str, Any], complaint: Complaint | None
    ) -> Steps[_Sample]:
        """The prediction, what the model wrote, and the call's place in the trace."""
        n = here.params.get("n") or self.params.get("n", 1)
        if n == 1:
            return _Asked(self, here, given, complaint).answer()
        return self._several(n, here, given, complaint)

    def _several(
        self, n: int, here: Context, given: dict[str, Any], complaint: Complaint | None
    ) -> Steps[_Sample]:
        asked = [_Asked(self, self._warm(here, i, n), given, complaint) for i in range(n)]
        first = asked[0]
        if first.draws_samples:
            for one, completion in zip(asked, (yield from first.draw(n)), strict=False):
                one.given = completion
        drawn = yield tuple(one.answer() for one in asked)
        samples = [sample for sample in drawn if not isinstance(sample, Exception)]
        if not samples:
            raise drawn[0]
        (prediction, text, place), *others = samples
        for _, _, other in others:
            if here.frame is not None and other is not None:
                here.frame.reject_at(other, "another sample came first")
        return prediction.with_completions(sample[0] for sample in samples), text, place

    def _warm(self, here: Context, i: int, n: int) -> Context:
        """The context of sample `i` of `n`."""
        params = {**self.params, **here.params}
        warm = {} if (params.get("temperature") or 0) > 0.15 else {"temperature": WARM}
        rollout = here.rollout * n + i
        return dataclasses.replace(here, rollout=rollout, params={**here.params, **warm})

    def _who(self) -> str:
        return f"`{self.signature.name or self.signature}`"


_Sample = tuple[Prediction, str, int | None]


def _check_demo(signature: Signature, demo: Example) -> None:
    for role, fields in (("input", signature.inputs), ("output", signature.outputs)):
        if not any(field.name in demo for field in fields):
            raise UsageError(
                f"A demo shows at least one input and one output; this one has no {role}: it has "
                f"{listed(demo) or 'nothing'}, the signature {listed(f.name for f in fields)}."
            )


class _Asked:
    """One answer to one prompt: what was sent, what came back, and how often."""

    def __init__(
        self, predictor: Predict, here: Context, given: dict[str, Any], complaint: Complaint | None
    ) -> None:
        self._predictor, self._here, self._given = predictor, here, given
        self._complaint = complaint
        self._lm = _model(predictor, here)
        self._native: native.Native | None = None
        self._signature = predictor.signature
        if native.candidates(self._signature):
            self._native = native.taken_out(self._signature, self._features())
            if self._native is not None:
                self._signature = self._native.signature
        self._messages: tuple[Message, ...] = ()
        self._done: list[Completion] = []
        self._attempts: list[Attempt] = []
        self._seconds = 0.0
        self._refused = False  # the model took no response format
        self._place: int | None = None  # of this call in the trace
        frame = here.frame
        known = frame.paths.get(id(predictor)) if frame else None
        self._path = known or predictor._who()
        self.given: Completion | None = None  # drawn with other samples, in one call

    @property
    def draws_samples(self) -> bool:
        """Whether the provider gives several samples for one prompt, which is paid once then."""
        return self._here.listener is None and "samples" in self._features()

    def draw(self, n: int) -> Steps[tuple[Completion, ...]]:
        """Several samples of the first answer; none when they do not come that way."""
        adapter = self._here.adapter
        messages, params = self._rendered(adapter), {**self._params(adapter), "n": n}
        try:
            completion: Completion = yield self._wish(adapter, messages, params)
            return completion.samples
        except Unsupported:
            return ()

    def answer(self) -> Steps[_Sample]:
        """The prediction, what the model wrote, and the call's place in the trace."""
        try:
            outputs = yield from self._outputs()
        except DspnbError as error:
            self._record({}, f"{type(error).__name__}: {error}")
            raise
        place = self._record(outputs)
        return Prediction(**outputs), self._done[-1].text, place

    def _outputs(self) -> Steps[dict[str, Any]]:
        adapter = self._here.adapter
        messages = self._rendered(adapter)
        if self.given is None:
            text = yield from self._ask(adapter, messages, self._params(adapter))
        else:
            self._messages = messages
            self._done.append(self.given)
            text = self.given.text
        try:
            if self._native is None and not isinstance(adapter, TwoStepAdapter):
                return self._read(adapter, text)
            return (yield from self._parsed(adapter, text))
        except ParseError as error:
            if isinstance(adapter, TwoStepAdapter):
                raise  # the second step had its own second try
            wrong = _problems(error)
            self._attempts.append(Attempt(text, wrong, adapter.name))
        said = f"That answer could not be read:\n{wrong}"
        again = (*messages, *adapter.repair(self._signature, text, said))
        text = yield from self._ask(adapter, again, self._params(adapter))
        try:
            return (yield from self._parsed(adapter, text))
        except ParseError as error:
            stricter = adapter.fallback(self._features)
            if stricter is None:
                raise
            self._attempts.append(Attempt(text, _problems(error), adapter.name))
        rendered, params = self._rendered(stricter), self._params(stricter)
        text = yield from self._ask(stricter, rendered, params)
        return (yield from self._parsed(stricter, text))

    def _rendered(self, adapter: Adapter) -> tuple[Message, ...]:
        here, signature = self._here, self._signature
        demos = self._predictor.demos
        if here.demos:
            demos = (*here.demos, *demos)
        given = self._native.inputs(self._given) if self._native else self._given
        messages = _prompt(adapter, signature, demos, given)
        if hint := here.hints.get(self._path) if here.hints else None:
            last = messages[-1]
            advice = Block("hint", f"Advice from an earlier try: {hint}")
            blocks = (*last.blocks[:-1], advice, last.blocks[-1])
            messages = (*messages[:-1], dataclasses.replace(last, blocks=blocks))
        if self._complaint is not None:
            said = f"That answer was not accepted: {self._complaint.message}"
            text = self._complaint.made.text
            messages = (*messages, *adapter.repair(signature, text, said))
        return messages

    def _params(self, adapter: Adapter) -> dict[str, Any]:
        params = {**self._predictor.params, **self._here.params}
        params.pop("n", None)
        params |= adapter.params(self._signature, self._features)
        if self._native is not None:
            params |= self._native.params(self._given, params)
        return params

    def _ask(
        self, adapter: Adapter, messages: tuple[Message, ...], params: Mapping[str, Any]
    ) -> Steps[str]:
        self._messages = messages
        if self._refused:
            params = _without_format(params)
        start = time.perf_counter()
        try:
            completion = yield self._wish(adapter, messages, params)
        except Unsupported as error:
            if "response_format" not in params:
                raise
            # The model was thought to take a response format, and does not: the prompt asks too.
            self._attempts.append(Attempt("", str(error), adapter.name))
            self._refused = True
            completion = yield self._wish(adapter, messages, _without_format(params))
        finally:
            self._seconds += time.perf_counter() - start
        self._done.append(completion)
        text: str = completion.text
        return text

    def _wish(
        self, adapter: Adapter, messages: tuple[Message, ...], params: Mapping[str, Any]
    ) -> Ask:
        here, path = self._here, self._path
        hear = reader = None
        if here.listener is not None:
            hear, reader = here.listener.hear(path), adapter.reader(self._signature)
        return Ask(self._lm, messages, params, here.rollout, path, hear, reader)

    def _parsed(self, adapter: Adapter, text: str) -> Steps[dict[str, Any]]:
        if self._native is None:
            return (yield from self._told(adapter, text))
        outputs = self._native.outputs(self._done[-1])
        if self._signature.outputs:
            outputs |= yield from self._beside_calls(adapter, text)
        return {field.name: outputs[field.name] for field in self._predictor.signature.outputs}

    def _beside_calls(self, adapter: Adapter, text: str) -> Steps[dict[str, Any]]:
        """The other outputs; None each when the model calls a tool before it answers."""
        called = bool(self._done[-1].tool_calls)
        nothing = dict.fromkeys(field.name for field in self._signature.outputs)
        if called and not text.strip():
            return nothing
        try:
            return (yield from self._told(adapter, text))
        except ParseError:
            if called:
                return nothing  # a word on the way to the tool
            raise

    def _told(self, adapter: Adapter, text: str) -> Steps[dict[str, Any]]:
        if isinstance(adapter, TwoStepAdapter):
            return (yield from self._extracted(adapter, text))
        return self._read(adapter, text)

    def _read(self, adapter: Adapter, text: str) -> dict[str, Any]:
        try:
            return _outputs(adapter, self._signature, text)
        except ParseError as error:
            if self._done[-1].finish != "length":
                raise
            raise ParseError(
                error.problems, found=error.found, completion=error.completion, cut=True
            ) from None

    def _extracted(self, adapter: TwoStepAdapter, text: str) -> Steps[dict[str, Any]]:
        self._record({})  # it stands in the trace before the second step
        reader = _extractor(self._signature)
        frame = self._here.frame
        paths = {**(frame.paths if frame else {}), id(reader): f"{self._path}.extraction"}
        if frame is not None:
            frame = dataclasses.replace(frame, paths=paths, made=[], above=None)
        meter = self._here.meter
        lm = adapter.extraction_model
        changes: dict[str, Any] = {"lm": meter(lm) if meter else lm, "frame": frame}
        with use(adapter=adapter.extracts_with, demos=(), hints={}, **changes):
            steps = reader._answer({reader.signature.inputs[0].name: text})
            return dict((yield from steps))

    def _record(self, outputs: dict[str, Any], error: str = "") -> int | None:
        frame = self._here.frame
        if frame is None:
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
            inputs=self._given,
            outputs=outputs,
            messages=self._messages,
            completion=done[-1] if done else None,
            attempts=tuple(self._attempts),
            error=error,
            demos=len(self._predictor.demos) + len(self._here.demos),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            dollars=_dollars(done),
            seconds=self._seconds,
        )
        if self._place is None:
            self._place = frame.record(call)
        else:
            frame.trace[self._place] = call
        return self._place

    def _features(self) -> frozenset[Feature]:
        return supported(self._lm)


def _dollars(done: Sequence[Completion]) -> float | None:
    """What the answers cost; None when the price of one is not known."""
    if len(done) == 1:
        return 0.0 if done[0].cached else done[0].dollars
    prices = [0.0 if completion.cached else completion.dollars for completion in done]
    return None if None in prices else sum(filter(None, prices), 0.0)


def _model(predictor: Predict, here: Context) -> LanguageModel:
    if predictor.lm is None:
        return here.require_lm()
    return here.meter(predictor.lm) if here.meter else predictor.lm


KEPT = 4096  # prompts, and readings of answers, that may be met again: about 2 kB each


def _prompt(
    adapter: Adapter, signature: Signature, demos: tuple[Example, ...], given: Mapping[str, Any]
) -> tuple[Message, ...]:
    """The messages; a prompt of nothing but texts that was written lately is not written again."""
    values = tuple(given.values())
    for value in values:
        if type(value) is not str:
            return adapter.render(signature, demos, given)
    try:
        return _written(cast(Any, adapter), signature, demos, tuple(given), values)
    except TypeError:  # an adapter that cannot be hashed
        return adapter.render(signature, demos, given)


@lru_cache(maxsize=KEPT)
def _written(
    adapter: Adapter,
    signature: Signature,
    demos: tuple[Example, ...],
    names: tuple[str, ...],
    values: tuple[str, ...],
) -> Prompt:
    return Prompt(adapter.render(signature, demos, dict(zip(names, values, strict=True))))


def _outputs(adapter: Adapter, signature: Signature, text: str) -> dict[str, Any]:
    """The outputs in an answer; those of plain types that were read lately are not read again."""
    if not _is_plain(signature):
        return adapter.parse(signature, text)
    try:
        return {**_read_before(cast(Any, adapter), signature, text)}
    except TypeError:  # an adapter that cannot be hashed
        return adapter.parse(signature, text)


@lru_cache(maxsize=KEPT)
def _read_before(adapter: Adapter, signature: Signature, text: str) -> Mapping[str, Any]:
    return adapter.parse(signature, text)


@lru_cache(maxsize=256)
def _is_plain(signature: Signature) -> bool:
    """Whether no output can be changed by who gets it."""
    return all(_cannot_change(field.type) for field in signature.outputs)


def _cannot_change(type_: Any) -> bool:
    if typing.get_origin(type_) in (typing.Annotated, Literal):
        return typing.get_origin(type_) is Literal or _cannot_change(typing.get_args(type_)[0])
    return type_ in (str, int, float, bool)


@lru_cache(maxsize=256)
def _extractor(signature: Signature) -> Predict:
    return Predict(two_step.extraction(signature))


def _without_format(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name != "response_format"}


def _problems(error: ParseError) -> str:
    problems = [f"`{name}` {problem}" for name, problem in error.problems.items()]
    if error.cut:
        problems.append("it was cut off at the limit of tokens, so be shorter")
    return "; ".join(problems)
