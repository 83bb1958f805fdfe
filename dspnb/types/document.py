"""A text that a model may cite, as the input of a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from dspnb.errors import UsageError
from dspnb.lm.base import Attachment

from .media import in_words, shortened
from .validated import Validated


@dataclass(frozen=True, repr=False)
class Document(Validated):
    """A text with a title, to be cited from; `context` says more about it, and is not cited.

    >>> Document("Rain fell on Monday.", title="Weather")
    Document(Weather, 20 B)
    """

    text: str
    title: str = ""
    context: str = ""

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "title": {"type": "string"},
            "context": {"type": "string"},
        },
        "required": ["text"],
    }

    def __post_init__(self) -> None:
        for name in ("text", "title", "context"):
            if not isinstance(getattr(self, name), str):
                raise UsageError(
                    f"The `{name}` of a `Document` is a text; "
                    f"got {shortened(repr(getattr(self, name)))}."
                )

    @classmethod
    def read(cls, value: Any) -> Self:
        """A document from its text, or from a dict of its parts."""
        match value:
            case str():
                return cls(value)
            case {"text": text} | {"data": text}:
                return cls(text, value.get("title") or "", value.get("context") or "")
        raise UsageError(f"A `Document` is made of a text; got {shortened(repr(value))}.")

    def plain(self) -> dict[str, str]:
        """As JSON: what is not empty, and the text."""
        rest = {"title": self.title, "context": self.context}
        return {"text": self.text} | {name: part for name, part in rest.items() if part}

    def attachment(self) -> Attachment:
        """As it goes to a model that cites by itself."""
        rest = {"title": self.title, "context": self.context}
        part = {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": self.text},
            **{name: value for name, value in rest.items() if value},
            "citations": {"enabled": True},
        }
        return Attachment("document", part, self._label())

    def _label(self) -> str:
        size = in_words(len(self.text.encode(errors="surrogatepass")))
        return ", ".join(filter(None, [shortened(self.title), size]))

    def __repr__(self) -> str:
        return f"Document({self._label()})"
