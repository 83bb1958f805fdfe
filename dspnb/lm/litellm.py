"""Every hosted model, by way of litellm, which is imported in the first call only."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from dspnb.errors import (
    ContextTooLong,
    LMError,
    RateLimited,
    UnknownModel,
    Unreachable,
    WrongKey,
)

from .base import Completion, Message


class LiteLLM:
    """One model of one provider, named as litellm names it."""

    def __init__(self, model: str, *, api_base: str | None, api_key: str | None) -> None:
        self.model = model
        self._settings = {"api_base": api_base, "api_key": api_key}

    def complete(
        self, messages: Sequence[Message], *, rollout: int, params: Mapping[str, Any]
    ) -> Completion:
        """Ask the provider once. `rollout` only tells samples apart; it is not sent."""
        litellm = _litellm()
        start = time.perf_counter()
        try:
            response = litellm.completion(
                model=self.model,
                messages=[message.to_dict() for message in messages],
                num_retries=0,
                **{name: value for name, value in self._settings.items() if value},
                **params,
            )
        except Exception as error:  # litellm raises its own, openai's, httpx's and plain ones
            raise _translated(error, self.model, self._settings) from None
        if not response.choices:
            raise LMError("the provider sent an answer without text; ask again", model=self.model)
        usage = response.usage
        return Completion(
            text=response.choices[0].message.content or "",
            model=self.model,
            tokens_in=usage.prompt_tokens,
            tokens_out=usage.completion_tokens,
            dollars=_price(litellm, response),
            seconds=time.perf_counter() - start,
        )


def _litellm() -> Any:
    # Without this, importing litellm fetches a price list from the network, and warns if it can't.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm  # 3 s

    litellm.suppress_debug_info = True  # it prints advice into the notebook otherwise
    return litellm


def _price(litellm: Any, response: Any) -> float:
    try:
        return float(litellm.completion_cost(completion_response=response))
    except Exception:  # litellm raises plain exceptions for a model without a price
        return 0.0


def _translated(error: Exception, model: str, settings: Mapping[str, str | None]) -> LMError:
    """The error in our words, without the key."""
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
