"""What bytes hold, and how they are written as a text: data URIs, magic numbers, sizes."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from dspnb.errors import UsageError

DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[^;,]*)*),", re.IGNORECASE)
MAGIC = {  # of a file's first bytes, where a dot stands for any byte
    "image/png": rb"\x89PNG\r\n\x1a\n",
    "image/jpeg": rb"\xff\xd8\xff",
    "image/gif": rb"GIF8[79]a",
    "image/webp": rb"RIFF....WEBP",
    "image/bmp": rb"BM........\x00\x00|BM....\x00\x00\x00\x00",
    "audio/wav": rb"RIFF....WAVE",
    "audio/mpeg": rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]",
    "audio/ogg": rb"OggS",
    "audio/flac": rb"fLaC",
}


def mime_of(data: bytes) -> str:
    r"""The kind of a picture or a recording by its first bytes; empty when they tell nothing.

    >>> mime_of(b"GIF89a\x01\x00"), mime_of(b"hello")
    ('image/gif', '')
    """
    for mime, magic in MAGIC.items():
        if re.match(magic, data[:32], re.DOTALL):
            return mime
    return ""


def to_uri(data: bytes, mime: str) -> str:
    """Bytes as a data URI.

    >>> to_uri(b"hello", "text/plain")
    'data:text/plain;base64,aGVsbG8='
    """
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def from_uri(uri: str) -> tuple[bytes, str]:
    """The bytes of a data URI, and their kind. Raises `UsageError` for a broken one.

    >>> from_uri("data:text/plain,a%20b")
    (b'a b', 'text/plain')
    """
    head = DATA_URI.match(uri)
    if not head:
        raise UsageError(
            f"A data URI is written `data:image/png;base64,...`; got {shortened(uri)!r}."
        )
    data = unquote_to_bytes(uri[head.end() :])
    if head[2].lower().endswith(";base64"):
        try:
            data = base64.b64decode(b"".join(data.split()), validate=True)
        except binascii.Error as error:
            raise UsageError(
                f"The base64 of the data URI {shortened(uri)!r} is broken: {error}."
            ) from None
    if not data:
        raise UsageError(f"The data URI {shortened(uri)!r} holds no data.")
    return data, (head[1] or "text/plain").lower()


def size_of(uri: str) -> str:
    """How much a data URI in base64 holds, in words.

    >>> size_of(to_uri(b"x" * 34_000, "image/png"))
    '34 kB'
    """
    text = len(uri) - uri.index(",") - 1
    return in_words(text * 3 // 4 - uri[-2:].count("="))


def in_words(size: int) -> str:
    """A number of bytes for people.

    >>> in_words(999), in_words(1_499), in_words(2_340_000)
    ('999 B', '1 kB', '2.3 MB')
    """
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.0f} kB" if size < 999_500 else f"{size / 1_000_000:.1f} MB"


def shortened(text: str, limit: int = 60) -> str:
    """A text that may be long, cut so that it fits into a line."""
    return text if len(text) <= limit else f"{text[:limit]}…"
