"""Examples from rows, files and frames, and their division into train, val and test."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, SupportsIndex, overload

from dspnb.errors import UsageError
from dspnb.example import Example

from .reading import read_file, read_text


class Examples(tuple[Example, ...]):
    """An immutable sequence of examples; a slice of it is one too."""

    __slots__ = ()

    @overload
    def __getitem__(self, index: SupportsIndex) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> Examples: ...
    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return Examples(found) if isinstance(index, slice) else found

    def __repr__(self) -> str:
        names = ", ".join(self[0]) if self else ""
        return f"Examples({len(self)} rows{': ' if names else ''}{names})"


class Split(NamedTuple):
    """Examples to learn from, to choose by, and to report on."""

    train: Examples
    val: Examples
    test: Examples

    def __repr__(self) -> str:
        return f"Split(train={len(self.train)}, val={len(self.val)}, test={len(self.test)})"


def examples(
    source: str | Path | Iterable[Mapping[str, Any]] | Any, inputs: Sequence[str] | None = None
) -> Examples:
    """Examples from a file, a text, rows or a pandas or polars frame.

    A file ends in .jsonl, .json, .csv, .tsv or .md; a text with a line break is read as one of
    these. `inputs` names the fields that a program is called with. Raises `UsageError` that names
    the file and line of what cannot be read.

    >>> rows = examples([{"question": "2 + 2?", "answer": "4"}], inputs=["question"])
    >>> rows[0].inputs
    {'question': '2 + 2?'}
    """
    if isinstance(inputs, str):
        raise UsageError(f"`inputs` is a list of names, as in `inputs=[{inputs!r}]`; got a text.")
    found = [row if isinstance(row, Example) else _example(row, i) for i, row in _rows(source)]
    if not found:
        raise UsageError("There are no examples in this.")
    if inputs is not None:
        found = [_with_inputs(row, inputs, i) for i, row in enumerate(found)]
    return Examples(found)


def split(
    data: Iterable[Example],
    shares: str | Sequence[float] = "60/20/20",
    *,
    seed: int = 0,
) -> Split:
    """Shuffle and divide into train, val and test.

    `shares` are parts such as `"60/20/20"`, or numbers of rows such as `[100, 100, 200]`; two of
    them leave test empty. The same seed divides alike.

    >>> split([Example(x=i) for i in range(10)], "50/30/20")
    Split(train=5, val=3, test=2)
    """
    rows = list(data)
    sizes = _sizes(shares, len(rows))
    random.Random(seed).shuffle(rows)
    first, second = sizes[0], sizes[0] + sizes[1]
    return Split(
        Examples(rows[:first]),
        Examples(rows[first:second]),
        Examples(rows[second : second + sizes[2]]),
    )


def _rows(source: Any) -> Iterable[tuple[int, Any]]:
    match source:
        case Path():
            return enumerate(read_file(source))
        case str() if "\n" in source:
            return enumerate(read_text(source))
        case str():
            return enumerate(read_file(Path(source)))
    if hasattr(source, "to_dicts"):  # polars
        return enumerate(source.to_dicts())
    if hasattr(source, "to_dict") and hasattr(source, "columns"):  # pandas
        return enumerate(source.to_dict("records"))
    if isinstance(source, Iterable) and not isinstance(source, Mapping):
        return enumerate(source)
    raise UsageError(f"Examples come from a file, rows or a frame; got {type(source).__name__}.")


def _example(row: Any, i: int) -> Example:
    if not isinstance(row, Mapping):
        raise UsageError(f"Row {i} is not a mapping of names to values; got {row!r}.")
    names = [name for name in row if not isinstance(name, str)]
    if names:
        raise UsageError(f"Row {i}: a field's name is a text; got {names[0]!r}.")
    return Example(**row)


def _with_inputs(row: Example, inputs: Sequence[str], i: int) -> Example:
    try:
        return row.with_inputs(*inputs)
    except UsageError as error:
        raise UsageError(f"Row {i}: {error}") from None


def _sizes(shares: str | Sequence[float], n: int) -> list[int]:
    parts = _parts(shares)
    total = sum(parts)
    if isinstance(shares, str) or total <= 1 + 1e-9:
        whole = total if isinstance(shares, str) else 1  # fractions may leave some rows out
        edges = [round(n * sum(parts[: i + 1]) / whole) for i in range(len(parts))]
        sizes = [edge - before for edge, before in zip(edges, [0, *edges], strict=False)]
    else:
        sizes = [int(part) for part in parts]
    if sum(sizes) > n:
        raise UsageError(f"{sum(sizes)} rows are asked for, but there are {n}.")
    return [*sizes, 0][:3]


def _parts(shares: str | Sequence[float]) -> list[float]:
    if isinstance(shares, str):
        if not re.fullmatch(r"\s*\d+(\s*/\s*\d+){1,2}\s*", shares):
            raise UsageError(f"Shares are written like 60/20/20 or 70/30; got {shares!r}.")
        shares = [float(part) for part in shares.split("/")]
    parts = list(shares)
    if len(parts) not in (2, 3) or min(parts) < 0 or not sum(parts):
        raise UsageError(f"Two or three shares divide the examples; got {parts!r}.")
    return parts
