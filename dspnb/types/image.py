"""A picture as the input of a program."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from dspnb.errors import UsageError
from dspnb.lm.base import Attachment

from .fetch import is_web, read_file, read_url
from .foreign import is_of
from .media import from_uri, mime_of, shortened, size_of, to_uri
from .validated import Validated

PNG_MODES = {"1", "L", "LA", "I;16", "P", "RGB", "RGBA"}  # that every Pillow writes as PNG


@dataclass(frozen=True, init=False, repr=False)
class Image(Validated):
    r"""A picture: an address on the web, a data URI, bytes, a Pillow image or a matplotlib figure.

    Making one reads neither disk nor network; `from_file` and `from_url` do. A picture that is
    given by its address is fetched by the provider of the model. Raises `UsageError` for what is
    not a picture.

    >>> Image("https://example.org/cat.png")
    Image('https://example.org/cat.png')
    >>> Image(b"GIF89a\x01\x00\x01\x00")
    Image(image/gif, 10 B)
    """

    url: str  # an address, or a data URI with the picture itself

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {"url": {"type": "string"}},
        "required": ["url"],
    }

    def __init__(self, url: Any) -> None:
        object.__setattr__(self, "url", _url(url))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """The picture in a file: png, jpeg, gif, webp or bmp."""
        return cls(_from_bytes(read_file(path), f"`{path}`"))

    @classmethod
    def from_url(cls, url: str, *, timeout: float = 30.0) -> Self:
        """A picture that is fetched now, within `timeout` seconds, and sent along."""
        return cls(_from_bytes(read_url(url, timeout), repr(shortened(url))))

    @classmethod
    def read(cls, value: Any) -> Self:
        """A picture from anything that the constructor takes."""
        return cls(value)

    def plain(self) -> dict[str, str]:
        """As JSON: its address or its data URI."""
        return {"url": self.url}

    def attachment(self) -> Attachment:
        """As it goes to a model."""
        part = {"type": "image_url", "image_url": {"url": self.url}}
        return Attachment("image", part, self._label())

    def _label(self) -> str:
        if not self.url.startswith("data:"):
            return shortened(self.url)
        mime = self.url[len("data:") : self.url.index(";")]
        return f"{mime}, {size_of(self.url)}"

    def __repr__(self) -> str:
        label = self._label()
        return f"Image({label if self.url.startswith('data:') else repr(label)})"


def _url(source: Any) -> str:
    match source:
        case Image():
            return source.url
        case {"url": str(url)}:
            return _from_text(url)
        case str():
            return _from_text(source)
        case bytes() | bytearray() | memoryview():
            return _from_bytes(bytes(source), "This")
        case os.PathLike():
            raise UsageError(f'A file is read by `Image.from_file("{source}")`.')
    if is_of(source, "PIL", "Image"):
        return to_uri(_png_of_pillow(source), "image/png")
    if is_of(source, "matplotlib", "Figure"):
        return to_uri(_png_of_figure(source), "image/png")
    raise UsageError(
        "An `Image` is made of an address, a data URI, bytes, a Pillow image or a matplotlib "
        f"figure; got {shortened(repr(source))}."
    )


def _from_text(text: str) -> str:
    if is_web(text):
        return text
    if text[:5].lower() == "data:":
        data, mime = from_uri(text)
        if not mime.startswith("image/"):
            raise UsageError(f"An `Image` holds a picture; the data URI is of `{mime}`.")
        return to_uri(data, mime)
    if "://" in text[:20]:
        raise UsageError(
            f"An `Image` has an address with http:// or https://; got {shortened(text)!r}. "
            "A file is read by `Image.from_file(path)`."
        )
    raise UsageError(
        f"An `Image` is made of an address or a data URI; got {shortened(text)!r}. "
        f'If that is a file, use `Image.from_file("{shortened(text)}")`.'
    )


def _from_bytes(data: bytes, where: str) -> str:
    mime = mime_of(data)
    if not mime.startswith("image/"):
        raise UsageError(
            f"{where} is no picture of a known kind: it begins with {data[:12]!r}. "
            "Use png, jpeg, gif, webp or bmp; Pillow opens others."
        )
    return to_uri(data, mime)


def _png_of_pillow(image: Any) -> bytes:
    written = io.BytesIO()
    if image.mode not in PNG_MODES:
        image = image.convert("I;16" if image.mode == "I" else "RGB")
    image.save(written, format="PNG")
    return written.getvalue()


def _png_of_figure(figure: Any) -> bytes:
    written = io.BytesIO()
    figure.savefig(written, format="png", bbox_inches="tight")  # as a notebook shows it
    return written.getvalue()
