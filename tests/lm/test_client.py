import threading

import pytest

from dspnb import LM, UsageError
from dspnb.lm.base import Block, Message


def test_a_model_takes_a_text_or_messages():
    lm = LM("offline")

    texts = {
        lm("Hello").text,
        lm([{"role": "user", "content": "Hello"}]).text,
        lm(messages=[Message.of("user", "Hello")]).text,
    }
    assert len(texts) == 1


@pytest.mark.parametrize(
    "given", [None, [], 7, [{"role": "robot", "content": "x"}], [{"content": "x"}], ["x"]]
)
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


def test_a_key_is_not_in_the_models_repr():
    assert "sk-secret" not in repr(LM("openai/gpt-4o-mini", api_key="sk-secret-1"))
    assert (
        repr(LM("openai/gpt-4o-mini", temperature=0)) == "LM('openai/gpt-4o-mini', temperature=0)"
    )


def test_a_message_is_its_blocks_with_a_blank_line_between():
    message = Message("system", (Block("fields", "a"), Block("format", "b")))

    assert message.content == "a\n\nb"
    assert message.to_dict() == {"role": "system", "content": "a\n\nb"}
