"""Text that others wrote, made harmless for a terminal."""

from __future__ import annotations

JOINERS = "\u200c\u200d"  # Persian and emoji are written with them


def harmless(text: str) -> str:
    r"""In one line, without anything that a terminal would obey.

    >>> harmless("red: \x1b[31m\nnext\u202e")
    'red: \\x1b[31m next\\u202e'
    """
    if text.isprintable():
        return text
    return "".join(
        " " if char.isspace() else char if char.isprintable() or char in JOINERS else _escaped(char)
        for char in text
    )


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()
