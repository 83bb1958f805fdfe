"""One model call, typed by a signature: render, call, parse, record."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from typing import Any

from .adapters import Adapter
from .context import Context, current
from .errors import DspnbError, ParseError, UsageError
from .example import Example, Prediction
from .lm.base import Completion, LanguageModel, Message
from .module import Module, Setting
from .signature import Signature, check_inputs
from .trace import Attempt, Call


class Predict(Module):
    """The leaf of every program.

    `params` such as `temperature` go to the model with each call. An answer that cannot be read is
    shown to the model once, with what is wrong; `prediction.attempts` tells.

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
        **params: Any,
    ) -> None:
        self.signature = Signature.of(signature)
        if wrong := [demo for demo in demos if not isinstance(demo, Example)]:
            raise UsageError(f"A demo is an `Example(...)` of the fields; got {wrong[0]!r}.")
        self.demos = tuple(demos)
        self.params = params
        self.lm: LanguageModel | None = lm

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

    def forward(self, **inputs: Any) -> Prediction:
        here = current()
        given = check_inputs(self.signature, inputs, self._who())
        messages = here.adapter.render(self.signature, self.demos, given)
        asked = _Asked(here, here.require_lm(), self.params)
        try:
            outputs = self._answer(here.adapter, messages, asked)
        except DspnbError as error:
            self._record(here, given, {}, asked, str(error))
            raise
        self._record(here, given, outputs, asked)
        return Prediction(**outputs)

    def _answer(
        self, adapter: Adapter, messages: tuple[Message, ...], asked: _Asked
    ) -> dict[str, Any]:
        text = asked(messages)
        try:
            return adapter.parse(self.signature, text)
        except ParseError as error:
            asked.attempts.append(Attempt(text, "; ".join(_problems(error))))
            repair = adapter.repair(self.signature, text, error)
        return adapter.parse(self.signature, asked((*messages, *repair)))

    def _record(
        self,
        here: Context,
        inputs: dict[str, Any],
        outputs: dict[str, Any],
        asked: _Asked,
        error: str = "",
    ) -> None:
        if here.trace is None:
            return
        done = asked.completions
        here.trace.append(
            Call(
                path=here.paths.get(id(self), self._who()),
                signature=self.signature,
                inputs=inputs,
                outputs=outputs,
                messages=asked.messages,
                completion=done[-1] if done else None,
                attempts=tuple(asked.attempts),
                error=error,
                demos=len(self.demos),
                tokens_in=sum(completion.tokens_in for completion in done),
                tokens_out=sum(completion.tokens_out for completion in done),
                dollars=sum(completion.dollars for completion in done),
                seconds=asked.seconds,
            )
        )

    def _who(self) -> str:
        return f"`{self.signature.name or self.signature}`"

    def __repr__(self) -> str:
        demos = f", {len(self.demos)} demos" if self.demos else ""
        return f"{type(self).__name__}({str(self.signature)!r}{demos})"


@dataclasses.dataclass
class _Asked:
    """The model calls of one prediction, as they happen."""

    here: Context
    lm: LanguageModel
    params: dict[str, Any]
    messages: tuple[Message, ...] = ()
    completions: list[Completion] = dataclasses.field(default_factory=list)
    attempts: list[Attempt] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    def __call__(self, messages: tuple[Message, ...]) -> str:
        self.messages = messages
        start = time.perf_counter()
        try:
            completion = self.lm(messages, rollout=self.here.rollout, **self.params)
        finally:
            self.seconds += time.perf_counter() - start
        self.completions.append(completion)
        return completion.text


def _problems(error: ParseError) -> list[str]:
    return [f"`{name}` {problem}" for name, problem in error.problems.items()]
