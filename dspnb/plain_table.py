"""Tables as plain text, for terminals and whatever shows no HTML."""

from __future__ import annotations

from collections.abc import Sequence

from .harmless import harmless

GAP = "  "
NARROWEST = 7  # characters to which a column is shortened


def plain_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int = 100,
    shorten: Sequence[str] = (),
) -> str:
    r"""Columns side by side. To fit `width`, the widest of those in `shorten` are cut.

    When that is not enough, the last of them is left out. What a terminal would obey is shown.

    >>> print(plain_table(["id", "note"], [["1", "quite a long one"]], 16, ["note"]))
    id  note
    1   quite a lon…
    """
    cells = [[harmless(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    while sum(widths) + len(GAP) * (len(widths) - 1) > width:
        given = [i for i, head in enumerate(heads) if head in shorten]
        if not given:
            break
        widest = max(given, key=lambda i: widths[i])
        if widths[widest] > NARROWEST:
            widths[widest] -= 1
            continue
        least = max(given, key=lambda i: shorten.index(heads[i]))
        heads = [head for i, head in enumerate(heads) if i != least]
        rows = [[cell for i, cell in enumerate(row) if i != least] for row in rows]
        return plain_table(heads, rows, width, shorten)
    return "\n".join(
        GAP.join(_cut(*each).ljust(each[1]) for each in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def _cut(cell: str, size: int) -> str:
    return cell if len(cell) <= size else f"{cell[: size - 1]}…"
