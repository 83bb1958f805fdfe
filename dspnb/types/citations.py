"""Which words of which document an answer rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, overload

from dspnb.errors import UsageError

from .document import Document
from .media import shortened
from .validated import Validated


@dataclass(frozen=True)
class Citation(Validated):
    """Words of a document, as they stand there."""

    quote: str
    document: int = 0  # its place among the documents of the call, from 0
    title: str = ""
    start: int | None = None  # in characters of the document's text; None when not known
    end: int | None = None  # the character after the last

    json_schema: ClassVar[dict[str, Any]] = {  # a model cannot count characters
        "type": "object",
        "properties": {
            "quote": {"type": "string"},
            "document": {"type": "integer"},
            "title": {"type": "string"},
        },
        "required": ["quote"],
    }

    @classmethod
    def read(cls, value: Any) -> Self:
        """A citation from its quote, from a dict of its parts, or as Anthropic writes one."""
        match value:
            case str():
                return cls(value)
            case {"quote": str(quote)}:
                names = ("document", "title", "start", "end")
            case {"cited_text": str(quote)}:
                names = ("document_index", "document_title", "start_char_index", "end_char_index")
            case _:
                raise UsageError(
                    "A citation is written `{'quote': ..., 'document': 0}`; "
                    f"got {shortened(repr(value))}."
                )
        document, title, start, end = (value.get(name) for name in names)
        if not isinstance(title, str | None) or not all(
            isinstance(number, int | None) for number in (document, start, end)
        ):
            raise UsageError(
                "In a citation, `document`, `start` and `end` are whole numbers and `title` is a "
                f"text; got {shortened(repr(value))}."
            )
        return cls(quote, document or 0, title or "", start, end)

    def plain(self) -> dict[str, Any]:
        """As JSON: what is known."""
        parts = {"title": self.title, "start": self.start, "end": self.end}
        known = {name: part for name, part in parts.items() if part not in ("", None)}
        return {"quote": self.quote, "document": self.document, **known}


@dataclass(frozen=True, init=False)
class Citations(Validated, Sequence[Citation]):
    """The citations of an answer, in order.

    >>> citations = Citations(["Rain fell.", "Snow fell."])
    >>> citations.missing([Document("On Monday,  Rain\\nfell.")])
    Citations(citations=(Citation(quote='Snow fell.', document=0, title='', start=None, end=None),))
    """

    citations: tuple[Citation, ...]

    json_schema: ClassVar[dict[str, Any]] = {"type": "array", "items": Citation.json_schema}

    def __init__(self, citations: Iterable[Any] = ()) -> None:
        if isinstance(citations, str | bytes | Mapping) or not isinstance(citations, Iterable):
            raise UsageError(f"`Citations` are made of a list; got {shortened(repr(citations))}.")
        object.__setattr__(self, "citations", tuple(map(_citation, citations)))

    @classmethod
    def read(cls, value: Any) -> Self:
        """Citations from a list, or from a dict that has it under `citations`."""
        match value:
            case {"citations": citations}:
                return cls(citations)
        return cls(value)

    def plain(self) -> list[dict[str, Any]]:
        """As JSON."""
        return [citation.plain() for citation in self.citations]

    def missing(self, documents: Iterable[Document | str]) -> Citations:
        """Those whose quote stands in none of the documents, however its whitespace is set."""
        texts = [_normalised(doc if isinstance(doc, str) else doc.text) for doc in documents]
        return Citations(
            citation
            for citation in self.citations
            if not (quote := _normalised(citation.quote))
            or not any(quote in text for text in texts)
        )

    @overload
    def __getitem__(self, index: int) -> Citation: ...
    @overload
    def __getitem__(self, index: slice) -> Citations: ...
    def __getitem__(self, index: int | slice) -> Citation | Citations:
        found = self.citations[index]
        return found if isinstance(found, Citation) else Citations(found)

    def __iter__(self) -> Iterator[Citation]:
        return iter(self.citations)

    def __len__(self) -> int:
        return len(self.citations)


def _citation(value: Any) -> Citation:
    return value if isinstance(value, Citation) else Citation.read(value)


def _normalised(text: str) -> str:
    return " ".join(text.split())
