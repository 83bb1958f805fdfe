"""Who speaks the OpenAI protocol: bases, addresses, keys, and what each can do."""

import json
import os
import subprocess
import sys

import pytest

from dspnb.errors import UsageError
from dspnb.lm.base import Message
from dspnb.lm.endpoints import PROVIDERS, endpoint_of
from dspnb.lm.request import Request

CHAT = "/chat/completions"


def of(model, api_base=None, **environ):
    return endpoint_of(model, api_base, getenv=environ.get)


def url(model, api_base=None, path=CHAT, **environ):
    endpoint = of(model, api_base, **environ)
    return endpoint.url(path, endpoint.bare(model))


@pytest.mark.parametrize(
    ("model", "address"),
    [
        ("openai/gpt-4o-mini", "https://api.openai.com/v1"),
        ("openrouter/openai/gpt-4o", "https://openrouter.ai/api/v1"),
        ("perplexity/sonar", "https://api.perplexity.ai"),
        ("ollama/llama3", "http://localhost:11434/v1"),
        ("hosted_vllm/qwen", "http://localhost:8000/v1"),
        ("lm_studio/qwen", "http://localhost:1234/v1"),
    ],
)
def test_a_provider_has_its_own_base(model, address):
    assert url(model) == address + CHAT


@pytest.mark.parametrize("model", ["anthropic/claude", "gemini/flash", "bedrock/x", "mine", "a/b"])
def test_who_speaks_another_protocol_has_no_endpoint(model):
    assert of(model) is None


@pytest.mark.parametrize(
    ("model", "base", "address"),
    [
        ("openai/x", "http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("openai/x", " http://localhost:8000/v1/ ", "http://localhost:8000/v1"),
        ("openai/x", "http://localhost:8000/v1/chat/completions", "http://localhost:8000/v1"),
        ("openai/x", "http://gpu", "http://gpu"),
        ("ollama_chat/x", "http://localhost:11434", "http://localhost:11434/v1"),
        ("ollama/x", "gpu:11434", "http://gpu:11434/v1"),
        ("hosted_vllm/x", "https://gpu:8000/", "https://gpu:8000/v1"),
        ("hosted_vllm/x", "https://gpu:8000/api", "https://gpu:8000/api"),
        ("groq/x", "https://proxy.example/groq", "https://proxy.example/groq"),
    ],
)
def test_a_base_is_taken_as_people_write_it(model, base, address):
    assert url(model, base) == address + CHAT


@pytest.mark.parametrize("base", ["localhost:8000", "ftp://a/v1", "http://", "what"])
def test_an_impossible_base_is_told(base):
    with pytest.raises(UsageError, match=r"`api_base` is an address such as.*for `openai`"):
        of("openai/x", base)


def test_a_base_comes_from_the_environment_when_none_is_given():
    assert url("openai/x", OPENAI_BASE_URL="http://a/v1") == f"http://a/v1{CHAT}"
    both = {"OPENAI_BASE_URL": "", "OPENAI_API_BASE": "http://b/v1"}
    assert url("openai/x", **both) == f"http://b/v1{CHAT}"
    assert url("openai/x", "http://c/v1", **both) == f"http://c/v1{CHAT}"
    assert url("ollama/x", OLLAMA_HOST="0.0.0.0") == f"http://127.0.0.1:11434/v1{CHAT}"
    assert url("ollama/x", OLLAMA_HOST="http://gpu:80") == f"http://gpu:80/v1{CHAT}"


def test_a_server_without_a_known_base_needs_one():
    with pytest.raises(UsageError, match=r"`azure/x` needs .* `api_base=` .* `AZURE_API_BASE`"):
        of("azure/x")


# Azure


def test_azure_has_the_deployment_and_a_version_in_its_address():
    base = "https://us.openai.azure.com"

    assert url("azure/my gpt", AZURE_API_BASE=f"{base}/") == (
        f"{base}/openai/deployments/my%20gpt{CHAT}?api-version=2025-02-01-preview"
    )
    assert url("azure/gpt", f"{base}/openai", AZURE_API_VERSION="v2").endswith(
        f".com/openai/deployments/gpt{CHAT}?api-version=v2"
    )
    given = endpoint_of("azure/gpt", base, api_version="v3", getenv={"AZURE_API_VERSION": "v2"}.get)
    assert given.url(CHAT, "gpt").endswith("?api-version=v3")
    assert url("azure/gpt", f"{base}/openai/deployments/other").startswith(
        f"{base}/openai/deployments/other{CHAT}?api-version="
    )


def test_the_newer_face_of_azure_has_neither():
    base = "https://us.openai.azure.com/openai/v1"

    assert url("azure/gpt", base) == base + CHAT
    assert url("azure/gpt", base, AZURE_API_VERSION="preview").endswith("?api-version=preview")
    assert url("azure/gpt", "https://us.openai.azure.com", "/responses") == f"{base}/responses"


def test_azure_gets_its_key_in_a_header_of_its_own():
    endpoint = of("azure/gpt", "https://us.openai.azure.com")

    key = endpoint.key(None, {"AZURE_API_KEY": "k"}.get)
    assert endpoint.needs_key
    assert endpoint.headers(key) == {"api-key": "k"}


def test_azure_with_only_a_token_of_its_directory_is_left_to_litellm():
    base = "https://us.openai.azure.com"

    assert of("azure/gpt", base, AZURE_AD_TOKEN="t") is None
    assert of("azure/gpt", base, AZURE_AD_TOKEN="t", AZURE_API_KEY="k") is not None


# Keys


def test_a_key_is_the_given_one_or_the_environments():
    endpoint = of("together_ai/x")

    assert endpoint.key("mine", {"TOGETHER_API_KEY": "theirs"}.get) == "mine"
    environ = {"TOGETHER_API_KEY": "", "TOGETHERAI_API_KEY": "theirs\n"}
    assert endpoint.key(None, environ.get) == "theirs"
    assert endpoint.headers("theirs") == {"Authorization": "Bearer theirs"}


def test_who_has_no_key_sends_none():
    endpoint = of("openai/x", "http://localhost:8000/v1")

    assert not endpoint.needs_key
    assert endpoint.key(None, {}.get) is None
    assert endpoint.headers(None) == {}
    assert of("openai/x").needs_key


@pytest.mark.parametrize("key", ["sk-a\nX-Evil: 1", "sk\u2013a"])
def test_what_cannot_be_a_key_is_told_without_it(key):
    with pytest.raises(UsageError, match="The key of `openai` has characters that no key") as told:
        of("openai/x").key(key, {}.get)

    assert "sk" not in str(told.value)


# What they can do


def test_a_local_server_costs_nothing():
    assert of("ollama/x").local
    assert of("openai/x", "http://127.0.0.1:1/v1").local
    assert of("openai/x", "http://192.168.1.9/v1").local
    assert not of("openai/x").local
    assert not of("ollama/x", "https://ollama.com").local


def test_features_are_those_that_every_model_there_has():
    assert of("openai/x").features == {"json_object", "samples"}
    assert of("openai/x", "https://eu.api.openai.com/v1").features == {"json_object", "samples"}
    assert of("openai/x", "http://localhost:8000/v1").features == set()
    assert of("lm_studio/x").features == {"json_schema"}
    assert "samples" in of("hosted_vllm/x", "http://gpu:1/v1").features
    assert "samples" not in of("groq/x").features


def test_a_format_knows_the_habits_of_its_server():
    request = Request((Message.of("user", "?"),), {"max_tokens": 5})

    def body(model, kind="chat"):
        format = of(model).format(kind)
        return format.path, json.loads(format.body("o3", request, stream=True))

    assert body("openai/o3")[1]["max_completion_tokens"] == 5
    assert body("groq/o3")[1]["max_tokens"] == 5
    assert "stream_options" not in body("mistral/o3")[1]
    assert body("openai/o3", "responses")[0] == "/responses"
    assert body("openai/o3", "text")[0] == "/completions"


def test_parameters_of_ollamas_own_protocol_are_known():
    assert "num_ctx" in of("ollama_chat/x").own
    assert not of("openai/x").own & {"temperature", "max_tokens"}


def test_the_name_of_a_model_is_the_servers():
    bare = {model: of(model).bare(model) for model in ("openrouter/a/b:free", "openai/ft:x")}

    assert bare == {"openrouter/a/b:free": "a/b:free", "openai/ft:x": "ft:x"}
    assert of("fireworks_ai/x").bare("fireworks_ai/kimi") == "accounts/fireworks/models/kimi"
    assert of("fireworks_ai/x").bare("fireworks_ai/accounts/me/models/x") == "accounts/me/models/x"


# Asks litellm in a process of its own what it makes of each variable.
ASK = """
import json, os, sys
import litellm
def ask(model):
    return litellm.get_llm_provider(model=model)[2:]
for name, keys, bases in json.load(sys.stdin):
    answers = {"": ask(f"{name}/x")}
    for variable in keys + bases:
        os.environ[variable] = "http://told/v1"
        answers[variable] = ask(f"{name}/x")
        del os.environ[variable]
    print(json.dumps([name, answers]))
"""
UNTOLD = {"openai", "azure", "openrouter", "ollama_chat"}  # read elsewhere in litellm
OURS = {"vllm", "llamacpp"}  # names of our own
DEFAULTS = {"hosted_vllm", "lm_studio"}  # bases of our own


@pytest.mark.slow
def test_bases_and_variables_are_those_of_litellm():
    asked = [
        (name, list(one.key_variables), [v for v in one.base_variables if v != "OLLAMA_HOST"])
        for name, one in PROVIDERS.items()
        if name not in UNTOLD | OURS
    ]
    known = {v for _, keys, bases in asked for v in keys + bases}
    environ = {name: value for name, value in os.environ.items() if name not in known}

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        env=environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    )

    answers = dict(map(json.loads, done.stdout.splitlines()))
    for name, keys, bases in asked:
        ours = PROVIDERS[name]
        base = answers[name][""][1]
        if name not in DEFAULTS:
            assert (base or "").removesuffix(ours.root) == ours.base.removesuffix(ours.root)
        told = {variable: answers[name][variable] for variable in keys + bases}
        assert [v for v in keys if told[v][0] != "http://told/v1"] == []
        assert [v for v in bases if told[v][1] != "http://told/v1"] == []
