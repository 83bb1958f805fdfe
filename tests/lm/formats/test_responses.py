"""Responses: what is sent, and what is read out of an answer, whole or from its events."""

import json

import pydantic
import pytest

from dspnb.errors import ConnectionLost, RateLimited, Refused, ServerFailed, UsageError
from dspnb.lm.base import Attachment, Block, Message, ToolCall
from dspnb.lm.formats import Responses
from dspnb.lm.request import Request

ASKED = (Message.of("system", "Be brief."), Message.of("user", "How are you?"))
USAGE = {
    "input_tokens": 7,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 3,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 10,
}
ADD = {"name": "add", "parameters": {"type": "object"}}


def sent(messages=ASKED, *, stream=False, **params):
    return json.loads(Responses().body("m", Request(tuple(messages), params), stream=stream))


def said(*parts):
    return {"type": "message", "role": "assistant", "content": list(parts)}


def text(words, **more):
    return {"type": "output_text", "text": words, "annotations": [], **more}


def whole(*output, **more):
    return {"id": "x", "status": "completed", "output": list(output), "usage": USAGE, **more}


def read(*output, **more):
    return Responses().read(whole(*output, **more), "openai/m")


def streamed(*events, done=False):
    heard = []
    reader = Responses().reader("openai/m", heard.append)
    for event in events:
        reader.feed(event)
    return reader.close(done=done), heard


# What is sent


def test_the_system_speaks_in_the_instructions():
    assert sent() == {
        "model": "m",
        "instructions": "Be brief.",
        "input": [{"role": "user", "content": "How are you?"}],
    }


def test_what_the_system_says_later_stays_in_its_place():
    late = (Message.of("user", "Hi"), Message.of("system", "Be kind."))

    assert sent(late)["input"][1] == {"role": "system", "content": "Be kind."}
    assert "instructions" not in sent(late)


def test_a_system_alone_is_asked():
    assert sent((Message.of("system", "Be brief."),))["input"] == [
        {"role": "system", "content": "Be brief."}
    ]


def test_calls_of_tools_and_their_answers_are_items():
    turns = (
        Message.of("user", "2 + 2?"),
        Message("assistant", (Block("text", "I add."),), (ToolCall("add", {"a": 2}, "id1"),)),
        Message("tool", (Block("text", "4"),), tool_call_id="id1"),
    )

    assert sent(turns)["input"][1:] == [
        {"role": "assistant", "content": "I add."},
        {"type": "function_call", "call_id": "id1", "name": "add", "arguments": '{"a": 2}'},
        {"type": "function_call_output", "call_id": "id1", "output": "4"},
    ]


@pytest.mark.parametrize(
    ("part", "item"),
    [
        (
            {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}},
            {"type": "input_image", "image_url": "https://a.b/c.png"},
        ),
        (
            {"type": "image_url", "image_url": {"url": "data:x", "detail": "low"}},
            {"type": "input_image", "image_url": "data:x", "detail": "low"},
        ),
        (
            {"type": "image_url", "image_url": "data:x"},
            {"type": "input_image", "image_url": "data:x"},
        ),
        (
            {"type": "file", "file": {"file_data": "data:x", "filename": "a.pdf", "format": "x"}},
            {"type": "input_file", "file_data": "data:x", "filename": "a.pdf"},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        ),
    ],
)
def test_attachments_are_parts_of_the_input(part, item):
    message = Message("user", (Block("input", "Look:", Attachment("image", part)),))

    assert sent((message,))["input"][0]["content"] == [
        {"type": "input_text", "text": "Look:"},
        item,
    ]


def test_tools_are_flat_and_as_strict_as_in_chat():
    search = {"type": "web_search"}
    strict = {"type": "function", "function": {**ADD, "strict": True}}

    body = sent(
        tools=[{"type": "function", "function": ADD}, strict, search],
        tool_choice={"type": "function", "function": {"name": "add"}},
    )

    assert body["tools"] == [
        {"type": "function", "strict": False, **ADD},
        {"type": "function", "strict": True, **ADD},
        search,
    ]
    assert body["tool_choice"] == {"type": "function", "name": "add"}
    assert sent(tool_choice="required")["tool_choice"] == "required"


class Mood(pydantic.BaseModel):
    mood: str


def test_a_response_format_is_a_format_of_text():
    schema = {"name": "a", "strict": True, "schema": {"type": "object"}}

    body = sent(response_format={"type": "json_schema", "json_schema": schema}, verbosity="low")

    assert body["text"] == {"verbosity": "low", "format": {"type": "json_schema", **schema}}
    assert sent(response_format={"type": "json_object"})["text"] == {
        "format": {"type": "json_object"}
    }
    assert sent(response_format=Mood)["text"]["format"]["name"] == "Mood"
    assert sent(response_format=None) == sent()


def test_parameters_have_their_names_of_responses():
    assert sent(max_tokens=9)["max_output_tokens"] == 9
    assert sent(max_completion_tokens=9)["max_output_tokens"] == 9
    assert sent(reasoning_effort="low")["reasoning"] == {"effort": "low"}
    told = sent(reasoning_effort="low", reasoning={"summary": "auto"}, store=False, n=1)
    assert told["reasoning"] == {"effort": "low", "summary": "auto"}
    assert told["store"] is False and "n" not in told
    assert sent(logprobs=True, top_logprobs=3)["include"] == ["message.output_text.logprobs"]


def test_a_stream_is_asked_for():
    assert sent(stream=True) == {**sent(), "stream": True}


def test_several_samples_cannot_be_had():
    with pytest.raises(UsageError, match="answers once; got `n` above 1"):
        sent(n=2)


# What is read


def test_a_whole_answer_is_read():
    completion = read(said(text("Fine"), text(", thanks.")))

    assert (completion.text, completion.model) == ("Fine, thanks.", "openai/m")
    assert (completion.tokens_in, completion.tokens_out, completion.tokens_cached) == (7, 3, 4)
    assert completion.finish == "stop"


def test_thinking_calls_and_citations_are_read():
    cited = {"type": "url_citation", "url": "https://a.b", "title": "A"}

    completion = read(
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "First."}]},
        {"type": "web_search_call", "status": "completed"},
        {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Then."}]},
        said(text("See.", annotations=[cited])),
        {"type": "function_call", "call_id": "id1", "name": "add", "arguments": '{"a": 1}'},
        {"type": "function_call", "call_id": "id2", "name": "add", "arguments": ""},
    )

    assert completion.reasoning == "First.\n\nThen."
    assert completion.citations == (cited,)
    assert completion.tool_calls == (ToolCall("add", {"a": 1}, "id1"), ToolCall("add", {}, "id2"))
    assert completion.finish == "tool_calls"


def test_logprobs_are_read_in_the_shape_of_chat():
    tokens = [{"token": "x", "logprob": -0.1}]

    assert read(said(text("x", logprobs=tokens))).logprobs == {"content": tokens}


def test_an_answer_that_was_cut_says_so():
    details = {"reason": "max_output_tokens"}

    completion = read(said(text("Fi")), status="incomplete", incomplete_details=details)

    assert (completion.text, completion.finish) == ("Fi", "length")


def test_a_withheld_answer_is_refused():
    with pytest.raises(Refused, match="I can't help"):
        read(said({"type": "refusal", "refusal": "I can't help."}))
    with pytest.raises(Refused, match="content filter"):
        read(said(text("x")), incomplete_details={"reason": "content_filter"})


@pytest.mark.parametrize(
    "answer",
    [{}, {"output": None}, {"output": 5}, {"status": "cancelled", "output": []}, {"choices": []}],
)
def test_what_is_no_answer_is_a_failure_of_the_server(answer):
    with pytest.raises(ServerFailed, match="without text"):
        Responses().read(answer, "openai/m")


def test_a_failed_answer_is_raised():
    error = {"code": "rate_limit_exceeded", "message": "slow down"}

    with pytest.raises(RateLimited, match="slow down"):
        read(status="failed", error=error)
    with pytest.raises(RateLimited, match="slow down"):
        streamed({"type": "response.failed", "response": whole(status="failed", error=error)})
    with pytest.raises(RateLimited, match="slow down"):
        streamed({"type": "error", **error})
    with pytest.raises(RateLimited, match="slow down"):
        streamed({"error": error})


# Streams


def delta(words):
    return {"type": "response.output_text.delta", "delta": words, "output_index": 0}


def item(one):
    return {"type": "response.output_item.done", "item": one}


def test_a_stream_is_heard_piece_by_piece_and_read_at_its_end():
    answer = whole(said(text("Fine, thanks.")))

    completion, heard = streamed(
        {"type": "response.created", "response": {"status": "in_progress", "output": []}},
        {"type": "response.reasoning_summary_text.delta", "delta": "Hm"},
        delta("Fine"),
        delta(", thanks."),
        {"type": "response.function_call_arguments.delta", "delta": "{"},
        item(answer["output"][0]),
        {"type": "response.completed", "response": answer},
    )

    assert heard == ["Fine", ", thanks."]
    assert completion == Responses().read(answer, "openai/m")


def test_a_stream_whose_end_leaves_the_items_out_is_read_from_its_events():
    thought = {"type": "reasoning", "summary": [{"text": "Hm."}]}
    end = {"type": "response.completed", "response": whole()}

    from_items, _ = streamed(item(thought), delta("Fi"), item(said(text("Fine."))), end)
    from_deltas, _ = streamed(delta("Fi"), delta("ne."), end)

    assert (from_items.text, from_items.reasoning) == ("Fine.", "Hm.")
    assert from_deltas.text == "Fine."


def test_a_stream_that_was_cut_at_the_limit_says_so():
    answer = whole(said(text("Fi")), incomplete_details={"reason": "max_output_tokens"})

    completion, _ = streamed(delta("Fi"), {"type": "response.incomplete", "response": answer})

    assert completion.finish == "length"


def test_a_stream_that_ends_before_its_end_is_a_lost_connection():
    with pytest.raises(ConnectionLost, match="cut its answer short"):
        streamed(delta("Fi"))
    with pytest.raises(ConnectionLost):
        streamed(done=True)


def test_a_declared_end_is_an_end():
    assert streamed(delta("Fine."), done=True)[0].text == "Fine."


def test_an_end_in_a_wrong_shape_is_a_failure_of_the_server():
    with pytest.raises(ServerFailed):
        streamed({"type": "response.completed", "response": {"output": 5}})
    with pytest.raises(ServerFailed):
        streamed({"type": "response.failed", "response": None})
