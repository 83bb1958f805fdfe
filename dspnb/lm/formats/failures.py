"""Errors that a provider tells inside of an answer that began well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dspnb.errors import (
    ContextTooLong,
    LMError,
    QuotaSpent,
    RateLimited,
    Refused,
    ServerFailed,
)

# What reading raises when the parts of an answer are not there, or of another kind.
MISSHAPEN = (AttributeError, IndexError, KeyError, RecursionError, TypeError)

# By `code` or `type` of the error, as OpenAI and those that follow it name them.
_KINDS: Mapping[str, type[LMError]] = {
    "429": RateLimited,
    "rate_limit_exceeded": RateLimited,
    "rate_limit_error": RateLimited,
    "402": QuotaSpent,
    "insufficient_quota": QuotaSpent,
    "context_length_exceeded": ContextTooLong,
    "content_filter": Refused,
    "content_policy_violation": Refused,
}


def failed(error: Any, model: str) -> LMError:
    """The `error` of an answer or event as ours.

    >>> failed({"message": "Slow down.", "code": 429}, "openai/x")
    RateLimited('openai/x: the provider broke off: Slow down.')
    """
    said = error if isinstance(error, Mapping) else {"message": error}
    names = (str(said.get(name)) for name in ("code", "type"))
    kind = next((_KINDS[name] for name in names if name in _KINDS), ServerFailed)
    return kind(f"the provider broke off: {short(said.get('message') or said)}", model=model)


def no_answer(found: Any, model: str, *, without: str = "text") -> LMError:
    """For something that is not in the shape of an answer."""
    if isinstance(found, Mapping) and found.get("error"):
        return failed(found["error"], model)
    return ServerFailed(
        f"the provider sent an answer without {without}; ask again. It sent {short(found)}",
        model=model,
    )


def refused(words: Iterable[str], model: str) -> Refused:
    """For an answer that was withheld; `words` are what is said about it."""
    said = short(" ".join(words).strip() or "its content filter stopped it")
    return Refused(f"the provider withheld the answer: {said}", model=model)


def short(found: Any) -> str:
    """The beginning of what a provider says, in one line."""
    try:
        text = " ".join((found if isinstance(found, str) else repr(found)).split())
    except RecursionError:
        text = "something that is nested too deep"
    return text if len(text) <= 300 else f"{text[:300]}…"
