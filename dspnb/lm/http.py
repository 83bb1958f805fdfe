"""A lean HTTP/1.1 client: POST a body, get an answer, keep the connection.

Of the clients that were measured (`tests/bench/transport.py`) the quickest well-kept one, aiohttp,
takes twice the CPU of this. The parser is httptools, which uvicorn uses too.
"""

from __future__ import annotations

import asyncio
import base64
import encodings.idna  # noqa: F401  else the first request imports it, in the loop's thread
import os
import ssl
import time
import urllib.parse
import urllib.request
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httptools

IDLE = 50.0  # seconds a connection is kept; routers forget it after a minute at the earliest
CONNECTING = 15.0  # seconds
OnData = Callable[[bytes], object]


class Broken(ConnectionError):
    """The connection ended before the answer did."""


class NoHTTP(OSError):
    """What came is no answer of HTTP."""


@dataclass(frozen=True)
class Answer:
    """What a server said. The body is empty when its pieces were passed on as they came."""

    status: int
    headers: dict[str, str] = field(repr=False)  # names in small letters
    body: bytes = field(repr=False)

    @property
    def good(self) -> bool:
        """Whether it is what was asked for."""
        return 200 <= self.status < 300


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
        # Raises for a name that cannot be looked up, such as one with two dots in a row.
        host = parts.hostname.encode("idna").decode()
        return cls(secure, host, parts.port or (443 if secure else 80), target)

    @property
    def host_header(self) -> str:
        """The host, with the port where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


@dataclass(frozen=True)
class Post:
    """A request as it goes over the wire, but for its body: built once for many calls."""

    address: Address
    proxy: str | None = field(repr=False)  # its address, which may hold a login
    head: bytes = field(repr=False)  # up to the value of Content-Length; holds the key

    @classmethod
    def to(cls, url: str, headers: dict[str, str]) -> Post:
        """Raises `ValueError` for an address or a header that cannot be sent."""
        address = Address.of(url)
        proxy = _proxy(address)
        lines = {
            "Host": address.host_header,
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "dspnb",
            **_login(url, "Authorization"),
            **headers,
        }
        for name, value in lines.items():
            if not value.isascii() or not value.isprintable():
                raise ValueError(f"the header `{name}` holds characters that cannot be sent")
        target = address.target
        if proxy is not None and not address.secure:
            target = f"http://{address.host_header}{target}"
            lines |= _login(proxy, "Proxy-Authorization")
        told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return cls(address, proxy, f"POST {target} HTTP/1.1\r\n{told}Content-Length: ".encode())

    @property
    def way(self) -> tuple[bool, str, int, str | None]:
        """What requests that can share a connection have in common."""
        return self.address.secure, self.address.host, self.address.port, self.proxy


class Client:
    """Connections that are kept between requests. To be used from one event loop only."""

    def __init__(self) -> None:
        # By `Post.way`; those that were used last stand at the end, and are used first.
        self._idle: dict[tuple[bool, str, int, str | None], deque[_Connection]] = {}
        self._contexts: dict[tuple[str | None, ...], ssl.SSLContext] = {}

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
            connection = self._kept(post)
            fresh = connection is None
            if connection is None:
                connection = await self._connected(post)
            try:
                answer = await connection.exchange(request, timeout, on_data)
            except BaseException as error:
                connection.abort()
                if isinstance(error, Broken) and not fresh and not connection.heard:
                    continue  # the server had closed it while it was idle
                raise
            if connection.reusable:
                self._keep(post, connection)
            else:
                connection.abort()
            return answer

    def close(self) -> None:
        """Close the connections that are kept."""
        for connections in self._idle.values():
            for connection in connections:
                connection.abort()
        self._idle.clear()

    def _keep(self, post: Post, connection: _Connection) -> None:
        connection.idle_since = now = time.monotonic()
        idle = self._idle.setdefault(post.way, deque())
        idle.append(connection)
        while now - idle[0].idle_since > IDLE:  # a burst needed more of them than are used now
            idle.popleft().abort()

    def _kept(self, post: Post) -> _Connection | None:
        idle = self._idle.get(post.way)
        while idle:
            connection = idle.pop()
            if connection.reusable and time.monotonic() - connection.idle_since < IDLE:
                return connection
            connection.abort()
        return None

    async def _connected(self, post: Post) -> _Connection:
        try:
            async with asyncio.timeout(CONNECTING):
                return await self._connect(post)
        except TimeoutError:
            raise ConnectionRefusedError(f"no connection within {CONNECTING:g} s") from None
        except RuntimeError as error:  # uvloop's, of a connection that was closed meanwhile
            raise Broken(str(error)) from None

    async def _connect(self, post: Post) -> _Connection:
        loop = asyncio.get_running_loop()
        address, proxy = post.address, post.proxy
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
        host = f"[{address.host}]" if ":" in address.host else address.host
        place = f"{host}:{address.port}"
        lines = {"Host": place, **_login(proxy, "Proxy-Authorization")}
        told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        request = f"CONNECT {place} HTTP/1.1\r\n{told}\r\n"
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
        # Who reads that his certificate is not trusted sets these in the same notebook.
        files = tuple(map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR")))
        context = self._contexts.get(files)
        if context is None:
            context = ssl.create_default_context()  # 30 ms
            import certifi  # where Python finds no certificates of the system: python.org's macOS

            context.load_verify_locations(certifi.where())
            context.set_alpn_protocols(["http/1.1"])
            self._contexts[files] = context
        return context


class _Connection(asyncio.Protocol):
    """One connection, and the exchange that is under way on it."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.reusable = False
        self.heard = False  # something of the present answer has come
        self.idle_since = 0.0
        self._open_ended = False  # the body ends with the connection
        self._answer: asyncio.Future[Answer] | None = None
        self._on_data: OnData | None = None
        self._tunnel = False
        self._parser: Any = None

    async def exchange(
        self, request: bytes, timeout: float, on_data: OnData | None, *, tunnel: bool = False
    ) -> Answer:
        """Send a request, and wait for the answer."""
        self._loop = loop = asyncio.get_running_loop()
        self.heard = self.reusable = False
        self._on_data, self._tunnel, self._patience = on_data, tunnel, timeout
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._status = 0
        self._open_ended = False
        if self._parser is None:  # one serves all answers of a connection that is kept
            self._parser = httptools.HttpResponseParser(self)
        self._answer = loop.create_future()
        self._last = loop.time()
        self._alarm = loop.call_later(timeout, self._too_long)
        try:
            if self.transport.is_closing():
                raise Broken("the server has closed the connection")
            self.transport.write(request)
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
        if not self._asked:
            self.abort()
            return
        self.heard = True
        self._last = self._loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(NoHTTP("the server wants to speak another protocol"))
        except httptools.HttpParserError as error:
            self.reusable = False  # when it is behind a whole answer
            self._fail(NoHTTP(f"what came is no HTTP: {error}"))

    def eof_received(self) -> None:
        if self._open_ended:
            self._complete()

    def connection_lost(self, error: Exception | None) -> None:
        self.reusable = False
        if error is None:
            self.eof_received()
        self._fail(Broken("the connection was closed before the answer was whole"))

    # -- httptools' --------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if not self._asked:
            self.reusable = False  # a second answer to one request: whose would it be?

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        headers = self._headers
        self._open_ended = self._status >= 200 and not (
            "content-length" in headers or "transfer-encoding" in headers
        )
        if self._tunnel and self._status == 200:
            self._complete()

    def on_body(self, body: bytes) -> None:
        if self._on_data is not None and 200 <= self._status < 300:
            self._on_data(body)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._status < 200:  # only a sign of life, such as 102
            self._headers = {}
            return
        if self._asked:
            self.reusable = self._parser.should_keep_alive()
            self._complete()

    # ----------------------------------------------------------------------------------

    @property
    def _asked(self) -> bool:
        return self._answer is not None and not self._answer.done()

    def _complete(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(self._status, self._headers, b"".join(self._body)))

    def _fail(self, error: OSError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _too_long(self) -> None:
        left = self._last + self._patience - self._loop.time()
        if left > 0.001:  # something has come meanwhile
            self._alarm = self._loop.call_later(left, self._too_long)
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


def _login(url: str, header: str) -> dict[str, str]:
    """The header that tells the login of an address, `https://me:secret@example.com`."""
    parts = urllib.parse.urlsplit(url)
    if not parts.username:
        return {}
    plain = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    return {header: f"Basic {base64.b64encode(plain.encode()).decode()}"}
