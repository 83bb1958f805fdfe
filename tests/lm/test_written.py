"""A completion as JSON: there and back, compact, and nothing else is read."""

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspnb import Completion
from dspnb.lm.base import ToolCall
from dspnb.lm.written import from_json, to_json

FULL = Completion(
    "Grüße, 東京, 🙂\nline two\u2028\x00",
    model="openai/gpt-4o-mini",
    tokens_in=12,
    tokens_out=34,
    tokens_cached=5,
    dollars=0.125,
    seconds=1.5,
    tool_calls=(ToolCall("add", {"a": 1, "b": [2.5, None]}, "call_1"), ToolCall("stop")),
    reasoning="First, think.",
    citations=({"title": "A", "start": 3},),
    finish="tool_calls",
    logprobs={"content": [{"token": "G", "logprob": -0.25, "top_logprobs": []}]},
    samples=(Completion("one", reasoning="r"), Completion("two", dollars=0.25)),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_every_field_comes_back():
    assert from_json(to_json(FULL)) == FULL


def test_the_full_one_has_a_value_in_every_field():  # so that a new field is not forgotten above
    for field in dataclasses.fields(Completion):
        if field.name not in ("text", "cached"):
            assert getattr(FULL, field.name) != field.default, field.name


def test_what_is_default_is_left_out():
    assert to_json(Completion("")) == '{"text":""}'
    assert to_json(Completion("a", dollars=0.0)) == '{"text":"a","dollars":0.0}'
    assert to_json(Completion("a", tool_calls=(ToolCall("f"),))) == (
        '{"text":"a","tool_calls":[{"name":"f"}]}'
    )


def test_that_it_came_from_a_cache_is_not_kept():
    assert to_json(Completion("a", cached=True)) == to_json(Completion("a"))


def test_other_scripts_are_written_as_they_are_in_one_line():
    text = to_json(Completion("東京\nzwei"))

    assert "東京" in text
    assert "\n" not in text


@pytest.mark.parametrize("half", ["\ud83d", "東京 \udc00"])
def test_half_an_emoji_can_be_stored(half):
    text = to_json(Completion(half))

    assert from_json(text.encode().decode()) == Completion(half)


def test_numbers_that_json_does_not_have_come_back():  # a provider gives -inf for a log of zero
    logprobs = from_json(to_json(Completion("a", logprobs=[-math.inf, math.nan]))).logprobs

    assert logprobs[0] == -math.inf
    assert math.isnan(logprobs[1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"logprobs": object()},
        {"tool_calls": (ToolCall("f", {"x": b"bytes"}),)},
        {"citations": ({"x": {1, 2}},)},
    ],
)
def test_what_is_not_json_is_not_written(wrong):
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        to_json(Completion("a", **wrong))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        "{}",
        '{"text":null}',
        '{"text":1}',
        '{"text":"a","tokens_in":"1"}',
        '{"text":"a","tokens_in":true}',
        '{"text":"a","tokens_in":1.5}',
        '{"text":"a","dollars":"1"}',
        '{"text":"a","seconds":null}',
        '{"text":"a","model":[]}',
        '{"text":"a","tool_calls":{}}',
        '{"text":"a","tool_calls":["f"]}',
        '{"text":"a","tool_calls":[{"args":{}}]}',
        '{"text":"a","tool_calls":[{"name":"f","args":"{}"}]}',
        '{"text":"a","citations":"A"}',
        '{"text":"a","citations":["A"]}',
        '{"text":"a","samples":[{}]}',
        '{"text":"a"} more',
        '{"text":"a","samples":[' * 2000,
        "[" * 100_000,
        '{"text":"a","tokens_in":' + "9" * 5000 + "}",
    ],
)
def test_nonsense_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        from_json(text)


def test_unknown_fields_are_left_out():
    told = {"text": "a", "cached": True, "new": 1, "tool_calls": [{"name": "f", "new": 1}]}

    assert from_json(json.dumps(told)) == Completion("a", tool_calls=(ToolCall("f"),))


@given(st.text(st.characters()), json_values)
def test_any_text_and_any_logprobs_come_back(text, logprobs):
    completion = Completion(text, logprobs=logprobs)

    assert from_json(to_json(completion)) == completion


@given(json_values | st.fixed_dictionaries({"text": st.text()}, optional={"samples": json_values}))
def test_any_other_json_is_read_or_refused(value):
    try:
        completion = from_json(json.dumps(value))
    except ValueError:
        return
    assert completion.text == value["text"]
