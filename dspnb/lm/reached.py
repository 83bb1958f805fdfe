"""How a model is reached: over our own client where it speaks the OpenAI protocol, or litellm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from dspnb.errors import UsageError

from .endpoints import PROVIDERS, Kind, endpoint_of
from .formats import Chat
from .formats.embeddings import Embeddings
from .patient import Patient, Remote
from .private import Secrets
from .request import Request


def remote(
    model: str,
    kind: Kind | Literal["embeddings"],
    api_base: str | None,
    secrets: Secrets,
    timeout: float,
    retries: int,
    limits: Mapping[str, Any],
    params: dict[str, Any],
) -> Remote:
    """What answers for `provider/name`.

    Takes `api_version` out of `params`.

    Raises `UsageError` for a name or an address that cannot be one.
    """
    if not model or "/" not in model:
        raise UsageError(
            f"A model is written `provider/name`, as in `openai/gpt-4o-mini`, or `offline`; "
            f"got {model!r}."
        )
    secrets.check()
    version = params.pop("api_version", None)
    endpoint = endpoint_of(model, api_base, api_version=version)
    reached: Remote
    if endpoint is not None and endpoint.own.isdisjoint(params) and not secrets.more:
        from .hosted import Hosted

        reached = Hosted(
            model,
            endpoint,
            Embeddings() if kind == "embeddings" else endpoint.format(kind),
            secrets=secrets,
            timeout=timeout,
        )
    elif kind not in ("chat", "embeddings"):
        raise UsageError(
            f"`{model}` is reached through litellm, with `kind='chat'` only; got {kind!r}."
        )
    else:
        from .litellm import LiteLLM, LiteLLMEmbeddings

        if version is not None:
            params["api_version"] = version
        litellm = LiteLLMEmbeddings if kind == "embeddings" else LiteLLM
        reached = litellm(model, api_base=api_base, secrets=secrets, timeout=timeout)
    return Patient(reached, retries=retries, limits=limits)


def body(model: str, kind: Kind, request: Request) -> dict[str, Any]:
    """A request as an endpoint of the OpenAI protocol is sent it, with the model's name there.

    A model that litellm reaches has it in the shape of chat completions, which litellm is given.

    >>> from dspnb.lm.base import Message
    >>> asked = Request((Message.of("user", "Hi"),), {"max_tokens": 9})
    >>> body("openai/o4-mini", "chat", asked)["max_completion_tokens"]
    9
    """
    endpoint = PROVIDERS.get(model.partition("/")[0])
    if endpoint is None:
        written = Chat().body(model, request, stream=False)
    else:
        written = endpoint.format(kind).body(endpoint.bare(model), request, stream=False)
    found: dict[str, Any] = json.loads(written)
    return found
