"""What a server of the OpenAI protocol says: messages in the shapes of each of its paths."""

from __future__ import annotations

import base64
import json
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from dspnb.lm.base import Completion, estimate_tokens, pieces

Json = dict[str, Any]


def usage_of(completions: Sequence[Completion]) -> Json:
    """What a call took, as chat completions tell it."""
    into, out = completions[0].tokens_in, sum(one.tokens_out for one in completions)
    return {"prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out}


def asked(body: Json) -> list[Json]:
    """The messages of a request to any path."""
    if "messages" in body:
        return list(body["messages"])
    if "prompt" in body:
        return [{"role": "user", "content": body["prompt"]}]
    system = [{"role": "system", "content": body["instructions"]}] if "instructions" in body else []
    return [*system, *(item for item in map(_message, body["input"]) if item)]


def _message(item: Json) -> Json | None:
    match item:
        case {"role": role, "content": str(content)}:
            return {"role": role, "content": content}
        case {"role": role, "content": [*parts]}:
            text = "\n\n".join(part.get("text", f"[{part['type']}]") for part in parts)
            return {"role": role, "content": text}
        case {"type": "function_call_output", "output": output}:
            return {"role": "user", "content": str(output)}
    return None


# Chat completions and legacy ones


def whole(body: Json, kind: str, messages: Sequence[Json]) -> Json:
    """An answer with a choice for each message."""
    choices = []
    for i, message in enumerate(messages):
        said = {"text": message["content"] or ""} if kind == "text_completion" else {}
        choice = {"index": i, "finish_reason": finish(message), **(said or {"message": message})}
        if body.get("logprobs"):
            words = pieces(message["content"] or "")
            choice["logprobs"] = _logprobs(body, kind, words)
        choices.append(choice)
    return _frame(body, kind, choices)


def chunks(body: Json, kind: str, messages: Sequence[Json]) -> Iterator[Json]:
    """An answer in pieces; those of several samples come mixed."""
    text = kind == "text_completion"
    streams = [list(_deltas(message)) for message in messages]
    for step in range(max(map(len, streams))):
        for i, deltas in enumerate(streams):
            if step >= len(deltas):
                continue
            delta = deltas[step]
            words = delta.get("content") or ""
            last = finish(messages[i]) if step == len(deltas) - 1 else None
            said: Json = {"text": words} if text else {"delta": delta}
            if body.get("logprobs") and words:
                said["logprobs"] = _logprobs(body, kind, [words])
            choice = {"index": i, "finish_reason": last, **said}
            yield _frame(body, kind if text else f"{kind}.chunk", [choice])


def last_chunk(body: Json, kind: str, usage: Json) -> Json:
    """What a stream ends with when it is asked to count."""
    return _frame(body, kind if kind == "text_completion" else f"{kind}.chunk", []) | usage


def finish(message: Json) -> str:
    """Why a message ends."""
    return "tool_calls" if message.get("tool_calls") else "stop"


def _deltas(message: Json) -> Iterator[Json]:
    yield {"role": "assistant", "content": ""}
    for name in ("reasoning_content", "content"):
        for piece in pieces(message.get(name) or ""):
            yield {name: piece}
    for i, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        arguments = function["arguments"]
        start = {**call, "index": i, "function": {"name": function["name"], "arguments": ""}}
        yield {"tool_calls": [start]}
        for part in (arguments[:4], arguments[4:]):
            yield {"tool_calls": [{"index": i, "function": {"arguments": part}}]}
    yield {}


def _frame(body: Json, kind: str, choices: list[Json]) -> Json:
    return {"id": "x", "object": kind, "created": 0, "model": body["model"], "choices": choices}


def _logprobs(body: Json, kind: str, words: Sequence[str]) -> Json:
    """Made up of the words themselves, so that they are the same in every answer."""
    values = [-(zlib.crc32(word.encode()) % 1000) / 1000 for word in words]
    if kind == "text_completion":
        return {"tokens": list(words), "token_logprobs": values}
    most = body.get("top_logprobs") or 0
    told = [{"token": w, "logprob": v} for w, v in zip(words, values, strict=True)]
    return {"content": [{**one, "top_logprobs": [one] * min(most, 1)} for one in told]}


# Responses


def response(body: Json, message: Json, usage: Json) -> Json:
    """An answer with its output items."""
    items = _items(message)
    answer = {"id": "x", "object": "response", "status": "completed", "model": body["model"]}
    return {**answer, "error": None, "incomplete_details": None, "output": items} | usage


def events(body: Json, message: Json, usage: Json) -> Iterator[Json]:
    """An answer as the events of a stream."""
    end = response(body, message, usage)
    begun = {**end, "status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    for i, item in enumerate(end["output"]):
        yield {"type": "response.output_item.added", "output_index": i, "item": item | {"id": "y"}}
        match item:
            case {"type": "message", "content": [{"text": text}]}:
                kind, words = "response.output_text.delta", pieces(text)
            case {"type": "reasoning", "summary": [{"text": text}]}:
                kind, words = "response.reasoning_summary_text.delta", pieces(text)
            case {"arguments": text}:
                kind, words = "response.function_call_arguments.delta", [text[:4], text[4:]]
        for word in words:
            yield {"type": kind, "output_index": i, "delta": word}
        yield {"type": "response.output_item.done", "output_index": i, "item": item}
    yield {"type": "response.completed", "response": end}


def response_usage(usage: Json) -> Json:
    """What a call took, in the names of responses."""
    return {
        "input_tokens": usage["prompt_tokens"],
        "output_tokens": usage["completion_tokens"],
        "total_tokens": usage["total_tokens"],
    }


def _items(message: Json) -> list[Json]:
    items: list[Json] = []
    if message.get("reasoning_content"):
        summary = [{"type": "summary_text", "text": message["reasoning_content"]}]
        items.append({"type": "reasoning", "summary": summary})
    if message.get("content"):
        part = {"type": "output_text", "text": message["content"], "annotations": []}
        items.append({"type": "message", "role": "assistant", "content": [part]})
    calls = message.get("tool_calls", ())
    return items + [
        {"type": "function_call", "call_id": call["id"], **call["function"]} for call in calls
    ]


# Embeddings and models


def embeddings(body: Json) -> Json:
    """A vector of length 1 for each text: near for texts that share words."""
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    vectors = [vector(text, body.get("dimensions") or 8) for text in texts]
    told: list[Any] = vectors
    if body.get("encoding_format") == "base64":
        told = [base64.b64encode(struct.pack(f"<{len(v)}f", *v)).decode() for v in vectors]
    data = [{"object": "embedding", "index": i, "embedding": one} for i, one in enumerate(told)]
    tokens = sum(map(estimate_tokens, texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": body["model"], "data": data, "usage": usage}


def vector(text: str, length: int) -> list[float]:
    """The same text always has the same vector."""
    counts = [0.0] * length
    for word in text.lower().split():
        counts[zlib.crc32(word.encode()) % length] += 1.0
    size = math.hypot(*counts) or 1.0
    return [count / size for count in counts]


def models() -> Json:
    """The one model there is."""
    return {"object": "list", "data": [{"id": "offline", "object": "model", "owned_by": "dspnb"}]}


def sse(event: Json, *, named: bool) -> bytes:
    """An event as it goes over the wire; those of responses have names."""
    name = f"event: {event['type']}\n" if named else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()
