"""A lean HTTP/1.1 client: POST a body, get an answer, keep the connection.

Of the clients that were measured (`tests/bench/transport.py`) the quickest well-kept one, aiohttp,
takes twice the CPU of this. The parser is httptools, which uvicorn uses too.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httptools

IDLE = 50.0  # seconds a connection is kept; routers forget it after a minute at the earliest
CONNECTING = 15.0  # seconds
OnData = Callable[[bytes], object]


class Broken(ConnectionError):
    """The connection ended before the answer did, or what came is no HTTP."""


@dataclass(frozen=True)
class Answer:
    """What a server said. The body is empty when its pieces were passed on as they came."""

    status: int
    headers: dict[str, str] = field(repr=False)  # names in small letters
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Address:
    """Where requests go: `https://api.openai.com/v1/chat/completions`."""

    secure: bool
    host: str
    port: int
    target: str  # path and query

    @classmethod
    def of(cls, url: str) -> Address:
        """Read an address. Raises `ValueError` for what is none.

        >>> Address.of("http://localhost:11434/v1/models")
        Address(secure=False, host='localhost', port=11434, target='/v1/models')
        """
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"an address begins with http:// or https://; got {url!r}")
        secure = parts.scheme == "https"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not target.isascii() or any(c <= " " for c in target):
            target = urllib.parse.quote(target, safe="/?&=%:@!$'()*+,;~")
        return cls(secure, parts.hostname, parts.port or (443 if secure else 80), target)

    @property
    def host_header(self) -> str:
        """The host, with the port where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


@dataclass(frozen=True)
class Post:
    """A request as it goes over the wire, but for its body: built once for many calls."""

    address: Address
    head: bytes = field(repr=False)  # up to the value of Content-Length; holds the key

    @classmethod
    def to(cls, url: str, headers: dict[str, str]) -> Post:
        """Raises `ValueError` for an address or a header that cannot be sent."""
        address = Address.of(url)
        lines = {
            "Host": address.host_header,
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "dspnb",
            **headers,
        }
        for name, value in lines.items():
            if not value.isascii() or not value.isprintable():
                raise ValueError(f"the header `{name}` holds characters that cannot be sent")
        target = address.target
        if not address.secure and (proxy := _proxy(address)):
            target = f"http://{address.host_header}{target}"
            lines |= _proxy_key(proxy)
        told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return cls(address, f"POST {target} HTTP/1.1\r\n{told}Content-Length: ".encode())


class Client:
    """Connections that are kept between requests. To be used from one event loop only."""

    def __init__(self) -> None:
        self._idle: dict[tuple[bool, str, int], list[_Connection]] = {}
        self._tls: ssl.SSLContext | None = None

    async def send(
        self, post: Post, body: bytes, *, timeout: float, on_data: OnData | None = None
    ) -> Answer:
        """The answer; `on_data` gets the body of a good one piece by piece.

        `timeout` is the longest silence in seconds. Raises `OSError`: `TimeoutError`, `Broken`, or
        what the system says of an address that cannot be reached. Cancelled, it closes the
        connection.
        """
        request = post.head + b"%d\r\n\r\n" % len(body) + body
        while True:
            connection = self._kept(post.address)
            fresh = connection is None
            if connection is None:
                connection = await self._connected(post.address)
            try:
                answer = await connection.exchange(request, timeout, on_data)
            except BaseException as error:
                connection.abort()
                if isinstance(error, Broken) and not fresh and not connection.heard:
                    continue  # the server had closed it while it was idle
                raise
            if connection.reusable:
                connection.idle_since = time.monotonic()
                key = (post.address.secure, post.address.host, post.address.port)
                self._idle.setdefault(key, []).append(connection)
            else:
                connection.abort()
            return answer

    def close(self) -> None:
        """Close the connections that are kept."""
        for connections in self._idle.values():
            for connection in connections:
                connection.abort()
        self._idle.clear()

    def _kept(self, address: Address) -> _Connection | None:
        idle = self._idle.get((address.secure, address.host, address.port), [])
        while idle:
            connection = idle.pop()
            if connection.reusable and time.monotonic() - connection.idle_since < IDLE:
                return connection
            connection.abort()
        return None

    async def _connected(self, address: Address) -> _Connection:
        try:
            async with asyncio.timeout(CONNECTING):
                return await self._connect(address)
        except TimeoutError:
            raise ConnectionRefusedError(f"no connection within {CONNECTING:g} s") from None

    async def _connect(self, address: Address) -> _Connection:
        loop = asyncio.get_running_loop()
        proxy = _proxy(address)
        tls: dict[str, Any]
        if proxy is None:
            tls = {"ssl": self._context()} if address.secure else {}
            made = await loop.create_connection(_Connection, address.host, address.port, **tls)
            return made[1]
        try:
            way = Address.of(proxy)
        except ValueError:  # such as SOCKS
            raise ConnectionRefusedError(
                "only proxies of http:// and https:// are spoken"
            ) from None
        tls = {"ssl": self._context()} if way.secure else {}
        _, connection = await loop.create_connection(_Connection, way.host, way.port, **tls)
        if not address.secure:
            return connection
        try:
            return await self._tunnel(connection, address, proxy)
        except BaseException:
            connection.abort()
            raise

    async def _tunnel(self, connection: _Connection, address: Address, proxy: str) -> _Connection:
        """TLS through a proxy."""
        place = f"{address.host}:{address.port}"
        key = "".join(f"{name}: {value}\r\n" for name, value in _proxy_key(proxy).items())
        request = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{key}\r\n"
        answer = await connection.exchange(request.encode(), CONNECTING, None, tunnel=True)
        if answer.status != 200:
            raise ConnectionRefusedError(f"the proxy answers {answer.status}")
        inner = _Connection()
        transport = await asyncio.get_running_loop().start_tls(
            connection.transport, inner, self._context(), server_hostname=address.host
        )
        assert transport is not None
        inner.connection_made(transport)
        return inner

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()  # 30 ms
            import certifi  # where Python finds no certificates of the system: python.org's macOS

            self._tls.load_verify_locations(certifi.where())
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


class _Connection(asyncio.Protocol):
    """One connection, and the exchange that is under way on it."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.reusable = False
        self.heard = False  # something of the present answer has come
        self.idle_since = 0.0
        self._answer: asyncio.Future[Answer] | None = None
        self._on_data: OnData | None = None
        self._tunnel = False

    async def exchange(
        self, request: bytes, timeout: float, on_data: OnData | None, *, tunnel: bool = False
    ) -> Answer:
        """Send a request, and wait for the answer."""
        loop = asyncio.get_running_loop()
        self.heard = self.reusable = False
        self._on_data, self._tunnel, self._patience = on_data, tunnel, timeout
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._status = 0
        self._open_ended = False  # the body ends with the connection
        self._parser = httptools.HttpResponseParser(self)
        self._answer = loop.create_future()
        self._last = loop.time()
        alarm = loop.call_later(timeout, self._too_long)
        self._alarm = alarm
        if self.transport.is_closing():
            raise Broken("the server has closed the connection")
        self.transport.write(request)
        try:
            return await self._answer
        finally:
            self._alarm.cancel()
            self._answer = None

    def abort(self) -> None:
        """Close at once; the server sees it."""
        self.reusable = False
        self.transport.abort()

    # -- asyncio's ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._answer is None:  # nobody has asked
            self.abort()
            return
        self.heard = True
        if self._on_data is not None:
            self._last = asyncio.get_running_loop().time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # the answer to CONNECT: what follows is TLS
        except httptools.HttpParserError as error:
            self._fail(Broken(f"what came is no HTTP: {error}"))

    def eof_received(self) -> None:
        if self._open_ended and self._answer is not None and not self._answer.done():
            self._complete()

    def connection_lost(self, error: Exception | None) -> None:
        self.reusable = False
        self.eof_received()
        self._fail(Broken("the connection was closed before the answer was whole"))

    # -- httptools' --------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        headers = self._headers
        self._open_ended = not ("content-length" in headers or "transfer-encoding" in headers)
        if self._tunnel and self._status == 200:
            self._complete()

    def on_body(self, body: bytes) -> None:
        if self._on_data is not None and self._status == 200:
            self._on_data(body)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._status < 200:  # only a sign of life, such as 102
            self._headers = {}
            return
        self.reusable = self._parser.should_keep_alive()
        self._complete()

    # ----------------------------------------------------------------------------------

    def _complete(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(self._status, self._headers, b"".join(self._body)))

    def _fail(self, error: OSError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _too_long(self) -> None:
        loop = asyncio.get_running_loop()
        left = self._last + self._patience - loop.time()
        if left > 0.001:  # a stream that has moved meanwhile
            self._alarm = loop.call_later(left, self._too_long)
        else:
            self._fail(TimeoutError(f"nothing came for {self._patience:g} s"))


def _proxy(address: Address) -> str | None:
    """The proxy for an address, as the environment or the system says."""
    proxies = urllib.request.getproxies()
    found = proxies.get("https" if address.secure else "http") or proxies.get("all")
    if not found or address.host in ("localhost", "127.0.0.1", "::1"):
        return None
    if urllib.request.proxy_bypass(address.host_header):
        return None
    return found if "://" in found else f"http://{found}"


def _proxy_key(proxy: str) -> dict[str, str]:
    parts = urllib.parse.urlsplit(proxy)
    if not parts.username:
        return {}
    plain = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(plain.encode()).decode()}"}
