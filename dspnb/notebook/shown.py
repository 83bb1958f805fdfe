"""Values of fields as HTML, wherever they stand: in a table, a card, or alone in a cell.

What a model wrote must not fetch anything when a notebook is opened, so an address is a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dspnb.adapters.values import to_text
from dspnb.types import (
    Audio,
    Citation,
    Citations,
    Code,
    Document,
    File,
    History,
    Image,
    Tool,
    ToolCalls,
    ToolResult,
    ToolResults,
)
from dspnb.types.table import is_table, table_columns, table_rows

from .markup import code, fold, kept, link, listing, table
from .pictures import small
from .text import attribute, esc, short

MOST_ROWS = 10  # of a table inside another object's display
LONGEST_AUDIO = 2_000_000  # characters of base64, in a table
THUMBNAIL = 60_000  # characters of a picture's data URI, in a table
LARGEST = 10_000_000  # of a picture by itself
LONG = 600  # characters of a document that is shown without being unfolded
MIMES = {"mp3": "mpeg", "wav": "wav", "ogg": "ogg", "flac": "flac"}
RICH = (
    *(Image, Audio, File, Document, Citation, Citations, Code, History),
    *(Tool, ToolCalls, ToolResult, ToolResults),
)


def shown(value: Any, limit: int | None = None) -> str:
    """A value as part of another object's display; a text longer than `limit` is cut."""
    match value:
        case Image():
            return thumbnail(value)
        case Audio():
            return audio(value, LONGEST_AUDIO)
        case Code():
            return code(value if limit is None else value[:limit])
        case File():
            return esc(repr(value))
        case Document():
            return document(value)
        case Citation():
            return citations(Citations([value]))
        case Citations():
            return citations(value)
        case History():
            return history(value)
        case Tool():
            return f"<code>{esc(value.name)}</code>"
        case ToolCalls():
            return tool_calls(value)
        case ToolResult():
            return tool_results(ToolResults([value]))
        case ToolResults():
            return tool_results(value)
        case Mapping() if any(map(_is_rich, value.values())):
            return fields(value)
        case list() | tuple() if any(map(_is_rich, value)):
            return listing(shown(item, limit) for item in value)
    if is_table(value):
        return frame(value)
    text = to_text(value)
    return kept(text) if limit is None else esc(short(text, limit))


def fields(values: Mapping[str, Any], limit: int | None = None) -> str:
    """Named values, one in a row."""
    return table(
        ["", ""], ([f"<b>{esc(name)}</b>", shown(value, limit)] for name, value in values.items())
    )


def thumbnail(value: Image) -> str:
    """A small picture, or the address of one."""
    if not value.url.startswith("data:"):
        return link(value.url)
    url = small(value.url, THUMBNAIL, side=320)
    return _img(url, value, "max-height:160px;max-width:240px") if url else esc(repr(value))


def image(value: Image) -> str:
    """A picture by itself; this one is fetched, because someone asked for it."""
    if value.url.startswith("data:"):
        url = small(value.url, LARGEST, side=2000)
        return f"<p>{_img(url, value, 'max-width:100%') if url else esc(repr(value))}</p>"
    return f"<p>{_img(value.url, value, 'max-width:100%')}</p><p>{link(value.url)}</p>"


def audio(value: Audio, longest: int = 20_000_000) -> str:
    """A player, unless the recording is too large to stand in a page."""
    if len(value.data) > longest:
        return esc(repr(value))
    mime = MIMES.get(value.format, value.format)
    source = attribute(f"data:audio/{mime};base64,{value.data}")
    return f'<audio controls preload="metadata" src="{source}"></audio><br>{esc(repr(value))}'


def file(value: File) -> str:
    """Its name, kind and size."""
    return f"<p>{esc(repr(value))}</p>"


def document(value: Document) -> str:
    """Its title and text; a long text folds out."""
    title = f"<b>{esc(value.title)}</b>" if value.title else ""
    context = f"<p>{kept(value.context)}</p>" if value.context else ""
    if len(value.text) > LONG:
        head = title or esc(short(value.text, 80))
        return fold(f"{head} · {esc(repr(value))}", f"{context}<p>{kept(value.text)}</p>")
    return f"{f'<p>{title}</p>' if title else ''}{context}<p>{kept(value.text)}</p>"


def citations(value: Citations) -> str:
    """The quotes, and where they stand."""
    if not value.citations:
        return "no citations"
    rows = (
        [f"“{kept(each.quote)}”", esc(each.title) or f"document {each.document}", _place(each)]
        for each in value
    )
    return table(["quote", "from", "characters"], rows)


def source_code(value: Code) -> str:
    """The code, and its language."""
    return f"<p>{esc(value.language)}</p>{code(value)}"


def history(value: History) -> str:
    """The turns, numbered."""
    if not value.messages:
        return "no turns"
    return table(["", "field", "value"], _turns(value))


def tool(value: Tool) -> str:
    """Name, description and arguments."""
    rows = [
        [
            f"<b>{esc(name)}</b>",
            f"<code>{esc(_schema_words(schema))}</code>",
            esc(repr(schema["default"])) if "default" in schema else "",
            esc(schema.get("description", "")),
        ]
        for name, schema in value.args.items()
    ]
    arguments = table(["argument", "type", "default", "description"], rows)
    desc = f"<p>{kept(value.desc)}</p>" if value.desc else ""
    return f"<p><b>{esc(value.name)}</b></p>{desc}{arguments if rows else '<p>no arguments</p>'}"


def tool_calls(value: ToolCalls) -> str:
    """Which tools are to be called, with what."""
    if not value.calls:
        return "no tool calls"
    return table(
        ["tool", "arguments"],
        ([f"<code>{esc(call.name)}</code>", _arguments(call.args)] for call in value),
    )


def tool_results(value: ToolResults) -> str:
    """What came of each call."""
    rows = (
        [
            f"<code>{esc(result.call.name)}</code>",
            _arguments(result.call.args),
            f"{'<b>error:</b> ' if result.is_error else ''}{shown(result.value, 2000)}",
        ]
        for result in value
    )
    return table(["tool", "arguments", "result"], rows) if value.results else "no results"


def frame(value: Any) -> str:
    """The first rows of a data frame."""
    columns, size = table_columns(value), len(value)
    rows = table_rows(value, MOST_ROWS)
    body = table(
        [name for name, _ in columns], ([esc(short(cell)) for cell in row] for row in rows)
    )
    more = f"{size:,} rows, the first {len(rows)} shown" if size > len(rows) else ""
    return f"{body}{more}"


def _is_rich(value: Any) -> bool:
    return isinstance(value, RICH) or is_table(value)


def _img(url: str, value: Image, style: str) -> str:
    return (
        f'<img src="{attribute(url)}" alt="{attribute(repr(value))}" '
        f'referrerpolicy="no-referrer" style="{style}">'
    )


def _place(citation: Citation) -> str:
    return "" if citation.start is None else f"{citation.start} to {citation.end}"


def _turns(value: History) -> list[list[str]]:
    rows = []
    for number, turn in enumerate(value, 1):
        if "role" in turn and "content" in turn:
            turn = {str(turn["role"]): turn["content"]}
        for i, (name, content) in enumerate(turn.items()):
            rows.append(["" if i else str(number), f"<b>{esc(name)}</b>", shown(content)])
    return rows


def _schema_words(schema: Mapping[str, Any]) -> str:
    """A JSON schema in a word or two.

    >>> _schema_words({"type": "array", "items": {"type": "string"}})
    'array of string'
    """
    match schema:
        case {"type": "array", "items": dict(items)}:
            return f"array of {_schema_words(items)}"
        case {"enum": [*values]}:
            return " or ".join(map(repr, values))
        case {"anyOf": [*options]}:
            return " or ".join(map(_schema_words, options))
        case {"type": str(name)}:
            return name
    return "any"


def _arguments(args: Mapping[str, Any]) -> str:
    return "<br>".join(f"<b>{esc(name)}</b> {shown(value, 500)}" for name, value in args.items())
