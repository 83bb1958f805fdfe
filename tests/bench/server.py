"""A model server for the benches: a canned answer after a set time, and a count of who asked.

It costs about 40 µs of CPU a request. `GET /stats` gives the counts since the last
`POST /reset?latency=SECONDS`; requests in flight at a reset stay in flight.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import subprocess
import sys
import time
import urllib.parse
from typing import Any

ANSWER = "[[ ## answer ## ]]\n{}\n\n[[ ## completed ## ]]"
WORDS = " ".join(f"word{i % 10}" for i in range(200))
MODEL = {"id": "x", "created": 0, "model": "bench-model"}
USAGE = {"prompt_tokens": 100, "completion_tokens": 12, "total_tokens": 112}


class Server:
    """The server in a process of its own, on a free port. Leaving the block ends it."""

    def __enter__(self) -> Server:
        command = [sys.executable, __file__]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.communicate()


def stats(url: str) -> dict[str, float]:
    """What the server at this address has counted."""
    told: dict[str, float] = json.loads(_asked(url, "GET", "/stats"))
    return told


def reset(url: str, *, latency: float | None = None) -> None:
    """Count from zero; answer after `latency` seconds from now on."""
    _asked(url, "POST", "/reset" if latency is None else f"/reset?latency={latency}")


def _asked(url: str, method: str, path: str) -> bytes:
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc)
    try:
        connection.request(method, path)
        return connection.getresponse().read()
    finally:
        connection.close()


def _response(kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _whole() -> bytes:
    message = {"role": "assistant", "content": ANSWER.format("Paris")}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    told = {**MODEL, "object": "chat.completion", "choices": [choice], "usage": USAGE}
    return _response("application/json", json.dumps(told).encode())


def _streamed() -> bytes:
    """An answer of 200 words in pieces of six characters, each an event in a chunk of its own."""
    text = ANSWER.format(WORDS)
    events = [_event([_piece(text[i : i + 6])]) for i in range(0, len(text), 6)]
    events += [_event([{**_piece(""), "finish_reason": "stop"}]), _event([], usage=USAGE)]
    events += [b"data: [DONE]\n\n", b""]  # the empty chunk is HTTP's own end
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    return head.encode() + b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in events)


def _piece(text: str) -> dict[str, Any]:
    return {"index": 0, "finish_reason": None, "delta": {"role": "assistant", "content": text}}


def _event(choices: list[dict[str, Any]], **more: Any) -> bytes:
    told = {**MODEL, "object": "chat.completion.chunk", "choices": choices, **more}
    return f"data: {json.dumps(told)}\n\n".encode()


WHOLE, STREAMED = _whole(), _streamed()


class _Counts:
    def __init__(self) -> None:
        self.latency = 0.0  # seconds
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        self.total = self.left = 0  # left: who was gone before the answer came
        self.peak = self.in_flight
        self.cpu = time.process_time()

    def told(self) -> bytes:
        cpu = time.process_time() - self.cpu
        names = ("in_flight", "peak", "total", "left")
        counts = {name: getattr(self, name) for name in names}
        return json.dumps({**counts, "cpu_us": 1e6 * cpu / max(1, self.total)}).encode()


class _Connection(asyncio.Protocol):
    def __init__(self, counts: _Counts) -> None:
        self._counts = counts
        self._buffer = b""
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            whole = end + 4 + _length(head)
            if len(self._buffer) < whole:
                return
            body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
            self._heard(head, body)

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._counts.in_flight -= 1
            self._counts.left += 1

    def _heard(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /stats"):
            self._transport.write(_response("application/json", self._counts.told()))
        elif head.startswith(b"POST /reset"):
            self._counts.reset()
            _, told, latency = head.split(b" ", 2)[1].partition(b"latency=")
            if told:
                self._counts.latency = float(latency)
            self._transport.write(_response("text/plain", b""))
        else:
            self._begin(b'"stream": true' in body or b'"stream":true' in body)

    def _begin(self, streaming: bool) -> None:
        counts = self._counts
        counts.total += 1
        counts.in_flight += 1
        counts.peak = max(counts.peak, counts.in_flight)
        answer = STREAMED if streaming else WHOLE
        if counts.latency:
            self._waiting = self._loop.call_later(counts.latency, self._answer, answer)
        else:
            self._answer(answer)

    def _answer(self, answer: bytes) -> None:
        self._waiting = None
        self._counts.in_flight -= 1
        self._transport.write(answer)


def _length(head: bytes) -> int:
    _, told, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if told else 0


async def _serve(port: int, latency: float) -> None:
    counts = _Counts()
    counts.latency = latency
    loop = asyncio.get_running_loop()
    # A backlog of 100, the default, is too short for hundreds who come at once.
    server = await loop.create_server(lambda: _Connection(counts), "127.0.0.1", port, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve until the process is ended; the address is printed first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before an answer")
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=_new_loop()) as runner:
        runner.run(_serve(given.port, given.latency))


def _new_loop() -> Any:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


if __name__ == "__main__":
    main()
