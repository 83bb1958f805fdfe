"""The turns of a real conversation, from an input of type `History`, as messages.

A turn holds fields of the signature, or `role` and `content`, and may hold the tool calls of a
model with their results. A model that calls tools by itself is shown these in its provider's own
form; any other reads them as text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dspnb.errors import UsageError, listed
from dspnb.lm.base import Attachment, Block, Message, ToolCall
from dspnb.lm.messages import read_messages
from dspnb.signature import Signature
from dspnb.types import History, ToolCalls, ToolResults

from .values import attachment_blocks, to_text

Told = Callable[[Mapping[str, Any]], list[Message]]  # the fields of a turn as messages


@dataclass(frozen=True)
class NativeHistory:
    """A history whose tool calls a model is shown in its provider's own form."""

    turns: Any


def turns(signature: Signature, history: Any, told: Told) -> list[Message]:
    """The messages of a history; `told` writes the fields of a turn in a layout."""
    native = isinstance(history, NativeHistory)
    said = history.turns if isinstance(history, NativeHistory) else history
    past = _Past(signature, told, native=native)
    for turn in History.read(said) if not isinstance(said, History) else said:
        past.add(turn)
    past.settle()
    return past.messages


class _Past:
    """Messages, and the calls in them that were not answered yet."""

    def __init__(self, signature: Signature, told: Told, *, native: bool) -> None:
        self.messages: list[Message] = []
        self._names = {field.name for field in signature.fields}
        self._told, self._native = told, native
        self._open: list[ToolCall] = []
        self._calls = 0

    def add(self, turn: Mapping[str, Any]) -> None:
        """One more turn."""
        if "role" in turn and not {"role", "content"} <= self._names:
            self._add_message(turn)
            return
        calls = [value for value in turn.values() if isinstance(value, ToolCalls)]
        results = [value for value in turn.values() if isinstance(value, ToolResults)]
        told = self._told(turn)
        if not told and not calls and not results:
            raise UsageError(
                f"A turn of the history has none of the fields {listed(sorted(self._names))}; "
                f"it has {listed(turn) or 'nothing'}."
            )
        if told:
            self.settle()
            self.messages += told
        shown = {name for name in turn if name in self._names}  # told in the layout
        for name, value in turn.items():
            if isinstance(value, ToolCalls) and value.calls and name not in shown:
                self._call(value.calls)
        for result in results:
            self._answer(result)

    def _add_message(self, turn: Mapping[str, Any]) -> None:
        message = read_messages([dict(turn)])[0]
        blocks = tuple(dataclasses.replace(block, kind="history") for block in message.blocks)
        if message.role != "tool":
            self.settle()
        if self._native or not (message.tool_calls or message.tool_call_id):
            self.messages.append(dataclasses.replace(message, blocks=blocks))
            known = {call.id for call in message.tool_calls} | {message.tool_call_id}
            self._open = [call for call in self._open if call.id not in known]
            return
        if message.role == "tool":
            self._say("user", f"A tool gave: {message.content}")
            return
        if message.content:
            self.messages.append(Message("assistant", blocks))
        self._call(message.tool_calls)

    def _call(self, calls: Sequence[ToolCall]) -> None:
        if not self._native:
            self._say("assistant", to_text(ToolCalls(calls)))
            return
        for call in calls:
            self._calls += 1
            self._open.append(dataclasses.replace(call, id=call.id or f"call_{self._calls}"))
        called = tuple(self._open[-len(calls) :])
        if self.messages and self.messages[-1].role == "assistant":
            before = self.messages.pop()
            called = (*before.tool_calls, *called)
            self.messages.append(dataclasses.replace(before, tool_calls=called))
        else:
            self.messages.append(Message("assistant", (), called))

    def _answer(self, results: ToolResults) -> None:
        attached: list[Attachment] = []
        if self._native:
            for result in results:
                self._add_result(result.call, to_text(result.value, attached))
        else:
            lines = [
                f"`{result.call.name}` gave: {to_text(result.value, attached)}"
                for result in results
            ]
            self._say("user", "\n".join(lines))
        if attached:
            self.settle()
            self.messages.append(Message("user", tuple(attachment_blocks(attached, "history"))))

    def _add_result(self, result_of: ToolCall, text: str) -> None:
        call = self._called(result_of)
        if call is None:
            self._call([result_of])
            call = self._open[-1]
        self._open.remove(call)
        self.messages.append(Message("tool", (Block("history", text),), tool_call_id=call.id))

    def _called(self, call: ToolCall) -> ToolCall | None:
        """The call without an answer that this is, by its id if it has one."""
        for known in self._open:
            if known.id == call.id if call.id else _same(known, call):
                return known
        return None

    def settle(self) -> None:
        """Answer the calls that have no result: no provider takes a call without one."""
        for call in self._open:
            block = Block("history", "There is no result.")
            self.messages.append(Message("tool", (block,), tool_call_id=call.id))
        self._open = []

    def _say(self, role: Any, text: str) -> None:
        self.messages.append(Message.of(role, text, "history"))


def _same(one: ToolCall, other: ToolCall) -> bool:
    return (one.name, dict(one.args)) == (other.name, dict(other.args))
