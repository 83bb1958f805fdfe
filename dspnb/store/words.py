"""Values of the user's own as JSON, whatever they are: what was paid for is kept in any case."""

from __future__ import annotations

from typing import Any

from dspnb.jsonable import to_json

_MOST = 10_000  # characters


def told_json(value: Any, type_: Any = Any) -> Any:
    """As `to_json` tells it; in words where that fails, as for a list that holds itself.

    >>> told_json((1, 2)), told_json(circle := [1], Any)
    ([1, 2], [1])
    >>> circle.append(circle)
    >>> told_json(circle)
    '[1, [...]]'
    """
    if type(value) is str:
        return value
    for known in (type_, Any):
        try:
            return to_json(value, known)
        except Exception:  # a class may raise anything when it is written
            continue
    return in_words(value)


def in_words(value: Any) -> str:
    """How a value shows itself, or else its class.

    >>> in_words({"a"})
    "{'a'}"
    """
    try:
        return repr(value)[:_MOST]
    except Exception:
        return f"<{type(value).__name__}>"
