"""Which of our errors a broken connection is, by the exceptions that tell of it."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import Literal

from dspnb.errors import (
    ConnectionLost,
    LMError,
    ServerFailed,
    TimedOut,
    TransportError,
    Unreachable,
)


@dataclass(frozen=True)
class Broken:
    """A connection that was not made, or not kept."""

    kind: type[LMError]
    said: str  # what the exception says, which may hold a key
    why: Literal["", "certificate", "tls", "address"] = ""  # what needs its own advice


def broken(error: BaseException) -> Broken | None:
    """What happened to the connection; None when nothing in the exception is about one.

    Exceptions of other packages are known by name, so that none of these is imported.

    >>> broken(ConnectionResetError(104, "Connection reset by peer")).kind.__name__
    'ConnectionLost'
    """
    causes = _chain(error)
    for cause in causes:
        if "SSLCertVerificationError" in _names(cause):
            return Broken(Unreachable, _told(cause), "certificate")
    late: Broken | None = None
    for cause in causes:
        for name in _names(cause):
            if name in _ANSWERED:
                return late
            if name in _TIMEOUTS:  # of what, the exception behind it says
                late = late or Broken(TimedOut, _told(cause))
                break
            if name == "OSError":
                return Broken(_of_number(cause), _told(cause))
            if kind := _KINDS.get(name):
                tls = kind is Unreachable and any("SSLError" in _names(one) for one in causes)
                address = name in _NOT_AN_ADDRESS
                return Broken(kind, _told(cause), "tls" if tls else "address" if address else "")
    return late


_NOT_AN_ADDRESS = {"UnsupportedProtocol", "InvalidURL", "NonHttpUrlClientError"}
_UNREACHABLE = {
    "ConnectionRefusedError", "gaierror", "SSLError",
    "ConnectError", "ConnectTimeout", "ProxyError",  # httpx
    "ClientConnectorError", "ConnectionTimeoutError",  # aiohttp
    "EndpointConnectionError", "ConnectTimeoutError",  # botocore
    *_NOT_AN_ADDRESS,
}  # fmt: skip
_TIMED_OUT = {
    "TimeoutError", "TimeoutException", "ServerTimeoutError", "ReadTimeoutError",
}  # fmt: skip
_TIMEOUTS = {"APITimeoutError", "Timeout"}  # of openai and litellm
_LOST = {
    "ConnectionError", "EOFError", "SSLEOFError", "SSLZeroReturnError",
    "NetworkError", "ProtocolError", "StreamError", "TransportError", "RequestError",  # httpx
    "ClientConnectionError", "ClientPayloadError",  # aiohttp
}  # fmt: skip
_NONSENSE = {"NoHTTP", "TooManyRedirects", "DecodingError"}
_KINDS: dict[str, type[LMError]] = {
    **dict.fromkeys(_UNREACHABLE, Unreachable),
    **dict.fromkeys(_TIMED_OUT, TimedOut),
    **dict.fromkeys(_LOST, ConnectionLost),
    **dict.fromkeys(_NONSENSE, ServerFailed),
}
_ANSWERED = {"HTTPStatusError", "ClientResponseError"}  # the connection was good

_NO_WAY = {
    errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL,
}  # fmt: skip


def _of_number(error: BaseException) -> type[LMError]:
    number = getattr(error, "errno", None)
    if number in _NO_WAY or (number is None and "connect call failed" in str(error).lower()):
        return Unreachable  # asyncio tried several addresses, and then there is no number
    return TransportError if number in (errno.EMFILE, errno.ENFILE) else ConnectionLost


def _chain(error: BaseException) -> list[BaseException]:
    """The error and those behind it, each once."""
    found: list[BaseException] = []
    left: list[BaseException | None] = [error]
    while left:
        cause = left.pop(0)
        if cause is None or any(cause is one for one in found):
            continue
        found.append(cause)
        left.append(cause.__cause__ or cause.__context__)
        if isinstance(cause, BaseExceptionGroup):
            left.extend(cause.exceptions)
    return found


def _names(error: BaseException) -> list[str]:
    """The names of the error's class and of those it was made from, the nearest first."""
    return [kind.__name__ for kind in type(error).__mro__]


def _told(error: BaseException) -> str:
    """What an exception says; its name when it says nothing."""
    return str(getattr(error, "strerror", None) or error).strip() or type(error).__name__
