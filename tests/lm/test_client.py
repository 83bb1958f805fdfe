import threading

import pydantic
import pytest

from dspnb import LM, Embedder, UsageError
from dspnb.lm.base import Attachment, Block, Message, Prompt, ToolCall
from dspnb.lm.messages import read_messages


def test_a_model_takes_a_text_or_messages():
    lm = LM("offline")

    texts = {
        lm("Hello").text,
        lm([{"role": "user", "content": "Hello"}]).text,
        lm(messages=[Message.of("user", "Hello")]).text,
    }
    assert len(texts) == 1


@pytest.mark.parametrize(
    "given",
    [
        None, [], 7, ["x"],
        [{"role": "robot", "content": "x"}], [{"content": "x"}],
        [{"role": "user", "content": None}], [{"role": "user", "content": []}],
        [{"role": "assistant"}],
    ],
)  # fmt: skip
def test_what_is_not_a_prompt_is_said(given):
    with pytest.raises(UsageError, match=r"A m(odel is called with|essage is)"):
        LM("offline")(given)


def test_the_same_prompt_is_answered_from_memory():
    lm = LM("offline")
    first, second = lm("Hello"), lm("Hello")

    assert (first.cached, second.cached) == (False, True)
    assert first.text == second.text
    assert (lm.usage.calls, lm.usage.cached) == (1, 1)
    assert lm.usage.tokens_in == first.tokens_in


@pytest.mark.parametrize("change", [{"rollout": 1}, {"temperature": 1.0}])
def test_another_rollout_or_parameter_is_another_prompt(change):
    lm = LM("offline")
    lm("Hello")

    assert not lm("Hello", **change).cached


def test_without_a_cache_each_call_is_made():
    lm = LM("offline", cache=False)
    lm("Hello")

    assert not lm("Hello").cached
    assert lm.usage.calls == 2


def test_every_call_of_many_threads_is_counted():
    lm = LM("offline", cache=False)
    threads = [threading.Thread(target=lambda: [lm(f"{i}") for i in range(50)]) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert lm.usage.calls == 800


@pytest.mark.parametrize("make", [LM, Embedder])
@pytest.mark.parametrize("model", ["offline", "openai/x", "anthropic/x"])
@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("num_retries", "`retries`"), ("max_retries", "`retries`"), ("model_type", "`kind`"),
        ("base_url", "`api_base`"), ("caching", "`cache`"), ("rollout_id", "`rollout`"),
        ("request_timeout", "`timeout`"),
        ("launch_kwargs", "leave it out"), ("callbacks", "leave it out"),
    ],
)  # fmt: skip
def test_a_setting_that_is_called_otherwise_here_is_said_and_not_sent(make, model, name, ours):
    with pytest.raises(UsageError, match=f"A model here has no `{name}`.*{ours}"):
        make(model, **{name: 3})


def test_a_key_is_not_in_the_models_repr():
    assert "sk-secret" not in repr(LM("openai/gpt-4o-mini", api_key="sk-secret-1"))
    assert (
        repr(LM("openai/gpt-4o-mini", temperature=0)) == "LM('openai/gpt-4o-mini', temperature=0)"
    )


def test_a_message_is_its_blocks_with_a_blank_line_between():
    message = Message("system", (Block("fields", "a"), Block("format", "b")))

    assert message.content == "a\n\nb"
    assert message.to_dict() == {"role": "system", "content": "a\n\nb"}


CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def test_dicts_of_the_protocol_are_messages_and_come_back_as_they_were():
    told = [
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": "2", "tool_call_id": "c1"},
    ]
    asked, answered = read_messages(told)

    assert asked.tool_calls == (ToolCall("f", {"x": 1}, "c1"),)
    assert asked.tool_calls[0].args == {"x": 1}
    assert (answered.role, answered.content, answered.tool_call_id) == ("tool", "2", "c1")
    assert [asked.to_dict(), answered.to_dict()] == told


def test_parts_are_blocks_and_what_is_no_text_is_attached():
    audio = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    content = [{"type": "text", "text": "Look:"}, IMAGE, audio]
    (message,) = read_messages([{"role": "user", "content": content}])

    assert message.blocks == (
        Block("text", "Look:"),
        Block("text", "[image]", Attachment("image", IMAGE, "image")),
        Block("text", "[audio]", Attachment("audio", audio, "audio")),
    )


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"role": "tool", "content": "2"}, "says in `tool_call_id` which call"),
        ({"role": "assistant", "tool_calls": [{"name": "f"}]}, "A tool call is"),
        ({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "[1]"}}]},
         "the JSON of an object"),
        ({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]},
         "the JSON of an object"),
        ({"role": "user", "content": ["x"]}, "A part of a message is"),
        ({"role": "user", "content": [{"type": "text"}]}, "A part of a message is"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "A part of a message is"),
        ({"role": "user", "content": [{"type": "hologram", "hologram": {}}]}, "`input_audio`"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_message_is_said(message, said):
    with pytest.raises(UsageError, match=said):
        LM("offline")([message])


def test_tool_calls_and_attachments_tell_prompts_apart():
    lm = LM("offline")
    other = {**CALL, "function": {"name": "f", "arguments": '{"x": 2}'}}
    answer = {"role": "tool", "content": "2", "tool_call_id": "c1"}
    for call in (CALL, other):
        assert not lm([{"role": "assistant", "content": "", "tool_calls": [call]}, answer]).cached
    for url in ("data:a", "data:b"):
        part = {"type": "image_url", "image_url": {"url": url}}
        assert not lm([{"role": "user", "content": [part]}]).cached

    assert lm([{"role": "user", "content": [part]}]).cached


def test_a_class_that_says_what_to_answer_is_known_by_its_shape():
    lm = LM("offline")

    def shape(type_):
        return pydantic.create_model("Answer", text=(type_, ...))

    assert not lm("Hello", response_format=shape(str)).cached
    assert lm("Hello", response_format=shape(str)).cached
    assert not lm("Hello", response_format=shape(int)).cached
    assert not lm("Hello", response_format=object).cached
    assert not lm("Hello", response_format=object).cached  # it says nothing to compare


def test_a_kept_prompt_is_asked_again_for_another_shape():
    def shape(kind):
        return pydantic.create_model("Answer", city=(kind, ...))

    lm, prompt = LM("offline"), Prompt([Message.of("user", "Hello")])
    lm(prompt, response_format=shape(str))

    assert not lm(prompt, response_format=shape(int)).cached
    assert lm(prompt, response_format=shape(int)).cached


def test_parameters_that_cannot_be_compared_are_sent_and_not_remembered():
    lm, odd = LM("offline"), {1: "a", "b": 2}

    assert not lm("Hello", extra=odd).cached
    assert not lm("Hello", extra=odd).cached
    assert lm.usage.calls == 2


def test_what_memory_knows_is_streamed_in_one_piece():
    lm, parts = LM("offline"), []
    text = lm("Hello").text

    assert lm.stream("Hello", on_text=parts.append).cached
    assert parts == [text]
    assert (lm.usage.calls, lm.usage.cached) == (1, 1)


def test_without_a_cache_each_stream_is_made():
    lm, parts = LM("offline", cache=False), []
    lm.stream(messages=[{"role": "user", "content": "Hello"}], on_text=parts.append)
    lm.stream("Hello", on_text=parts.append)

    assert len(parts) > 10
    assert (lm.usage.calls, lm.usage.cached) == (2, 0)
