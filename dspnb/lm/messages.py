"""Messages as a user writes them: a text, messages, or dicts of the OpenAI protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from dspnb.errors import UsageError

from .base import Attachment, Block, Message, ToolCall

SHAPE = 'A message is {"role": "user", "content": "..."}, its role system, user, assistant or tool'
KINDS: dict[str, Literal["image", "audio", "file", "document"]] = {
    "image_url": "image",
    "input_audio": "audio",
    "file": "file",
    "document": "document",
}


def read_messages(given: Any) -> tuple[Message, ...]:
    """What a model is called with, as messages. Raises `UsageError`.

    >>> read_messages([{"role": "user", "content": "Hello"}])[0].content
    'Hello'
    """
    match given:
        case str():
            return (Message.of("user", given),)
        case [*items] if items:
            return tuple(map(_message, items))
    raise UsageError(f"A model is called with a text or a list of messages; got {_short(given)}.")


def _message(item: Any) -> Message:
    match item:
        case Message():
            return item
        case {"role": "tool", "content": content, "tool_call_id": str(answered)} if answered:
            return Message("tool", _blocks(content, item), tool_call_id=answered)
        case {"role": "tool"}:
            raise UsageError(
                "A tool's message has a `content` and says in `tool_call_id` which call it "
                f"answers; got {_short(item)}."
            )
        case {"role": "assistant", "tool_calls": [*calls]} if calls:
            content = item.get("content")
            blocks = _blocks(content, item) if content else ()
            return Message("assistant", blocks, tuple(map(_tool_call, calls)))
        case {"role": ("system" | "user" | "assistant") as role, "content": content}:
            return Message(role, _blocks(content, item))
    raise UsageError(f"{SHAPE}; got {_short(item)}.")


def _blocks(content: Any, item: Mapping[str, Any]) -> tuple[Block, ...]:
    match content:
        case str():
            return (Block("text", content),)
        case [*parts] if parts:
            return tuple(map(_block, parts))
    raise UsageError(f"{SHAPE}, its content a text or a list of parts; got {_short(item)}.")


def _block(part: Any) -> Block:
    match part:
        case {"type": "text", "text": str(text)}:
            return Block("text", text)
        case {"type": str(name)} if name in KINDS and name in part:
            kind = KINDS[name]
            return Block("text", f"[{kind}]", Attachment(kind, part, kind))
    raise UsageError(
        'A part of a message is {"type": "text", "text": "..."}, or '
        '{"type": "image_url", "image_url": {"url": "..."}}; also `input_audio` and `file`; '
        f"got {_short(part)}."
    )


def _tool_call(call: Any) -> ToolCall:
    match call:
        case ToolCall():
            return call
        case {"function": {"name": str(name), "arguments": arguments}}:
            args = _arguments(arguments)
            if args is not None:
                return ToolCall(name, args, str(call.get("id", "")))
    raise UsageError(
        'A tool call is {"id": "...", "type": "function", "function": {"name": "...", '
        f'"arguments": "{{}}"}}}}, its arguments the JSON of an object; got {_short(call)}.'
    )


def _arguments(given: Any) -> Mapping[str, Any] | None:
    try:
        args = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        return None
    return args if isinstance(args, Mapping) else None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
