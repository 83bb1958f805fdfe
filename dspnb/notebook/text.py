"""Text that came from a model or from data, on its way into HTML."""

from __future__ import annotations

import html

from dspnb.lm.money import money


def esc(value: object) -> str:
    """The value as HTML that shows it letter for letter.

    A `$` or a backslash stands in an element of its own, because JupyterLab typesets LaTeX that it
    finds in one piece of text.

    >>> esc("<b> $x$")
    '&lt;b&gt; <span>$</span>x<span>$</span>'
    """
    text = html.escape(str(value), quote=True)
    return text.replace("$", "<span>$</span>").replace("\\", "<span>\\</span>")


def attribute(value: object) -> str:
    """The value as the content of an attribute between double quotes.

    >>> attribute('a "b" $')
    'a &quot;b&quot; $'
    """
    return html.escape(str(value), quote=True)


def spending(dollars: float | None, unpriced: int = 0) -> str:
    """What something cost, as the end of a list; empty when it is known to be free.

    >>> spending(0.0), spending(None), spending(0.0, unpriced=2)
    ('', ', unknown price', ', 2 calls of unknown price')
    """
    return "" if dollars == 0 and not unpriced else f", {esc(money(dollars, unpriced))}"


def short(value: object, limit: int = 120) -> str:
    """In one line of at most `limit` characters.

    >>> short("a  long\\ntext", 6)
    'a lon…'
    """
    text = " ".join(str(value).split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
