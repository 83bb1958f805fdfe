"""Legacy completions: messages as one prompt, and its continuation."""

import json

import pytest

from dspnb.errors import ConnectionLost, ServerFailed, UsageError
from dspnb.lm.base import Attachment, Block, Message, ToolCall
from dspnb.lm.formats import Text
from dspnb.lm.request import Request

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
TURNS = (
    Message.of("system", "Be brief."),
    Message.of("user", "2 + 2?"),
    Message.of("assistant", "4"),
    Message.of("user", "3 + 3?"),
)


def sent(messages=TURNS, *, stream=False, text=Text(), **params):
    return json.loads(text.body("m", Request(tuple(messages), params), stream=stream))


def choice(words, index=0, finish="stop", **more):
    return {"index": index, "text": words, "finish_reason": finish, **more}


def test_a_lone_message_of_the_user_is_the_prompt():
    assert sent([Message.of("user", "Once upon a ")]) == {"model": "m", "prompt": "Once upon a "}


def test_turns_are_written_as_a_dialogue_that_ends_with_the_answer():
    body = sent()

    assert body["prompt"] == (
        "Be brief.\n\nUser: 2 + 2?\n\nAssistant: 4\n\nUser: 3 + 3?\n\nAssistant:"
    )
    assert body["stop"] == ["\n\nUser:"]
    assert sent(stop="###")["stop"] == "###"


def test_what_a_tool_said_is_a_turn():
    turns = [Message.of("user", "?"), Message("tool", (Block("text", "4"),), tool_call_id="a")]

    assert sent(turns)["prompt"] == "User: ?\n\nTool: 4\n\nAssistant:"


@pytest.mark.parametrize(
    "message",
    [
        Message("user", (Block("input", "[image]", Attachment("image", {"type": "image_url"})),)),
        Message("assistant", (), (ToolCall("add", {}, "a"),)),
    ],
    ids=["attachment", "call"],
)
def test_what_is_no_text_cannot_be_sent(message):
    with pytest.raises(UsageError, match=r"kind `text` gets one text.*Use `kind=\"chat\"`"):
        sent([message])


def test_parameters_have_their_names_of_completions():
    assert sent(max_completion_tokens=9, seed=1) == {**sent(), "max_tokens": 9, "seed": 1}
    assert sent(logprobs=True, top_logprobs=4)["logprobs"] == 4
    assert sent(logprobs=True)["logprobs"] == 1
    assert sent(logprobs=2)["logprobs"] == 2
    assert sent(logprobs=False) == sent()


def test_a_stream_is_asked_to_end_with_what_it_took():
    assert sent(stream=True)["stream_options"] == {"include_usage": True}
    assert "stream_options" not in sent(stream=True, text=Text(counts=False))


def test_a_whole_answer_is_read():
    shape = {"tokens": ["x"], "token_logprobs": [-0.1]}
    answer = {"choices": [choice(" 6", logprobs=shape), choice(" six", 1)], "usage": USAGE}

    completion = Text().read(answer, "openai/m")

    assert (completion.text, completion.finish, completion.logprobs) == (" 6", "stop", shape)
    assert (completion.tokens_in, completion.tokens_out) == (7, 3)
    assert [sample.text for sample in completion.samples] == [" 6", " six"]


@pytest.mark.parametrize("answer", [{}, {"choices": []}, {"choices": [{"index": 0}]}])
def test_what_is_no_answer_is_a_failure_of_the_server(answer):
    with pytest.raises(ServerFailed, match="without text"):
        Text().read(answer, "m")


def test_a_stream_is_heard_and_added_up():
    heard = []
    reader = Text().reader("m", heard.append)
    probable = {" si": {"tokens": [" si"], "text_offset": [0]}, "x": {"tokens": ["x"]}}
    for words, shape in probable.items():
        reader.feed({"choices": [choice(words, finish=None, logprobs=shape)]})
    reader.feed({"choices": [choice("")], "usage": USAGE})

    completion = reader.close()

    assert heard == [" si", "x"]
    assert (completion.text, completion.tokens_out) == (" six", 3)
    assert completion.logprobs == {"tokens": [" si", "x"], "text_offset": [0]}


def test_a_stream_that_ends_before_its_end_is_a_lost_connection():
    reader = Text().reader("m", print)

    with pytest.raises(ConnectionLost):
        reader.close()
