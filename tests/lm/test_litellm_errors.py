"""Every exception of litellm, and of the packages behind it, is one of our errors."""

import importlib
import inspect
import itertools
import json
import os
import socket

import httpx
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
    UnknownModel,
    Unreachable,
    Unsupported,
    WrongKey,
)
from dspnb.lm.litellm_errors import translated

# What each class means when nothing but its name, and the status it brings, tells.
LITELLM = {
    "APIConnectionError": ServerFailed,  # litellm's name for whatever it does not know
    "APIError": ServerFailed,
    "APIResponseValidationError": ServerFailed,
    "AuthenticationError": WrongKey,
    "BadGatewayError": ServerFailed,
    "BadRequestError": BadRequest,
    "BlockedPiiEntityError": Refused,
    "BudgetExceededError": QuotaSpent,
    "CallerCredentialAuthenticationError": WrongKey,
    "CallerCredentialRateLimitError": RateLimited,
    "ContentPolicyViolationError": Refused,
    "ContextWindowExceededError": ContextTooLong,
    "EndpointNotSupportedByModelError": Unsupported,
    "GuardrailRaisedException": Refused,
    "ImageFetchError": BadRequest,
    "InternalServerError": ServerFailed,
    "InvalidRequestError": BadRequest,
    "JSONSchemaValidationError": ServerFailed,
    "LiteLLMUnknownProvider": UnknownModel,
    "MalformedRequestFieldError": BadRequest,
    "MidStreamFallbackError": ServerFailed,
    "MockException": ServerFailed,
    "ModelNotMappedError": UnknownModel,
    "ModifyResponseException": Refused,
    "NotFoundError": UnknownModel,
    "OpenAIError": BadRequest,
    "PaymentRequiredError": QuotaSpent,
    "PermissionDeniedError": WrongKey,
    "RateLimitError": RateLimited,
    "RejectedRequestError": Refused,
    "RouterRateLimitError": RateLimited,
    "RouterRateLimitErrorBasic": RateLimited,
    "SensitiveDataRouteException": Refused,
    "ServiceUnavailableError": ServerFailed,
    "Timeout": TimedOut,
    "ToolLoopMaxRoundsExceeded": BadRequest,
    "UnprocessableEntityError": BadRequest,
    "UnsupportedEndpointError": Unsupported,
    "UnsupportedParamsError": Unsupported,
    "VectorStoreSearchError": BadRequest,
}
OPENAI = {
    "APIConnectionError": ConnectionLost,
    "APIError": BadRequest,
    "APIResponseValidationError": ServerFailed,
    "APIStatusError": ServerFailed,
    "APITimeoutError": TimedOut,
    "AuthenticationError": WrongKey,
    "BadRequestError": BadRequest,
    "ConflictError": BadRequest,
    "ContentFilterFinishReasonError": Refused,
    "InternalServerError": ServerFailed,
    "LengthFinishReasonError": BadRequest,
    "NotFoundError": UnknownModel,
    "OAuthError": WrongKey,
    "OpenAIError": BadRequest,
    "PermissionDeniedError": WrongKey,
    "RateLimitError": RateLimited,
    "UnprocessableEntityError": BadRequest,
    "WebSocketConnectionClosedError": ConnectionLost,
    "WebSocketQueueFullError": ConnectionLost,
}
HTTPX = {
    "CloseError": ConnectionLost,
    "ConnectError": Unreachable,
    "ConnectTimeout": Unreachable,
    "DecodingError": ServerFailed,
    "InvalidURL": Unreachable,
    "LocalProtocolError": ConnectionLost,
    "NetworkError": ConnectionLost,
    "PoolTimeout": TimedOut,
    "ProtocolError": ConnectionLost,
    "ProxyError": Unreachable,
    "ReadError": ConnectionLost,
    "ReadTimeout": TimedOut,
    "RemoteProtocolError": ConnectionLost,
    "StreamClosed": ConnectionLost,
    "TimeoutException": TimedOut,
    "TooManyRedirects": ServerFailed,
    "UnsupportedProtocol": Unreachable,
    "WriteError": ConnectionLost,
    "WriteTimeout": TimedOut,
}
STATUSES = {
    "AuthenticationError": 401, "PermissionDeniedError": 403, "NotFoundError": 404,
    "ConflictError": 409, "UnprocessableEntityError": 422, "RateLimitError": 429,
    "InternalServerError": 500, "APIStatusError": 500, "APIResponseValidationError": 200,
    "OAuthError": 401,
}  # fmt: skip


@pytest.fixture(scope="module")
def litellm():
    """The package, imported when the first test needs it: it takes seconds."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or it asks the network
    return importlib.import_module("litellm")


def exceptions(litellm):
    """The exception classes that litellm has and that are its own, by name."""
    return {
        name: kind
        for module in (litellm, litellm.exceptions)
        for name, kind in list(vars(module).items())
        if inspect.isclass(kind)
        and issubclass(kind, BaseException)
        and kind.__module__.startswith("litellm")
    }


def made(kind, **given):
    """One of a class, with whatever its constructor wants."""
    status = STATUSES.get(kind.__name__, 400)
    request = httpx.Request("POST", "https://api.example.com/v1")
    values = {
        "message": "it did not work",
        "model": "some-model",
        "llm_provider": "openai",
        "status_code": 500,
        "response": httpx.Response(status, request=request),
        "request": request,
        "body": None,
        "request_data": {},
        "failures": [{"vector_store_id": "a", "error": "b"}],
        "current_cost": 2.0,
        "max_budget": 1.0,
        "cooldown_time": 5.0,
        "max_rounds": 3,
        "enable_pre_call_checks": False,
        "cooldown_list": [],
        "completion": type("Completion", (), {"usage": None})(),
        "unsent_messages": [],
    } | given
    try:
        wanted = inspect.signature(kind).parameters.values()
    except ValueError:  # a plain exception, written in C
        return kind("it did not work")
    named = {
        p.name: values.get(p.name, "x")
        for p in wanted
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        and (p.default is p.empty or p.name in given)
    }
    return kind(**named) if named else kind()


def ours(error, params=(), key=None):
    secrets = [key] if key else []
    return translated(error, "openai/some-model", "", dict.fromkeys(params, 1), secrets)


def test_every_exception_of_litellm_is_in_the_table(litellm):
    assert set(exceptions(litellm)) == set(LITELLM)


@pytest.mark.parametrize("name", LITELLM)
def test_an_exception_of_litellm_is_a_typed_error(name, litellm):
    error = ours(made(exceptions(litellm)[name]))

    assert type(error) is LITELLM[name]
    assert str(error).startswith("openai/some-model: ")


@pytest.mark.parametrize(
    ("name", "expected"),
    [(f"openai.{name}", kind) for name, kind in OPENAI.items()]
    + [(f"httpx.{name}", kind) for name, kind in HTTPX.items()],
)
def test_an_exception_of_openai_or_httpx_that_comes_through_is_a_typed_error(name, expected):
    module, _, name = name.partition(".")

    assert type(ours(made(getattr(importlib.import_module(module), name)))) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("no such option"), BadRequest),
        (ImportError("Missing boto3 to call bedrock."), BadRequest),
        (json.JSONDecodeError("Expecting value", "x", 0), ServerFailed),
        (socket.gaierror(-2, "Name or service not known"), Unreachable),
        (ConnectionResetError(), ConnectionLost),
        (TimeoutError(), TimedOut),
        (RuntimeError("Unable to locate credentials"), WrongKey),
    ],
    ids=repr,
)
def test_an_exception_of_python_is_a_typed_error(error, expected):
    assert type(ours(error)) is expected


ANTHROPIC_CREDIT = (
    'AnthropicException - {"type":"error","error":{"type":"invalid_request_error","message":'
    '"Your credit balance is too low to access the Anthropic API."}}'
)
GEMINI_MODEL = (
    'GeminiException - {"error": {"code": 404, "message": "models/nope is not found for API '
    'version v1beta", "status": "NOT_FOUND"}}'
)


@pytest.mark.parametrize(
    ("name", "given", "params", "expected", "says"),
    [
        ("BadRequestError", {"message": ANTHROPIC_CREDIT}, (), QuotaSpent, "Your credit balance"),
        (
            "RateLimitError",
            {"message": "OpenAIException - no", "body": {"code": "insufficient_quota"}},
            (),
            QuotaSpent,
            "no credit or quota left",
        ),
        (
            "RateLimitError",
            {"message": "Please try again in 3s.", "headers": {"retry-after": "9"}},
            (),
            RateLimited,
            "Ask again in 9 s",
        ),
        ("NotFoundError", {"message": GEMINI_MODEL}, (), UnknownModel, "models/nope is not found"),
        (
            "BadRequestError",
            {"message": "OpenAIException - tools are not supported"},
            ("tools",),
            Unsupported,
            "Leave out `tools`",
        ),
        (
            "BadRequestError",
            {"message": "OpenAIException - This model's maximum context length is 5 tokens."},
            (),
            ContextTooLong,
            "It said: This model's maximum context",
        ),
        ("BadRequestError", {"message": "it was flagged by moderation"}, (), Refused, "forbid"),
        (
            "APIError",
            {"status_code": 524, "message": "a timeout occurred"},
            (),
            TimedOut,
            "no answer came in time",
        ),
        ("APIError", {"status_code": 402, "message": "pay"}, (), QuotaSpent, "no credit"),
        (
            "APIConnectionError",
            {"message": "Missing Anthropic API Key - set ANTHROPIC_API_KEY"},
            (),
            WrongKey,
            "wants a key. Set the provider's environment variable (such as OPENAI_API_KEY)",
        ),
        (
            "BadRequestError",
            {"message": "LLM Provider NOT provided. You passed model=opnai/x"},
            (),
            UnknownModel,
            "no such provider; a model is written `provider/name`",
        ),
    ],
)
def test_status_and_words_make_a_general_exception_more_precise(
    name, given, params, expected, says, litellm
):
    error = ours(made(exceptions(litellm)[name], **given), params)

    assert type(error) is expected
    assert says in str(error)


def chained(*errors):
    """The first error, with the others behind it as litellm leaves them."""
    for error, cause in itertools.pairwise(errors):
        error.__context__ = cause
    return errors[0]


def test_a_connection_is_known_by_what_is_behind_the_exception(litellm):
    status_500 = "InternalServerError", "APIConnectionError"
    refused = ConnectionRefusedError(111, "Connection refused")

    for name in status_500:
        kind = getattr(litellm, name)
        assert type(ours(chained(made(kind), httpx.ConnectError("no"), refused))) is Unreachable
        assert type(ours(chained(made(kind), httpx.ReadError("no")))) is ConnectionLost
        assert type(ours(chained(made(kind), httpx.ReadTimeout("no")))) is TimedOut
    unfit = chained(made(litellm.Timeout), httpx.ConnectTimeout("no"))
    assert type(ours(unfit)) is Unreachable


def test_what_a_provider_said_counts_more_than_what_the_caller_was_about(litellm):
    refused = ConnectionRefusedError(111, "Connection refused")
    answer = httpx.HTTPStatusError("500", request=None, response=None)

    # An error that the user was handling when he asked is behind the exception as well.
    assert type(ours(chained(made(litellm.BadRequestError), refused))) is BadRequest
    assert type(ours(chained(made(litellm.InternalServerError), answer, refused))) is ServerFailed


def test_what_broke_a_stream_is_what_counts(litellm):
    original = litellm.RateLimitError("slow down", "openai", "x")
    error = made(litellm.exceptions.MidStreamFallbackError, original_exception=original)

    assert type(ours(error)) is RateLimited
    assert "It said: slow down." in str(ours(error))


def test_an_exception_of_a_single_provider_is_known_by_its_status(litellm):
    BaseLLMException = litellm.llms.base_llm.chat.transformation.BaseLLMException

    assert type(ours(BaseLLMException(529, "Overloaded"))) is ServerFailed
    limited = BaseLLMException(429, "slow down", headers=httpx.Headers({"Retry-After": "4"}))
    assert type(ours(limited)) is RateLimited
    assert ours(limited).retry_after == 4.0


def test_a_key_that_the_environment_has_is_not_called_missing(litellm):
    error = ours(made(litellm.AuthenticationError, message="no such key"))

    assert "the provider does not accept the key. Set the provider's" in str(error)


def test_a_key_in_what_is_said_is_not_shown(litellm):
    key = "local-key-with-no-known-shape"
    error = ours(made(litellm.AuthenticationError, message=f"no: {key}"), key=key)

    assert "It said: no: ***." in str(error)
