"""An OpenAI-compatible server on loopback: it answers with the offline model, or misbehaves."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dspnb import LM

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
    "no json": (200, "<html>a proxy's login page</html>", {}),
}


class Server(ThreadingHTTPServer):
    """Counts requests; `fault` is what it says from now on instead of an answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.model = LM("offline", cache=False)
        self.fault = ""
        self.latency = 0.0  # seconds
        self.requests: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        """What `api_base` is set to."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body)
        time.sleep(self.server.latency)
        if self.headers["Authorization"] != f"Bearer {KEY}":
            said = f"Incorrect API key provided: {self.headers['Authorization']}"
            self._say(401, json.dumps({"error": {"message": said}}), {})
        elif self.server.fault == "hangs up":
            self.close_connection = True
        elif self.server.fault:
            self._say(*FAULTS[self.server.fault])
        else:
            self._say(200, json.dumps(self._answer(body)), {})

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        completion = self.server.model(body["messages"])
        return {
            "id": "answer",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": completion.text},
                }
            ],
            "usage": {
                "prompt_tokens": completion.tokens_in,
                "completion_tokens": completion.tokens_out,
                "total_tokens": completion.tokens_in + completion.tokens_out,
            },
        }

    def _say(self, status: int, body: str, headers: dict[str, str]) -> None:
        with contextlib.suppress(ConnectionError):  # the client may have left
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            data = body.encode()
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""


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
