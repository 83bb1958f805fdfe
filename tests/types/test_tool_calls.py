"""Tool calls are read from what models write, and done one by one."""

import pickle

import pytest

from dspnb import Tool, ToolCalls, ToolResults, UsageError
from dspnb.lm.base import ToolCall
from dspnb.types import ToolResult

ADD = ToolCall("add", {"a": 1, "b": 2})


def add(a: int, b: int) -> int:
    return a + b


def fail(text: str) -> str:
    raise KeyError(text)


@pytest.mark.parametrize(
    "value",
    [
        [{"name": "add", "args": {"a": 1, "b": 2}}],
        [{"type": "function", "function": {"name": "add", "arguments": '{"a": 1, "b": 2}'}}],
        [{"function": {"name": "add", "arguments": {"a": 1, "b": 2}}}],
        [{"name": "add", "arguments": '{"a": 1, "b": 2,'}],
        [{"name": "add", "parameters": "{a: 1, 'b': 2}"}],
        [{"type": "tool_use", "name": "add", "input": {"a": 1, "b": 2}}],
        {"tool_calls": [{"name": "add", "args": {"a": 1, "b": 2}}]},
        {"calls": [{"name": "add", "args": {"a": 1, "b": 2}}]},
        {"name": "add", "args": {"a": 1, "b": 2}},
        ADD,
        [ADD],
        (ADD,),
        ToolCalls([ADD]),
    ],
)
def test_calls_are_read_in_every_common_shape(value):
    assert ToolCalls.read(value).calls == (ADD,)


@pytest.mark.parametrize("none", ["", " ", None, {}, "{}"])
def test_a_call_may_have_no_arguments(none):
    assert ToolCalls([{"name": "now", "arguments": none}]).calls == (ToolCall("now", {}),)
    assert ToolCalls([{"name": "now"}]).calls == (ToolCall("now", {}),)


def test_the_providers_id_is_kept():
    calls = ToolCalls([{"id": "call_1", "function": {"name": "add", "arguments": "{}"}}])

    assert calls.calls[0].id == "call_1"
    assert calls.plain() == {"tool_calls": [{"name": "add", "args": {}, "id": "call_1"}]}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("add(1, 2)", "`ToolCalls` are made of a list"),
        (3, "`ToolCalls` are made of a list"),
        ({"other": 1}, "`ToolCalls` are made of a list"),
        ([{"args": {}}], "A tool call is written"),
        ([{"name": 3}], "A tool call is written"),
        (["add"], "A tool call is written"),
        ([{"name": "add", "args": [1, 2]}], "arguments of the call of `add` are no JSON object"),
        ([{"name": "add", "arguments": "one and two"}], "are no JSON object: 'one and two'"),
    ],
)
def test_what_is_no_call_is_said(value, said):
    with pytest.raises(UsageError) as caught:
        ToolCalls.read(value)

    assert said in str(caught.value)


def test_every_call_has_a_result():
    calls = ToolCalls(
        [
            ToolCall("add", {"a": "1", "b": 2}, id="1"),
            ToolCall("fail", {"text": "lost"}),
            ToolCall("ad", {}),
            ToolCall("add", {"a": 1}),
            ToolCall("add", {"a": 3, "b": 4}),
        ]
    )
    results = calls.execute([add, Tool(fail)])

    assert [result.call for result in results] == list(calls)
    assert [result.is_error for result in results] == [False, True, True, True, False]
    assert [result.value for result in results] == [
        3,
        "KeyError: 'lost'",
        "There is no tool `ad`; did you mean `add`?",
        "The tool `add` needs `b`; it was called with `a`.",
        7,
    ]


def test_tools_may_be_given_by_name():
    calls = ToolCalls([{"name": "plus", "args": {"a": 1, "b": 2}}])

    assert calls.execute({"plus": add}).results[0].value == 3
    assert calls.execute({"plus": Tool(add)}).results[0].value == 3
    assert calls.execute([]).results[0].value == "There is no tool `plus`; none is defined yet."
    for wrong in ("add", 3):
        with pytest.raises(UsageError, match="Tools are a list of functions"):
            calls.execute(wrong)


def test_an_interrupt_is_no_result():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ToolCalls([{"name": "stop"}]).execute([stop])


def test_they_are_values():
    calls = ToolCalls([ADD])
    results = calls.execute([add])

    assert {calls, ToolCalls([ADD]), pickle.loads(pickle.dumps(calls))} == {calls}
    assert {results, ToolResults([ToolResult(ADD, 3)])} == {results}
    assert pickle.loads(pickle.dumps(results)) == results
    assert len(calls) == len(results) == 1
    with pytest.raises(AttributeError):
        calls.calls = ()


@pytest.mark.parametrize("value", ["x", 3, {"a": 1}, [{"call": ADD}], [{"call": {}, "value": 1}]])
def test_what_is_no_result_is_said(value):
    with pytest.raises(UsageError):
        ToolResults.read(value)
