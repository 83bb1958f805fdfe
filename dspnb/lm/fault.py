"""What a provider says went wrong, in any of the shapes that providers use."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .keys import address
from .waits import asked_to_wait, lowered, retry_after


@dataclass(frozen=True)
class Fault:
    """What a provider answered instead of a completion."""

    status: int  # of HTTP; 0 when there is none
    said: str = ""  # in its own words, which may hold a key
    codes: frozenset[str] = frozenset()  # its names for the fault, in lower case
    param: str = ""  # the parameter that it names
    page: bool = False  # it is a page for people to look at
    wait: float | None = None  # seconds until it wants to be asked again


def read(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """The fault in an answer.

    >>> read(402, {}, b'{"error": {"code": 402, "message": "Insufficient credits"}}').said
    'Insufficient credits'
    >>> read(502, {}, b"<html><title>502 Bad Gateway</title>").page
    True
    """
    known, text = lowered(headers), body.decode("utf-8", "replace").strip()
    if _is_page(known, text):
        title = re.search(r"<title[^>]*>\s*([^<]{1,200})", text, re.IGNORECASE)
        fault = Fault(status, title[1].strip() if title else "", page=True)
    else:
        try:
            fault = said_in(json.loads(text), status)
        except (ValueError, RecursionError):  # plain words, or nothing, or nonsense
            fault = Fault(status, text)
    said = fault.said
    if 300 <= status < 400 and (to := address(known.get("location", ""))):
        said = f"look at {to}"
    wait = asked_to_wait(known, said)
    if wait is None and fault.status == 429:
        wait = retry_after(known)
    return Fault(fault.status, said, fault.codes, fault.param, fault.page, wait)


def said_in(answer: Any, status: int = 0) -> Fault:
    """The fault in the JSON of an answer; its own status counts when HTTP's means success."""
    if isinstance(answer, list):  # as Google wraps it
        answer = answer[0] if answer else {}
    if not isinstance(answer, Mapping):
        return Fault(status, _words(answer))
    found = answer.get("error") or answer
    if not isinstance(found, Mapping):  # Ollama's and xAI's is a text
        found = {**answer, "message": found}
    inner, more = _mapping(found.get("innererror")), _mapping(found.get("metadata"))
    names = [found.get(name) for name in ("code", "type", "status")] + [inner.get("code")]
    codes = frozenset(str(name).lower() for name in names if name not in (None, ""))
    message = found.get("message") or found.get("detail") or found.get("error")
    said = ": ".join(part for part in (_words(message), _upstream(more)) if part)
    if why := _reasons(inner, more):
        said = f"{said} ({', '.join(why)})".strip()
    own = _own_status(codes) if status < 300 else status
    return Fault(own, said, codes, str(found.get("param") or ""))


def _words(message: Any) -> str:
    """A message as one text. FastAPI lists what is wrong where, and repeats inputs, left out."""
    match message:
        case None:
            return ""
        case {"detail": detail}:
            return _words(detail)
        case {"msg": said, "loc": [*place]}:
            return f"{'.'.join(map(str, place))}: {said}"
        case {"message": said}:
            return _words(said)
        case [*parts]:
            return "; ".join(_words(part) for part in parts)
    return str(message)


def _reasons(inner: Mapping[str, Any], more: Mapping[str, Any]) -> list[str]:
    """What Azure's filter, or the one of OpenRouter, found in the prompt."""
    results = _mapping(inner.get("content_filter_result"))
    found = [name for name, result in results.items() if _mapping(result).get("filtered")]
    reasons = more.get("reasons")
    return [*found, *map(str, reasons if isinstance(reasons, list) else [])]


def _upstream(more: Mapping[str, Any]) -> str:
    """What the provider behind OpenRouter said."""
    raw = more.get("raw")
    with contextlib.suppress(
        ValueError, TypeError, RecursionError
    ):  # it may be plain words, or an object
        raw = said_in(json.loads(raw or "")).said
    return _words(raw)


def _own_status(codes: Collection[str]) -> int:
    """The status that an error in a successful answer, or in a stream, would have had."""
    for code in codes:
        if code.isdigit() and 400 <= int(code) < 600:
            return int(code)
    return next((status for status, names in _CODES.items() if not names.isdisjoint(codes)), 0)


_CODES = {
    429: {"rate_limit_exceeded", "rate_limit_error", "too_many_requests", "insufficient_quota"},
    401: {"authentication_error", "invalid_api_key"},
    404: {"model_not_found", "not_found_error", "notfounderror"},
    400: {"invalid_request_error", "badrequesterror", "context_length_exceeded"},
    500: {"server_error", "internal_error", "api_error", "overloaded_error"},
}


def _is_page(headers: Mapping[str, str], text: str) -> bool:
    html = "text/html" in headers.get("content-type", "") and text[:1] not in ("{", "[")
    return html or text[:200].lower().startswith(("<!doctype html", "<html", "<head"))


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}
