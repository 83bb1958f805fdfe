"""An OpenAI-compatible server on loopback: it answers with the offline model, or misbehaves.

It answers whole or in server-sent events, with what it is told to answer (tool calls, reasoning) or
with the offline model, and keeps the body of each request. It knows chat completions, responses,
legacy completions, embeddings and the list of models.
"""

from __future__ import annotations

import collections
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from servers import wire

from dspnb import LM
from dspnb.lm.base import LanguageModel
from dspnb.lm.messages import read_messages

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

    The faults `cut` and `ends early` break a stream after some of its events, `breaks off` sends an
    error there. `replies` are messages in the protocol's shape that it answers in turn; after them
    the model answers. Each answer closes its connection unless the server `keeps` them. One that
    `samples` gives another answer to the same request again when its temperature is above 0.
    """

    request_queue_size = 128  # five, by default, are too few for sixteen callers at once

    daemon_threads = True

    def __init__(self, model: LanguageModel | None = None, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.model = LM("offline", cache=False) if model is None else model
        self.key = KEY  # that it wants; any will do when it is empty
        self.samples = False
        self.times: collections.Counter[str] = collections.Counter()  # samples of each request
        self.lock = threading.Lock()  # of `times`
        self.fault = ""
        self.latency = 0.0  # seconds
        self.counts = True  # whether answers say how many tokens they took
        self.keeps = False  # whether a connection may have more than one request
        self.replies: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []  # of the requests
        self.connections = 0  # so far
        self.left = threading.Event()  # set when a client left in the middle of a stream

    @property
    def url(self) -> str:
        """What `api_base` is set to."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count the connection."""
        self.connections += 1
        super().process_request(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"  # which has chunks
    wbufsize = -1  # one packet for an answer, at once:
    disable_nagle_algorithm = True  # a kept connection would wait 40 ms for each

    def do_GET(self) -> None:
        known = self.path.endswith("/models")
        told = wire.models() if known else {"error": {"message": f"no {self.path}"}}
        self._say(200 if known else 404, json.dumps(told), {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body)
        self.server.paths.append(self.path)
        time.sleep(self.server.latency)
        path = self.path.partition("?")[0]
        key = self.headers["api-key"] or self.headers["Authorization"]
        if self.server.key and key not in (self.server.key, f"Bearer {self.server.key}"):
            said = f"Incorrect API key provided: {key}"
            self._say(401, json.dumps({"error": {"message": said}}), {})
        elif self.server.fault == "hangs up":
            self.close_connection = True
        elif self.server.fault in FAULTS:
            self._say(*FAULTS[self.server.fault])
        elif wrong := _wrong_format(body):
            self._say(400, json.dumps({"error": {"message": wrong}}), {})
        elif path.endswith("/embeddings"):
            self._say(200, json.dumps(wire.embeddings(body)), {})
        elif path.endswith("/responses"):
            self._respond(body)
        elif path.endswith("/chat/completions"):
            self._complete(body, "chat.completion")
        elif path.endswith("/completions"):
            self._complete(body, "text_completion")
        else:
            self._say(404, json.dumps({"error": {"message": f"no {path}"}}), {})

    def _complete(self, body: dict[str, Any], kind: str) -> None:
        messages, usage = self._answers(body, body.get("n") or 1)
        told = {"usage": usage} if self.server.counts else {}
        if not body.get("stream"):
            self._say(200, json.dumps(wire.whole(body, kind, messages) | told), {})
            return
        events = list(wire.chunks(body, kind, messages))
        asks = body.get("stream_options", {}).get("include_usage")
        last = [wire.last_chunk(body, kind, told)] if told and asks else []
        self._stream(events, last, b"data: [DONE]\n\n")

    def _respond(self, body: dict[str, Any]) -> None:
        (message,), counted = self._answers(body, 1)
        usage = {"usage": wire.response_usage(counted)} if self.server.counts else {}
        if body.get("stream"):
            *events, last = wire.events(body, message, usage)
            self._stream(events, [last], b"", named=True)
        else:
            self._say(200, json.dumps(wire.response(body, message, usage)), {})

    def _answers(self, body: dict[str, Any], n: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Messages, and how many tokens they took."""
        asked, first = read_messages(wire.asked(body)), self._first_sample(body, n)
        completions = [self.server.model(asked, rollout=first + i) for i in range(n)]
        messages = []
        for completion in completions:
            message = self.server.replies.pop(0) if self.server.replies else {}
            messages.append({"role": "assistant", "content": completion.text, **message})
        return messages, wire.usage_of(completions)

    def _first_sample(self, body: dict[str, Any], n: int) -> int:
        """The number of the first sample of `n`."""
        if not (self.server.samples and (body.get("temperature") or 0) > 0):
            return 0
        request = json.dumps(wire.asked(body))
        with self.server.lock:
            self.server.times[request] += n
            return self.server.times[request] - n

    def _stream(
        self,
        events: list[dict[str, Any]],
        last: list[dict[str, Any]],
        end: bytes,
        *,
        named: bool = False,
    ) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        if self.server.fault != "ends early":  # then its end is nothing but the connection's
            self.send_header("Transfer-Encoding", "chunked")
        if not self.server.keeps:
            self.send_header("Connection", "close")
        self.end_headers()
        broken = self.server.fault in ("cut", "ends early", "breaks off")
        try:
            for event in events[: len(events) // 2] if broken else events:
                self._send(wire.sse(event, named=named))
                time.sleep(self.server.latency)
            if self.server.fault == "breaks off":
                told = {"type": "error", "error": {"message": "it fell over", "code": 500}}
                self._send(wire.sse(told, named=named))
            if not broken:
                for event in last:
                    self._send(wire.sse(event, named=named))
                if end:
                    self._send(end)
            if self.server.fault not in ("cut", "ends early"):
                self.wfile.write(b"0\r\n\r\n")
                self.wfile.flush()
        except ConnectionError:
            self.server.left.set()
            self.close_connection = True
        self.close_connection = self.close_connection or broken

    def _send(self, data: bytes) -> None:
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
            if not self.server.keeps:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""


def _wrong_format(body: dict[str, Any]) -> str:
    """What is wrong with the request's `response_format`; empty when nothing is."""
    match body.get("response_format"):
        case None | {"type": "json_object"}:
            return ""
        case {"type": "json_schema", "json_schema": {"name": str(), "schema": dict()}}:
            return ""
    return f"Invalid response_format: {body['response_format']}"


@contextlib.contextmanager
def running(model: LanguageModel | None = None) -> Iterator[Server]:
    """A server on a free port, of the offline model or another one."""
    server = Server(model)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
