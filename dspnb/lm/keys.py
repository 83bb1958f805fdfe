"""What others say, without the keys in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from urllib.parse import quote

LONGEST = 300  # characters of what a provider said


def without_keys(text: str, secrets: Iterable[str] = ()) -> str:
    """The first line of a text, at most 300 characters, with *** in the place of each key.

    Keys are the `secrets`, what the environment holds under names such as `OPENAI_API_KEY`, what
    looks like a key, and what a provider repeats of one: its beginning, or its ends around stars.

    >>> without_keys("Incorrect API key provided: sk-abc***def. Look it up.")
    'Incorrect API key provided: ***. Look it up.'
    >>> without_keys("no access for hunter2", ["hunter2"])
    'no access for ***'
    """
    for secret in sorted(_known(secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
        if len(secret) >= _LONG:
            text = re.sub(re.escape(secret[: _LONG // 2]) + _REST, "***", text)
    lines = text.strip().splitlines()
    line = lines[0][: 8 * LONGEST] if lines else ""
    for pattern, instead in _SHAPES:
        line = pattern.sub(instead, line)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def address(where: str, secrets: Iterable[str] = ()) -> str:
    """An `api_base` as it may be shown: without its query, a login or a key.

    >>> address("https://me:secret@example.com/v1?key=4711")
    'https://***@example.com/v1'
    """
    # A key such as `ollama`, which a local server does not read, may be the server's name as well.
    long = [secret for secret in secrets if len(secret) > _SHORT]
    return without_keys(where.partition("?")[0], long)


_SHORT = 7  # values of the environment up to this length are settings rather than keys
_LONG = 16  # from this length on half a key is a secret, and no word
_REST = r"(?:[\w*.…-]*[\w*…-])?"  # of a key, without the end of a sentence
_NAMES = ("_API_KEY", "_TOKEN", "_SECRET", "_KEY")

_SHAPES = (
    (re.compile(r"//[^/\s@]+@"), "//***@"),
    (
        re.compile(
            r"\bbearer\s+(?!(?:token|scheme|auth\w*)\b)[^\s'\"`,;}\])]*[^\s'\"`,;:.}\])]",
            re.IGNORECASE,
        ),
        "Bearer ***",
    ),
    # `sk-proj-...`, `gsk_...`, `AIza...`
    (
        re.compile(r"(?<![\w-])(?:(?:sk|gsk|hf|xai|pplx|nvapi|csk)[-_]|AIza)" + _REST),
        "***",
    ),
    # "API key: ab12...": a word after it is none
    (
        re.compile(
            r"\b((?:key|token)(?: provided| is)?\s*[:=]\s*['\"`]?)"
            r"(?=[^\s'\"`,;]*(?:\d|\*|…|\.\.\.))[^\s'\"`,;]*[^\s'\"`,;.]",
            re.IGNORECASE,
        ),
        r"\1***",
    ),
    (re.compile(r"(?<![\w-])[\w-]*\*{3}[\w*-]*"), "***"),  # "ab****yz"
)


def _known(secrets: Iterable[str]) -> set[str]:
    given = {secret for secret in secrets if secret and len(secret) > 3}
    here = {
        value
        for name, value in os.environ.items()
        if name.upper().endswith(_NAMES) and len(value) > _SHORT
    }
    known = given | here
    return known | {quote(secret, safe="") for secret in known}
