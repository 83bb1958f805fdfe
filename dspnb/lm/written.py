"""A completion as a line of JSON, and back: what a cache or a recording keeps of an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .base import Completion, ToolCall

_TEXT, _COUNT, _NUMBER, _LIST = (str,), (int,), (int, float), (list,)
_KINDS: dict[str, tuple[type, ...]] = {  # exactly these types: JSON's `true` is no count
    "text": _TEXT,
    "model": _TEXT,
    "tokens_in": _COUNT,
    "tokens_out": _COUNT,
    "tokens_cached": _COUNT,
    "dollars": (int, float, type(None)),
    "seconds": _NUMBER,
    "tool_calls": _LIST,
    "reasoning": _TEXT,
    "citations": _LIST,
    "finish": _TEXT,
    "samples": _LIST,
}
_CALL_KINDS: dict[str, tuple[type, ...]] = {"name": _TEXT, "args": (dict,), "id": _TEXT}
_DEFAULTS = [(f.name, f.default) for f in fields(Completion) if f.name not in ("text", "cached")]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode  # without a look for blanks around it
_encode_as_ascii = json.JSONEncoder(separators=(",", ":")).encode


def to_json(completion: Completion) -> str:
    """A completion as JSON in one line, without what is default, and without `cached`.

    What it gives can always be stored as UTF-8. Raises `ValueError` when the completion holds
    something that is not JSON.

    >>> to_json(Completion("Hello.", model="offline", tokens_out=2))
    '{"text":"Hello.","model":"offline","tokens_out":2}'
    """
    try:
        told = _told(completion)
        text = _encode(told)
        if not text.isascii() and _has_half_a_character(text):
            return _encode_as_ascii(told)
        return text
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"The completion cannot be written as JSON: {error}") from error


def to_dict(completion: Completion) -> dict[str, Any]:
    """The same as values of JSON. Raises `ValueError` when the completion holds something else."""
    told = _told(completion)
    if completion.tool_calls or completion.citations or completion.logprobs or completion.samples:
        json.loads(to_json(completion))  # all else is numbers and texts
    return told


def from_dict(told: Any) -> Completion:
    """The completion that `to_dict` gave. Raises `ValueError` when it is none."""
    return _completion(told)


def from_json(text: str, *, again: bool = False) -> Completion:
    """The completion that `to_json` wrote; fields that are not known here are left out.

    With `again` it is one from a cache, as `Completion.again` makes it. Nothing in the text is
    run. Raises `ValueError` when it is no completion.

    >>> from_json('{"text":"Hello.","a field of tomorrow":1}').text
    'Hello.'
    """
    try:
        told, end = _decode(text)
        if end != len(text):
            raise ValueError("This is no completion: there is more behind it.")
        completion = _completion(told)
    except RecursionError:
        raise ValueError("This is no completion: it is nested too deep.") from None
    if again and completion.samples:
        return completion.again()
    if again:
        completion.__dict__.update(cached=True, dollars=0.0, seconds=0.0)  # nobody else has it yet
    return completion


def _told(completion: Completion) -> dict[str, Any]:
    told: dict[str, Any] = {"text": completion.text}
    for name, default in _DEFAULTS:
        value = getattr(completion, name)
        if value != default:
            told[name] = value
    if completion.tool_calls:
        told["tool_calls"] = [_told_call(call) for call in completion.tool_calls]
    if completion.citations:
        told["citations"] = [dict(citation) for citation in completion.citations]
    if completion.samples:
        told["samples"] = [_told(sample) for sample in completion.samples]
    return told


def _told_call(call: ToolCall) -> dict[str, Any]:
    told: dict[str, Any] = {"name": call.name}
    if call.args:
        told["args"] = dict(call.args)
    if call.id:
        told["id"] = call.id
    return told


def _has_half_a_character(text: str) -> bool:
    """Whether there is half of a surrogate pair, as in a stream cut in an emoji: no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _completion(told: Any) -> Completion:
    given = _checked(told, _KINDS, "text")
    if "tool_calls" in given:
        given["tool_calls"] = tuple(
            ToolCall(**_checked(call, _CALL_KINDS, "name")) for call in given["tool_calls"]
        )
    if "citations" in given:
        given["citations"] = tuple(_checked_citation(told) for told in given["citations"])
    if "samples" in given:
        given["samples"] = tuple(_completion(sample) for sample in given["samples"])
    if "logprobs" in told:
        given["logprobs"] = told["logprobs"]  # in any shape
    return Completion.of(**given)


def _checked(told: Any, kinds: Mapping[str, tuple[type, ...]], needed: str) -> dict[str, Any]:
    """The known fields of an object, each of its type."""
    if type(told) is not dict or needed not in told:
        raise ValueError(f"This is no completion: an object with `{needed}` is not there.")
    given = {}
    for name, value in told.items():
        kind = kinds.get(name)
        if kind is None:
            continue
        if type(value) not in kind:
            raise ValueError(f"This is no completion: `{name}` is {type(value).__name__}.")
        given[name] = value
    return given


def _checked_citation(told: Any) -> dict[str, Any]:
    if type(told) is not dict:
        raise ValueError("This is no completion: `citations` holds what is no object.")
    return told
