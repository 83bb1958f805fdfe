"""Who speaks the OpenAI protocol: addresses, keys, and what each of them can do.

Providers are named as litellm names them; those that are not here are reached through litellm.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit

from dspnb.errors import UsageError

from .base import Feature
from .formats import Chat, Format, Responses, Text
from .keys import address

Kind = Literal["chat", "responses", "text"]
# How variables of the environment are read: all of it at once is in no variable here, since a
# traceback may show those.
Getenv = Callable[[str], str | None]


@dataclass(frozen=True)
class Endpoint:
    """A server of the OpenAI protocol, and how it wants to be asked."""

    name: str  # the provider
    base: str  # of its addresses; "" when it has to be given
    key_variables: tuple[str, ...] = ()  # of the environment, the first that is set counts
    base_variables: tuple[str, ...] = ()
    needs_key: bool = True
    header: Literal["Authorization", "api-key"] = "Authorization"
    local: bool = False  # on this machine or in its network
    features: frozenset[Feature] = frozenset()  # what all models there can do
    counts: bool = True  # whether a stream may be asked to end with its usage
    renames: bool = False  # whether reasoning models want `max_completion_tokens`
    root: str = ""  # the path of its base, where people leave it out: "/v1"
    prefix: str = ""  # of the names of models that have no `/`
    api_version: str = ""
    own: frozenset[str] = frozenset()  # parameters that only its other protocol, in litellm, has

    @property
    def free(self) -> bool:
        """Whether it is a program for one's own machine, and runs there; a proxy may cost."""
        usual = PROVIDERS[self.name].base
        return self.local and usual != "" and _is_local(usual)

    def bare(self, model: str) -> str:
        """The name of a model as the server knows it.

        >>> PROVIDERS["fireworks_ai"].bare("fireworks_ai/kimi-k2")
        'accounts/fireworks/models/kimi-k2'
        """
        name = model.partition("/")[2]
        return name if "/" in name else self.prefix + name

    def url(self, path: str, model: str) -> str:
        """The address of a format's path; `model` is the bare name, which Azure has in there.

        >>> PROVIDERS["openai"].url("/chat/completions", "gpt-4o-mini")
        'https://api.openai.com/v1/chat/completions'
        """
        if not self.api_version:
            return self.base + path
        version = f"?api-version={quote(self.api_version, safe='')}"
        if re.search(r"/openai/(v1|deployments/[^/]+)$", self.base):
            return self.base + path + version
        if path == Responses.path:
            return f"{self.base}/openai/v1{path}"  # the older face has none
        return f"{self.base}/openai/deployments/{quote(model, safe='')}{path}{version}"

    def key(self, given: str | None, getenv: Getenv = os.getenv) -> str | None:
        """The key that is given, or that of the environment, or None."""
        found = given or next(filter(None, map(getenv, self.key_variables)), None)
        found = (found or "").strip()
        if not (found.isascii() and found.isprintable()):
            given = found = ""  # a traceback may show the values of variables
            raise UsageError(
                f"The key of `{self.name}` has characters that no key has, such as a line break or "
                "a dash that was made by a text editor; copy it again."
            )
        return found or None

    def headers(self, key: str | None) -> dict[str, str]:
        """What tells the server who asks."""
        if key is None:
            return {}
        return {self.header: key if self.header == "api-key" else f"Bearer {key}"}

    def format(self, kind: Kind) -> Format:
        """The format for a kind of model."""
        match kind:
            case "chat":
                return Chat(renames=self.renames, counts=self.counts)
            case "responses":
                return Responses()
            case "text":
                return Text(counts=self.counts)


def endpoint_of(
    model: str,
    api_base: str | None = None,
    *,
    api_version: str | None = None,
    getenv: Getenv = os.getenv,
) -> Endpoint | None:
    """The endpoint of a model, at the base that is given, or set in the environment, or its own.

    None when its provider speaks another protocol. Raises `UsageError` for an impossible base.

    >>> endpoint_of("openai/local", "http://localhost:8000/v1/").url("/chat/completions", "local")
    'http://localhost:8000/v1/chat/completions'
    >>> endpoint_of("anthropic/claude-sonnet-4-5") is None
    True
    """
    provider = PROVIDERS.get(model.partition("/")[0])
    if provider is None or _wants_token(provider, getenv):
        return None
    told = api_base or next(filter(None, map(getenv, provider.base_variables)), "")
    base = _base(provider, told) if told else provider.base
    if not base:
        raise UsageError(
            f"`{model}` needs the address of its server: set `api_base=` or the environment "
            f"variable `{provider.base_variables[0]}`."
        )
    found = dataclasses.replace(provider, base=base, local=_is_local(base))
    if provider.name == "azure":
        return _azure(found, api_version or getenv("AZURE_API_VERSION"))
    if base != provider.base:
        # `openai/` is also how a server of unknown kind is named.
        unknown = provider.name == "openai" and not _host(base).endswith("api.openai.com")
        features = frozenset[Feature]() if unknown else provider.features
        return dataclasses.replace(found, needs_key=False, features=features)
    return found


def _wants_token(provider: Endpoint, getenv: Getenv) -> bool:
    """Whether there is only a token of Azure's directory, which litellm knows how to use."""
    keys = any(map(getenv, provider.key_variables))
    return provider.name == "azure" and not keys and bool(getenv("AZURE_AD_TOKEN"))


def _azure(found: Endpoint, version: str | None) -> Endpoint:
    base = found.base.removesuffix("/openai")
    # The newer face of Azure has the model in the body and needs no version.
    version = version or ("" if base.endswith("/openai/v1") else AZURE_API_VERSION)
    return dataclasses.replace(found, base=base, api_version=version)


def _base(provider: Endpoint, told: str) -> str:
    """A base as a user writes it: with a slash at the end, without a scheme, without its path."""
    base = told.strip().rstrip("/").removesuffix("/chat/completions")
    if provider.name in ("ollama", "ollama_chat") and "://" not in base:
        base = _ollama_host(base)
    try:
        parts = urlsplit(base)
    except ValueError:  # half an address of IPv6
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            "`api_base` is an address such as `http://localhost:8000/v1`; "
            f"got {address(told)!r} for `{provider.name}`."
        )
    return base if parts.path else base + provider.root


def _ollama_host(told: str) -> str:
    """What the server of Ollama is told to listen at, as where it is reached.

    >>> _ollama_host("0.0.0.0"), _ollama_host(":8000")
    ('http://127.0.0.1:11434', 'http://127.0.0.1:8000')
    """
    host, _, port = told.rpartition(":") if re.search(r":\d+$", told) else (told, "", "11434")
    return f"http://{'127.0.0.1' if host in ('', '0.0.0.0') else host}:{port}"


def _is_local(base: str) -> bool:
    """Whether a base is on this machine or in a network that is not the internet.

    >>> [_is_local(f"http://{host}/v1") for host in ("[::1]:1234", "192.168.0.7", "gpu", "a.com")]
    [True, True, True, False]
    """
    host = _host(base)
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:  # a name
        return "." not in host or host.endswith((".local", ".localhost", ".internal"))


def _host(base: str) -> str:
    return urlsplit(base).hostname or ""


AZURE_API_VERSION = "2025-02-01-preview"

# What the OpenAI face of Ollama leaves unread: with one of these, its own protocol is needed.
_OLLAMA = frozenset(
    {"format", "keep_alive", "mirostat", "mirostat_eta", "mirostat_tau", "num_ctx", "num_gpu",
     "num_predict", "num_thread", "repeat_last_n", "repeat_penalty", "think", "tfs_z", "top_k"}
)  # fmt: skip


def _providers() -> tuple[Endpoint, ...]:
    json: frozenset[Feature] = frozenset({"json_object"})
    schema: frozenset[Feature] = frozenset({"json_schema"})
    samples: frozenset[Feature] = frozenset({"samples"})
    return (
        Endpoint(
            "openai", "https://api.openai.com/v1",
            ("OPENAI_API_KEY",), ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
            features=json | samples, renames=True,
        ),
        Endpoint(
            "azure", "", ("AZURE_OPENAI_API_KEY", "AZURE_API_KEY"), ("AZURE_API_BASE",),
            header="api-key", features=json | samples, renames=True,
        ),
        Endpoint(
            "openrouter", "https://openrouter.ai/api/v1",
            ("OPENROUTER_API_KEY",), ("OPENROUTER_API_BASE",),
        ),
        Endpoint(
            "groq", "https://api.groq.com/openai/v1",
            ("GROQ_API_KEY",), ("GROQ_API_BASE",), features=json,
        ),
        Endpoint(
            "deepseek", "https://api.deepseek.com/beta",
            ("DEEPSEEK_API_KEY",), ("DEEPSEEK_API_BASE",), features=json,
        ),
        Endpoint(
            "mistral", "https://api.mistral.ai/v1",
            ("MISTRAL_AZURE_API_KEY", "MISTRAL_API_KEY"), ("MISTRAL_AZURE_API_BASE",),
            features=json | samples, root="/v1",
            counts=False,  # it refuses `stream_options`, and counts without
        ),
        Endpoint(
            "together_ai", "https://api.together.ai/v1",
            ("TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHERAI_API_KEY", "TOGETHER_AI_TOKEN"),
            ("TOGETHER_AI_API_BASE",), features=samples,
        ),
        Endpoint(
            "fireworks_ai", "https://api.fireworks.ai/inference/v1",
            ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY", "FIREWORKSAI_API_KEY",
             "FIREWORKS_AI_TOKEN"),
            ("FIREWORKS_API_BASE",), features=json | schema | samples,
            prefix="accounts/fireworks/models/",
        ),
        Endpoint("xai", "https://api.x.ai/v1", ("XAI_API_KEY",), ("XAI_API_BASE",)),
        Endpoint(
            "perplexity", "https://api.perplexity.ai",
            ("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"), ("PERPLEXITY_API_BASE",),
            counts=False,
        ),
        Endpoint(
            "cerebras", "https://api.cerebras.ai/v1",
            ("CEREBRAS_API_KEY",), ("CEREBRAS_API_BASE",), counts=False,
        ),
        Endpoint(
            "nvidia_nim", "https://integrate.api.nvidia.com/v1",
            ("NVIDIA_NIM_API_KEY",), ("NVIDIA_NIM_API_BASE",),
        ),
        Endpoint(
            "deepinfra", "https://api.deepinfra.com/v1/openai",
            ("DEEPINFRA_API_KEY",), ("DEEPINFRA_API_BASE",), features=json | samples,
        ),
        Endpoint(
            "sambanova", "https://api.sambanova.ai/v1",
            ("SAMBANOVA_API_KEY",), ("SAMBANOVA_API_BASE",),
        ),
        Endpoint(
            "nebius", "https://api.studio.nebius.ai/v1", ("NEBIUS_API_KEY",), ("NEBIUS_API_BASE",)
        ),
        Endpoint(
            "novita", "https://api.novita.ai/v3/openai", ("NOVITA_API_KEY",), ("NOVITA_API_BASE",)
        ),
        Endpoint(
            "hyperbolic", "https://api.hyperbolic.xyz/v1",
            ("HYPERBOLIC_API_KEY",), ("HYPERBOLIC_API_BASE",),
        ),
        Endpoint(
            "lambda_ai", "https://api.lambda.ai/v1", ("LAMBDA_API_KEY",), ("LAMBDA_API_BASE",)
        ),
        Endpoint(
            "nscale", "https://inference.api.nscale.com/v1", ("NSCALE_API_KEY",),
            ("NSCALE_API_BASE",),
        ),
        Endpoint(
            "litellm_proxy", "", ("LITELLM_PROXY_API_KEY",), ("LITELLM_PROXY_API_BASE",),
            needs_key=False,
        ),
        *[
            Endpoint(
                name, "http://localhost:8000/v1", ("HOSTED_VLLM_API_KEY",),
                ("HOSTED_VLLM_API_BASE",), needs_key=False, features=json | schema | samples,
                root="/v1",
            )
            for name in ("hosted_vllm", "vllm")
        ],
        *[
            Endpoint(
                name, "http://localhost:11434/v1", ("OLLAMA_API_KEY",),
                ("OLLAMA_API_BASE", "OLLAMA_HOST"), needs_key=False, features=json | schema,
                root="/v1", own=_OLLAMA,
            )
            for name in ("ollama", "ollama_chat")
        ],
        Endpoint(
            "lm_studio", "http://localhost:1234/v1", ("LM_STUDIO_API_KEY",),
            ("LM_STUDIO_API_BASE",), needs_key=False,
            features=schema,  # it refuses `json_object`
            root="/v1",
        ),
        Endpoint(
            "llamafile", "http://127.0.0.1:8080/v1", ("LLAMAFILE_API_KEY",),
            ("LLAMAFILE_API_BASE",), needs_key=False, root="/v1",
        ),
        Endpoint(
            "llamacpp", "http://127.0.0.1:8080/v1", (), ("LLAMACPP_API_BASE",), needs_key=False,
            features=json | schema, root="/v1",
        ),
    )  # fmt: skip


PROVIDERS: Mapping[str, Endpoint] = {endpoint.name: endpoint for endpoint in _providers()}
