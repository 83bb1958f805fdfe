"""What the inspector shows of a prediction, a report, a run or a program: bounded plain data."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dspnb.adapters.values import to_text
from dspnb.comparison import Comparison
from dspnb.errors import UsageError
from dspnb.example import Prediction
from dspnb.kept_run import KeptRun
from dspnb.lm.base import Attachment, Block, Message, ToolCall, estimate_tokens
from dspnb.module import Module
from dspnb.preview import Preview
from dspnb.report import Report, Row
from dspnb.run import Run
from dspnb.signature import Field
from dspnb.trace import Call, Check, Trace
from dspnb.types.validated import as_json

from .pictures import small
from .protocol import (
    AttemptView,
    BlockView,
    CallsSnapshot,
    CallView,
    CheckView,
    FieldView,
    GroupView,
    MessageView,
    ToolCallView,
)
from .text import short

MOST_GROUPS = 200
MOST_TEXT = 1_000_000  # characters, over all texts
LONGEST = 40_000  # characters of one text
MOST_PICTURES = 2_000_000  # characters, over all data URIs


def calls_of(thing: object, history: Iterable[tuple[Module, Prediction]] = ()) -> CallsSnapshot:
    """The calls behind a prediction, report, run, comparison, or program that was called.

    Raises `UsageError` for anything else, and for what has made no call.
    """
    match thing:
        case Prediction():
            return snapshot("Prediction", [_group_of(thing)])
        case Report():
            return snapshot(f"Report: {thing}", [_group_of_row(row) for row in _sorted(thing)])
        case Run() | KeptRun():
            if thing.report is None:
                raise UsageError("This run has scored nothing yet, so there are no calls to show.")
            return snapshot(
                f"Best of {thing.optimizer_name}: {thing.report}",
                [_group_of_row(row) for row in _sorted(thing.report)],
            )
        case Comparison():
            if not thing.broke and not thing.fixed:
                raise UsageError("No example has another score than before: nothing to show.")
            groups = [group for i in thing.broke for group in _both("broke", thing, i)]
            groups += [group for i in thing.fixed for group in _both("fixed", thing, i)]
            return snapshot(repr(thing), groups)
        case Module():
            made = [prediction for program, prediction in history if program is thing]
            if not made:
                raise UsageError(
                    "This program has not been called in this session; call it first, or see its "
                    "prompt with `%preview`."
                )
            return snapshot(f"Last calls of {thing!r}", [_group_of(p) for p in reversed(made)])
    raise UsageError(
        "`%inspect` shows a program, a prediction, a report, a run or its comparison; "
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
    params = as_json(preview.params)
    call = CallView(
        id=0,
        path=preview.path,
        signature="",
        model=preview.model,
        inputs=[],
        outputs=[],
        sent=False,
        params=texts.place(json.dumps(params, indent=2, ensure_ascii=False)) if params else None,
        messages=[_message(message, texts) for message in preview.messages],
        reasoning=None,
        answer=None,
        tool_calls=[],
        attempts=[],
        rejected="",
        error="",
        demos=sum(m.blocks[0].kind == "demo" and m.role == "user" for m in preview.messages),
        seconds=0.0,
        tokens_in=preview.tokens,
        tokens_out=0,
        dollars=0.0,
        cached=False,
    )
    title = f"Prompt of {preview.path}, not sent: {preview.size}"
    return CallsSnapshot(1, title, texts.all, [GroupView("preview", None, "", "", [], [call])], 0)


class _Texts:
    """Each text once, however many prompts share it; and how much room is left for pictures."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self.size = 0
        self._pictures: dict[str, str] = {}
        self._room = MOST_PICTURES
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        if text not in self._places:
            self._places[text] = len(self.all)
            cut = len(text) - LONGEST
            kept = f"{text[:LONGEST]}\n… {cut} more characters" if cut > 0 else text
            self.all.append(kept)
            self.size += len(kept)
        return self._places[text]

    def picture(self, url: str) -> str:
        """A picture, made small; an empty text when it is none, or no room is left."""
        if not self._room:
            return ""
        if url not in self._pictures:
            self._pictures[url] = small(url)
        found = self._pictures[url]
        if len(found) > self._room:
            self._room = 0  # making hundreds of pictures small would take its time
            return ""
        self._room -= len(found)
        return found


def _sorted(report: Report) -> list[Row]:
    """Failures first, then the lowest scores."""
    return sorted(report.rows, key=lambda row: (not row.error, row.score.value))


def _group_of(prediction: Prediction) -> tuple[GroupView, Trace]:
    outputs = ", ".join(f"{name}={value!r}" for name, value in prediction.items())
    error = next((call.error for call in prediction.trace if call.error), "")
    title = short(outputs or "no outputs")
    checks = [_check(check) for check in prediction.checks]
    return GroupView(title, None, "", error, checks, []), prediction.trace


def _group_of_row(row: Row) -> tuple[GroupView, Trace]:
    title = ", ".join(f"{name}={value!r}" for name, value in row.example.inputs.items())
    checks = [_check(check) for check in row.checks]
    group = GroupView(short(title), row.score.value, row.score.told, row.error, checks, [])
    return group, row.trace


def _both(kind: str, comparison: Comparison, index: int) -> Iterator[tuple[GroupView, Trace]]:
    """An example before and after, one below the other."""
    for when, row in zip(("before", "after"), comparison.rows(index), strict=True):
        group, trace = _group_of_row(row)
        yield dataclasses.replace(group, title=f"{kind} #{index} {when}: {group.title}"), trace


def _check(check: Check) -> CheckView:
    return CheckView(check.kind, check.message, check.held, check.tries)


def _call(call: Call, number: int, texts: _Texts) -> CallView:
    completion = call.completion
    return CallView(
        id=number,
        path=call.path,
        signature=str(call.signature),
        model=completion.model if completion else "",
        inputs=_fields(call.signature.inputs, call.inputs, texts),
        outputs=_fields(call.signature.outputs, call.outputs, texts),
        sent=True,
        params=None,
        messages=[_message(message, texts) for message in call.messages],
        reasoning=_place(completion.reasoning, texts) if completion else None,
        answer=texts.place(completion.text) if completion else None,
        tool_calls=_tool_calls(completion.tool_calls, texts) if completion else [],
        attempts=[AttemptView(texts.place(a.text), a.error, a.adapter) for a in call.attempts],
        rejected=call.rejected,
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
        FieldView(field.name, field.type_name, texts.place(_text(values[field.name])))
        for field in fields
        if field.name in values
    ]


def _text(value: Any) -> str:
    """A value as the model reads it, and what is attached in words."""
    attached: list[Attachment] = []
    text = to_text(value, attached)
    return "\n".join([text, *(f"{each.kind}: {short(each.label)}" for each in attached)])


def _message(message: Message, texts: _Texts) -> MessageView:
    return MessageView(
        message.role,
        [_block(block, texts) for block in message.blocks or (Block("text", ""),)],
        _tool_calls(message.tool_calls, texts),
    )


def _block(block: Block, texts: _Texts) -> BlockView:
    attached = block.attachment
    words = f"{attached.kind}: {short(attached.label)}" if attached else ""
    picture = texts.picture(_address(attached.part)) if attached else ""
    tokens = estimate_tokens(block.text)
    return BlockView(block.kind, texts.place(block.text), tokens, words, picture)


def _address(part: Mapping[str, Any]) -> str:
    """The address of the picture that a content part holds, if it holds one."""
    match part:
        case {"type": "image_url", "image_url": {"url": str(url)}}:
            return url
    return ""


def _tool_calls(calls: Sequence[ToolCall], texts: _Texts) -> list[ToolCallView]:
    return [
        ToolCallView(
            call.name, texts.place(json.dumps(as_json(call.args), indent=2, ensure_ascii=False))
        )
        for call in calls
    ]


def _place(text: str, texts: _Texts) -> int | None:
    return texts.place(text) if text else None
