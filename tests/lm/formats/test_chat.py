"""Chat completions: what is sent, and what is read out of an answer, whole or in pieces."""

import json
from dataclasses import dataclass
from typing import Literal

import pydantic
import pytest

from dspnb.errors import (
    ConnectionLost,
    ContextTooLong,
    LMError,
    QuotaSpent,
    RateLimited,
    Refused,
    ServerFailed,
    UsageError,
)
from dspnb.lm.base import Attachment, Block, Message, ToolCall
from dspnb.lm.formats import Chat
from dspnb.lm.request import Request

ASKED = (Message.of("system", "Be brief."), Message.of("user", "How are you?"))
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def sent(messages=ASKED, *, model="m", stream=False, chat=Chat(), **params):
    return json.loads(chat.body(model, Request(tuple(messages), params), stream=stream))


def message(finish="stop", **parts):
    return {"index": 0, "finish_reason": finish, "message": {"role": "assistant", **parts}}


def whole(*choices, **more):
    return {"id": "x", "choices": list(choices), "usage": USAGE, **more}


def read(*choices, **more):
    return Chat().read(whole(*choices, **more), "openai/m")


def chunk(index=0, finish=None, **delta):
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def streamed(*events, done=False, request=None):
    heard = []
    reader = Chat().reader("openai/m", heard.append, request)
    for event in events:
        reader.feed(event)
    return reader.close(done=done), heard


# What is sent


def test_messages_and_parameters_are_sent_as_they_are_given():
    tools = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
    params = {"temperature": 0.5, "max_tokens": 9, "tools": tools, "stop": ["\n"], "mine": {"a": 1}}

    body = sent(**params)

    assert body == {"model": "m", "messages": [one.to_dict() for one in ASKED], **params}


def test_a_request_without_parameters_is_model_and_messages():
    assert sent(model='a "b"') == {
        "model": 'a "b"',
        "messages": [one.to_dict() for one in ASKED],
    }


def test_attachments_and_calls_of_tools_are_sent_in_the_shape_of_the_protocol():
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    said = (
        Message("user", (Block("input", "Look:", Attachment("image", part)),)),
        Message("assistant", (), (ToolCall("find", {"q": "é"}, "id1"),)),
        Message("tool", (Block("text", "nothing"),), tool_call_id="id1"),
    )

    body = sent(said)

    assert body["messages"][0]["content"] == [{"type": "text", "text": "Look:"}, part]
    assert body["messages"][1]["tool_calls"][0]["function"]["name"] == "find"
    assert body["messages"][2]["tool_call_id"] == "id1"


def test_a_stream_is_asked_to_end_with_what_it_took():
    assert sent(stream=True, seed=1) == {
        **sent(seed=1),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert sent(stream=True) == {
        **sent(),
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_server_that_does_not_know_about_usage_is_not_asked_for_it():
    assert "stream_options" not in sent(stream=True, chat=Chat(counts=False))


def test_the_users_own_options_of_a_stream_are_kept():
    assert sent(stream=True, stream_options={"a": 1})["stream_options"] == {"a": 1}


def test_whether_to_stream_is_decided_by_the_call():
    raw = Chat().body("m", Request(ASKED, {"stream": True}), stream=False)

    assert b"stream" not in raw


@pytest.mark.parametrize("model", ["o3", "o4-mini", "gpt-5", "gpt-5-nano", "gpt-5.1", "team-o1"])
def test_openais_reasoning_models_are_told_max_completion_tokens(model):
    body = sent(model=model, chat=Chat(renames=True), max_tokens=9, seed=1)

    assert body["max_completion_tokens"] == 9 and body["seed"] == 1
    assert "max_tokens" not in body


@pytest.mark.parametrize(
    ("model", "chat"),
    [("gpt-4o", Chat(renames=True)), ("gpt-35-turbo", Chat(renames=True)), ("o3", Chat())],
)
def test_other_models_are_told_max_tokens(model, chat):
    assert sent(model=model, chat=chat, max_tokens=9)["max_tokens"] == 9


def test_a_limit_given_by_its_new_name_is_not_overwritten():
    body = sent(
        model="o3", chat=Chat(renames=True), max_tokens=9, max_completion_tokens=5, stream=True
    )

    assert body["max_completion_tokens"] == 5 and "max_tokens" not in body
    assert body["stream"]


def test_an_extra_body_is_unfolded():
    assert sent(extra_body={"top_k": 5}, seed=1) == {**sent(), "seed": 1, "top_k": 5}


class Answer(pydantic.BaseModel):
    """A mood."""

    mood: Literal["good", "bad"] = pydantic.Field(description="in a word")
    why: list[str] = []


class Tree(pydantic.BaseModel):
    name: str
    children: list["Tree"] = []


class Free(pydantic.BaseModel):
    by_name: dict[str, int]


@dataclass
class Point:
    x: float


def test_a_class_as_response_format_is_its_strict_schema():
    wanted = sent(response_format=Answer, seed=1)["response_format"]

    assert wanted["type"] == "json_schema"
    assert wanted["json_schema"] == {
        "name": "Answer",
        "strict": True,
        "schema": {
            "type": "object",
            "description": "A mood.",
            "properties": {
                "mood": {"type": "string", "enum": ["good", "bad"], "description": "in a word"},
                "why": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["mood", "why"],
            "additionalProperties": False,
        },
    }


def test_a_dataclass_does_as_well():
    schema = sent(response_format=Point)["response_format"]["json_schema"]["schema"]

    assert schema["properties"] == {"x": {"type": "number"}}


def test_a_class_of_its_own_kind_stays_an_object_on_top():
    schema = sent(response_format=Tree)["response_format"]["json_schema"]["schema"]

    assert schema["type"] == "object"
    assert schema["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert schema["$defs"]["Tree"]["required"] == ["name", "children"]


def test_what_no_strict_schema_can_say_is_sent_as_it_is():
    wanted = sent(response_format=Free)["response_format"]["json_schema"]

    assert "strict" not in wanted
    assert wanted["schema"]["properties"]["by_name"]["additionalProperties"] == {"type": "integer"}


def test_a_class_without_fields_is_no_response_format():
    with pytest.raises(UsageError, match="`response_format` is a class of fields"):
        sent(response_format=int)


def test_a_parameter_that_is_no_json_is_named():
    with pytest.raises(UsageError, match=r"`mine` cannot be sent.*not JSON serializable"):
        sent(seed=1, mine=object())


# What is read


def test_a_whole_answer_is_read():
    completion = read(message(content="Fine."))

    assert (completion.text, completion.model, completion.finish) == ("Fine.", "openai/m", "stop")
    assert (completion.tokens_in, completion.tokens_out) == (7, 3)
    assert completion.samples == () and completion.tool_calls == () and completion.dollars is None


def test_calls_of_tools_are_read():
    calls = [
        {"id": "a", "type": "function", "function": {"name": "now", "arguments": ""}},
        {"id": "b", "type": "function", "function": {"name": "add", "arguments": '{"a": 1,}'}},
        {"id": "c", "type": "function", "function": {"name": "odd", "arguments": {"b": 2}}},
    ]

    completion = read(message("tool_calls", content=None, tool_calls=calls))

    assert completion.text == "" and completion.finish == "tool_calls"
    assert completion.tool_calls == (
        ToolCall("now", {}, "a"),
        ToolCall("add", {"a": 1}, "b"),
        ToolCall("odd", {"b": 2}, "c"),
    )


def test_calls_without_ids_are_told_apart():
    calls = [{"function": {"name": name, "arguments": "{}"}} for name in ("now", "then")]

    completion = read(message("tool_calls", content=None, tool_calls=calls))

    assert completion.tool_calls == (ToolCall("now"), ToolCall("then"))


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thinking_is_read_under_either_name(name):
    completion = read(message(content="Four.", **{name: "Two and two."}))

    assert (completion.text, completion.reasoning) == ("Four.", "Two and two.")


def test_an_answer_in_parts_is_text_and_thinking():
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "Four."},
    ]

    completion = read(message(content=parts))

    assert (completion.text, completion.reasoning) == ("Four.", "Hm.")


def test_citations_are_read_from_every_place():
    cited = {"cited_text": "Rain fell.", "document_index": 0}

    assert read(message(content="x", citations=[[cited]])).citations == (cited,)
    inside = {"citations": [[cited]], "thinking_blocks": [{"thinking": "x"}]}
    assert read(message(content="x", provider_specific_fields=inside)).citations == (cited,)
    web = {"type": "url_citation", "url_citation": {"url": "https://a.b", "title": "A"}}
    assert read(message(content="x", annotations=[web])).citations == (web["url_citation"],)
    assert read(message(content="x"), citations=["https://a.b"]).citations == (
        {"url": "https://a.b"},
    )


def test_tokens_of_the_providers_own_cache_are_told():
    details = {"prompt_tokens_details": {"cached_tokens": 5}}

    assert read(message(content="x"), usage=USAGE | details).tokens_cached == 5
    deepseek = USAGE | {"prompt_cache_hit_tokens": 4}
    assert read(message(content="x"), usage=deepseek).tokens_cached == 4


def test_thinking_that_is_only_in_the_sum_is_counted_as_written():
    usage = {
        "prompt_tokens": 7,
        "completion_tokens": 3,
        "total_tokens": 30,
        "completion_tokens_details": {"reasoning_tokens": 20},
    }

    assert read(message(content="x"), usage=usage).tokens_out == 23
    inside = usage | {"completion_tokens": 23}
    assert read(message(content="x"), usage=inside).tokens_out == 23


def test_what_the_provider_says_it_took_is_known():
    assert read(message(content="x"), usage=USAGE | {"cost": 0.25}).dollars == 0.25


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None, "total_tokens": None}])
def test_tokens_are_estimated_when_the_provider_counts_none(usage):
    answer = whole(message(content="four letters")) | {"usage": usage}

    completion = Chat().read(answer, "m", Request((Message.of("user", "a" * 40),), {}))

    assert (completion.tokens_in, completion.tokens_out) == (10, 3)


def test_several_samples_come_with_the_first_that_bears_their_tokens():
    completion = read(*(message(content=text) for text in ("a", "b", "c")))

    assert completion.text == "a"
    assert [sample.text for sample in completion.samples] == ["a", "b", "c"]
    assert [sample.tokens_out for sample in completion.samples] == [3, 0, 0]
    assert [sample.dollars for sample in completion.samples[1:]] == [0.0, 0.0]
    assert repr(completion)


def test_logprobs_are_kept_in_the_providers_shape():
    shape = {"content": [{"token": "x", "logprob": -0.1, "top_logprobs": []}]}

    assert read(message(content="x") | {"logprobs": shape}).logprobs == shape


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"choices": []},
        {"choices": None},
        {"choices": [5]},
        {"choices": [{"index": 0}]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {"content": 5}}]},
        {"choices": [{"message": {"content": "x", "tool_calls": ["no"]}}]},
        {"object": "list"},
    ],
)
def test_what_is_no_answer_is_a_failure_of_the_server(answer):
    with pytest.raises(ServerFailed, match="openai/m: the provider sent an answer without text"):
        Chat().read(answer, "openai/m")


def test_a_filtered_answer_is_refused():
    with pytest.raises(Refused, match="withheld the answer: its content filter stopped it"):
        read(message("content_filter", content="half of"))


def test_a_models_refusal_is_told_in_its_words():
    with pytest.raises(Refused, match="withheld the answer: I can't help"):
        read(message(content=None, refusal="I can't help with that."))


def test_samples_that_were_withheld_are_left_out():
    completion = read(message("content_filter", content=""), *[message(content=t) for t in "bc"])

    assert completion.text == "b" and completion.tokens_in == 7
    assert [sample.text for sample in completion.samples] == ["b", "c"]


ERRORS = [
    ({"message": "slow down", "code": 429}, RateLimited),
    ({"message": "slow down", "type": "rate_limit_error"}, RateLimited),
    ({"message": "no credit", "code": "insufficient_quota"}, QuotaSpent),
    ({"message": "too long", "code": "context_length_exceeded"}, ContextTooLong),
    ({"message": "no", "code": "content_filter"}, Refused),
    ({"message": "it fell over", "code": 502}, ServerFailed),
    ("it fell over", ServerFailed),
]


@pytest.mark.parametrize(("error", "kind"), ERRORS)
def test_an_error_inside_of_an_answer_is_raised(error, kind):
    with pytest.raises(kind, match="openai/m: the provider broke off: "):
        Chat().read({"error": error}, "openai/m")
    with pytest.raises(kind, match="openai/m: the provider broke off: "):
        streamed(chunk(content="x"), {"error": error})


# Streams


def test_a_stream_is_heard_piece_by_piece_and_added_up():
    completion, heard = streamed(
        chunk(role="assistant", content=""),
        chunk(content="Fine"),
        chunk(content=", thanks."),
        chunk(finish="stop"),
        {"choices": [], "usage": USAGE},
    )

    assert heard == ["Fine", ", thanks."]
    assert completion == read(message(content="Fine, thanks."))


def test_thinking_is_added_up_unheard():
    completion, heard = streamed(
        chunk(reasoning_content="Two and "),
        chunk(reasoning="two."),
        chunk(content="Four.", finish="stop"),
    )

    assert (completion.reasoning, heard) == ("Two and two.", ["Four."])


def call(arguments, **more):
    return {"function": {"arguments": arguments, "name": more.pop("name", None)}, **more}


@pytest.mark.parametrize(
    "deltas",
    [
        [
            [call("", index=0, id="a", name="add")],
            [call('{"n": ', index=0), call("", index=1, id="b", name="now")],
            [call("1}", index=0)],
        ],
        [[call('{"n": 1}', index=0, id="a", name="add"), call("{}", index=0, id="b", name="now")]],
        [[call('{"n": 1}', id="a", name="add")], [call("{}", id="b", name="now")]],
        [
            [call("", id="a", name="add")],
            [call('{"n": ')],
            [call("1}")],
            [call("{}", id="b", name="now")],
        ],
    ],
    ids=["by index", "one index for all", "no index", "no index, in pieces"],
)
def test_calls_of_tools_are_added_up(deltas):
    completion, _ = streamed(
        *(chunk(tool_calls=delta) for delta in deltas), chunk(finish="tool_calls")
    )

    assert completion.tool_calls == (ToolCall("add", {"n": 1}, "a"), ToolCall("now", {}, "b"))


def test_the_first_of_several_samples_is_heard():
    completion, heard = streamed(
        chunk(1, content="b"),
        chunk(0, content="a"),
        chunk(1, content="b", finish="stop"),
        chunk(0, content="a", finish="length"),
    )

    assert heard == ["a", "a"]
    assert [(s.text, s.finish) for s in completion.samples] == [("aa", "length"), ("bb", "stop")]


def test_logprobs_of_pieces_are_added_up():
    pieces = [chunk(content=word) for word in "ab"]
    for word, piece in zip("ab", pieces, strict=True):
        piece["choices"][0]["logprobs"] = {"content": [{"token": word}], "refusal": None}

    completion, _ = streamed(*pieces, chunk(finish="stop"))

    assert completion.logprobs["content"] == [{"token": "a"}, {"token": "b"}]


def test_tokens_of_a_stream_are_estimated_when_the_provider_counts_none():
    request = Request((Message.of("user", "a" * 40),), {})

    completion, _ = streamed(chunk(content="four letters", finish="stop"), request=request)

    assert (completion.tokens_in, completion.tokens_out) == (10, 3)


@pytest.mark.parametrize("events", [[], [{"choices": []}], [chunk(content="Fi")]])
def test_a_stream_that_ends_before_its_end_is_a_lost_connection(events):
    with pytest.raises(ConnectionLost, match="openai/m: the provider cut its answer short"):
        streamed(*events)


def test_a_declared_end_is_an_end():
    assert streamed(chunk(content="Fi"), done=True)[0].text == "Fi"
    with pytest.raises(ConnectionLost):
        streamed(done=True)


def test_a_filtered_stream_is_refused_after_what_was_heard():
    with pytest.raises(Refused, match="withheld"):
        streamed(chunk(content="half of"), chunk(finish="content_filter"))
    with pytest.raises(Refused, match="I can't help"):
        streamed(chunk(refusal="I can't "), chunk(refusal="help.", finish="stop"))


@pytest.mark.parametrize("event", [{"choices": [5]}, {"choices": [{"delta": "x"}]}, {"choices": 5}])
def test_an_event_that_is_no_chunk_is_a_failure_of_the_server(event):
    with pytest.raises(ServerFailed):
        streamed(event)


def test_an_error_in_an_old_shape_is_raised_too():
    with pytest.raises(LMError, match="it fell over"):
        streamed({"object": "error", "message": "it fell over", "code": 500})


def test_what_the_listener_raises_is_its_own():
    def listen(text):
        raise TypeError(text)

    with pytest.raises(TypeError, match="Fine"):
        Chat().reader("m", listen).feed(chunk(content="Fine"))
