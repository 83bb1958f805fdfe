"""What went wrong between us and a provider, as one of our errors.

These functions are pure: they read an answer or an exception and make the error. Raise it outside
of the `except` that caught the exception: inside, Python would hang that on the new error as its
`__context__`, and with it the request and its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from dspnb.errors import (
    BadRequest,
    ConnectionLost,
    ContextTooLong,
    LMError,
    QuotaSpent,
    RateLimited,
    Refused,
    ServerFailed,
    TimedOut,
    TransportError,
    UnknownModel,
    Unreachable,
    Unsupported,
    WrongKey,
    listed,
)

from .broken import Broken, broken
from .fault import Fault, read
from .keys import address, without_keys
from .kinds import NO_CALL, has_no_place, kind_of, named
from .prices import context_window
from .waits import retry_after

__all__ = ["from_status", "from_transport", "not_json", "retry_after", "without_keys"]


@dataclass(frozen=True)
class Asked:
    """Whom we asked for what: what an error may name, and what it must not show."""

    model: str
    where: str = ""  # the `api_base`
    params: Mapping[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()  # the keys that were sent
    set_key: str = "Set `api_key=`."  # what helps when the key is missing or wrong
    had_key: bool = True  # whether a key was sent at all


def from_status(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    model: str,
    where: str = "",
    params: Mapping[str, Any],
    secrets: Iterable[str],
    key_variable: str = "",
) -> LMError:
    """The error for an answer that is no completion, by its status and what its body says.

    An error that comes with status 200, or as a part of a stream, is read as well. `secrets` are
    the keys that were sent; `key_variable` is the environment variable that may hold the key.

    >>> from_status(404, {}, b'{"error": {"message": "The model `x` does not exist"}}',
    ...     model="openai/x", params={}, secrets=["sk-1"])
    UnknownModel('openai/x: there is no such model. It said: The model `x` does not exist. ...')
    """
    keys = tuple(filter(None, secrets))
    set_key = f"Set the environment variable `{key_variable}` or `api_key=`."
    asked = Asked(
        model, where, params, keys, set_key if key_variable else Asked.set_key, bool(keys)
    )
    return typed(read(status, headers, body), asked)


def not_json(
    headers: Mapping[str, str], body: bytes, *, model: str, where: str = "", secrets: Iterable[str]
) -> ServerFailed:
    """The error for an answer with status 200 whose body is no JSON.

    >>> not_json({}, b"<html><title>Log in", model="openai/x", secrets=[])
    ServerFailed("openai/x: a web page answered, ... It said: Log in. Is `api_base` right? ...")
    """
    fault = read(200, headers, body)
    if fault.page:
        what = _PAGE
    elif body.strip():
        what = "the provider{at} sent an answer that is no JSON"
    else:
        what = "the provider{at} sent an empty answer"
    asked = Asked(model, where, secrets=tuple(filter(None, secrets)))
    return ServerFailed(_sentence(what, fault.said, _ADDRESS, asked), model=model)


def from_transport(
    error: BaseException, *, model: str, where: str = "", secrets: Iterable[str]
) -> LMError:
    """The error for a connection that failed, by the exception and those behind it.

    >>> from_transport(ConnectionRefusedError(111, "Connection refused"), model="openai/x",
    ...     where="http://localhost:11434/v1", secrets=[])
    Unreachable('openai/x: nobody answers at http://localhost:11434/v1. ...`ollama serve`...')
    """
    asked = Asked(model, where, secrets=tuple(filter(None, secrets)))
    found = broken(error) or Broken(ConnectionLost, f"{type(error).__name__}: {error}")
    return lost(found, asked)


def lost(found: Broken, asked: Asked) -> LMError:
    """The broken connection as one of our errors."""
    what, cure = _BROKEN[found.kind]
    if found.kind is Unreachable:
        what = f"{what}. {_REASONS.get(found.why) or _whether_up(asked.where)}"
    said = _sentence(what, found.said, cure, asked, says="The cause")
    return found.kind(said, model=asked.model)


def typed(fault: Fault, asked: Asked, kind: type[LMError] | None = None) -> LMError:
    """The fault as one of our errors; its class is `kind` when that is known already."""
    kind = kind or kind_of(fault, asked.params)
    what, cure = _around(kind, fault, asked)
    wait = fault.wait if kind.retryable else None
    return kind(_sentence(what, fault.said, cure, asked), model=asked.model, retry_after=wait)


# What happened, and what to try; what the provider said comes between.
_TEXTS: dict[type[LMError], tuple[str, str]] = {
    QuotaSpent: (
        "the account{at} has no credit or quota left",
        "Waiting does not help: add credit there, lower `max_tokens`, or use another key or model.",
    ),
    RateLimited: ("too many requests{at}", "Ask less at once: lower `concurrency`."),
    ContextTooLong: (
        "the prompt is too long",
        "Give shorter inputs or fewer demos, lower `max_tokens`, or take a model that reads more.",
    ),
    TimedOut: (
        "no answer came in time from the provider{at}",
        "Ask again, or for less: lower `max_tokens`.",
    ),
    ServerFailed: ("the provider{at} did not manage to answer", "Ask again a little later."),
    Unreachable: ("a proxy on the way wants a login", "Give it in `HTTPS_PROXY`."),
    ConnectionLost: ("the connection{at} broke before the answer was whole", "Ask again."),
    Refused: (
        "the rules of the provider{at} forbid the prompt or the answer",
        "Say it in other words, or take another model.",
    ),
    Unsupported: ("the model{at} cannot do this", "Leave it out, or take another model."),
    UnknownModel: ("there is no such model{at}", "Is its name right?"),
    BadRequest: (
        "the provider{at} rejects the request",
        "Look at its parameters, and at its messages with `preview`.",
    ),
}
_BROKEN: dict[type[LMError], tuple[str, str]] = {
    Unreachable: ("nobody answers{at}", ""),
    ConnectionLost: _TEXTS[ConnectionLost],
    TimedOut: _TEXTS[TimedOut],
    ServerFailed: ("what answers{at} does not speak HTTP as it should", "Is `api_base` right?"),
    TransportError: (
        "too many files or connections are open here",
        "Lower `concurrency`, or raise the limit (`ulimit -n`).",
    ),
}
_PAGE = "a web page answered{at}, as of a proxy or a login, and not the provider's API"
_ADDRESS = "Is `api_base` right? It usually ends in `/v1`."
_REASONS = {
    "certificate": "Its certificate is not trusted here. Behind a proxy that reads along, set "
    "`SSL_CERT_FILE` to a file with the proxy's certificate.",
    "tls": "Does it speak `https://`, or only `http://`?",
    "address": "`api_base` is an address such as `http://localhost:8000/v1`.",
}

_LOCAL = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal"}
_STARTS = {  # by port
    11434: "Ollama starts with `ollama serve`.",
    1234: "LM Studio starts its server with `lms server start`.",
    8000: "vLLM starts with `vllm serve`.",
    8080: "llama.cpp starts with `llama-server`.",
}


def _around(kind: type[LMError], fault: Fault, asked: Asked) -> tuple[str, str]:
    what, cure = _TEXTS.get(kind, ("", ""))
    if kind is WrongKey:
        missing = not asked.had_key and fault.status == 401
        what = "wants a key" if missing else "does not accept the key"
        return f"the provider{{at}} {what}. {asked.set_key}", ""
    if kind is UnknownModel and has_no_place(fault):
        where = address(asked.where, asked.secrets)
        return f"there is nothing at this address{f': {where}' if where else ''}", _ADDRESS
    if kind is ContextTooLong and (most := context_window(asked.model)):
        return f"the prompt is too long: the model reads at most {most:,} tokens", cure
    if kind is RateLimited and fault.wait is not None:
        return what, f"Ask again in {fault.wait:.3g} s, and less at once: lower `concurrency`."
    if kind is Unsupported and (names := named(fault, asked.params)):
        return what, f"Leave out {listed(names)}, or take another model."
    if kind is ServerFailed and 300 <= fault.status < 400:
        return "the provider{at} sends us elsewhere", "Set `api_base` to that address."
    if kind is ServerFailed and fault.page:
        return _PAGE, _ADDRESS
    if kind is ServerFailed and NO_CALL in fault.codes:
        return "the model{at} called a tool in a way that cannot be read", "Ask again."
    if kind is ServerFailed and fault.status >= 500:
        return f"the provider{{at}} broke down (status {fault.status})", cure
    return what, cure


def _sentence(what: str, said: str, cure: str, asked: Asked, says: str = "It said") -> str:
    where = address(asked.where, asked.secrets)
    what = what.replace("{at}", f" at {where}" if where else "")
    parts = [what if what[-1] in ".?" else f"{what}."]
    if said := without_keys(said, asked.secrets):
        parts.append(f"{says}: {said}" if said[-1] in ".!?…" else f"{says}: {said}.")
    return " ".join([*parts, cure]).strip()


def _whether_up(where: str) -> str:
    try:
        found = urlsplit(where)
        host, port = found.hostname, found.port
    except ValueError:  # it is no address
        host, port = None, None
    asks = "Is the address right and the server up?"
    if host in _LOCAL or port in _STARTS:
        return f"{asks} {_STARTS.get(port or 0, 'Ollama, for one, starts with `ollama serve`.')}"
    return f"{asks} Are you online? It may take a VPN or `HTTPS_PROXY`."
