"""The errors of litellm, and of openai and httpx behind it, as ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from dspnb.errors import (
    BadRequest,
    ConnectionLost,
    ContextTooLong,
    LMError,
    QuotaSpent,
    RateLimited,
    Refused,
    ServerFailed,
    UnknownModel,
    Unsupported,
    WrongKey,
)

from .broken import broken
from .failures import Asked, lost, typed
from .fault import Fault, said_in
from .waits import asked_to_wait, lowered, retry_after


def translated(
    error: Exception,
    model: str,
    where: str,
    params: Mapping[str, Any],
    secrets: Iterable[str],
) -> LMError:
    """The error as one of ours, without the keys that were sent; raise it outside of the `except`.

    >>> translated(ValueError("no"), "openai/x", "", {}, [])
    BadRequest('openai/x: the provider rejects the request. It said: ValueError: no. ...')
    """
    error = getattr(error, "original_exception", None) or error  # what broke a stream
    asked = Asked(model, where, params, tuple(secrets), _SET_KEY)
    fault = _fault(error)
    if not 400 <= fault.status < 500 or fault.status == 408:
        gone = broken(error)
        if gone is not None:
            return lost(gone, asked)
    if _NO_KEY.search(fault.said):
        # What was said names variables and pages for every way there is of having a key.
        return WrongKey(f"the provider wants a key. {_SET_KEY}", model=model)
    if _NO_PROVIDER in str(error):
        return UnknownModel(
            "no such provider; a model is written `provider/name`, as in `openai/gpt-4o-mini`.",
            model=model,
        )
    return typed(fault, asked, _kind(error))


_SET_KEY = "Set the provider's environment variable (such as OPENAI_API_KEY) or `api_key=`."
_NO_PROVIDER = "LLM Provider NOT provided"
_NO_KEY = re.compile(
    r"missing .*(?:credentials|api.?key)|api_key client option must be set"
    r"|unable to locate credentials|credentials were not found",
    re.IGNORECASE,
)

# Classes that say by their name what no status says. The others go by their status and words.
_KINDS: dict[str, type[LMError]] = {
    "ContextWindowExceededError": ContextTooLong,
    "ContentPolicyViolationError": Refused,
    "ContentFilterFinishReasonError": Refused,
    "RejectedRequestError": Refused,  # this and the next four: a guardrail stopped it
    "GuardrailRaisedException": Refused,
    "BlockedPiiEntityError": Refused,
    "ModifyResponseException": Refused,
    "SensitiveDataRouteException": Refused,
    "PaymentRequiredError": QuotaSpent,
    "BudgetExceededError": QuotaSpent,  # of litellm's own budget
    "UnsupportedParamsError": Unsupported,
    "UnsupportedEndpointError": Unsupported,
    "EndpointNotSupportedByModelError": Unsupported,
    "LiteLLMUnknownProvider": UnknownModel,
    "ModelNotMappedError": UnknownModel,
    "RouterRateLimitError": RateLimited,
    "RouterRateLimitErrorBasic": RateLimited,
    "APIResponseValidationError": ServerFailed,
    "JSONDecodeError": ServerFailed,
    "WebSocketConnectionClosedError": ConnectionLost,
    "WebSocketQueueFullError": ConnectionLost,
}


def _kind(error: Exception) -> type[LMError] | None:
    """The class that the error's own name gives; None when status and words have to."""
    names = [kind.__name__ for kind in type(error).__mro__]
    if found := next((_KINDS[name] for name in names if name in _KINDS), None):
        return found
    if "APIConnectionError" in names and _status(error) is None:
        return ConnectionLost
    return None if _status(error) is not None else BadRequest


def _fault(error: Exception) -> Fault:
    """What the provider said, by way of litellm: its JSON may be in the body, or in the text."""
    status, text = _status(error) or 0, _PREFIX.sub("", str(error))
    body = getattr(error, "body", None)
    found = said_in(body, status) if isinstance(body, Mapping) and body else _embedded(text, status)
    codes, param = (found.codes, found.param) if found else (frozenset[str](), "")
    said = found.said if found and found.said else text
    if not status:
        said = f"{type(error).__name__}: {said}"
    headers = lowered(_headers(error))
    wait = asked_to_wait(headers, said)
    if wait is None and status == 429:
        wait = retry_after(headers)
    return Fault(status, said, codes, param, wait=wait)


# "litellm.RateLimitError: RateLimitError: OpenAIException - "
_PREFIX = re.compile(
    r"^(?:litellm\.\w+: ?)*(?:\w+Error: )?(?:\w+(?:Exception|Error)(?: \w+Error)? - )?"
)


def _embedded(text: str, status: int) -> Fault | None:
    """The fault in the JSON that a text ends with, as litellm passes it on for most providers."""
    start, end = text.find("{"), text.rfind("}")
    try:
        return said_in(json.loads(text[start : end + 1]), status) if start >= 0 else None
    except ValueError:
        return None


def _status(error: Exception) -> int | None:
    """The status of HTTP; litellm gives one to most errors, if need be of its own."""
    for of in (error, getattr(error, "response", None)):
        status = getattr(of, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _headers(error: Exception) -> Mapping[str, str]:
    ways = (
        getattr(error, "litellm_response_headers", None),
        getattr(getattr(error, "response", None), "headers", None),
        getattr(error, "headers", None),
    )
    return next((headers for headers in ways if isinstance(headers, Mapping) and headers), {})
