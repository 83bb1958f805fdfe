"""Tables of pandas, polars and Arrow, as text for a prompt and as rows for a display."""

from __future__ import annotations

from typing import Any

from dspnb.errors import UsageError

from .foreign import is_of
from .media import shortened

CELL = 200  # characters of a cell that a prompt shows


def is_table(value: Any) -> bool:
    """Whether this is a data frame or a series of pandas or polars, or a table of Arrow."""
    frames = ("DataFrame", "Series")
    return (
        is_of(value, "pandas", *frames)
        or is_of(value, "polars", *frames)
        or is_of(value, "pyarrow", "Table")
    )


def table_columns(table: Any) -> list[tuple[str, str]]:
    """The name and the type of each column; an index of pandas that has a meaning is one."""
    _check(table)
    if is_of(table, "pyarrow", "Table"):
        return [(str(column.name), str(column.type)) for column in table.schema]
    if is_of(table, "polars", "Series"):
        return [(table.name or "value", str(table.dtype))]
    if is_of(table, "polars", "DataFrame"):
        return [(name, str(kind)) for name, kind in table.schema.items()]
    if is_of(table, "pandas", "Series"):
        return [*_index_columns(table), (_named(table.name, "value"), str(table.dtype))]
    columns = zip(table.columns, table.dtypes, strict=True)
    return [*_index_columns(table), *((str(name), str(kind)) for name, kind in columns)]


def table_rows(table: Any, most: int) -> list[tuple[Any, ...]]:
    """The values of the first rows, at most so many, in the order of `table_columns`."""
    _check(table)
    most = max(most, 0)  # pandas would count from the end
    if is_of(table, "pyarrow", "Table"):
        columns = [column.to_pylist() for column in table.slice(0, most).columns]
        return list(zip(*columns, strict=True))
    head = table.head(most)
    if is_of(table, "polars", "Series"):
        return [(value,) for value in head.to_list()]
    if is_of(table, "polars", "DataFrame"):
        return list(head.rows())
    if is_of(table, "pandas", "Series"):
        rows = [(value,) for value in head.tolist()]
    else:
        rows = list(head.itertuples(index=False, name=None))
    if not _index_columns(table):
        return rows
    labels = head.index.tolist()
    if head.index.nlevels == 1:
        labels = [(label,) for label in labels]
    return [(*label, *row) for label, row in zip(labels, rows, strict=True)]


def table_text(table: Any, rows: int = 20) -> str:
    """A table for a prompt: its size, its columns with their types, its first rows in Markdown."""
    columns, size = table_columns(table), len(table)
    shown = table_rows(table, rows)
    described = ", ".join(f"`{name}` ({kind})" for name, kind in columns)
    text = f"{_count(size, 'row')}, {_count(len(columns), 'column')}: {described}".rstrip(": ")
    if not shown:
        return text
    lines = [
        f"{text}; the first {_count(len(shown), 'row')}:" if len(shown) < size else f"{text}:",
        "",
        _line([name for name, _ in columns]),
        _line(["---"] * len(columns)),
        *map(_line, shown),
    ]
    return "\n".join(lines)


def _check(table: Any) -> None:
    if not is_table(table):
        raise UsageError(
            "A table is a data frame or a series of pandas or polars, or a table of Arrow; "
            f"got {shortened(repr(table))}."
        )


def _index_columns(table: Any) -> list[tuple[str, str]]:
    """The columns that a pandas index makes; none if it only counts the rows."""
    index = table.index
    if type(index).__name__ == "RangeIndex" and index.name is None:
        return []
    kinds = index.dtypes if is_of(index, "pandas", "MultiIndex") else [index.dtype]
    return [
        (_named(name, "index"), str(kind)) for name, kind in zip(index.names, kinds, strict=True)
    ]


def _named(name: Any, otherwise: str) -> str:
    return otherwise if name is None else str(name)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _line(cells: Any) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(value: Any) -> str:
    """A value that keeps to its cell; a missing one leaves it empty."""
    if not isinstance(value, str) and str(value) in ("None", "nan", "NaN", "NaT", "<NA>"):
        return ""
    return " ".join(shortened(str(value), CELL).replace("|", "\\|").split())
