"""What the inspector shows of a prediction, a report, a run or a program: bounded plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from dspnb.adapters.values import to_text
from dspnb.errors import UsageError
from dspnb.evaluate import Report, Row
from dspnb.example import Prediction
from dspnb.lm.base import Message, estimate_tokens
from dspnb.module import Module
from dspnb.preview import Preview
from dspnb.run import Run
from dspnb.signature import Field
from dspnb.trace import Call, Trace

from .protocol import (
    AttemptView,
    BlockView,
    CallsSnapshot,
    CallView,
    FieldView,
    GroupView,
    MessageView,
)
from .text import short

MOST_GROUPS = 200
MOST_TEXT = 1_000_000  # characters, over all texts
LONGEST = 40_000  # characters of one text


def calls_of(thing: object, history: Iterable[tuple[Module, Prediction]] = ()) -> CallsSnapshot:
    """The calls behind a prediction, report, run, or program that was called.

    Raises `UsageError` for anything else, and for what has made no call.
    """
    match thing:
        case Prediction():
            return snapshot("Prediction", [_group_of(thing)])
        case Report():
            return snapshot(f"Report: {thing}", [_group_of_row(row) for row in _sorted(thing)])
        case Run():
            if thing.report is None:
                raise UsageError("This run has scored nothing yet, so there are no calls to show.")
            return snapshot(
                f"Best of {thing.optimizer_name}: {thing.report}",
                [_group_of_row(row) for row in _sorted(thing.report)],
            )
        case Module():
            made = [prediction for program, prediction in history if program is thing]
            if not made:
                raise UsageError(
                    "This program has not been called in this session; call it first, or see its "
                    "prompt with `%preview`."
                )
            return snapshot(f"Last calls of {thing!r}", [_group_of(p) for p in reversed(made)])
    raise UsageError(
        "`%inspect` shows a program, a prediction, a report or a run; "
        f"this is {type(thing).__name__}."
    )


def snapshot(title: str, groups: Sequence[tuple[GroupView, Trace]]) -> CallsSnapshot:
    """The calls of each group, until the size is bounded."""
    texts = _Texts()
    shown: list[GroupView] = []
    for group, trace in groups:
        if len(shown) == MOST_GROUPS or (shown and texts.size > MOST_TEXT):
            break
        calls = [_call(call, i, texts) for i, call in enumerate(trace)]
        shown.append(dataclasses.replace(group, calls=calls))
    return CallsSnapshot(1, short(title, 200), texts.all, shown, len(groups) - len(shown))


def preview_groups(preview: Preview) -> CallsSnapshot:
    """A prompt that was not sent, as the inspector shows one that was."""
    texts = _Texts()
    call = CallView(
        id=0,
        path=preview.path,
        signature="",
        model="",
        inputs=[],
        outputs=[],
        messages=[_message(message, texts) for message in preview.messages],
        answer=None,
        attempts=[],
        error="",
        demos=sum(m.blocks[0].kind == "demo" and m.role == "user" for m in preview.messages),
        seconds=0.0,
        tokens_in=preview.tokens,
        tokens_out=0,
        dollars=0.0,
        cached=False,
    )
    title = f"Prompt of {preview.path}, not sent: about {preview.tokens} tokens"
    return CallsSnapshot(1, title, texts.all, [GroupView("preview", None, "", "", [call])], 0)


class _Texts:
    """Each text once, however many prompts share it."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self.size = 0
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        if text not in self._places:
            self._places[text] = len(self.all)
            cut = len(text) - LONGEST
            kept = f"{text[:LONGEST]}\n… {cut} more characters" if cut > 0 else text
            self.all.append(kept)
            self.size += len(kept)
        return self._places[text]


def _sorted(report: Report) -> list[Row]:
    """Failures first, then the lowest scores."""
    return sorted(report.rows, key=lambda row: (not row.error, row.score.value))


def _group_of(prediction: Prediction) -> tuple[GroupView, Trace]:
    outputs = ", ".join(f"{name}={value!r}" for name, value in prediction.items())
    error = next((call.error for call in prediction.trace if call.error), "")
    return GroupView(short(outputs or error or "no outputs"), None, "", error, []), prediction.trace


def _group_of_row(row: Row) -> tuple[GroupView, Trace]:
    title = ", ".join(f"{name}={value!r}" for name, value in row.example.inputs.items())
    group = GroupView(short(title), row.score.value, row.score.feedback, row.error, [])
    return group, row.trace


def _call(call: Call, number: int, texts: _Texts) -> CallView:
    completion = call.completion
    return CallView(
        id=number,
        path=call.path,
        signature=str(call.signature),
        model=completion.model if completion else "",
        inputs=_fields(call.signature.inputs, call.inputs, texts),
        outputs=_fields(call.signature.outputs, call.outputs, texts),
        messages=[_message(message, texts) for message in call.messages],
        answer=texts.place(completion.text) if completion else None,
        attempts=[AttemptView(texts.place(a.text), a.error) for a in call.attempts],
        error=call.error,
        demos=call.demos,
        seconds=round(call.seconds, 4),
        tokens_in=call.tokens_in,
        tokens_out=call.tokens_out,
        dollars=call.dollars,
        cached=completion.cached if completion else False,
    )


def _fields(fields: Sequence[Field], values: Any, texts: _Texts) -> list[FieldView]:
    return [
        FieldView(field.name, field.type_name, texts.place(to_text(values[field.name])))
        for field in fields
        if field.name in values
    ]


def _message(message: Message, texts: _Texts) -> MessageView:
    return MessageView(
        message.role,
        [
            BlockView(block.kind, texts.place(block.text), estimate_tokens(block.text))
            for block in message.blocks
        ],
    )
