"""Streams, tool calls, reasoning and attachments over real HTTP, by way of litellm."""

import base64
import threading
import time

import pytest
from servers.offline_over_http import KEY, running

from dspnb import LM, LMError, Predict, UsageError, use
from dspnb.errors import RateLimited, Unsupported, WrongKey
from dspnb.lm.base import Attachment, Block, Message, ToolCall, estimate_tokens

PIXEL = base64.b64encode(b"\x89PNG a red pixel").decode()
IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
WEATHER = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Bergen", "days": 2}'},
}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}


@pytest.fixture(scope="module")
def server():
    with running() as made:
        yield made


@pytest.fixture(autouse=True)
def _behaves(server):
    server.fault, server.counts, server.latency = "", True, 0.0
    server.requests.clear()
    server.replies.clear()
    server.left.clear()


def model(server, key=KEY, retries=0, **params):
    return LM("openai/whatever", api_base=server.url, api_key=key, retries=retries, **params)


def test_a_stream_shows_the_text_piece_by_piece_and_gives_the_whole(server):
    parts = []
    streamed = model(server).stream("Say something", on_text=parts.append)

    asked = model(server, cache=False)("Say something")
    assert len(parts) > 5
    assert "".join(parts) == streamed.text == asked.text
    assert (streamed.tokens_in, streamed.tokens_out) == (asked.tokens_in, asked.tokens_out)
    assert streamed.finish == asked.finish == "stop"
    assert [body.get("stream", False) for body in server.requests] == [True, False]


def test_text_is_shown_before_the_answer_is_over(server):
    server.latency = 0.02
    times = []
    model(server).stream("Say something", on_text=lambda text: times.append(time.monotonic()))

    assert times[-1] - times[0] > 0.1


def test_a_stream_and_a_call_share_what_is_remembered_and_each_is_counted_once(server):
    lm, parts = model(server), []
    first = lm.stream("one", on_text=lambda text: None)
    again = lm.stream("one", on_text=parts.append)

    assert parts == [first.text]
    assert again.cached
    assert lm("one").cached
    assert (lm.usage.calls, lm.usage.cached) == (1, 2)
    assert lm.usage.tokens_out == first.tokens_out
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", ["cut", "ends early"])
def test_a_stream_that_breaks_is_an_error_and_not_remembered(server, fault):
    server.fault = fault
    lm, parts = model(server), []
    with pytest.raises(LMError, match="openai/whatever: "):
        lm.stream("hello", on_text=parts.append)

    assert parts
    assert lm.usage.calls == 0
    server.fault = ""
    assert not lm("hello").cached


@pytest.mark.parametrize(
    ("fault", "kind"), [("overloaded", RateLimited), ("broken", LMError), ("hangs up", LMError)]
)
def test_a_stream_that_does_not_begin_is_the_same_error_as_of_a_call(server, fault, kind):
    server.fault = fault

    with pytest.raises(kind):
        model(server).stream("hello", on_text=lambda text: None)
    assert len(server.requests) == 1


def test_a_wrong_key_is_said_by_a_stream_too(server):
    with pytest.raises(WrongKey, match="does not accept the key"):
        model(server, key="wrong-" * 3).stream("hello", on_text=lambda text: None)


def test_an_error_of_the_reader_is_raised_as_it_is_and_the_provider_left(server):
    server.latency = 0.02
    lm = model(server)

    def read(text):
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        lm.stream("hello", on_text=read)
    assert server.left.wait(5)
    assert lm.usage.calls == 0
    assert not lm("hello").cached


def test_two_threads_stream_at_once_and_do_not_mix(server):
    server.latency = 0.01
    lm, parts, together = model(server), {"a": [], "b": []}, threading.Barrier(2, timeout=5)

    def ask(name):
        together.wait()
        lm.stream(f"Say {name}", on_text=parts[name].append)

    threads = [threading.Thread(target=ask, args=name) for name in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in parts:
        assert "".join(parts[name]) == lm(f"Say {name}").text
        assert f"'Say {name}'" in lm(f"Say {name}").text
    assert lm.usage.calls == 2


def test_tokens_are_estimated_when_the_provider_does_not_count_them(server):
    server.counts = False

    for completion in (
        model(server)("Say something"),
        model(server).stream("Say something", on_text=lambda text: None),
    ):
        assert completion.tokens_in > 0
        assert completion.tokens_out == pytest.approx(estimate_tokens(completion.text), rel=0.5)


def test_a_known_price_is_counted_with_and_without_a_stream(server):
    def known():
        return LM("openai/gpt-4o-mini", api_base=server.url, api_key=KEY, cache=False)

    whole, streamed = known()("Hello"), known().stream("Hello", on_text=lambda text: None)
    assert 0 < whole.dollars < 0.01
    assert streamed.dollars == pytest.approx(whole.dollars)
    assert model(server)("Hello").dollars is None  # nobody knows the price of this one


def answered(server, how, *messages, **params):
    """A completion of a call, or of a stream."""
    lm = model(server, **params)
    if how == "call":
        return lm(messages or "What is the weather?")
    return lm.stream(messages or "What is the weather?", on_text=lambda text: None)


@pytest.mark.parametrize("how", ["call", "stream"])
def test_tool_calls_are_read(server, how):
    home = {**WEATHER, "id": "call_2", "function": {"name": "home", "arguments": "{}"}}
    server.replies.append({"content": None, "tool_calls": [WEATHER, home]})
    completion = answered(server, how, tools=TOOLS)

    assert completion.tool_calls == (
        ToolCall("weather", {"city": "Bergen", "days": 2}, "call_1"),
        ToolCall("home", {}, "call_2"),
    )
    assert completion.tool_calls[0].args == {"city": "Bergen", "days": 2}
    assert (completion.text, completion.finish) == ("", "tool_calls")
    assert server.requests[0]["tools"] == TOOLS


@pytest.mark.parametrize("how", ["call", "stream"])
@pytest.mark.parametrize(
    ("written", "read"),
    [("{city: 'Bergen', days: 2", {"city": "Bergen", "days": 2}), ("", {}), ("[1]", {})],
)
def test_arguments_that_are_nearly_json_are_repaired(server, how, written, read):
    call = {**WEATHER, "function": {"name": "weather", "arguments": written}}
    server.replies.append({"content": "I look it up.", "tool_calls": [call]})
    completion = answered(server, how)

    assert completion.text == "I look it up."
    assert completion.tool_calls[0].args == read


@pytest.mark.parametrize("how", ["call", "stream"])
def test_reasoning_that_the_provider_shows_is_kept_apart_from_the_text(server, how):
    server.replies.append({"content": "Four.", "reasoning_content": "Two and two are four."})
    completion = answered(server, how)

    assert (completion.text, completion.reasoning) == ("Four.", "Two and two are four.")


def test_citations_are_kept(server):
    cited = {"type": "char_location", "cited_text": "Rain.", "document_index": 0}
    server.replies.append({"content": "It rains.", "citations": [[cited]]})

    assert answered(server, "call").citations == (cited,)


def test_a_conversation_with_a_tools_answer_arrives_as_it_is(server):
    said = [
        {"role": "user", "content": "What is the weather?"},
        {"role": "assistant", "content": "", "tool_calls": [WEATHER]},
        {"role": "tool", "content": "Rain.", "tool_call_id": "call_1"},
    ]
    model(server)(said)

    assert server.requests[0]["messages"] == said


def test_a_format_is_passed_on(server):
    model(server)("hello", response_format=SCHEMA)

    assert server.requests[0]["response_format"] == SCHEMA


@pytest.mark.parametrize("how", ["call", "stream"])
def test_a_refused_format_is_its_own_error(server, how):
    with pytest.raises(Unsupported, match=r"cannot do this\. It said: .*response_format"):
        answered(server, how, response_format={"type": "json_schema"})

    server.fault = "refuses formats"
    with pytest.raises(Unsupported):
        answered(server, how, response_format=SCHEMA)
    with pytest.raises(LMError) as caught:  # without the parameter the words mean something else
        answered(server, how)
    assert not isinstance(caught.value, Unsupported)


def test_a_parameter_that_litellm_refuses_is_the_same_error():
    with pytest.raises(Unsupported, match="logit_bias"):
        LM("anthropic/claude-sonnet-4-5", api_key="x")("hello", logit_bias={"1": 1})


def test_an_image_arrives_as_a_part_of_the_content(server):
    image = Attachment("image", IMAGE, "image/png, 18 B")
    message = Message(
        "user", (Block("input", "What is this?"), Block("input", "(an image)", image))
    )
    model(server)([message])

    assert server.requests[0]["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?\n\n(an image)"},
        IMAGE,
    ]


def test_an_image_in_a_dict_arrives_too_and_is_named_in_the_text(server):
    lm = model(server)
    parts = [{"type": "text", "text": "What is this?"}, IMAGE, {"type": "text", "text": "Briefly."}]
    lm([{"role": "user", "content": parts}])

    assert server.requests[0]["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?\n\n[image]"},
        IMAGE,
        {"type": "text", "text": "Briefly."},
    ]
    other = {"type": "image_url", "image_url": {"url": "https://127.0.0.1/b.png"}}
    assert not lm([{"role": "user", "content": [parts[0], other, parts[2]]}]).cached
    assert lm([{"role": "user", "content": parts}]).cached


def test_a_program_streams_over_http_what_the_offline_model_says(server):
    with use(lm=LM("offline")):
        program = Predict("question -> answer")
        messages = program.messages(question="Is it late? It is.")
    parts = []
    model(server).stream(messages, on_text=parts.append)

    assert "".join(parts) == LM("offline")(messages).text


# -- what a model supports -------------------------------------------------------------


def test_what_a_known_model_supports_is_in_litellms_list():
    assert LM("openai/gpt-4o-mini").supports == {"tools", "json_schema", "json_object", "samples"}
    assert LM("anthropic/claude-sonnet-4-5").supports >= {"tools", "reasoning", "citations"}
    assert "reasoning" in LM("openai/o3-mini").supports


@pytest.mark.parametrize("name", ["openai/whatever", "nonsense/x"])
def test_an_unknown_model_supports_nothing_unless_told_and_nobody_is_asked(name, server, capfd):
    told = LM(name, api_base=server.url, supports={"tools"})

    assert LM(name, api_base=server.url).supports == frozenset()
    assert told.supports == {"tools"}
    assert server.requests == []
    assert "".join(capfd.readouterr()) == ""


def test_the_offline_model_supports_nothing_beyond_text():
    assert LM("offline").supports == frozenset()


@pytest.mark.parametrize(
    ("given", "said"),
    [({"tool"}, "did you mean `tools`"), ("tools", "is a set"), ({"magic"}, "known: `citations`")],
)
def test_an_unknown_feature_is_said(given, said):
    with pytest.raises(UsageError, match=said):
        LM("openai/whatever", supports=given)
