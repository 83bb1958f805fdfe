"""What models can be used here, as lines to paste into a cell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dspnb.lm.finding import Found

from .markup import fold, marked, table
from .text import esc

TITLE = "No model is set. What can be used here:"
MOST = 5  # models of a server that are shown at once

# A model to begin with, where only a key is known.
FIRST = {
    "openai": "gpt-4o-mini",
    "anthropic": "claude-haiku-4-5",
    "gemini": "gemini-flash-latest",
    "groq": "openai/gpt-oss-20b",
    "mistral": "mistral-small-latest",
    "deepseek": "deepseek-flash",
    "together_ai": "openai/gpt-oss-120b",
    "fireworks_ai": "gpt-oss-20b",
    "cerebras": "gpt-oss-120b",
    "xai": "grok-4.3-latest",
}


class Usable(tuple[Found, ...]):
    """Ways to models, the offline one last; shows itself as lines to paste, and why each works."""

    __slots__ = ()

    @property
    def models(self) -> list[str]:
        """The models that can stand in a line as they are."""
        return [name for found in self for name in found.models if _PLAIN.fullmatch(name)]

    def __repr__(self) -> str:
        rows = []
        for found in self:
            lines = _lines(found)
            rows += lines[:MOST]
            if (left := len(lines) - MOST) > 0:
                rows.append(("", f"and {left} more of `{found.model}`"))
        width = max((len(line) for line, _ in rows), default=0)
        return "\n".join([TITLE, *(f"{line:{width}}  {why}".rstrip() for line, why in rows)])

    def _repr_html_(self) -> str:
        shown = [row for found in self for row in _lines(found)[:MOST]]
        more = [row for found in self for row in _lines(found)[MOST:]]
        folded = fold(f"{len(more)} more", _table(more)) if more else ""
        return f"<p>{esc(TITLE)}</p>{_table(shown)}{folded}"


_PLAIN = re.compile(r"[\w./:@+-]+")


def _lines(found: Found) -> list[tuple[str, str]]:
    """A line for each model, the first with the reason."""
    provider, dots, _ = found.model.partition("/...")
    first = FIRST.get(provider, "MODEL")
    names = found.models or ((f"{provider}/{first}",) if dots else (found.model,))
    where = f" api_base={found.api_base}" if found.api_base else ""
    lines = [f"%lm {word}{where}" for word in map(_word, names) if word]
    return [(line, "" if i else found.why) for i, line in enumerate(lines)]


def _word(name: str) -> str:
    """A name as a word of a line, in quotes when it needs them; empty when none would do."""
    if _PLAIN.fullmatch(name):
        return name
    return next((f"{quote}{name}{quote}" for quote in "'\"" if quote not in name), "")


def _table(rows: Sequence[tuple[str, str]]) -> str:
    return table(["", ""], ([f"<code>{esc(line)}</code>", marked(why)] for line, why in rows))
