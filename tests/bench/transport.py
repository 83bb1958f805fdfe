"""HTTP clients behind the hand-over from a thread to an event loop: microseconds a request.

`transport.py` lists the clients that this Python has; `transport.py CLIENT URL CALLS IN_FLIGHT`
measures one. All run on uvloop where it is installed.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import queue
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from measuring import Clock, tell

MESSAGES = [{"role": "system", "content": "x" * 900}, {"role": "user", "content": "y" * 200}]
BODY = json.dumps({"model": "bench-model", "messages": MESSAGES}).encode()
HEADERS = {"Authorization": "Bearer k", "Content-Type": "application/json"}
Post = Callable[[], Awaitable[bytes]]


async def ours(url: str) -> Post:
    """The client of dspnb itself."""
    from dspnb.lm import http

    client, post = http.Client(), http.Post.to(url, HEADERS)

    async def ask() -> bytes:
        return (await client.send(post, BODY, timeout=60.0)).body

    return ask


async def aiohttp(url: str) -> Post:
    """Without its limit of 100 connections."""
    import aiohttp

    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def ask() -> bytes:
        async with session.post(url, data=BODY, headers=HEADERS) as response:
            return await response.read()

    return ask


async def httpx(url: str) -> Post:
    """Without its limit of 100 connections."""
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    client = httpx.AsyncClient(limits=limits, timeout=60.0)

    async def ask() -> bytes:
        return (await client.post(url, content=BODY, headers=HEADERS)).content

    return ask


async def pyreqwest(url: str) -> Post:
    """Rust's reqwest."""
    from pyreqwest.client import ClientBuilder

    client = ClientBuilder().build()

    async def ask() -> bytes:
        response = await client.post(url).headers(HEADERS).body_bytes(BODY).build().send()
        return bytes((await response.bytes()).to_bytes())

    return ask


CLIENTS = {"ours": ours, "aiohttp": aiohttp, "httpx": httpx, "pyreqwest": pyreqwest}
NEEDED = {"ours": "dspnb.lm.http"}


def main(client: str, url: str, calls: int, in_flight: int) -> None:
    """Tell CPU and wall."""
    loop = _new_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    making = CLIENTS[client](f"{url}/chat/completions")
    post = asyncio.run_coroutine_threadsafe(making, loop).result()
    for _ in range(20):
        _handed_over(loop, post)
    todo, done = iter(range(calls)), queue.SimpleQueue[Any]()
    clock = Clock()
    for _ in range(in_flight):
        threading.Thread(target=_work, args=(todo, done, loop, post), daemon=True).start()
    for _ in range(calls):
        assert "Paris" in done.get()["choices"][0]["message"]["content"]
    tell(**clock.each(calls))


def _work(todo: Any, done: Any, loop: asyncio.AbstractEventLoop, post: Post) -> None:
    for _ in todo:  # an iterator over a range is safe in threads
        done.put(json.loads(_handed_over(loop, post)))


def _handed_over(loop: asyncio.AbstractEventLoop, post: Post) -> bytes:
    """The answer to one request, for a thread that waits."""
    over = threading.Lock()  # the cheapest thing to wait for
    over.acquire()
    answers: list[bytes] = []
    tasks: set[asyncio.Task[None]] = set()  # a loop by itself does not hold on to its tasks

    async def ask() -> None:
        try:
            answers.append(await post())
        finally:
            over.release()

    loop.call_soon_threadsafe(lambda: tasks.add(loop.create_task(ask())))
    over.acquire()
    return answers[0]


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def _installed(client: str) -> bool:
    try:
        return importlib.util.find_spec(NEEDED.get(client, client)) is not None
    except ModuleNotFoundError:  # the package around it
        return False


if __name__ == "__main__":
    if len(sys.argv) == 1:
        tell(clients=[client for client in CLIENTS if _installed(client)])
    else:
        main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
