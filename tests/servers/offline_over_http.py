"""An OpenAI-compatible server on loopback: it answers with the offline model, or misbehaves.

It answers whole or in server-sent events, with what it is told to answer (tool calls, reasoning) or
with the offline model, and keeps the body of each request.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dspnb import LM
from dspnb.lm.base import pieces

KEY = "sk-secret-4711-nobody-may-see"

# What the server says instead of an answer, by name: status, body, headers.
FAULTS: dict[str, tuple[int, str, dict[str, str]]] = {
    "overloaded": (429, '{"error": {"message": "slow down"}}', {"Retry-After": "7"}),
    "broken": (500, '{"error": {"message": "it fell over"}}', {}),
    "no model": (404, '{"error": {"message": "no such model"}}', {}),
    "too long": (
        400,
        """{"error": {"message": "This model's maximum context length is 5 tokens.",
        "code": "context_length_exceeded"}}""",
        {},
    ),
    "forbidden": (403, '{"error": {"message": "not for you"}}', {}),
    "no choices": (200, '{"id": "x", "object": "chat.completion", "choices": []}', {}),
    "refuses formats": (
        400,
        '{"error": {"message": "response_format is not supported by this model"}}',
        {},
    ),
    "no json": (200, "<html>a proxy's login page</html>", {}),
}


class Server(ThreadingHTTPServer):
    """Keeps requests; `fault` is what it says from now on instead of an answer.

    The faults `cut` and `ends early` break a stream after some of its events. `replies` are
    messages in the protocol's shape that it answers in turn; after them the model answers.
    """

    request_queue_size = 128  # five, by default, are too few for sixteen callers at once

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.model = LM("offline", cache=False)
        self.fault = ""
        self.latency = 0.0  # seconds
        self.counts = True  # whether answers say how many tokens they took
        self.replies: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.left = threading.Event()  # set when a client left in the middle of a stream

    @property
    def url(self) -> str:
        """What `api_base` is set to."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"  # which has chunks

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body)
        time.sleep(self.server.latency)
        if self.headers["Authorization"] != f"Bearer {KEY}":
            said = f"Incorrect API key provided: {self.headers['Authorization']}"
            self._say(401, json.dumps({"error": {"message": said}}), {})
        elif self.server.fault == "hangs up":
            self.close_connection = True
        elif self.server.fault in FAULTS:
            self._say(*FAULTS[self.server.fault])
        elif wrong := _wrong_format(body):
            self._say(400, json.dumps({"error": {"message": wrong}}), {})
        elif body.get("stream"):
            self._stream(body, *self._answer(body))
        else:
            message, usage = self._answer(body)
            choice = {"index": 0, "finish_reason": _finish(message), "message": message}
            answer = _frame(body, "chat.completion", [choice]) | usage
            self._say(200, json.dumps(answer), {})

    def _answer(self, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """A message, and how many tokens it took."""
        completion = self.server.model(body["messages"])
        message = self.server.replies.pop(0) if self.server.replies else {}
        usage = {
            "prompt_tokens": completion.tokens_in,
            "completion_tokens": completion.tokens_out,
            "total_tokens": completion.tokens_in + completion.tokens_out,
        }
        return (
            {"role": "assistant", "content": completion.text, **message},
            {"usage": usage} if self.server.counts else {},
        )

    def _stream(self, body: dict[str, Any], message: dict[str, Any], usage: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        if self.server.fault != "ends early":  # then its end is nothing but the connection's
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        events = [*_deltas(message), {"finish_reason": _finish(message)}]
        broken = self.server.fault in ("cut", "ends early")
        try:
            for event in events[: len(events) // 2] if broken else events:
                choice = {"index": 0, "delta": {}, "finish_reason": None, **event}
                self._event(json.dumps(_frame(body, "chat.completion.chunk", [choice])))
                time.sleep(self.server.latency)
            if not broken:
                if usage and body.get("stream_options", {}).get("include_usage"):
                    self._event(json.dumps(_frame(body, "chat.completion.chunk", []) | usage))
                self._event("[DONE]")
                self.wfile.write(b"0\r\n\r\n")
        except ConnectionError:
            self.server.left.set()
        self.close_connection = True

    def _event(self, text: str) -> None:
        data = f"data: {text}\n\n".encode()
        if self.server.fault == "ends early":
            self.wfile.write(data)
        else:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _say(self, status: int, body: str, headers: dict[str, str]) -> None:
        with contextlib.suppress(ConnectionError):  # the client may have left
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            data = body.encode()
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""


def _frame(body: dict[str, Any], kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "x", "object": kind, "created": 0, "model": body["model"], "choices": choices}


def _finish(message: dict[str, Any]) -> str:
    return "tool_calls" if message.get("tool_calls") else "stop"


def _deltas(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A message as the pieces that a provider would stream."""
    yield {"delta": {"role": "assistant", "content": ""}}
    for name in ("reasoning_content", "content"):
        for piece in pieces(message.get(name) or ""):
            yield {"delta": {name: piece}}
    for i, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        arguments = function["arguments"]
        start = {**call, "index": i, "function": {"name": function["name"], "arguments": ""}}
        yield {"delta": {"tool_calls": [start]}}
        for part in (arguments[:4], arguments[4:]):
            yield {"delta": {"tool_calls": [{"index": i, "function": {"arguments": part}}]}}


def _wrong_format(body: dict[str, Any]) -> str:
    """What is wrong with the request's `response_format`; empty when nothing is."""
    match body.get("response_format"):
        case None | {"type": "json_object"}:
            return ""
        case {"type": "json_schema", "json_schema": {"name": str(), "schema": dict()}}:
            return ""
    return f"Invalid response_format: {body['response_format']}"


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server on a free port."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
