"""Reading a file from the disk or from the network: nothing else here does either."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dspnb.errors import UsageError

from .media import in_words, shortened

if TYPE_CHECKING:
    from urllib.request import OpenerDirector, Request

LIMIT = 50_000_000  # bytes: more than any provider takes
PIECE = 1 << 16
WEB = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)


def is_web(url: str) -> bool:
    """Whether this is an address that begins with http:// or https://, and is complete.

    >>> is_web("https://example.org/a.png"), is_web("file:///etc/passwd"), is_web("https://")
    (True, False, False)
    """
    return WEB.fullmatch(url) is not None


def read_file(path: str | os.PathLike[str]) -> bytes:
    """A file's bytes. Raises `UsageError` when it cannot be read, is empty or is too large."""
    try:
        with Path(path).expanduser().open("rb") as file:
            data = file.read(LIMIT + 1)
    except (OSError, ValueError, RuntimeError) as error:  # a null byte; a `~` of nobody
        raise UsageError(f"`{path}` could not be read: {_reason(error)}.") from None
    if len(data) > LIMIT:
        raise UsageError(f"`{path}` has more than {in_words(LIMIT)}; use a smaller file.")
    if not data:
        raise UsageError(f"`{path}` is empty.")
    return data


def read_url(url: str, timeout: float) -> bytes:
    """What an address on the web holds.

    Raises `UsageError` for another kind of address, an error of the server, too much data, and
    when the server does not answer, or is not done, after `timeout` seconds.
    """
    if not is_web(url):
        raise UsageError(
            f"Only addresses with http:// or https:// are fetched; got {shortened(url)!r}."
        )
    import http.client

    ends = time.monotonic() + timeout
    try:
        with _opener().open(_request(url), timeout=timeout) as response:
            announced = response.headers.get("Content-Length")
            data = _all_of(response, url, timeout, ends)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise UsageError(
            f"{shortened(url)!r} could not be fetched: {_reason(error, timeout)}."
        ) from None
    if announced and announced.isdecimal() and len(data) < int(announced):
        raise UsageError(f"{shortened(url)!r} could not be fetched: the connection was cut.")
    if not data:
        raise UsageError(f"{shortened(url)!r} holds nothing.")
    return data


def _opener() -> OpenerDirector:
    """An opener that knows HTTP only, so that no redirect leads to a file or another protocol."""
    from urllib import request

    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler,
        request.HTTPHandler,
        request.HTTPSHandler,
        request.HTTPRedirectHandler,
        request.HTTPDefaultErrorHandler,
        request.HTTPErrorProcessor,
        request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _request(url: str) -> Request:
    from urllib import parse, request

    # Some large sites turn urllib's own name away.
    return request.Request(
        parse.quote(url, safe="%/:=&?~#+!$,;'@()*[]"), headers={"User-Agent": "dspnb"}
    )


def _all_of(response: BinaryIO, url: str, timeout: float, ends: float) -> bytes:
    data = bytearray()
    read = getattr(response, "read1", response.read)  # does not wait until a piece is full
    while piece := read(PIECE):
        data += piece
        if len(data) > LIMIT:
            raise UsageError(
                f"{shortened(url)!r} has more than {in_words(LIMIT)}; use a smaller file."
            )
        if time.monotonic() > ends:
            raise TimeoutError
    return bytes(data)


def _reason(error: Exception, timeout: float = 0.0) -> str:
    from urllib.error import HTTPError, URLError

    match error:
        case HTTPError():
            with error:  # it holds the connection
                return f"the server said {error.code} {error.reason}".rstrip()
        case URLError(reason=Exception() as reason):
            return _reason(reason, timeout)
        case URLError():
            return str(error.reason)
        case TimeoutError():
            return f"no answer within {timeout:g} seconds"
        case OSError() if error.strerror:
            return error.strerror
    return str(error).rstrip(".") or type(error).__name__
