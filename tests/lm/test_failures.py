"""What providers answer when they do not answer, as errors of ours."""

import errno
import json
import socket
import ssl
import struct

import pytest

from dspnb.errors import (
    BadRequest,
    ConnectionLost,
    ContextTooLong,
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
)
from dspnb.lm.failures import from_status, from_transport, not_json, retry_after, without_keys

KEY = "sk-" + "nobody-may-see-4711"
WHERE = "https://api.example.com/v1"
MODEL = "openai/some-model"


def openai(message, code=None, kind="invalid_request_error", param=None):
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def vllm(message, kind, code):
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code}


def failure(status, body, *, headers=None, params=(), secrets=(KEY,), where=WHERE, **more):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return from_status(
        status, headers or {}, data, model=MODEL, where=where,
        params=dict.fromkeys(params, 1), secrets=secrets, **more,
    )  # fmt: skip


AZURE_FILTER = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content "
        "management policy. Please modify your prompt and retry.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {
                "hate": {"filtered": True, "severity": "high"},
                "violence": {"filtered": False, "severity": "safe"},
            },
        },
    }
}
OPENROUTER_FLAGGED = {
    "error": {
        "code": 403,
        "message": "This input was not let through by the provider's moderation.",
        "metadata": {"reasons": ["harassment"], "flagged_input": "...", "provider_name": "OpenAI"},
    }
}
OPENROUTER_UPSTREAM = {
    "error": {
        "message": "Provider returned error",
        "code": 400,
        "metadata": {
            "raw": '{"error":{"message":"prompt is too long: 300000 tokens > 200000 maximum"}}',
            "provider_name": "Anthropic",
        },
    }
}
GEMINI_SLOW_DOWN = [
    {
        "error": {
            "code": 429,
            "message": "You exceeded your current quota, please check your plan and billing "
            "details.\n* Quota exceeded for metric: requests, limit: 10\nPlease retry in 34.5s.",
            "status": "RESOURCE_EXHAUSTED",
        }
    }
]
MISTRAL_EXTRA = {
    "object": "error",
    "message": {
        "detail": [
            {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not "
             "permitted", "input": 7},
        ]
    },
    "type": "invalid_request_error",
}  # fmt: skip
GROQ_TOO_LARGE = openai(
    "Request too large for model `llama-3.1-8b-instant` in organization `org_01` service tier "
    "`on_demand` on tokens per minute (TPM): Limit 6000, Requested 7123, please reduce your "
    "message size and try again.",
    "rate_limit_exceeded",
    "tokens",
)
GROQ_DAILY = openai(
    "Rate limit reached for model `llama-3.3-70b-versatile` on tokens per day (TPD): Limit 100000, "
    "Used 99800, Requested 500. Please try again in 4m19.2s. Need more tokens? Upgrade to Dev "
    "Tier today at https://console.groq.com/settings/billing",
    "rate_limit_exceeded",
    "tokens",
)
OPENAI_QUOTA = openai(
    "You exceeded your current quota, please check your plan and billing details.",
    "insufficient_quota",
    "insufficient_quota",
)
OPENAI_RPM = openai(
    "Rate limit reached for gpt-4o in organization org-x on requests per min (RPM): Limit 3, Used "
    "3, Requested 1. Please try again in 20s. You can increase your rate limit by adding a payment "
    "method to your account at https://platform.openai.com/account/billing.",
    "rate_limit_exceeded",
    "requests",
)
OPENAI_LONG = openai(
    "This model's maximum context length is 128000 tokens. However, your messages resulted in "
    "204308 tokens. Please reduce the length of the messages.",
    "context_length_exceeded",
    param="messages",
)
LMSTUDIO_LONG = {
    "error": "Trying to keep the first 15857 tokens when context the overflows. However, the model "
    "is loaded with context length of only 4096 tokens, which is not enough."
}
LLAMACPP_LONG = {
    "error": {
        "code": 400,
        "message": "the request exceeds the available context size, try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 14429,
        "n_ctx": 8192,
    }
}
WRONG_KEY = "Incorrect API key provided: sk-nobod***4711. You can find your API key there."

# (who, status, body, parameters of the request, our error, what it says)
ANSWERS = [
    ("openai", 401, openai(WRONG_KEY, "invalid_api_key"), (), WrongKey, "provided: ***. You can"),
    ("openai", 429, OPENAI_QUOTA, (), QuotaSpent, "no credit or quota left"),
    ("openai", 429, OPENAI_RPM, (), RateLimited, "Ask again in 20 s,"),
    ("openai", 429, openai("Your account is not active, check billing.", "billing_not_active"), (),
     QuotaSpent, "no credit"),
    ("openai", 400, OPENAI_LONG, (), ContextTooLong, "the prompt is too long"),
    ("openai", 400, openai("Invalid 'messages[1].content': string too long.",
     "string_above_max_length", param="messages[1].content"), (), ContextTooLong, "too long"),
    ("openai", 400, openai("Invalid 'user': string too long.", "string_above_max_length",
     param="user"), ("user",), BadRequest, "rejects the request"),
    ("openai", 404, openai("The model `gpt-9` does not exist or you do not have access to it.",
     "model_not_found"), (), UnknownModel, "no such model"),
    ("openai", 403, openai("Project `p` does not have access to model `gpt-5`.", "model_not_found"),
     (), UnknownModel, "no such model"),
    ("openai", 404, openai("Invalid URL (POST /chat/completions)"), (), UnknownModel,
     "nothing at this address: https://api.example.com/v1"),
    ("openai", 400, openai("Unsupported parameter: 'max_tokens' is not supported with this model. "
     "Use 'max_completion_tokens' instead.", "unsupported_parameter", param="max_tokens"),
     ("max_tokens",), Unsupported, "Leave out `max_tokens`"),
    ("openai", 400, openai("Unsupported value: 'temperature' does not support 0 with this model.",
     "unsupported_value", param="temperature"), ("temperature", "n"), Unsupported,
     "Leave out `temperature`,"),
    ("openai", 403, openai("You are not allowed to request logprobs from this model"),
     ("logprobs",), Unsupported, "Leave out `logprobs`"),
    ("openai", 400, openai("Invalid 'temperature': decimal above maximum value. Expected a value "
     "<= 2, but got 3.", "decimal_above_max_value", param="temperature"), ("temperature",),
     BadRequest, "decimal above maximum"),
    ("openai", 400, openai("An assistant message with 'tool_calls' must be followed by tool "
     "messages.", param="messages.[2].role"), ("tools",), BadRequest, "must be followed"),
    ("openai", 400, openai("Invalid prompt: your prompt was flagged as potentially violating our "
     "usage policy.", "invalid_prompt"), (), Refused, "forbid the prompt"),
    ("openai", 500, openai("The server had an error.", kind="server_error"), (), ServerFailed,
     "broke down (status 500)"),
    ("openai", 503, openai("The engine is currently overloaded."), (), ServerFailed, "status 503"),
    ("azure", 400, AZURE_FILTER, (), Refused, "retry. (hate)."),
    ("azure", 401, {"error": {"code": "401", "message": "Access denied due to invalid subscription "
     "key or wrong API endpoint."}}, (), WrongKey, "does not accept the key"),
    ("azure", 404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment for "
     "this resource does not exist."}}, (), UnknownModel, "no such model"),
    ("azure", 404, {"error": {"code": "404", "message": "Resource not found"}}, (), UnknownModel,
     "nothing at this address"),
    ("azure", 429, {"error": {"code": "429", "message": "Requests have exceeded the call rate "
     "limit. Please retry after 7 seconds."}}, (), RateLimited, "too many requests"),
    ("openrouter", 402, {"error": {"code": 402, "message": "This request requires more credits, or "
     "fewer max_tokens."}}, (), QuotaSpent, "lower `max_tokens`"),
    ("openrouter", 403, OPENROUTER_FLAGGED, (), Refused, "(harassment)"),
    ("openrouter", 403, {"error": {"code": 403, "message": "Key limit exceeded (total limit)."}},
     (), QuotaSpent, "no credit or quota"),
    ("openrouter", 404, {"error": {"code": 404, "message": "No endpoints found that support tool "
     "use."}}, ("tools",), Unsupported, "Leave out `tools`"),
    ("openrouter", 404, {"error": {"code": 404, "message": "No endpoints found for a/b."}}, (),
     UnknownModel, "no such model"),
    ("openrouter", 400, {"error": {"code": 400, "message": "a/b is not a valid model ID"}}, (),
     UnknownModel, "no such model"),
    ("openrouter", 400, OPENROUTER_UPSTREAM, (), ContextTooLong,
     "It said: Provider returned error: prompt is too long: 300000 tokens"),
    ("openrouter", 429, {"error": {"code": 429, "message": "Rate limit exceeded: "
     "free-models-per-day. Add 10 credits to unlock 1000 requests per day"}}, (), QuotaSpent,
     "Waiting does not help"),
    ("openrouter", 429, {"error": {"code": 429, "message": "Provider returned error", "metadata":
     {"raw": "a/b:free is temporarily rate-limited upstream."}}}, (), RateLimited, "upstream"),
    ("openrouter", 200, {"error": {"code": 502, "message": "Provider returned error"}}, (),
     ServerFailed, "status 502"),
    ("gemini", 429, GEMINI_SLOW_DOWN, (), RateLimited, "exceeded your current quota"),
    ("gemini", 400, [{"error": {"code": 400, "message": "API key not valid. Please pass a valid "
     "API key.", "status": "INVALID_ARGUMENT"}}], (), WrongKey, "does not accept the key"),
    ("gemini", 400, [{"error": {"code": 400, "message": "The input token count (1048577) exceeds "
     "the maximum number of tokens allowed (1048576)."}}], (), ContextTooLong, "1048577"),
    ("groq", 413, GROQ_TOO_LARGE, (), ContextTooLong, "Requested 7123"),
    ("groq", 429, GROQ_DAILY, (), RateLimited, "tokens per day"),
    ("groq", 400, openai("Please reduce the length of the messages or completion.",
     "context_length_exceeded", param="messages"), (), ContextTooLong, "too long"),
    ("groq", 400, openai("Failed to call a function. See 'failed_generation' for more details.",
     "tool_use_failed"), ("tools",), ServerFailed, "called a tool in a way that cannot be read"),
    ("groq", 400, openai("Failed to generate JSON. Please adjust your prompt.",
     "json_validate_failed"), ("response_format",), Unsupported, "Leave out `response_format`"),
    ("groq", 400, openai("'n' : number must be at most 1"), ("n",), Unsupported, "Leave out `n`"),
    ("groq", 400, openai("The model `old` has been decommissioned and is no longer supported.",
     "model_decommissioned"), (), UnknownModel, "no such model"),
    ("deepseek", 402, openai("Insufficient Balance", "invalid_request_error", "unknown_error"), (),
     QuotaSpent, "Insufficient Balance"),
    ("deepseek", 401, openai("Authentication Fails, Your api key: ****4711 is invalid",
     "invalid_request_error", "authentication_error"), (), WrongKey, "api key: *** is invalid"),
    ("deepseek", 400, openai("Model Not Exist", "invalid_request_error"), (), UnknownModel,
     "no such model"),
    ("deepseek", 400, openai("This response_format type is unavailable now",
     "invalid_request_error"), ("response_format",), Unsupported, "cannot do this"),
    ("deepseek", 400, openai("Content Exists Risk", "invalid_request_error"), (), Refused, "rules"),
    ("mistral", 401, {"message": "Unauthorized", "request_id": "9"}, (), WrongKey, "Unauthorized"),
    ("mistral", 400, vllm("Invalid model: nope", "invalid_model", "1500"), (), UnknownModel,
     "no such model"),
    ("mistral", 400, vllm("Prompt contains 40000 tokens and 0 draft tokens, too large for model "
     "with 32768 maximum context length", "invalid_request_prompt", "3051"), (), ContextTooLong,
     "too long"),
    ("mistral", 422, MISTRAL_EXTRA, ("seed",), Unsupported, "body.seed: Extra inputs"),
    ("mistral", 422, {"detail": [{"loc": ["body", "messages", 0, "x"], "msg": "Field required"}]},
     (), BadRequest, "body.messages.0.x: Field required"),
    ("mistral", 429, {"message": "Requests rate limit exceeded"}, (), RateLimited, "too many"),
    ("together", 401, openai("Invalid API key provided.", "invalid_api_key"), (), WrongKey, "key"),
    ("together", 422, openai("Input validation error: `inputs` tokens + `max_new_tokens` must be "
     "<= 8193."), (), ContextTooLong, "too long"),
    ("together", 404, openai("Unable to access model a/b. Please visit the list of models.",
     "model_not_available"), (), UnknownModel, "no such model"),
    ("vllm", 404, vllm("The model `a` does not exist.", "NotFoundError", 404), (), UnknownModel,
     "no such model"),
    ("vllm", 400, vllm("This model's maximum context length is 2048 tokens. However, you requested "
     "11352 tokens.", "BadRequestError", 400), (), ContextTooLong, "too long"),
    ("vllm", 404, {"detail": "Not Found"}, (), UnknownModel, "It usually ends in `/v1`"),
    ("vllm", 401, {"error": "Unauthorized"}, (), WrongKey, "does not accept"),
    ("vllm", 405, {"detail": "Method Not Allowed"}, (), BadRequest, "Method Not Allowed"),
    ("ollama", 404, openai('model "nope" not found, try pulling it first', kind="api_error"), (),
     UnknownModel, "try pulling it first"),
    ("ollama", 404, {"error": "model 'nope' not found"}, (), UnknownModel, "no such model"),
    ("ollama", 400, openai("registry.ollama.ai/library/gemma3:4b does not support tools",
     kind="api_error"), ("tools",), Unsupported, "Leave out `tools`"),
    ("ollama", 500, {"error": "model requires more system memory (5.6 GiB) than is available"}, (),
     ServerFailed, "system memory"),
    ("lm studio", 400, LMSTUDIO_LONG, (), ContextTooLong, "too long"),
    ("lm studio", 200, LMSTUDIO_LONG, (), ContextTooLong, "too long"),
    ("lm studio", 200, {"error": "Unexpected endpoint or method. (POST /chat/completions)"}, (),
     UnknownModel, "nothing at this address"),
    ("lm studio", 404, openai("No models loaded. Please load a model.", "model_not_found"), (),
     UnknownModel, "No models loaded"),
    ("llama.cpp", 400, LLAMACPP_LONG, (), ContextTooLong, "too long"),
    ("llama.cpp", 401, {"error": {"code": 401, "message": "Invalid API Key", "type":
     "authentication_error"}}, (), WrongKey, "does not accept"),
    ("llama.cpp", 503, {"error": {"code": 503, "message": "Loading model", "type":
     "unavailable_error"}}, (), ServerFailed, "Loading model"),
    ("llama.cpp", 500, {"error": {"code": 500, "message": "tools param requires --jinja flag",
     "type": "server_error"}}, ("tools",), Unsupported, "--jinja"),
    ("xai", 400, {"code": "Client specified an invalid argument", "error": "Incorrect API key "
     "provided: xa***ab."}, (), WrongKey, "does not accept"),
    ("anthropic", 400, {"type": "error", "error": {"type": "invalid_request_error", "message":
     "Your credit balance is too low to access the Anthropic API."}}, (), QuotaSpent, "no credit"),
    ("anthropic", 529, {"type": "error", "error": {"type": "overloaded_error", "message":
     "Overloaded"}}, (), ServerFailed, "status 529"),
    ("a gateway", 408, b"", (), TimedOut, "no answer came in time"),
    ("a gateway", 504, b"upstream request timeout", (), TimedOut, "no answer came in time"),
    ("a gateway", 524, b"<!DOCTYPE html><title>A timeout</title>", (), TimedOut, "in time"),
    ("a gateway", 502, b"<html><title>502 Bad Gateway</title></html>", (), ServerFailed,
     "a web page answered"),
    ("a gateway", 403, b"<!DOCTYPE html><title>Just a moment...</title>", (), ServerFailed,
     "It said: Just a moment..."),
    ("a gateway", 413, b"<html><title>413 Request Entity Too Large</title>", (), ContextTooLong,
     "too long"),
    ("a gateway", 404, b"<html><title>Not Found</title>", (), UnknownModel, "nothing at this"),
    ("a gateway", 407, b"", (), Unreachable, "a proxy on the way wants a login"),
    ("a gateway", 418, b"short and stout", (), BadRequest, "It said: short and stout."),
    ("a gateway", 500, b"", (), ServerFailed, "broke down (status 500). Ask again"),
    ("a gateway", 500, b"\xff\xfe\x00", (), ServerFailed, "status 500"),
    ("a gateway", 400, b"[]", (), BadRequest, "rejects"),
    ("a gateway", 400, b"null", (), BadRequest, "rejects"),
    ("a gateway", 400, b'{"error": null}', (), BadRequest, "rejects"),
    ("a gateway", 400, b'{"error": {"message": {"a": 1}}}', (), BadRequest, "{'a': 1}"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "body", "params", "kind", "says"),
    [case[1:] for case in ANSWERS],
    ids=[f"{case[0]}-{case[1]}-{case[4].__name__}-{i}" for i, case in enumerate(ANSWERS)],
)
def test_an_answer_is_the_error_that_it_means(status, body, params, kind, says):
    error = failure(status, body, params=params)

    assert type(error) is kind
    assert says in str(error)
    assert str(error).startswith(f"{MODEL}: ")
    assert error.model == MODEL
    assert "\n" not in str(error)


def test_words_about_a_parameter_that_was_not_sent_mean_something_else():
    body = openai("response_format is not supported by this model")

    assert type(failure(400, body)) is BadRequest
    assert type(failure(400, body, params=["response_format"])) is Unsupported


def test_a_page_that_answers_instead_is_said():
    moved = failure(302, b"", headers={"Location": "https://login.example.com/?next=secret"})

    assert type(moved) is ServerFailed
    assert "sends us elsewhere. It said: look at https://login.example.com/. Set" in str(moved)
    page = not_json({}, b"<html><title>Log in</title>", model=MODEL, where=WHERE, secrets=[])
    assert type(page) is ServerFailed
    assert f"a web page answered at {WHERE}" in str(page)
    assert "Log in" in str(page)
    assert "no JSON. It said: hello" in str(not_json({}, b"hello", model=MODEL, secrets=[]))
    assert "an empty answer" in str(not_json({}, b" ", model=MODEL, secrets=[]))
    by_type = not_json({"Content-Type": "text/html"}, b"Hi", model=MODEL, secrets=[])
    assert "a web page answered" in str(by_type)


def test_a_wrong_key_names_what_to_set():
    body = openai("no", "invalid_api_key")

    assert "Set `api_key=`." in str(failure(401, body))
    said = str(failure(401, body, key_variable="EXAMPLE_API_KEY"))
    assert "Set the environment variable `EXAMPLE_API_KEY` or `api_key=`." in said
    assert "the provider at https://api.example.com/v1 wants a key" in str(
        failure(401, body, secrets=[])
    )


def test_a_long_complaint_is_cut():
    error = failure(400, openai("x" * 100_000))

    assert len(str(error)) < 500


# -- how long to wait -------------------------------------------------------------------

AT_NOON = 1445412480.0  # Wed, 21 Oct 2015 07:28:00 GMT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"RETRY-AFTER": " 3 "}, 3.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:30"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:27:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "soon", "x-ratelimit-reset-tokens": "2s"}, 2.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"x-ratelimit-reset-requests": "1s"}, 1.0),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-reset-tokens": "1h2m3.5s"}, 3723.5),
        ({"x-ratelimit-reset-tokens": "12"}, 12.0),
        ({"x-ratelimit-reset-tokens": "later"}, None),
        ({"x-ratelimit-reset-requests": "9s", "x-ratelimit-reset-tokens": "2s"}, 2.0),
        (
            {
                "x-ratelimit-reset-requests": "9s",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-tokens": "2s",
                "x-ratelimit-remaining-tokens": "100",
            },
            9.0,
        ),
        ({}, None),
    ],
)
def test_the_time_to_wait_is_read_in_every_form(headers, seconds):
    assert retry_after(headers, now=AT_NOON) == pytest.approx(seconds)


def test_the_time_to_wait_is_found_in_the_words_as_well():
    assert failure(429, GROQ_DAILY).retry_after == pytest.approx(259.2)
    assert failure(429, GEMINI_SLOW_DOWN).retry_after == 34.5
    seconds = {"error": {"message": "Please retry after 7 seconds."}}
    assert failure(429, seconds).retry_after == 7.0
    assert failure(429, seconds, headers={"Retry-After": "3"}).retry_after == 3.0


def test_only_what_may_pass_says_when():
    headers = {"Retry-After": "7", "x-ratelimit-reset-tokens": "1s"}

    assert failure(429, b"", headers=headers).retry_after == 7.0
    assert failure(503, b"", headers=headers).retry_after == 7.0
    assert failure(429, OPENAI_QUOTA, headers=headers).retry_after is None
    assert failure(400, b"", headers=headers).retry_after is None
    # The time until a limit starts again says nothing about a server that is down.
    assert failure(503, b"", headers={"x-ratelimit-reset-tokens": "6m0s"}).retry_after is None


# -- connections ------------------------------------------------------------------------

CERTIFICATE = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")


class ConnectError(Exception):
    """As httpx's, which holds what broke as its cause."""


def caused(error, cause):
    error.__cause__ = cause
    return error


BROKEN = [
    (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), Unreachable, "nobody"),
    (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Unreachable, "online"),
    (OSError(errno.EHOSTUNREACH, "No route to host"), Unreachable, "VPN"),
    (OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1)"), Unreachable, "up"),
    (CERTIFICATE, Unreachable, "`SSL_CERT_FILE`"),
    (caused(ConnectError("all failed"), CERTIFICATE), Unreachable, "`SSL_CERT_FILE`"),
    (ssl.SSLError(1, "wrong version number"), Unreachable, "only `http://`"),
    (caused(ConnectError("no"), ssl.SSLError(1, "wrong version")), Unreachable, "only `http://`"),
    (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), ConnectionLost, "broke"),
    (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), ConnectionLost, "broke"),
    (BrokenPipeError(errno.EPIPE, "Broken pipe"), ConnectionLost, "broke"),
    (ConnectionAbortedError(), ConnectionLost, "The cause: ConnectionAbortedError."),
    (EOFError("the answer ended early"), ConnectionLost, "ended early"),
    (RuntimeError("the transport is closed"), ConnectionLost, "RuntimeError: the transport"),
    (TimeoutError(), TimedOut, "no answer came in time"),
    (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), TimedOut, "in time"),
    (OSError(errno.EMFILE, "Too many open files"), TransportError, "`ulimit -n`"),
    (ExceptionGroup("both", [ConnectionRefusedError(111, "no")]), Unreachable, "nobody"),
]


@pytest.mark.parametrize(("error", "kind", "says"), BROKEN, ids=lambda value: str(value)[:40])
def test_a_broken_connection_is_the_error_that_it_means(error, kind, says):
    made = from_transport(error, model=MODEL, where=WHERE, secrets=[KEY])

    assert type(made) is kind
    assert says in str(made) or says == "up"
    assert f" at {WHERE}" in str(made) or kind is TransportError
    assert made.__cause__ is None
    assert made.__context__ is None


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("http://localhost:11434/v1", "the server up? Ollama starts with `ollama serve`."),
        ("http://127.0.0.1:8000/v1", "the server up? vLLM starts with `vllm serve`."),
        ("http://127.0.0.1:9999/v1", "the server up? Ollama, for one, starts with `ollama serve`."),
        ("https://api.example.com/v1", "Are you online? It may take a VPN or `HTTPS_PROXY`."),
        ("http://[broken", "Are you online?"),
        ("", "nobody answers. Is the address right and the server up? Are you online?"),
    ],
)
def test_nobody_answering_says_what_to_try_there(where, says):
    error = from_transport(
        ConnectionRefusedError(111, "Connection refused"), model=MODEL, where=where, secrets=[]
    )

    assert says in str(error)


def test_a_real_refused_connection_and_a_real_lost_one_are_told_apart():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        address = server.getsockname()
        with pytest.raises(ConnectionRefusedError) as refused:
            socket.create_connection(address, timeout=5)
        server.listen()
        with socket.create_connection(address, timeout=5) as client:
            accepted, _ = server.accept()
            # It is closed with a reset, as a server that dies does.
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            accepted.close()
            with pytest.raises(ConnectionError) as lost:
                client.recv(1)

    assert type(from_transport(refused.value, model=MODEL, secrets=[])) is Unreachable
    assert type(from_transport(lost.value, model=MODEL, secrets=[])) is ConnectionLost


# -- keys -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Incorrect API key provided: sk-abc***def.", "Incorrect API key provided: ***."),
        ("wrong: sk-proj-****************abcd, sorry", "wrong: ***, sorry"),
        ("got AIzaSyD-9tSrke72PouQMnMX here", "got *** here"),
        ("got gsk_abc123 and hf_abc123", "got *** and ***"),
        ("got xai-abc123", "got ***"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("no access for bearer 'abc'", "no access for bearer 'abc'"),
        ("a bearer token is needed", "a bearer token is needed"),
        ("Your api key: ****4711 is invalid", "Your api key: *** is invalid"),
        ("API key: ab12cd34 is wrong", "API key: *** is wrong"),
        ("API key: not valid", "API key: not valid"),
        ("xa***ab is no key", "*** is no key"),
        ("https://me:pass@host/v1", "https://***@host/v1"),
        ("first line\nsecond line", "first line"),
        ("", ""),
        ("a task-based ask-me risk-free skill", "a task-based ask-me risk-free skill"),
    ],
)
def test_what_looks_like_a_key_is_not_shown(said, shown):
    assert without_keys(said, []) == shown


def test_the_given_keys_and_those_of_the_environment_are_not_shown(monkeypatch):
    monkeypatch.setenv("EXAMPLE_API_KEY", "topsecret-one")
    monkeypatch.setenv("EXAMPLE_TOKEN", "topsecret-two")
    monkeypatch.setenv("EXAMPLE_SECRET", "topsecret-three")
    monkeypatch.setenv("EXAMPLE_KEY", "short")
    monkeypatch.setenv("EXAMPLE_NAME", "known to all")

    said = "topsecret-one topsecret-two topsecret-three short known to all given/key given%2Fkey"
    assert without_keys(said, ["given/key"]) == "*** *** *** short known to all *** ***"


def test_a_key_that_is_repeated_in_part_or_cut_off_is_not_shown():
    key = "local-key-with-no-known-shape"

    assert without_keys("you sent local-key-wi", [key]) == "you sent ***"
    assert "local-key" not in without_keys("x" * 290 + key, [key])


def test_the_address_in_an_error_has_no_login_and_no_query():
    error = from_transport(
        ConnectionRefusedError(),
        model=MODEL,
        where="http://me:pw@proxy.example.com/v1?key=abc",
        secrets=[],
    )

    assert "http://***@proxy.example.com/v1." in str(error)


def test_a_server_whose_name_is_its_key_keeps_its_address():
    error = from_transport(
        ConnectionRefusedError(), model=MODEL, where="http://ollama:11434/v1", secrets=["ollama"]
    )

    assert "http://ollama:11434/v1" in str(error)


@pytest.mark.parametrize("text", ["x" * 200_000, "*" * 200_000, "sk-" * 70_000, "key: " * 50_000])
def test_a_huge_complaint_is_read_in_no_time(text):
    assert len(without_keys(text, [KEY])) <= 301
    failure(400, openai(text), params=["n", "tools"])
