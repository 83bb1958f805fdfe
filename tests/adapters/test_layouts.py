"""What every layout reads, says and refuses, each failure that models are known for by its name."""

import dataclasses
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, StringConstraints
from pydantic import Field as Part

from dspnb import Example, Field, ParseError, Signature, UsageError
from dspnb.adapters import (
    ChatAdapter,
    CompactAdapter,
    JSONAdapter,
    TwoStepAdapter,
    XMLAdapter,
)  # fmt: skip
from dspnb.testing import Scripted

ADAPTERS = [ChatAdapter(), JSONAdapter(), XMLAdapter(), CompactAdapter()]
EVERY = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
WITH_PROSE = pytest.mark.parametrize(
    "adapter", [*ADAPTERS, TwoStepAdapter(Scripted([]))], ids=lambda adapter: adapter.name
)
QA = Signature("question -> reasoning, answer: int")
LONE = Signature("question -> answer")
GOOD = {"reasoning": "Because.", "answer": 42}


class City(BaseModel):
    name: str
    people: int = 0


def output(name, type_, **more):
    return Field(name, type_, role="output", **more)


def asking(*outputs):
    return Signature((Field("q"), *outputs))


# -- one answer, many layouts ----------------------------------------------------------


@EVERY
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[[ ## reasoning ## ]]\nBecause.\n\n[[ ## answer ## ]]\n42", id="headers"),
        pytest.param("[[ ## answer ## ]]\n42\n[[ ## reasoning ## ]] Because.", id="order"),
        pytest.param("So [[ ## reasoning ## ]] Because. [[ ## answer ## ]] 42", id="inline"),
        pytest.param("[[ ## REASONING ## ]] Because.\n[[ ## Answer ## ]] 42", id="other case"),
        pytest.param("**[[ ## reasoning ## ]]**\nBecause.\n### [[ ## answer ## ]]\n42", id="bold"),
        pytest.param('{"reasoning": "Because.", "answer": 42}', id="json"),
        pytest.param('Sure!\n{"reasoning": "Because.", "answer": 42}\nDone.', id="words around"),
        pytest.param('Use {x}: {"reasoning": "Because.", "answer": 42}', id="braces before"),
        pytest.param('```json\n{"reasoning": "Because.", "answer": "42"}\n```', id="code fence"),
        pytest.param('```\n{"reasoning": "Because.", "answer": 42}', id="open fence"),
        pytest.param('{"reasoning": "Because.", "answer": 42,}', id="trailing comma"),
        pytest.param('{"answer": 42, "reasoning": "Because.', id="truncated json"),
        pytest.param("{'reasoning': 'Because.', 'answer': 42}", id="single quotes"),
        pytest.param('{reasoning: "Because.", answer: 42}', id="bare keys"),
        pytest.param('{"Reasoning": "Because.", "ANSWER": 42}', id="keys in other case"),
        pytest.param('{"output": {"reasoning": "Because.", "answer": 42}}', id="wrapped"),
        pytest.param('[{"reasoning": "Because.", "answer": 42}]', id="in a list"),
        pytest.param('"{\\"reasoning\\": \\"Because.\\", \\"answer\\": 42}"', id="encoded twice"),
        pytest.param('{"out": "{\\"reasoning\\": \\"Because.\\", \\"answer\\": 42}"}', id="both"),
        pytest.param('{"reasoning": "Because.", "answer": 42, "sure": true}', id="unknown key"),
        pytest.param("<reasoning>Because.</reasoning><answer>42</answer>", id="tags"),
        pytest.param("<out>\n<Reasoning>\nBecause.\n<answer> 42", id="open tags"),
        pytest.param("**Reasoning:** Because.\n**Answer:** 42", id="bold labels"),
        pytest.param("Reasoning: Because.\n\nAnswer: 42", id="labels"),
        pytest.param("- **Reasoning**: Because.\n- **Answer**: 42", id="labels in a list"),
        pytest.param("<think>\nHm {} [[ ## answer ## ]] 1\n</think>\n"
                     '{"reasoning": "Because.", "answer": 42}', id="thoughts before json"),
        pytest.param("<think>\nHm <answer>1</answer>\n</think>\n[[ ## reasoning ## ]]\nBecause."
                     "\n[[ ## answer ## ]]\n42", id="thoughts before headers"),
        pytest.param("I think it is.\n</think>\n<reasoning>Because.</reasoning><answer>42</answer>",
                     id="thoughts whose beginning the server took"),
    ],
)  # fmt: skip
def test_an_answer_is_read_however_it_is_written(adapter, text):
    assert adapter.parse(QA, text) == GOOD


@EVERY
@pytest.mark.parametrize(
    "text",
    [
        "Paris",
        "[[ ## answer ## ]] Paris",
        "[[ ## answer ## ]]\nParis [[ ## compl",
        "<answer>Paris</answer>",
        '{"answer": "Paris"}',
        '```json\n{"answer": "Paris"}\n```',
        "**Answer:** Paris",
        "Answer: Paris",
        "<think>London? No.</think>\n\nParis",
        "[THINK]London? No.[/THINK]Paris",
        "London? No.</think>Paris",
        "Paris\n\n[[ ## completed ## ]]",
    ],
)
def test_a_lone_answer_is_read_with_or_without_its_name(adapter, text):
    assert adapter.parse(LONE, text) == {"answer": "Paris"}


@EVERY
def test_a_lone_text_with_a_colon_in_it_is_kept(adapter):
    text = "Two parts.\nAnswer: the second."

    assert adapter.parse(LONE, text) == {"answer": text}


@EVERY
@pytest.mark.parametrize("text", ["[1, 2]", "```\n[1, 2]\n```", '{"a": [1, 2]}'])
def test_a_lone_value_is_read_without_its_name(adapter, text):
    assert adapter.parse(Signature("q -> a: list[int]"), text) == {"a": [1, 2]}


@EVERY
@pytest.mark.parametrize(
    "text", ['{"name": "Ulm", "people": 3}', '{"city": {"name": "Ulm", "people": 3}}']
)
def test_a_lone_model_is_read_without_its_name(adapter, text):
    assert adapter.parse(asking(output("city", City)), text) == {"city": City(name="Ulm", people=3)}


@EVERY
def test_thoughts_that_were_cut_off_are_no_answer(adapter):
    with pytest.raises(ParseError, match="`answer`: is missing"):
        adapter.parse(LONE, "<think>\nLondon? No, ")


@EVERY
@pytest.mark.parametrize("text", ["[", "[[", "[[ ## ans", "[[ ## answer ## ]]\n", "<", "<answ", ""])
def test_an_answer_that_was_cut_off_at_once_is_none(adapter, text):
    if text.endswith("]]\n"):
        assert adapter.parse(LONE, text) == {"answer": ""}
        return
    with pytest.raises(ParseError, match="`answer`: is missing"):
        adapter.parse(LONE, text)


@EVERY
def test_a_field_called_think_is_a_field(adapter):
    text = adapter.answered(asking(output("think", str)).outputs, {"think": "Hm."})

    assert adapter.parse(asking(output("think", str), output("a", str, default="")), text) == {
        "think": "Hm.", "a": "",
    }  # fmt: skip


@pytest.mark.parametrize("adapter", [JSONAdapter(), CompactAdapter()], ids=lambda a: a.name)
def test_an_object_of_other_names_is_not_the_text_of_a_lone_answer(adapter):
    with pytest.raises(ParseError, match="`answer`: is missing"):
        adapter.parse(LONE, '{"response": "Paris"}')


@EVERY
def test_what_an_example_shows_for_a_missing_value_is_no_value(adapter):
    with pytest.raises(ParseError, match="`reasoning`: is missing"):
        adapter.parse(QA, "[[ ## reasoning ## ]]\n(left out)\n\n[[ ## answer ## ]]\n42")


@pytest.mark.parametrize("adapter", [JSONAdapter(), CompactAdapter()], ids=lambda a: a.name)
def test_null_is_no_text(adapter):
    with pytest.raises(ParseError, match="`reasoning`: must be text, not null"):
        adapter.parse(QA, '{"reasoning": null, "answer": 42}')


@EVERY
@pytest.mark.parametrize(
    "text",
    [
        "<city><name>Ulm</name><people>3</people></city>",
        "<city>\n  <name>Ulm</name>\n  <people>3</people>\n</city>\n",
    ],
)
def test_nested_tags_are_read(adapter, text):
    assert adapter.parse(asking(output("city", City)), text) == {"city": City(name="Ulm", people=3)}


def test_lists_and_maps_in_nested_tags_are_read():
    signature = asking(output("cities", list[City]), output("sizes", dict[str, int]))
    text = """
    <cities>
      <item><name>Ulm</name></item>
      <item><name>Bonn</name></item>
    </cities>
    <sizes><entry key="a">1</entry><entry key="b c">2</entry></sizes>"""

    assert XMLAdapter().parse(signature, text) == {
        "cities": [City(name="Ulm"), City(name="Bonn")],
        "sizes": {"a": 1, "b c": 2},
    }


def test_what_stands_between_tags_needs_no_escaping():
    text = "<reasoning>if a < b && c > d: x = '&amp;'</reasoning>\n<answer>42</answer>"

    assert XMLAdapter().parse(QA, text)["reasoning"] == "if a < b && c > d: x = '&amp;'"


@EVERY
@pytest.mark.parametrize(
    "value",
    ["[[ ## answer ## ]]\n1", "</reasoning><answer>1</answer>", '{"answer": 1}', "Answer: 1",
     "[[ \\## answer ## ]]", "<\\/answer>", "<think>no</think>"],
)  # fmt: skip
def test_a_text_that_looks_like_another_field_stays_in_its_own(adapter, value):
    values = {"reasoning": value, "answer": 42}

    _, _, solved, _ = adapter.render(QA, [Example(question="?", **values)], {"question": ""})

    assert adapter.parse(QA, solved.content) == values


# -- demos -----------------------------------------------------------------------------


@EVERY
def test_a_demo_that_lacks_fields_says_so_and_comes_first(adapter):
    whole, part = Example(question="a", **GOOD), Example(question="b", answer=7)

    messages = adapter.render(QA, [whole, part], {"question": "now"})

    assert messages[1].content.startswith("Example 1 of 2; reasoning left out.")
    assert messages[3].content.startswith("Example 2 of 2.")
    assert "2 solved examples come first." in messages[0].content
    assert "7" in messages[2].content


@EVERY
def test_a_demo_with_neither_inputs_nor_outputs_is_left_away(adapter):
    useless = [Example(question="a"), Example(answer=1), Example(other=1)]

    assert len(adapter.render(QA, useless, {"question": "now"})) == 2


@WITH_PROSE
@pytest.mark.parametrize("wrong", ["many", [1, "a"], {"a": object}, None, 3.5, City(name="Ulm")])
def test_a_demo_whose_values_do_not_fit_is_rendered_all_the_same(adapter, wrong):
    signature = asking(
        output("n", int), output("city", City), output("kind", Literal["a"]), output("s", str)
    )
    demo = Example(q=wrong, n=wrong, city=wrong, kind=wrong, s=wrong or "x")

    messages = adapter.render(signature, [demo], {"q": wrong})

    assert len(messages) == 4


@EVERY
def test_a_demo_from_a_file_is_written_like_one_of_the_type(adapter):
    class Trip(BaseModel):
        title: str = Part(alias="tripTitle")

    signature = asking(output("trip", Trip))
    trip = Trip(tripTitle="x")

    def solved(value):
        return adapter.render(signature, [Example(q="?", trip=value)], {"q": ""})[2].content

    assert solved(trip) == solved({"tripTitle": "x"})
    assert adapter.parse(signature, solved(trip)) == {"trip": trip}
    assert "tripTitle" in adapter.render(signature, (), {"q": ""})[0].content


def test_names_for_reading_and_for_writing_may_differ():
    class Trip(BaseModel):
        title: str = Part(serialization_alias="Title")

    signature = asking(output("trip", Trip))
    values = {"trip": Trip(title="x")}

    assert JSONAdapter().answered(signature.outputs, values) == '{"trip": {"title": "x"}}'


# -- types and constraints -------------------------------------------------------------


class Rated(BaseModel):
    stars: Annotated[int, Ge(1), Le(5)]
    tags: list[Annotated[str, MaxLen(3)]] = []


LIMITED = [
    (Annotated[int, Ge(0), Le(9)], "at least 0, at most 9", "5", "12"),
    (Annotated[int, Ge(0)] | None, "at least 0", "5", "-1"),
    (Annotated[str, MaxLen(3)], "at most 3 characters", "abc", "abcd"),
    (Annotated[str, StringConstraints(pattern="^a+$")], "matching ^a+$", "aa", "b"),
    (list[Annotated[int, Ge(0)]], "each at least 0", "[1]", "[-1]"),
    (Annotated[list[int], MinLen(1)], "at least 1 item", "[1]", "[]"),
    (dict[str, Annotated[int, Le(3)]], "each value at most 3", '{"a": 1}', '{"a": 4}'),
    (Rated, "stars: int (at least 1, at most 5)", '{"stars": 3}', '{"stars": 6}'),
    (Rated, "tags?: string[] (each at most 3 characters)", '{"stars": 3}',
     '{"stars": 3, "tags": ["abcd"]}'),
    ("date(ge='2026-01-01')", "at least 2026-01-01", "2026-02-01", "2025-02-01"),
]  # fmt: skip


@EVERY
@pytest.mark.parametrize(
    ("type_", "words", "good", "bad"), LIMITED, ids=lambda given: str(given)[:30]
)
def test_a_limit_is_in_the_prompt_in_words_and_is_checked(adapter, type_, words, good, bad):
    signature = asking(output("x", type_), output("y", str, default=""))

    system = adapter.render(signature, (), {"q": ""})[0].content

    assert words in system
    assert "(ge=" not in system and "maximum" not in system
    adapter.parse(signature, f"[[ ## x ## ]]\n{good}")
    with pytest.raises(ParseError, match="`x`: must be"):
        adapter.parse(signature, f"[[ ## x ## ]]\n{bad}")


def test_more_than_a_hundred_fields_are_all_described():
    signature = Signature((*(Field(f"a{i}") for i in range(120)), output("b", str)))

    assert "120. `a119` (str)" in ChatAdapter().system(signature)[0].text


@dataclasses.dataclass
class Lock:
    key: "Unknown"  # noqa: F821


class Chain:
    pass


@WITH_PROSE
@pytest.mark.parametrize(
    ("type_", "said"),
    [
        (Chain, r"has the type `Chain`, which cannot be read from a model's answer; use text"),
        (list[Chain], r"has the type `list\[Chain\]`, which cannot be read"),
        (Lock, r"has the type `Lock`, which refers to a type by a name that is not defined"),
    ],
)
def test_a_type_that_no_model_can_write_is_a_clear_error(adapter, type_, said):
    with pytest.raises(UsageError, match=f"(?i)field `x` {said}"):
        adapter.render(asking(output("x", type_)), (), {"q": ""})


def test_a_type_that_contains_itself_is_fine():
    class Node(BaseModel):
        next: "Node | None" = None

    signature = asking(output("x", Node))
    text = '{"next": {"next": null}}'

    assert "Node where Node = { next?: Node or null }" in ChatAdapter().system(signature)[1].text
    assert ChatAdapter().parse(signature, text)["x"].next == Node()


def test_models_of_the_same_name_are_told_apart():
    def model(**fields: Any):
        return type("Same", (BaseModel,), {"__annotations__": fields, "__module__": str(fields)})

    one, other = model(a=int), model(b=str)
    signature = asking(output("x", list[one]), output("y", list[other]))

    text = CompactAdapter().system(signature)[0].text

    assert "x: { a: int }[]" in text and "y: { b: string }[]" in text
