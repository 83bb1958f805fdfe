"""A file, such as a PDF, as the input of a program."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from dspnb.errors import UsageError
from dspnb.lm.base import Attachment

from .fetch import read_file
from .media import from_uri, mime_of, shortened, size_of, to_uri
from .validated import Validated

_OFFICE = "application/vnd.openxmlformats-officedocument"
# Python's own table depends on the version and the machine, and is read from the disk.
MIMES = {
    ".csv": "text/csv",
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".htm": "text/html",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".py": "text/x-python",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".xml": "application/xml",
}


@dataclass(frozen=True, init=False, repr=False)
class File(Validated):
    """A file that a model reads: its content as a data URI, or the id a provider knows it by.

    Making one reads no disk; `from_file` does. Raises `UsageError` for neither or both.

    >>> File.from_bytes(b"%PDF-1.7", "report.pdf")
    File(report.pdf, application/pdf, 8 B)
    >>> File.from_id("file-abc")
    File(id 'file-abc')
    """

    file_data: str  # a data URI, or empty
    filename: str
    file_id: str

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {
            "file_data": {"type": "string"},
            "filename": {"type": "string"},
            "file_id": {"type": "string"},
        },
    }

    def __init__(self, file_data: str = "", *, filename: str = "", file_id: str = "") -> None:
        if not all(isinstance(part, str) for part in (file_data, filename, file_id)):
            raise UsageError(
                "A `File` is made of texts: a data URI, or `file_id=`. "
                "Bytes become one by `File.from_bytes(data, filename)`."
            )
        if bool(file_data) == bool(file_id):
            raise UsageError("A `File` has either content or a `file_id`.")
        if file_data and file_data[:5].lower() != "data:":
            raise UsageError(
                f"A `File` is made of a data URI; got {shortened(file_data)!r}. "
                f'If that is a file, use `File.from_file("{shortened(file_data)}")`.'
            )
        object.__setattr__(self, "file_data", file_data and to_uri(*from_uri(file_data)))
        object.__setattr__(self, "filename", filename)
        object.__setattr__(self, "file_id", file_id)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """The content of a file, under its name."""
        return cls.from_bytes(read_file(path), Path(path).name)

    @classmethod
    def from_bytes(cls, data: bytes, filename: str) -> Self:
        """Content and name; the name's ending tells what kind of file it is."""
        if not data:
            raise UsageError(f"The file `{filename}` is empty.")
        mime = MIMES.get(Path(filename).suffix.lower()) or mime_of(data)
        return cls(to_uri(data, mime or "application/octet-stream"), filename=filename)

    @classmethod
    def from_id(cls, file_id: str) -> Self:
        """A file that the provider already has."""
        return cls(file_id=file_id)

    @classmethod
    def read(cls, value: Any) -> Self:
        """A file from a data URI, or from a dict of the constructor's arguments."""
        match value:
            case str():
                return cls(value)
            case {"file_data": _} | {"file_id": _}:
                names = ("file_data", "filename", "file_id")
                return cls(**{name: value.get(name) or "" for name in names})
        raise UsageError(
            "A `File` is made by `File.from_file(path)`, `File.from_bytes(data, filename)` or "
            f"`File.from_id(file_id)`; got {shortened(repr(value))}."
        )

    def plain(self) -> dict[str, str]:
        """As JSON, and as the protocol of OpenAI has it: what is not empty."""
        parts = {"file_data": self.file_data, "filename": self.filename, "file_id": self.file_id}
        return {name: value for name, value in parts.items() if value}

    def attachment(self) -> Attachment:
        """As it goes to a model."""
        return Attachment("file", {"type": "file", "file": self.plain()}, self._label())

    def _label(self) -> str:
        if self.file_id:
            parts = [self.filename, f"id {self.file_id!r}"]
        else:
            mime = self.file_data[len("data:") : self.file_data.index(";")]
            parts = [self.filename, mime, size_of(self.file_data)]
        return ", ".join(filter(None, parts))

    def __repr__(self) -> str:
        return f"File({self._label()})"
