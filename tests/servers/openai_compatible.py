"""A small server that speaks the OpenAI protocol on loopback, answers with the offline model, and
misbehaves when told to."""

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from dspnb.lm import Message
from dspnb.lm.offline import Offline

KEY = "sk-test-secret-123"

Behaviour = Literal[
    "answer", "rate limit", "overloaded", "broken", "too long", "hang up", "hang", "no json", "empty"
]


@dataclass
class Server:
    """What a test sees of it: where it is, what was asked, and how it behaves."""

    url: str = ""
    behaviour: Behaviour = "answer"
    requests: list[dict] = field(default_factory=list)  # the body of each request
    asked: threading.Event = field(default_factory=threading.Event)  # set by each request
    released: threading.Event = field(default_factory=threading.Event)  # ends every `hang`


@contextlib.contextmanager
def serving(behaviour: Behaviour = "answer"):
    """A running server, for the length of a `with` block."""
    server = Server(behaviour=behaviour)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}/v1"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        http.shutdown()
        http.server_close()
        thread.join()


def _handler(server):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append(body)
            server.asked.set()
            if self.headers["Authorization"] != f"Bearer {KEY}":
                self.refuse(401, f"Incorrect API key provided: {self.headers['Authorization']}.")
            elif body["model"] != "offline":
                self.refuse(404, f"The model `{body['model']}` does not exist.")
            else:
                self.behave(server.behaviour, body)

        def behave(self, behaviour, body):
            match behaviour:
                case "answer":
                    self.send(200, _completion(body))
                case "empty":
                    self.send(200, _completion(body, content=None))
                case "rate limit":
                    self.refuse(429, "Too many requests.", {"Retry-After": "7"})
                case "overloaded":
                    self.refuse(503, "Overloaded.")
                case "broken":
                    self.refuse(500, "Something broke.")
                case "too long":
                    self.refuse(
                        400,
                        "This model's maximum context length is 8192 tokens.",
                        code="context_length_exceeded",
                    )
                case "no json":
                    self.send(200, "<html>a proxy's page</html>")
                case "hang":
                    server.released.wait()
                    self.close_connection = True
                case "hang up":
                    self.close_connection = True

        def refuse(self, status, message, headers=None, code=None):
            error = {"message": message, "type": "error", "code": code}
            self.send(status, {"error": error}, headers)

        def send(self, status, content, headers=None):
            text = content if isinstance(content, str) else json.dumps(content)
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args):
            pass  # the default writes to stderr

    return Handler


def _completion(body, content=""):
    messages = [Message.of(m["role"], m["content"]) for m in body["messages"]]
    answer = Offline().complete(messages, rollout=0, params={})
    text = answer.text if content == "" else content
    return {
        "id": "completion-1",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
            }
        ],
        "usage": {
            "prompt_tokens": answer.tokens_in,
            "completion_tokens": answer.tokens_out,
            "total_tokens": answer.tokens_in + answer.tokens_out,
        },
    }
