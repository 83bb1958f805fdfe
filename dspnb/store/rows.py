"""A scored example as JSON, and back to the values that an optimizer decides by."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import to_json as _core_json

from dspnb.errors import UsageError, one_line
from dspnb.example import Example, Prediction, Score
from dspnb.jsonable import from_json, is_json
from dspnb.lm import written
from dspnb.lm.base import Attachment, Block, Message, ToolCall
from dspnb.report import Row
from dspnb.signature import Field, Signature
from dspnb.trace import Attempt, Call, Check, Trace

from .words import in_words, told_json

_encode_as_ascii = json.JSONEncoder(separators=(",", ":")).encode

# A thing that many rows share, and how it is written -> the number of that text; and back.
Keep = Callable[[Any, Callable[[Any], str]], int]
Find = Callable[[int], str]
_DAMAGE = (TypeError, ValueError, LookupError, AttributeError, RecursionError, UsageError)
Tell = Callable[[Any, Any], Any]  # a value, and the type of its field -> a value of JSON
Signatures = Mapping[str, Signature]  # predictor path -> the signature of the program at hand


def row_json(row: Row, keep: Keep) -> str:
    """A row. What cannot be told in JSON becomes text.

    What many rows share (an example, the start of a prompt, a signature) is given to `keep`.
    """
    try:
        return _encode(_row(row, keep, told_json))
    except RecursionError:  # a value that is nested deeper than JSON is written
        return _encode(_row(row, keep, lambda value, _: in_words(value)))


def _row(row: Row, keep: Keep, tell: Tell) -> dict[str, Any]:
    types = _output_types(row.trace)
    told: dict[str, Any] = {
        "score": [row.score.value, row.score.feedback, dict(row.score.parts)],
        "seconds": row.seconds,
        "example": keep(row.example, _example_json),
    }
    if row.score.about:
        told["about"] = dict(row.score.about)
    if row.prediction is not None:
        told["outputs"] = {
            name: tell(value, types.get(name, Any)) for name, value in row.prediction.items()
        }
    if row.error:
        told["error"] = row.error
    if row.checks:
        told["checks"] = [[c.kind, c.message, c.held, c.tries] for c in row.checks]
    if row.trace:
        told["trace"] = [_call(call, keep, tell) for call in row.trace]
    return told


def _output_types(trace: Trace) -> dict[str, Any]:
    return {field.name: field.type for call in trace for field in call.signature.outputs}


def _encode(told: Any) -> str:
    try:
        return _core_json(told).decode()  # a quarter of the time of Python's own
    except ValueError:  # half of a character, as a model may write: an escape in JSON, no UTF-8
        return _encode_as_ascii(told)


def read_row(text: str, example: Example | None, signatures: Signatures, find: Find) -> Row:
    """The row that `row_json` wrote; nothing in the text is run. Raises `ValueError`.

    Without the example itself it is read too, with values as JSON has them.
    """
    try:
        return _read_row(text, example, signatures, find)
    except _DAMAGE as error:
        raise ValueError(f"it is damaged in the store ({one_line(error)})") from error


def _read_row(text: str, example: Example | None, signatures: Signatures, find: Find) -> Row:
    told = json.loads(text)
    if example is None:
        example = _example(find(told["example"]))
    trace = tuple(_read_call(call, signatures, find) for call in told.get("trace", ()))
    checks = tuple(Check(*check) for check in told.get("checks", ()))
    prediction = None
    if "outputs" in told:
        types = _output_types(trace)
        outputs = {
            name: _value(value, types.get(name, Any)) for name, value in told["outputs"].items()
        }
        prediction = Prediction(**outputs).with_trace(trace, checks)
    value, feedback, parts = told["score"]
    error, seconds = told.get("error", ""), told["seconds"]
    about = dict(told.get("about", {}))
    if not all(map(_is_number, (value, seconds, *parts.values()))):
        raise TypeError("a score is no number")
    if not all(type(said) is str for said in (feedback, error, *about.values())):
        raise TypeError("what was said is no text")
    return Row(
        example, prediction, Score(value, feedback, parts, about), error, trace, seconds, checks
    )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float, bool) and math.isfinite(value)


def _call(call: Call, keep: Keep, tell: Tell) -> dict[str, Any]:
    types = {field.name: field.type for field in call.signature.fields}
    told: dict[str, Any] = {
        "path": call.path,
        "signature": keep(call.signature, _signature_json),
        "inputs": {name: tell(v, types.get(name, Any)) for name, v in call.inputs.items()},
        "outputs": {name: tell(v, types.get(name, Any)) for name, v in call.outputs.items()},
        "numbers": [call.demos, call.tokens_in, call.tokens_out, call.dollars, call.seconds],
    }
    if call.messages:
        told["start"] = keep(call.messages[:-1], _start_json)
        told["asked"] = _message(call.messages[-1])
    if call.completion is not None:
        try:
            told["completion"] = written.to_dict(call.completion)
        except ValueError:  # something of a provider's that is not JSON
            told["completion"] = {"text": call.completion.text, "model": call.completion.model}
        if call.completion.cached:
            told["cached"] = True
    if call.attempts:
        told["attempts"] = [[one.text, one.error, one.adapter] for one in call.attempts]
    if call.error:
        told["error"] = call.error
    if call.rejected:
        told["rejected"] = call.rejected
    return told


def _read_call(told: Mapping[str, Any], signatures: Signatures, find: Find) -> Call:
    signature = _signature(find(told["signature"]), signatures.get(told["path"]))
    types = {field.name: field.type for field in signature.fields}
    messages: tuple[Message, ...] = ()
    if "asked" in told:
        messages = (*_start(find(told["start"])), _read_message(told["asked"]))
    completion = None
    if "completion" in told:
        completion = written.from_dict(told["completion"])
        if told.get("cached"):
            completion = completion.changed(cached=True)
    demos, tokens_in, tokens_out, dollars, seconds = told["numbers"]
    return Call(
        path=told["path"],
        signature=signature,
        inputs={name: _value(v, types.get(name, Any)) for name, v in told["inputs"].items()},
        outputs={name: _value(v, types.get(name, Any)) for name, v in told["outputs"].items()},
        messages=messages,
        completion=completion,
        attempts=tuple(Attempt(*one) for one in told.get("attempts", ())),
        error=told.get("error", ""),
        rejected=told.get("rejected", ""),
        demos=demos,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        dollars=dollars,
        seconds=seconds,
    )


def _value(value: Any, type_: Any) -> Any:
    try:
        return from_json(value, type_)
    except Exception:  # the program takes it for something else now, and its own checks may raise
        return value


def _example_json(example: Example) -> str:
    names = list(example.input_names)
    try:
        return _encode([names, {n: told_json(v) for n, v in example.items()}])
    except RecursionError:
        return _encode([names, {n: in_words(v) for n, v in example.items()}])


def _example(text: str) -> Example:
    names, values = json.loads(text)
    return Example(**values).with_inputs(*names)


# -- signatures ----------------------------------------------------------------------


def _signature_json(signature: Signature) -> str:
    fields = [[f.name, f.role, f.type_name, f.desc] for f in signature.fields]
    return _encode({"instructions": signature.instructions, "fields": fields})


def _signature(text: str, known: Signature | None) -> Signature:
    """The signature of a call: with the types of the program at hand, as far as it has the fields.

    A field that it does not have takes any value: no type is made from a text of a file.
    """
    told = json.loads(text)
    types = {field.name: field for field in known.fields} if known is not None else {}
    fields = []
    for name, role, type_name, desc in told["fields"]:
        field = types.get(name)
        if field is not None and (field.role, field.type_name) == (role, type_name):
            fields.append(field)
        else:
            fields.append(Field(name, Any, desc, role))
    name = known.name if known is not None else ""
    return Signature(fields, told["instructions"], name=name)


# -- messages ------------------------------------------------------------------------


def _start_json(messages: tuple[Message, ...]) -> str:
    return _encode([_message(message) for message in messages])


def _start(text: str) -> tuple[Message, ...]:
    return tuple(_read_message(told) for told in json.loads(text))


def _message(message: Message) -> list[Any]:
    told: list[Any] = [message.role, [_block(block) for block in message.blocks]]
    if message.tool_calls or message.tool_call_id:
        calls = [[call.name, told_json(dict(call.args)), call.id] for call in message.tool_calls]
        told += [calls, message.tool_call_id]
    return told


def _block(block: Block) -> list[Any]:
    if block.attachment is None:
        return [block.kind, block.text]
    given = block.attachment
    part = dict(given.part)
    told = part if is_json(part) else told_json(part)
    return [block.kind, block.text, given.kind, told, given.label]


def _read_message(told: list[Any]) -> Message:
    role, blocks, *more = told
    calls, call_id = more or ((), "")
    return Message(
        role,
        tuple(_read_block(block) for block in blocks),
        tuple(ToolCall(name, args, id_) for name, args, id_ in calls),
        call_id,
    )


def _read_block(told: list[Any]) -> Block:
    kind, text, *more = told
    if not more:
        return Block(kind, text)
    attached, part, label = more
    return Block(kind, text, Attachment(attached, part, label))
