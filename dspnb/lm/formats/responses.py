"""OpenAI's Responses: input items in, output items out, and named events of a stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from dspnb.errors import ConnectionLost, UsageError
from dspnb.lm.base import Completion, Message
from dspnb.lm.request import Request

from . import params
from .choices import flat
from .failures import MISSHAPEN, failed, no_answer
from .samples import Sample, together, word


@dataclass(frozen=True)
class Responses:
    """Responses, whole or streamed; parameters have their names of chat completions or their own.

    >>> from dspnb.lm.base import Message
    >>> Responses().body("m", Request((Message.of("user", "Hi"),), {"max_tokens": 9}), stream=False)
    b'{"model": "m", "input": [{"role": "user", "content": "Hi"}], "max_output_tokens": 9}'
    """

    path: ClassVar[str] = "/responses"

    def body(self, model: str, request: Request, *, stream: bool) -> bytes:
        """What the system says at the start are the instructions."""
        first = next((i for i, m in enumerate(request.messages) if m.role != "system"), 0)
        system = "\n\n".join(message.content for message in request.messages[:first])
        items = [item for message in request.messages[first:] for item in _items(message)]
        told: dict[str, Any] = {"model": model, "input": items}
        told |= {"instructions": system} if system else {}
        told |= {"stream": True} if stream else {}
        return params.dumped(told | _told(request.params)).encode()

    def read(
        self, answer: Mapping[str, Any], model: str, request: Request | None = None
    ) -> Completion:
        """A whole answer."""
        try:
            if answer.get("error") or answer.get("status") in ("failed", "cancelled"):
                raise no_answer(answer, model)
            sample = _read(answer["output"], answer)
            return together([sample], model, answer.get("usage"), request)
        except MISSHAPEN:
            raise no_answer(answer, model) from None

    def reader(
        self, model: str, on_text: Callable[[str], object], request: Request | None = None
    ) -> EventReader:
        """A stream of events."""
        return EventReader(model, on_text, request)


class EventReader:
    """Hears the text as it comes, and reads the whole from the event at the end."""

    def __init__(
        self, model: str, on_text: Callable[[str], object], request: Request | None
    ) -> None:
        self._model, self._on_text, self._request = model, on_text, request
        self._heard: list[str] = []
        self._items: list[Any] = []  # as they are done
        self._end: Mapping[str, Any] | None = None  # the whole answer; some leave its items out

    def feed(self, event: Mapping[str, Any]) -> None:
        """Take in an event."""
        match event:
            case {"type": "response.output_text.delta", "delta": str(text)}:
                self._heard.append(text)
                self._on_text(text)
            case {"type": "response.output_item.done", "item": item}:
                self._items.append(item)
            case {"type": "response.completed" | "response.incomplete", "response": dict(whole)}:
                self._end = whole
            case {"type": "response.failed", "response": response}:
                raise no_answer(response, self._model)
            case {"type": "error"} | {"error": dict() | str()}:
                raise failed(event.get("error") or event, self._model)

    def close(self, *, done: bool = False) -> Completion:
        """The whole answer."""
        if self._end is None and not (done and (self._items or self._heard)):
            raise ConnectionLost("the provider cut its answer short; ask again", model=self._model)
        end = self._end or {}
        try:
            sample = _read(end.get("output") or self._items, end)
        except MISSHAPEN:
            raise no_answer(end, self._model) from None
        sample.text = sample.text or self._heard
        return together([sample], self._model, end.get("usage"), self._request)


def _items(message: Message) -> list[dict[str, Any]]:
    """A message as input items."""
    match message.role:
        case "tool":
            answered = {"call_id": message.tool_call_id, "output": _content(message)}
            return [{"type": "function_call_output", **answered}]
        case "assistant":
            said = [{"role": "assistant", "content": message.content}] if message.content else []
            calls = [
                {
                    "type": "function_call",
                    "call_id": call.id,
                    "name": call.name,
                    "arguments": json.dumps(dict(call.args)),
                }
                for call in message.tool_calls
            ]
            return [*said, *calls]
        case role:
            return [{"role": role, "content": _content(message)}]


def _content(message: Message) -> str | list[Any]:
    content = message.to_dict()["content"]
    return content if isinstance(content, str) else [_part(part) for part in content]


def _part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of a message of chat completions as one of an input item."""
    match part:
        case {"type": "text", "text": text}:
            return {"type": "input_text", "text": text}
        case {"type": "image_url", "image_url": str(url)}:
            return {"type": "input_image", "image_url": url}
        case {"type": "image_url", "image_url": {"url": url, "detail": detail}}:
            return {"type": "input_image", "image_url": url, "detail": detail}
        case {"type": "image_url", "image_url": {"url": url}}:
            return {"type": "input_image", "image_url": url}
        case {"type": "file", "file": dict(file)}:
            known = {name: file[name] for name in ("file_data", "filename", "file_id", "file_url")
                     if name in file}  # fmt: skip
            return {"type": "input_file", **known}
    return part


def _told(given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of chat completions by their names here."""
    told = params.plain(given)
    if (told.pop("n", None) or 1) > 1:
        raise UsageError(
            'A model of kind `responses` answers once; got `n` above 1. Use `kind="chat"`.'
        )
    for name in ("max_tokens", "max_completion_tokens"):
        if name in told:
            told["max_output_tokens"] = told.pop(name)
    if "reasoning_effort" in told:
        effort = told.pop("reasoning_effort")
        told["reasoning"] = {"effort": effort, **(told.get("reasoning") or {})}
    if "verbosity" in told:
        told["text"] = {"verbosity": told.pop("verbosity"), **(told.get("text") or {})}
    if wanted := told.pop("response_format", None):
        told["text"] = {"format": _flattened(wanted, "json_schema"), **(told.get("text") or {})}
    if told.get("tools"):
        # Functions are strict here unless they say otherwise, and there they are not.
        told["tools"] = [_tool(tool) for tool in told["tools"]]
    if isinstance(told.get("tool_choice"), Mapping):
        told["tool_choice"] = _flattened(told["tool_choice"], "function")
    if told.pop("logprobs", None):
        told["include"] = [*(told.get("include") or ()), "message.output_text.logprobs"]
    return told


def _tool(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    flattened = _flattened(tool, "function")
    return flattened if flattened is tool else {"strict": False, **flattened}


def _flattened(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Without the object that chat completions have around the essence.

    >>> _flattened({"type": "function", "function": {"name": "add"}}, "function")
    {'type': 'function', 'name': 'add'}
    """
    return {"type": told["type"], **told[name]} if name in told else told


def _read(items: Sequence[Any], answer: Mapping[str, Any]) -> Sample:
    """The output items of an answer, which says why it ended."""
    sample = Sample()
    thoughts: list[str] = []
    for i, item in enumerate(items):
        match item:
            case {"type": "message", "content": [*parts]}:
                for part in parts:
                    _take(sample, part)
            case {"type": "reasoning"}:
                parts = [*(item.get("summary") or ()), *(item.get("content") or ())]
                thoughts += [part["text"] for part in parts]
            case {"type": "function_call"}:
                function = {name: item.get(name) for name in ("name", "arguments")}
                sample.call({"id": item.get("call_id"), "function": function}, i)
    sample.reasoning.append("\n\n".join(thoughts))
    why = word((answer.get("incomplete_details") or {}).get("reason"))
    sample.finish = _FINISHED.get(why, why) or ("tool_calls" if sample.calls else "stop")
    return sample


_FINISHED = {"max_output_tokens": "length"}


def _take(sample: Sample, part: Mapping[str, Any]) -> None:
    """Take in a part of a message."""
    match part:
        case {"type": "output_text", "text": str(text)}:
            sample.text.append(text)
            sample.citations += flat([part.get("annotations") or []])
            if part.get("logprobs"):
                sample.add_logprobs({"content": part["logprobs"]})
        case {"type": "refusal", "refusal": str(text)}:
            sample.refusal.append(text)
