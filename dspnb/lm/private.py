"""What is never written or shown: keys, and parameters that hold one or lead elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from dspnb.errors import UsageError

# Words in the names of parameters that open a door, or lead to another one.
PRIVATE = {
    "key", "keys", "apikey", "token", "secret", "password", "credential", "credentials", "auth",
    "authorization", "base", "url", "uri", "endpoint", "host", "proxy", "header", "headers",
    "provider", "client", "model", "fallbacks",
}  # fmt: skip
# Variables of the environment that hold keys; shorter values, and words, are settings.
_NAMES = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
_SHORTEST = 8
# `sk-proj-...`, `gsk_...`, `AIza...`; the login of an address.
_SHAPES = (
    r"(?<![\w-])(?:(?:sk|gsk|hf|xai|pplx|nvapi|csk)[-_]|AIza)[\w-]{20,}",
    r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)",
)
# A `prompt_cache_key` or `stop_token_ids` is none.
_SECRET = re.compile(
    "secret|password|credential|^token$|(?:api|access|private|auth|session|ad)_?(?:key|token)"
)


class Secrets:
    """The key of a model, and what else of its settings holds one, on the way to its provider.

    A traceback may show the values of variables and attributes. Of this it shows no more than that
    it is there; what stands behind a property it leaves alone.

    >>> params = {"seed": 1, "aws_session_token": "4711"}
    >>> secrets = Secrets("sk-1", params)
    >>> secrets, secrets.key, params
    (***, 'sk-1', {'seed': 1})
    """

    def __init__(self, key: str | None, params: dict[str, Any]) -> None:
        """Takes `extra_headers` and what holds a key out of `params`, which are shown."""
        self._key = key
        self._headers: Any = params.pop("extra_headers", None) or {}
        self._more = {name: params.pop(name) for name in list(params) if is_secret(name)}

    def check(self) -> None:
        """Raises `UsageError` for headers that are none."""
        if not (
            isinstance(self._headers, Mapping)
            and all(isinstance(word, str) for pair in self._headers.items() for word in pair)
        ):
            raise UsageError("`extra_headers` maps names to texts, as in `{'X-Team': 'search'}`.")

    @property
    def key(self) -> str | None:
        """The key that was given, if any."""
        return self._key

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that were given, by name; `check` has seen that they are."""
        headers: Mapping[str, str] = self._headers
        return headers

    @property
    def more(self) -> Mapping[str, Any]:
        """Parameters of other names that hold keys, as those of the large clouds."""
        return self._more

    @property
    def names(self) -> list[str]:
        """Of the settings that were given."""
        key = ["api_key"] if self._key else []
        headers = ["extra_headers"] if self._headers else []
        return [*key, *headers, *self._more]

    def __repr__(self) -> str:
        return "***"


def is_private(name: str) -> bool:
    """Whether a parameter of this name may hold a secret or an address.

    >>> is_private("api_key"), is_private("max_tokens")
    (True, False)
    """
    return not PRIVATE.isdisjoint(re.split(r"[^a-z]+", name.lower()))


def is_secret(name: str) -> bool:
    """Whether a parameter of this name holds a key, as those of the large clouds have them.

    >>> is_secret("aws_secret_access_key"), is_secret("prompt_cache_key")
    (True, False)
    """
    return _SECRET.search(name.lower()) is not None


def keys() -> re.Pattern[str]:
    """Matches what the environment holds under names such as `OPENAI_API_KEY`, and what looks so.

    >>> bool(keys().search("my key is sk-0123456789abcdefghij."))
    True
    """
    # The names first: to read all values takes most of the time of a call that is replayed.
    values = [os.environ.get(name, "") for name in os.environ if name.upper().endswith(_NAMES)]
    known = (value for value in values if len(value) >= _SHORTEST and not value.isalpha())
    return _matching(frozenset(known))


def without(keys: re.Pattern[str], value: Any) -> Any:
    """A value of JSON with *** in the place of each key in its texts.

    >>> without(re.compile("hunter2"), {"content": "it is hunter2"})
    {'content': 'it is ***'}
    """
    match value:
        case str():
            return keys.sub("***", value)
        case dict():
            return {keys.sub("***", name): without(keys, item) for name, item in value.items()}
        case list():
            return [without(keys, item) for item in value]
    return value


@lru_cache(maxsize=8)
def _matching(known: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted(known, key=lambda key: (-len(key), key))
    return re.compile("|".join([*map(re.escape, longest_first), *_SHAPES]))
