"""Servers on loopback, written as what they do with one connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.contextmanager
def serving(
    handle: Handle, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """The port at which `handle` gets each connection; on a thread and a loop of its own."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)  # clients leave in the middle
    thread = threading.Thread(target=loop.run_forever, name="server", daemon=True)
    thread.start()

    async def handled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await handle(reader, writer)
            writer.close()
        except asyncio.CancelledError:  # the server ends
            writer.transport.abort()

    async def begin() -> asyncio.Server:
        return await asyncio.start_server(handled, host, 0, ssl=tls, backlog=1024)

    async def end(server: asyncio.Server) -> None:
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # so that connections are told that they are lost

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """The first line of a request, its headers by names in small letters, and its body."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if line)
    headers = {name.lower(): value for name, value in headers.items()}
    return first, headers, await reader.readexactly(int(headers.get("content-length", 0)))


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer with its length."""
    told = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {status}\r\n{told}Content-Length: {len(body)}\r\n\r\n".encode() + body


def completion(text: str) -> bytes:
    """A chat completion as a whole answer."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": text}}
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    told = {"object": "chat.completion", "choices": [choice], "usage": usage}
    return response(json.dumps(told).encode(), "Content-Type: application/json")


def chunked(*pieces: bytes) -> Iterator[bytes]:
    """The pieces of a body, and its end."""
    for piece in (*pieces, b""):
        yield b"%x\r\n%b\r\n" % (len(piece), piece)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with an RST."""
    made: socket.socket = writer.get_extra_info("socket")
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
