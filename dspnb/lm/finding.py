"""What models can be used here: keys in the environment, servers on this machine, the offline one.

Only names of variables are looked at, never shown values; servers are asked for their models on
the usual ports of the loopback address, all at once.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .endpoints import PROVIDERS, Getenv

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Server:
    """A program that serves models, and where it listens unless told otherwise."""

    provider: str
    port: int
    label: str


# Several live on the last port; they speak alike.
SERVERS = (
    Server("ollama", 11434, "Ollama"),
    Server("lm_studio", 1234, "LM Studio"),
    Server("hosted_vllm", 8000, "vLLM"),
    Server("llamacpp", 8080, "llama.cpp, llamafile or LocalAI"),
)


@dataclass(frozen=True)
class Found:
    """A way to models that can be used here."""

    model: str  # how its models are written, e.g. `ollama/...`, or the model itself
    why: str  # what makes it usable, in words for people
    models: tuple[str, ...] = ()  # as they are written; the server's own words, so any text
    local: bool = False
    api_base: str | None = None  # what has to be given with a model, if anything

    def __str__(self) -> str:
        """One line.

        >>> print(Found("vllm/...", "vLLM answers", ("vllm/a", "vllm/b", "vllm/c", "vllm/d")))
        vllm/...  vLLM answers: vllm/a, vllm/b, vllm/c and 1 more
        """
        shown = ", ".join(self.models[:3])
        more = f" and {len(self.models) - 3} more" if len(self.models) > 3 else ""
        return f"{self.model}  {self.why}" + (f": {shown}{more}" if shown else "")


def usable(
    timeout: float = 0.3,
    *,
    servers: Iterable[Server] = SERVERS,
    getenv: Getenv = os.getenv,
) -> list[Found]:
    """What can be used here, the offline model last; takes about `timeout` seconds at most.

    Without servers nothing is asked:

    >>> [found.model for found in usable(servers=(), getenv={"GROQ_API_KEY": "..."}.get)]
    ['groq/...', 'offline']
    """
    asked = tuple(servers)
    answers = _ask(asked, timeout)
    local = [_answering(server, answers[server]) for server in asked if server in answers]
    known = {found.model for found in local}
    told = [found for found in _set(getenv) if found.model not in known]
    return [*told, *local, Found("offline", "a small model inside of dspnb", local=True)]


# Whose key is a way to models although litellm has to reach them: the best known.
_OTHERS: Mapping[str, Sequence[str]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "cohere_chat": ("COHERE_API_KEY",),
}

_MOST = 1_000_000  # bytes of an answer that are read
_MODELS = 200  # that are kept of a server
_LONG = 200  # characters of a model's name


def _set(getenv: Getenv) -> Iterator[Found]:
    """What the variables of the environment make usable."""
    ways = {one.name: one.key_variables if one.needs_key else one.base_variables
            for one in PROVIDERS.values()}  # fmt: skip
    seen: set[str] = set()  # two providers may be names of one server
    for name, variables in {**ways, **_OTHERS}.items():
        variable = next(filter(getenv, variables), "")
        if variable and variable not in seen:
            seen.add(variable)
            yield Found(f"{name}/...", f"`{variable}` is set")


def _answering(server: Server, names: Sequence[str]) -> Found:
    base = f"http://{HOST}:{server.port}/v1"
    usual = urlsplit(PROVIDERS[server.provider].base).port == server.port
    return Found(
        f"{server.provider}/...",
        f"{server.label} answers on port {server.port}",
        tuple(f"{server.provider}/{name}" for name in names),
        local=True,
        api_base=None if usual else base,
    )


def _ask(servers: Sequence[Server], timeout: float) -> dict[Server, Sequence[str]]:
    """The models of the servers that answer in time."""
    end = time.monotonic() + timeout
    connections = [http.client.HTTPConnection(HOST, one.port, timeout=timeout) for one in servers]
    answers: dict[Server, Sequence[str]] = {}

    def ask(server: Server, connection: http.client.HTTPConnection) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError, RecursionError):
            names = _names(json.loads(_models(connection, end)))
            if names is not None:
                answers[server] = names

    threads = [
        threading.Thread(target=ask, args=pair, daemon=True)
        for pair in zip(servers, connections, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    for connection in connections:
        if connection.sock:  # of one that is late: its thread ends with it
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
    return dict(answers)


def _models(connection: http.client.HTTPConnection, end: float) -> bytes:
    """What a server says about its models; nothing when it takes too long or says too much."""
    try:
        connection.request("GET", "/v1/models", headers={"Accept": "application/json"})
        response = connection.getresponse()
        if response.status != 200:  # a redirection too: it is not followed
            return b""
        data = b""
        while more := response.read1(65536):
            data += more
            if len(data) > _MOST or time.monotonic() > end:
                return b""
        return data
    finally:
        connection.close()


def _names(answer: Any) -> list[str] | None:
    """The names in a list of models; None when it is no such list."""
    match answer:
        case {"object": "list", "data": None}:  # Ollama without any
            return []
        case {"data": [*items]}:
            told = [item["id"] for item in items if isinstance(item, dict) and "id" in item]
            names = [name for name in told if isinstance(name, str) and name.isprintable()]
            return [name[:_LONG] for name in names[:_MODELS] if name]
    return None
