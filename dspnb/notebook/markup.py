"""The few kinds of markup that displays are made of: they read well with no CSS at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dspnb.types.fetch import is_web

from .text import attribute, esc

LEFT = "text-align:left"
WRAP = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"  # not inside of words
PLACE = "text-align:left;vertical-align:top"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Heads are texts, cells HTML. A column with a head and no content is left out."""
    rows = [list(row) for row in rows]
    kept = [i for i, name in enumerate(heads) if not name or any(row[i] for row in rows)]
    heads, rows = [heads[i] for i in kept], [[row[i] for i in kept] for row in rows]
    head = "".join(f'<th style="{LEFT}">{esc(name)}</th>' for name in heads)
    head = f"<thead><tr>{head}</tr></thead>" if any(heads) else ""
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table>{head}<tbody>{body}</tbody></table>"


def fold(summary: str, body: str, *, opened: bool = False) -> str:
    """HTML that folds out under a line of HTML."""
    return f"<details{' open' if opened else ''}><summary>{summary}</summary>{body}</details>"


def listing(items: Iterable[str]) -> str:
    """HTML item by item, indented."""
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def kept(text: object) -> str:
    """A text with its line breaks."""
    return f'<span style="white-space:pre-wrap">{esc(text)}</span>'


def code(text: object) -> str:
    """Source code as a block, and what a model wrote."""
    return f'<pre style="margin:0 0 0.5em;{WRAP}"><code style="{WRAP}">{esc(text)}</code></pre>'


def link(url: str) -> str:
    """An address that is followed only by a click; what is no address on the web stays text."""
    if not is_web(url):
        return esc(url)
    return f'<a href="{attribute(url)}" target="_blank" rel="noopener noreferrer">{esc(url)}</a>'


def _cell(content: str) -> str:
    return f'<td style="{PLACE}">{content}</td>'
