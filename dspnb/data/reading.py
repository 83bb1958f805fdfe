"""Rows from text: CSV, JSON lines, a JSON list or a Markdown table. Errors name the line."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dspnb.errors import UsageError

Rows = list[dict[str, Any]]


def read_file(path: Path) -> Rows:
    """The rows of a file; its ending tells the format."""
    readers: dict[str, Callable[[str, str], Rows]] = {
        ".jsonl": _json_lines,
        ".ndjson": _json_lines,
        ".json": _json,
        ".csv": _csv,
        ".tsv": _tsv,
        ".md": _markdown,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(
            f"`{path}` has the ending {path.suffix!r}; "
            f"examples are read from {', '.join(readers)} files."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"`{path}` could not be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise UsageError(f"`{path}`, line {line}: this is not UTF-8 text.") from None
    return reader(text, f"`{path}`")


def read_text(text: str, where: str = "the text") -> Rows:
    """The rows in a text; its first character tells the format."""
    match text.lstrip()[:1]:
        case "{":
            return _json_lines(text, where)
        case "[":
            return _json(text, where)
        case "|":
            return _markdown(text, where)
    return _csv(text, where)


def _json_lines(text: str, where: str) -> Rows:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):  # JSON may hold other line separators
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{where}, line {number}: this is not JSON, {error}.") from None
        rows.append(_object(row, f"{where}, line {number}"))
    return rows


def _json(text: str, where: str) -> Rows:
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{where}, line {error.lineno}: this is not JSON, {error.msg}.") from None
    if not isinstance(rows, list):
        raise UsageError(f"{where}: a JSON file of examples holds a list of objects.")
    return [_object(row, f"{where}, item {i}") for i, row in enumerate(rows)]


def _object(row: Any, where: str) -> dict[str, Any]:
    if isinstance(row, dict) and row:
        return row
    raise UsageError(
        f'{where}: a row is an object such as {{"question": "..."}}; got {str(row)[:60]!r}.'
    )


def _csv(text: str, where: str, delimiter: str = ",") -> Rows:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True, strict=True)
    lines, first = [], 1  # a row's first line: a quote that never closes reaches to the end
    try:
        for cells in reader:
            if cells:
                lines.append((first, cells))
            first = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{where}, line {first}: this is not CSV, {error}.") from None
    return _table(lines, where)


def _tsv(text: str, where: str) -> Rows:
    return _csv(text, where, delimiter="\t")


def _markdown(text: str, where: str) -> Rows:
    lines: list[tuple[int, list[str]]] = []
    ruled = False  # whether the line under the header was there
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped:
            continue
        if len(lines) == 1 and not ruled and re.fullmatch(r"[|:\-\s]+", stripped):
            ruled = True
            continue
        if not stripped.startswith("|"):
            raise UsageError(f"{where}, line {number}: a table's line starts with `|`.")
        cells = re.split(r"(?<!\\)\|", stripped.removeprefix("|").removesuffix("|"))
        lines.append((number, [cell.strip().replace("\\|", "|") for cell in cells]))
    return _table(lines, where)


def _table(lines: list[tuple[int, list[str]]], where: str) -> Rows:
    """Rows from a header and its lines; columns of numbers or truths get their type."""
    if len(lines) < 2:
        raise UsageError(f"{where}: a table needs a line of names and at least one row.")
    (_, names), *body = lines
    names = [name.strip() for name in names]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"{where}: the column `{twice}` stands twice.")
    for number, cells in body:
        if len(cells) != len(names):
            raise UsageError(
                f"{where}, line {number}: {len(cells)} cells, but the header names {len(names)}."
            )
    columns = zip(*(cells for _, cells in body), strict=True)
    typed = [_typed([cell.strip() for cell in column]) for column in columns]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*typed, strict=True)]


def _typed(column: list[str]) -> list[Any]:
    """Truths and numbers when every cell is one; a number with leading zeros is text."""
    if all(cell.lower() in ("true", "false") for cell in column):
        return [cell.lower() == "true" for cell in column]
    if all(re.fullmatch(r"-?(0|[1-9]\d*)", cell) for cell in column):
        return [int(cell) for cell in column]
    if all(re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", cell) for cell in column):
        return [float(cell) for cell in column]
    return list(column)
