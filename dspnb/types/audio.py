"""A recording as the input of a program."""

from __future__ import annotations

import base64
import io
import os
import wave
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from dspnb.errors import UsageError
from dspnb.lm.base import Attachment

from .fetch import is_web, read_file, read_url
from .foreign import is_of
from .media import from_uri, mime_of, shortened, size_of, to_uri
from .validated import Validated

FORMATS = {"mpeg": "mp3", "wave": "wav", "vnd.wave": "wav"}  # what providers call a mime type


@dataclass(frozen=True, init=False, repr=False)
class Audio(Validated):
    r"""A recording: a data URI, bytes (wav, mp3, ogg or flac), or an array of samples.

    An array has float samples from -1 to 1 or int16 ones, `sampling_rate` of them a second; a
    second dimension holds channels. Making a recording reads neither disk nor network; `from_file`
    and `from_url` do. Raises `UsageError` for what is not a recording.

    >>> Audio(b"fLaC" + bytes(2000))
    Audio(flac, 2 kB)
    """

    data: str  # base64
    format: str  # "wav", "mp3", ...

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {"data": {"type": "string"}, "format": {"type": "string"}},
        "required": ["data", "format"],
    }

    def __init__(self, source: Any, *, sampling_rate: int = 16000) -> None:
        data, format_ = _content(source, sampling_rate)
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "format", format_)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """The recording in a file: wav, mp3, ogg or flac."""
        return cls(_uri(read_file(path), f"`{path}`"))

    @classmethod
    def from_url(cls, url: str, *, timeout: float = 30.0) -> Self:
        """A recording that is fetched now, within `timeout` seconds, and sent along."""
        return cls(_uri(read_url(url, timeout), repr(shortened(url))))

    @classmethod
    def read(cls, value: Any) -> Self:
        """A recording from anything that the constructor takes."""
        return cls(value)

    def plain(self) -> dict[str, str]:
        """As JSON: its bytes in base64, and their format."""
        return {"data": self.data, "format": self.format}

    def attachment(self) -> Attachment:
        """As it goes to a model."""
        return Attachment(
            "audio", {"type": "input_audio", "input_audio": self.plain()}, f"audio/{self._label()}"
        )

    def _label(self) -> str:
        return f"{self.format}, {size_of(f',{self.data}')}"

    def __repr__(self) -> str:
        return f"Audio({self._label()})"


def _content(source: Any, sampling_rate: int) -> tuple[str, str]:
    """The bytes in base64, and their format."""
    match source:
        case Audio():
            return source.data, source.format
        case {"data": str(data), "format": str(format_)}:
            return _of_uri(f"data:audio/{format_};base64,{data}")
        case str() if source[:5].lower() == "data:":
            return _of_uri(source)
        case str() if is_web(source):
            raise UsageError(
                "A recording is sent along with the prompt; fetch it by "
                f'`Audio.from_url("{shortened(source)}")`.'
            )
        case str() | os.PathLike():
            raise UsageError(
                f"An `Audio` is made of a data URI, bytes or an array; got "
                f"{shortened(str(source))!r}. If that is a file, use "
                f'`Audio.from_file("{shortened(str(source))}")`.'
            )
        case bytes() | bytearray() | memoryview():
            return _of_uri(_uri(bytes(source), "This"))
    if is_of(source, "numpy", "ndarray"):
        return base64.b64encode(_wav(source, sampling_rate)).decode(), "wav"
    raise UsageError(
        f"An `Audio` is made of a data URI, bytes or a numpy array; got {shortened(repr(source))}."
    )


def _of_uri(uri: str) -> tuple[str, str]:
    data, mime = from_uri(uri)
    if not mime.startswith("audio/"):
        raise UsageError(f"An `Audio` holds a recording; the data URI is of `{mime}`.")
    kind = mime.removeprefix("audio/").removeprefix("x-")
    return base64.b64encode(data).decode(), FORMATS.get(kind, kind)


def _uri(data: bytes, where: str) -> str:
    mime = mime_of(data)
    if not mime.startswith("audio/"):
        raise UsageError(
            f"{where} is no recording of a known kind: it begins with {data[:12]!r}. "
            "Use wav, mp3, ogg or flac."
        )
    return to_uri(data, mime)


def _wav(samples: Any, sampling_rate: int) -> bytes:
    if samples.ndim not in (1, 2) or not samples.size:
        raise UsageError(
            "An array of samples has the shape (samples,) or (samples, channels); "
            f"got {samples.shape}."
        )
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    if channels > 16:
        raise UsageError(
            f"An array of samples has the shape (samples, channels); got {samples.shape}, "
            "which would be as many channels. Transpose it, with `.T`."
        )
    if not isinstance(sampling_rate, int) or sampling_rate < 1:
        raise UsageError(
            f"`sampling_rate` is a whole number of samples a second; got {sampling_rate!r}."
        )
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(sampling_rate)
        file.writeframes(_as_int16(samples).astype("<i2").tobytes())
    return written.getvalue()


def _as_int16(samples: Any) -> Any:
    kind = samples.dtype
    if kind.kind == "i" and kind.itemsize == 2:
        return samples
    if kind.kind != "f":
        raise UsageError(f"Samples are floats from -1 to 1, or int16; got an array of `{kind}`.")
    loudest = abs(samples).max()
    if not loudest <= 1:  # also when one is not a number
        raise UsageError(
            f"Float samples are from -1 to 1; got {float(loudest):g}. Divide by the largest."
        )
    return (samples * 32767).round()
