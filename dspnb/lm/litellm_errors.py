"""The errors of litellm, openai and httpx in our words."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from dspnb.errors import (
    ContextTooLong,
    LMError,
    RateLimited,
    UnknownModel,
    Unreachable,
    Unsupported,
    WrongKey,
)


def translated(
    error: Exception, model: str, settings: Mapping[str, str | None], params: Mapping[str, Any]
) -> LMError:
    """The error in our words, without the key.

    >>> translated(ValueError("no"), "openai/x", {"api_base": None, "api_key": None}, {})
    LMError('openai/x: ValueError: no')
    """
    error = getattr(error, "original_exception", None) or error  # what broke a stream
    kind, status = type(error).__name__, getattr(error, "status_code", None)
    where = f" at {settings['api_base']}" if settings["api_base"] else ""
    said = _without_keys(str(error), settings["api_key"])
    if not _CONNECTING.isdisjoint(_causes(error)):
        return Unreachable(
            f"nobody answers{where}. Is the address right and the server up? {said}", model=model
        )
    missing = _NO_KEY.search(said)
    if missing or kind == "AuthenticationError" or status in (401, 403):
        wrong = "wants a key" if missing else "does not accept the key"
        return WrongKey(
            f"the provider{where} {wrong}. Set the provider's environment variable "
            f"(such as OPENAI_API_KEY) or `api_key=`. It said: {said}",
            model=model,
        )
    if kind == "UnsupportedParamsError" or (status == 400 and _refused(said, params)):
        return Unsupported(f"the model{where} cannot do this. It said: {said}", model=model)
    match kind:
        case "NotFoundError":
            return UnknownModel(f"there is no such model{where}. It said: {said}", model=model)
        case "ContextWindowExceededError":
            return ContextTooLong(f"the prompt is too long. It said: {said}", model=model)
        case "RateLimitError":
            return RateLimited(
                f"too many requests. It said: {said}", model=model, retry_after=_retry_after(error)
            )
        case "BadRequestError" if "LLM Provider NOT provided" in str(error):
            return UnknownModel(
                "no such provider; a model is written `provider/name`, as in `openai/gpt-4o-mini`.",
                model=model,
            )
    return LMError(f"{kind}: {said}", model=model)


# litellm gives one type to a refused connection, a lost one and a missing key; these tell them.
_CONNECTING = {"ConnectError", "ConnectTimeout", "ClientConnectorError"}
_NO_KEY = re.compile(r"missing .*(credentials|api.?key)", re.IGNORECASE)


# What the provider's words are about when it refuses one of our parameters.
_REFUSALS = {
    "response_format": re.compile(r"response.?format|json|schema|structured", re.IGNORECASE),
    "tools": re.compile(r"tool|function", re.IGNORECASE),
    "reasoning_effort": re.compile(r"reason|thinking", re.IGNORECASE),
}


def _refused(said: str, params: Mapping[str, Any]) -> bool:
    return any(name in params and words.search(said) for name, words in _REFUSALS.items())


def _causes(error: BaseException) -> set[str]:
    """The names of the error's type and of those behind it."""
    names, cause = set(), error
    while cause is not None:
        names.add(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
    return names


def _retry_after(error: Exception) -> float | None:
    """Seconds, when the provider says how long to wait."""
    headers = getattr(error, "litellm_response_headers", None) or {}
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:  # none, or a date
        return None


def _without_keys(text: str, key: str | None) -> str:
    secrets = [key, *(value for name, value in os.environ.items() if name.endswith("_API_KEY"))]
    for secret in secrets:
        if secret and len(secret) > 3:
            text = text.replace(secret, "***")
    first = text.strip().splitlines()
    return first[0][:300] if first else "nothing"
