"""A server that answers nonsense, with a good status: an answer comes of it, or an `LMError`."""

import copy
import itertools
import json

import pytest
from servers import wire
from servers.offline_over_http import FAULTS, KEY, running

from dspnb import LM
from dspnb.errors import LMError, ServerFailed
from dspnb.lm.base import Completion, Message
from dspnb.lm.formats import Chat, Responses, Text
from dspnb.lm.formats.embeddings import Embeddings
from dspnb.lm.prices import Price
from dspnb.lm.request import Request
from dspnb.lm.written import from_json, to_json

NONSENSE = [
    None, "", "x", "9", -1, 1.5, 10**400, float("nan"), True, [], {}, [[]], [None], ["x"], [{}],
    {"x": {"y": [1]}}, {"type": "message", "content": [7]}, [{"type": 7, "text": [7]}],
    {"name": 7, "arguments": 7}, {"url_citation": {"url": 7}},
]  # fmt: skip
REQUEST = Request((Message.of("user", "one"), Message.of("user", "two")), {})
BODY = {"model": "x", "logprobs": True, "top_logprobs": 1, "input": ["one", "two"]}
CALL = {"id": "c", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
SAID = {
    "content": "It's Mars.", "reasoning_content": "Hm.", "tool_calls": [CALL, CALL],
    "annotations": [{"type": "url_citation", "url_citation": {"url": "a"}}],
}  # fmt: skip
USAGE = {
    "prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 20, "cost": 0.1,
    "prompt_tokens_details": {"cached_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 6},
}  # fmt: skip
RESPONSE_USAGE = {**wire.response_usage(USAGE), "input_tokens_details": {"cached_tokens": 3}}
PARTS = {"content": [{"type": "thinking", "thinking": [{"text": "Hm."}]}, {"text": "Mars."}]}


def chat(*messages):
    return {**wire.whole(BODY, "chat.completion", messages), "usage": USAGE, "citations": ["u"]}


def chunks(kind, *messages):
    last = wire.last_chunk(BODY, kind, {"usage": USAGE})
    return [*wire.chunks(BODY, kind, messages), last]


def responses(**more):
    answer = wire.response(BODY, SAID, {"usage": RESPONSE_USAGE})
    cut = {"incomplete_details": {"reason": "max_output_tokens"}}
    logprobs = {"logprobs": [{"token": "Mars", "logprob": -1}]}
    for item in answer["output"]:
        for part in item.get("content", ()):
            part |= {**logprobs, "annotations": [{"url": "a"}]}
    return {**answer, **cut, **more}


WHOLE = {
    "chat": (Chat(), chat(SAID, {"content": "No.", "refusal": "I won't."})),
    "parts": (Chat(), {"choices": [{"finish_reason": "stop", "message": PARTS}]}),
    "text": (Text(), {**wire.whole(BODY, "text_completion", [SAID]), "usage": USAGE}),
    "responses": (Responses(), responses()),
    "embeddings": (Embeddings(), wire.embeddings(BODY)),
    "packed": (Embeddings(), wire.embeddings({**BODY, "encoding_format": "base64"})),
}
STREAMS = {
    "chat": (Chat(), chunks("chat.completion", SAID, {"content": "Or Venus."})),
    "parts": (Chat(), [{"choices": [{"delta": PARTS}]}, {"choices": [{"finish_reason": "stop"}]}]),
    "text": (Text(), chunks("text_completion", SAID)),
    "responses": (Responses(), list(wire.events(BODY, SAID, {"usage": RESPONSE_USAGE}))),
}


def places(value, path=()):
    """Where there is something in a value of JSON, itself included."""
    yield path
    keys = range(len(value)) if isinstance(value, list) else value
    for key in keys if isinstance(value, dict | list) else ():
        yield from places(value[key], (*path, key))


def changed(value, path, instead):
    """A value of JSON with something else in a place; the place is not there with `...`."""
    if not path:
        return instead
    twin = copy.copy(value)
    if len(path) == 1 and instead is ...:
        del twin[path[0]]
    else:
        twin[path[0]] = changed(value[path[0]], path[1:], instead)
    return twin


def nonsense(good):
    """A good value, and it with something else in one place after the other."""
    yield good
    for path, instead in itertools.product(list(places(good))[1:], [*NONSENSE, ...]):
        yield changed(good, path, instead)


def as_sent(value):
    return json.loads(json.dumps(value))


def ends(answer, *given):
    """What comes of it: a completion that can be kept and paid for, or an error of a model."""
    try:
        completion = answer(*given)
    except LMError as error:
        return error
    assert type(completion) is Completion
    again = from_json(to_json(completion))
    assert repr(again) == repr(completion)
    for one in (completion, *completion.samples):
        for count in (one.tokens_in, one.tokens_out, one.tokens_cached):
            assert type(count) is int and 0 <= count < 10**16
        assert one.dollars is None or 0 <= one.dollars < 10**9
        assert Price(1.0, 1.0).of(one) >= 0
    return completion


def streamed(format_, events):
    heard = []
    reader = format_.reader("m/x", heard.append, REQUEST)
    for event in events:
        reader.feed(event)
        "".join(heard)
    return reader.close(done=True)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer(name):
    format_, good = WHOLE[name]
    assert type(ends(format_.read, as_sent(good), "m/x", REQUEST)) is Completion

    for answer in nonsense(good):
        try:
            ends(format_.read, as_sent(answer), "m/x", REQUEST)
        except Exception as error:
            raise AssertionError(answer) from error


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream(name):
    format_, good = STREAMS[name]
    assert type(ends(streamed, format_, as_sent(good))) is Completion

    for answer in nonsense(good):
        events = [event for event in as_sent(answer) if isinstance(event, dict)]
        try:
            ends(streamed, format_, events)
        except Exception as error:
            raise AssertionError(answer) from error


@pytest.fixture(scope="module")
def server():
    with running() as made:
        yield made


def asked(server, monkeypatch, body):
    monkeypatch.setitem(FAULTS, "nonsense", (200, body, {}))
    server.fault = "nonsense"
    return LM("openai/x", api_base=server.url, api_key=KEY, retries=0, price=(1, 1))("hello")


@pytest.mark.parametrize("told", ["many", None, [3], {"a": 1}, -3, True, "3", 1e400])
def test_tokens_that_are_no_number_are_estimated(server, monkeypatch, told):
    usage = {**dict.fromkeys(USAGE, told), "prompt_tokens_details": {"cached_tokens": told}}
    answer = {**chat({"content": "It is Mars."}), "usage": usage}
    completion = asked(server, monkeypatch, json.dumps(answer))

    assert (completion.tokens_in, completion.tokens_out, completion.tokens_cached) == (2, 3, 0)
    assert completion.dollars == pytest.approx(5e-6)


@pytest.mark.parametrize("body", ["[" * 100_000, '{"choices": ' + "[" * 900 + "]" * 900 + "}"])
def test_an_answer_that_is_nested_too_deep(server, monkeypatch, body):
    with pytest.raises(ServerFailed):
        asked(server, monkeypatch, body)
