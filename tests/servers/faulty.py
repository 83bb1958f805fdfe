"""A server of the OpenAI protocol that echoes, misbehaves by chance, and counts what it sees."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from servers import wire
from servers.loopback import chunked, request, reset, response, serving

TOKENS = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}  # of each answer
ERROR = json.dumps({"error": {"message": "not now"}}).encode()


@dataclass
class Server:
    """Answers `You said: ` and the prompt; `faults` maps what it does instead to its probability.

    `busy` and `broken` are answers with status 429 and 500, `reset` and `truncated` break off in
    the middle of one, `hangs` never answers, `slow` sends in pieces with pauses.
    """

    port: int = 0
    faults: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    latency: float = 0.0  # seconds before an answer
    retry_after: str = "0.05"  # what `busy` asks for
    open: int = 0  # connections
    opened: int = 0  # connections so far
    in_flight: int = 0
    peak: int = 0  # of `in_flight`
    asked: list[tuple[float, str]] = field(default_factory=list)  # monotonic seconds, the prompt
    answered: list[tuple[float, str]] = field(default_factory=list)
    left: list[float] = field(default_factory=list)  # when a client left before its answer

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    @property
    def url(self) -> str:
        """What `api_base` is set to."""
        return f"http://127.0.0.1:{self.port}/v1"

    def until(self, seen: Callable[[Server], object], seconds: float = 10.0) -> None:
        """Wait until the server has seen something."""
        end = time.monotonic() + seconds
        while not seen(self):
            assert time.monotonic() < end, self
            time.sleep(0.002)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.open += 1
        self.opened += 1
        try:
            while True:
                body = json.loads((await request(reader))[2])
                self.asked.append((time.monotonic(), body["messages"][-1]["content"]))
                self.in_flight += 1
                self.peak = max(self.peak, self.in_flight)
                try:
                    await self._wait(reader, self.latency)
                    sent, end = await self._answer(reader, writer, body)
                finally:
                    self.in_flight -= 1  # before the end is sent: the client may ask at once
                if end is None:
                    return
                if sent:
                    self.answered.append((time.monotonic(), body["messages"][-1]["content"]))
                writer.write(end)
        finally:
            self.open -= 1

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]
    ) -> tuple[bool, bytes | None]:
        """Whether it is an answer, and its end; None when the connection is to be closed."""
        fault = self._fault()
        if fault == "busy":
            headers = f"Retry-After: {self.retry_after}", "Content-Type: application/json"
            return False, response(ERROR, *headers, status="429 Too Many Requests")
        if fault == "broken":
            return False, response(ERROR, status="500 Internal Server Error")
        if fault == "hangs":
            await self._wait(reader, 3600)
        pieces = _pieces(body)
        if fault in ("reset", "truncated"):
            writer.write(b"".join(pieces)[: sum(map(len, pieces)) // 2])
            if fault == "reset":
                reset(writer)
            return False, None
        if fault == "slow":
            for piece in pieces[:-1]:
                writer.write(piece)
                await self._wait(reader, 0.01)
            pieces = pieces[-1:]
        return True, b"".join(pieces)

    def _fault(self) -> str:
        drawn = self._random.random()
        for name, chance in self.faults.items():
            drawn -= chance
            if drawn < 0:
                return name
        return ""

    async def _wait(self, reader: asyncio.StreamReader, seconds: float) -> None:
        """Wait, and leave when the client does."""
        if not seconds:
            return
        with contextlib.suppress(TimeoutError):
            try:
                async with asyncio.timeout(seconds):
                    await reader.read(1)
            except ConnectionError:
                pass
            self.left.append(time.monotonic())
            raise ConnectionResetError


def _pieces(body: dict[str, Any]) -> list[bytes]:
    """An answer as it goes over the wire."""
    message = {"role": "assistant", "content": f"You said: {body['messages'][-1]['content']}"}
    kind, usage = "chat.completion", {"usage": TOKENS}
    if not body.get("stream"):
        whole = response(json.dumps(wire.whole(body, kind, [message]) | usage).encode())
        return [whole[i : i + 100] for i in range(0, len(whole), 100)]
    events = [*wire.chunks(body, kind, [message]), wire.last_chunk(body, kind, usage)]
    told = [wire.sse(event, named=False) for event in events]
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return [head, *chunked(*told, b"data: [DONE]\n\n")]


@contextlib.contextmanager
def running(**options: Any) -> Iterator[Server]:
    """A server on a free port."""
    server = Server(**options)
    with serving(server.handle) as server.port:
        yield server
