"""Tools, thinking and citations go through the provider where it can, elsewhere through text."""

import pytest

from dspnb import LM, Example, Predict, Signature, use
from dspnb.adapters import (
    ChatAdapter,
    CompactAdapter,
    JSONAdapter,
    TwoStepAdapter,
    XMLAdapter,
)  # fmt: skip
from dspnb.lm.base import Completion, ToolCall
from dspnb.testing import Scripted
from dspnb.types import (
    Citations,
    Document,
    History,
    Reasoning,
    Tool,
    ToolCalls,
    ToolResult,
    ToolResults,
)  # fmt: skip

TYPES = {
    kind.__name__: kind
    for kind in (Citations, Document, History, Reasoning, Tool, ToolCalls, ToolResults)
}
ADAPTERS = [ChatAdapter(), JSONAdapter(), XMLAdapter(), CompactAdapter()]
EVERY = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)


def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b


def signature(line):
    return Signature(line, types=TYPES)


def prompt(lm, call=-1):
    return "\n".join(f"{m.role}: {m.content}" for m in lm.calls[call])


CALLED = Completion("", tool_calls=(ToolCall("add", {"a": 1, "b": 2}, "id1"),), finish="tool_calls")


# -- tools -----------------------------------------------------------------------------


@EVERY
def test_tools_leave_the_prompt_where_the_model_calls_them_itself(adapter):
    lm = Scripted([CALLED], supports=["tools"])
    with use(lm=lm, adapter=adapter):
        prediction = Predict(signature("q, tools: list[Tool] -> a, calls: ToolCalls"))(
            q="1 + 2?", tools=[Tool(add)]
        )

    assert list(prediction) == ["a", "calls"]
    assert prediction.a is None
    assert prediction.calls.execute([add]).results[0].value == 3
    assert prediction.attempts == ()
    assert lm.params[0]["tools"][0]["function"]["name"] == "add"
    assert "Add two numbers" not in prompt(lm) and "calls" not in prompt(lm)


@EVERY
def test_a_signature_whose_only_output_is_its_tool_calls_has_nothing_left_to_ask_for(adapter):
    lm = Scripted([CALLED, Completion("I need no tool.")], supports=["tools", "json_schema"])
    program = Predict(signature("q, tools: list[Tool] -> calls: ToolCalls"))
    with use(lm=lm, adapter=adapter):
        called = program(q="1 + 2?", tools=[add])
        silent = program(q="Hello!", tools=[add])

    assert [call.name for call in called.calls] == ["add"]
    assert silent.calls == ToolCalls()
    assert "Answer with" not in prompt(lm) and "Output fields" not in prompt(lm)
    assert "response_format" not in lm.params[0]
    assert [message.role for message in lm.calls[0]] == ["system", "user"]


def test_two_steps_with_nothing_left_to_extract_are_one():
    lm = Scripted([CALLED], supports=["tools"])
    with use(lm=lm, adapter=TwoStepAdapter(Scripted([]))):
        prediction = Predict(signature("q, tools: list[Tool] -> calls: ToolCalls"))(q="", tools=add)

    assert len(prediction.calls) == 1


@pytest.mark.parametrize("text", ["", "  \n", "Let me look that up."])
def test_a_model_that_calls_a_tool_first_leaves_the_other_outputs_none(text):
    completion = Completion(text, tool_calls=CALLED.tool_calls)
    lm = Scripted([completion], supports=["tools"])
    with use(lm=lm):
        prediction = Predict(signature("q, tools: list[Tool] -> n: int, m, calls: ToolCalls"))(
            q="?", tools=[Tool(add)]
        )

    assert (prediction.n, prediction.m, len(prediction.calls)) == (None, None, 1)
    assert len(lm.calls) == 1


def test_what_a_model_answers_beside_its_calls_is_kept():
    completion = Completion("[[ ## a ## ]]\nso far", tool_calls=CALLED.tool_calls)
    with use(lm=Scripted([completion], supports=["tools"])):
        prediction = Predict(signature("q, tools: list[Tool] -> a, calls: ToolCalls"))(
            q="?", tools=[Tool(add)]
        )

    assert (prediction.a, len(prediction.calls)) == ("so far", 1)


@EVERY
def test_without_support_tools_are_described_and_calls_are_json(adapter):
    calls = '{"tool_calls": [{"name": "add", "args": {"a": 1, "b": 2}}]}'
    answers = {
        "chat": f"[[ ## calls ## ]]\n{calls}",
        "xml": f"<calls>{calls}</calls>",
    }
    lm = Scripted([answers.get(adapter.name, f'{{"calls": {calls}}}')])
    with use(lm=lm, adapter=adapter):
        prediction = Predict(signature("q, tools: list[Tool] -> calls: ToolCalls"))(
            q="1 + 2?", tools=[add]
        )

    assert prediction.calls.execute([add]).results[0].value == 3
    assert '`add`: Add two numbers. Arguments: {"a": {"type": "integer"}' in prompt(lm)
    assert "tool_calls: { name: string, args: map<string, any> }[]" in prompt(lm)
    assert "tools" not in lm.params[0]


@pytest.mark.parametrize(
    ("line", "tools"),
    [
        ("q, tools: list[Tool] -> calls: ToolCalls | None", [add]),
        ("q, tools: list[Tool] | None -> calls: ToolCalls", [add]),
        ("q, tools: Tool -> calls: ToolCalls", Tool(add)),
        ("q, tools: dict[str, Tool] -> calls: ToolCalls", {"add": add}),
    ],
)
def test_tools_may_be_given_in_several_forms(line, tools):
    lm = Scripted([CALLED], supports=["tools"])
    with use(lm=lm):
        prediction = Predict(signature(line))(q="?", tools=tools)

    assert [tool["function"]["name"] for tool in lm.params[0]["tools"]] == ["add"]
    assert len(prediction.calls) == 1


# -- reasoning, citations --------------------------------------------------------------


def test_thinking_leaves_the_prompt_of_a_model_that_shows_its_own():
    lm = Scripted([Completion("[[ ## a ## ]] 3", reasoning="1 + 2")], supports=["reasoning"])
    with use(lm=lm):
        prediction = Predict(signature("q -> why: Reasoning, a: int"))(q="?")

    assert (prediction.why, prediction.a) == (Reasoning("1 + 2"), 3)
    assert isinstance(prediction.why, Reasoning)
    assert lm.params[0] == {"reasoning_effort": "low"}
    assert "why" not in prompt(lm)


def test_how_hard_a_model_thinks_is_the_users_to_say():
    lm = Scripted([Completion("[[ ## a ## ]] 3")], supports=["reasoning"])
    with use(lm=lm):
        Predict(signature("q -> why: Reasoning, a: int"), reasoning_effort="high")(q="?")

    assert lm.params[0] == {"reasoning_effort": "high"}


def test_without_support_thinking_is_a_text():
    lm = Scripted(["[[ ## why ## ]]\n1 + 2\n\n[[ ## a ## ]]\n3"])
    with use(lm=lm):
        prediction = Predict(signature("q -> why: Reasoning, a: int"))(q="?")

    assert (prediction.why, type(prediction.why)) == ("1 + 2", Reasoning)
    assert lm.params[0] == {}


def test_citations_come_from_a_model_that_cites_by_itself():
    cited = {"cited_text": "Rain fell.", "document_index": 0}
    lm = Scripted([Completion("[[ ## a ## ]] wet", citations=(cited,))], supports=["citations"])
    with use(lm=lm):
        prediction = Predict(signature("docs: list[Document] -> a, sources: Citations"))(
            docs=[Document("Rain fell.")]
        )

    assert prediction.sources == Citations(["Rain fell."])
    assert "sources" not in prompt(lm)
    (attachment,) = [b.attachment for b in lm.calls[0][-1].blocks if b.attachment is not None]
    assert attachment.kind == "document"


def test_without_support_citations_are_json():
    lm = Scripted(['[[ ## a ## ]]\nwet\n\n[[ ## sources ## ]]\n[{"quote": "Rain fell."}]'])
    with use(lm=lm):
        prediction = Predict(signature("docs: list[Document] -> a, sources: Citations"))(
            docs=[Document("Rain fell.")]
        )

    assert prediction.sources == Citations(["Rain fell."])
    assert "JSON of type { quote: string, document?: int, title?: string }[]" in prompt(lm)
    assert "[0] Rain fell." in prompt(lm)
    assert all(block.attachment is None for block in lm.calls[0][-1].blocks)


# -- history ---------------------------------------------------------------------------

QA = signature("q, past: History -> a: int")


def rendered(adapter, line, past, demos=()):
    signature_ = line if isinstance(line, Signature) else signature(line)
    messages = adapter.render(signature_, demos, {"q": "now", "past": past})
    return [(message.role, message.content) for message in messages]


@EVERY
def test_past_turns_are_turns_and_are_not_described(adapter):
    past = History([{"q": "first", "a": 1}, {"q": "second", "a": 2}])
    demo = Example(q="shown", a=7)

    system, example, _, *turns, now = rendered(adapter, QA, past, [demo])

    assert "past" not in system[1] and "History" not in system[1]
    assert [role for role, _ in turns] == ["user", "assistant", "user", "assistant"]
    assert "first" in turns[0][1] and "1" in turns[1][1] and "second" in turns[2][1]
    assert example[1].startswith("Example 1 of 1.") and "Example" not in turns[0][1]
    assert "Answer with" not in turns[0][1] and "now" in now[1]
    kinds = [m.blocks[0].kind for m in adapter.render(QA, [demo], {"q": "", "past": past})]
    assert kinds[1:] == ["demo", "demo", *["history"] * 4, "input"]


def test_a_history_may_be_none_or_empty_or_a_plain_list():
    optional = "q, past: History | None -> a"
    assert len(rendered(ADAPTERS[0], optional, None)) == 2
    assert len(rendered(ADAPTERS[0], optional, History())) == 2
    assert len(rendered(ADAPTERS[0], optional, [{"q": "x", "a": "y"}])) == 4
    assert "past" not in rendered(ADAPTERS[0], optional, None)[0][1]


def test_turns_may_be_messages_of_the_protocol():
    past = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "hi"},
        {"role": "user", "content": [{"type": "text", "text": "look"}]},
    ]

    assert rendered(ADAPTERS[0], QA, past)[1:-1] == [
        ("user", "hello"),
        ("assistant", "hi"),
        ("user", "look"),
    ]


def test_fields_called_role_and_content_are_fields():
    messages = ADAPTERS[0].render(
        signature("role, content, past: History -> reply"),
        (),
        {
            "role": "a",
            "content": "b",
            "past": History([{"role": "x", "content": "y", "reply": "z"}]),
        },
    )

    assert messages[1].content == "[[ ## role ## ]]\nx\n\n[[ ## content ## ]]\ny"


def test_a_turn_with_none_of_the_fields_is_an_error_that_names_them():
    with pytest.raises(Exception, match=r"none of the fields `a`, `past`, `q`; it has `question`"):
        rendered(ADAPTERS[0], QA, [{"question": "?"}])


CALLS = ToolCalls([ToolCall("add", {"a": 1, "b": 2}, "id1")])
RESULTS = ToolResults([ToolResult(CALLS.calls[0], 3)])
WITH_TOOLS = "q, tools: list[Tool], past: History -> thought, calls: ToolCalls"
ONE_TURN = [{"q": "1 + 2?", "thought": "I add.", "calls": CALLS, "results": RESULTS}]
TWO_TURNS = [{"q": "1 + 2?", "thought": "I add.", "calls": CALLS}, {"results": RESULTS}]


@pytest.mark.parametrize("past", [ONE_TURN, TWO_TURNS])
def test_a_model_that_calls_tools_sees_its_past_calls_in_the_providers_form(past):
    lm = Scripted([CALLED], supports=["tools"])
    with use(lm=lm):
        Predict(signature(WITH_TOOLS))(q="now", tools=[add], past=History(past))

    _, asked, called, result, _ = lm.calls[0]
    assert (asked.role, called.role, result.role) == ("user", "assistant", "tool")
    assert "I add." in called.content
    assert called.tool_calls == CALLS.calls
    assert (result.tool_call_id, result.content) == ("id1", "3")
    assert "add" not in asked.content


def test_calls_without_an_id_get_one_and_calls_without_a_result_an_answer():
    calls = ToolCalls([ToolCall("add", {"a": 1, "b": 2}), ToolCall("add", {"a": 3, "b": 4})])
    results = ToolResults([ToolResult(calls.calls[1], 7)])
    lm = Scripted([CALLED], supports=["tools"])
    with use(lm=lm):
        Predict(signature(WITH_TOOLS))(
            q="now", tools=[add], past=[{"q": "?", "calls": calls, "results": results}]
        )

    _, _, called, first, second, _ = lm.calls[0]
    assert [call.id for call in called.tool_calls] == ["call_1", "call_2"]
    assert (first.tool_call_id, first.content) == ("call_2", "7")
    assert (second.tool_call_id, second.content) == ("call_1", "There is no result.")


def test_results_without_their_calls_bring_them_along():
    lm = Scripted([CALLED], supports=["tools"])
    with use(lm=lm):
        Predict(signature(WITH_TOOLS))(q="now", tools=[add], past=[{"q": "?", "results": RESULTS}])

    _, _, called, result, _ = lm.calls[0]
    assert called.tool_calls[0].id == result.tool_call_id == "id1"


def test_messages_with_tool_calls_go_through_as_they_are():
    function = {"name": "add", "arguments": '{"a": 1, "b": 2}'}
    past = [
        {
            "role": "assistant",
            "tool_calls": [{"id": "x", "type": "function", "function": function}],
        },
        {"role": "tool", "content": "3", "tool_call_id": "x"},
    ]
    lm = Scripted([CALLED], supports=["tools"])
    with use(lm=lm):
        Predict(signature(WITH_TOOLS))(q="now", tools=[add], past=past)

    assert [m.role for m in lm.calls[0]] == ["system", "assistant", "tool", "user"]
    text = rendered(ADAPTERS[0], QA, past)[1:-1]
    assert text[0][0] == "assistant" and '"name": "add"' in text[0][1]
    assert text[1] == ("user", "A tool gave: 3")


@pytest.mark.parametrize("past", [ONE_TURN, TWO_TURNS])
@pytest.mark.parametrize("line", [WITH_TOOLS, "q, past: History -> thought"])
def test_any_other_model_reads_its_past_calls_as_text(line, past):
    lm = Scripted(["[[ ## thought ## ]] x\n[[ ## calls ## ]] []"])
    inputs = {"tools": [add]} if "tools" in line else {}
    with use(lm=lm):
        Predict(signature(line))(q="now", past=History(past), **inputs)

    assert all(not m.tool_calls and not m.tool_call_id for m in lm.calls[0])
    assert '"name": "add", "args": {"a": 1, "b": 2}' in prompt(lm)
    assert "user: `add` gave: 3" in prompt(lm)


def test_the_offline_model_answers_a_conversation():
    with use(lm=LM("offline")):
        prediction = Predict(QA)(q="second", past=[{"q": "first", "a": 1}])

    assert isinstance(prediction.a, int)
