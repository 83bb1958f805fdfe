"""The scripted model, which other tests and users' own lean on."""

import pytest

from dspnb import UsageError
from dspnb.lm.base import Completion, Message, ToolCall, streamed, supported
from dspnb.testing import Scripted

ASKED = [Message.of("user", "What now?")]


def test_replies_come_in_turn_and_their_end_is_said():
    lm = Scripted(["one", "two"])

    assert [lm(ASKED).text for _ in range(2)] == ["one", "two"]
    with pytest.raises(UsageError, match="no reply left for 'What now"):
        lm(ASKED)


def test_a_reply_may_be_a_whole_completion():
    call = ToolCall("look", {"at": "map"})
    lm = Scripted([Completion("", tool_calls=(call,), reasoning="Where?", tokens_out=40)])
    completion = lm(ASKED)

    assert (completion.tool_calls, completion.reasoning) == ((call,), "Where?")
    assert (completion.model, completion.tokens_out) == ("scripted", 40)
    assert completion.tokens_in > 0


def test_a_function_may_reply_with_either():
    lm = Scripted(lambda prompt: Completion(prompt) if "now" in prompt else prompt)

    assert lm(ASKED).text == "What now?"


def test_messages_and_parameters_of_each_call_are_kept():
    lm = Scripted(lambda prompt: "fine")
    lm(ASKED, temperature=0.5)
    streamed(lm, ASKED, lambda text: None, rollout=2, tools=[])

    assert lm.calls == [tuple(ASKED), tuple(ASKED)]
    assert lm.params == [{"temperature": 0.5}, {"tools": []}]


def test_it_supports_what_it_is_told_to():
    assert supported(Scripted([])) == frozenset()
    assert supported(Scripted([], supports={"tools"})) == {"tools"}


def test_it_streams_word_by_word():
    parts = []
    completion = streamed(Scripted(["one two  three"]), ASKED, parts.append)

    assert parts == ["one ", "two  ", "three"]
    assert completion.text == "one two  three"
