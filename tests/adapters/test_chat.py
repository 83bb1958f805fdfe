import dataclasses
import enum
from typing import Literal

import pytest
from pydantic import BaseModel

from dspnb import Example, Field, ParseError, Signature, UsageError
from dspnb.adapters import ChatAdapter
from dspnb.signature import InputField, OutputField

CHAT = ChatAdapter()
QA = Signature("question -> reasoning, answer: int", "Count well.")


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class City(BaseModel):
    name: str
    people: int


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


# -- rendering -------------------------------------------------------------------------


class Triage(Signature):
    """Route a ticket."""

    ticket: str = InputField(desc="what the customer wrote")
    team: Literal["sales", "trust"] = OutputField(desc="who solves it")
    urgent: bool = OutputField()


PROMPT = """\
--- system
Input fields:
1. `ticket` (str): what the customer wrote
Output fields:
1. `team` (Literal['sales', 'trust']): who solves it
2. `urgent` (bool)

Every exchange has this layout:

[[ ## ticket ## ]]
{ticket}

[[ ## team ## ]]
{team}        # note: one of: sales; trust

[[ ## urgent ## ]]
{urgent}        # note: True or False

[[ ## completed ## ]]

2 solved examples come first. They are no part of the conversation after them.

Your task:
Route a ticket.
--- user
Example 1 of 2; urgent left out.

[[ ## ticket ## ]]
I want ten.
--- assistant
[[ ## team ## ]]
sales

[[ ## urgent ## ]]
(left out)

[[ ## completed ## ]]
--- user
Example 2 of 2.

[[ ## ticket ## ]]
Is it private?
--- assistant
[[ ## team ## ]]
trust

[[ ## urgent ## ]]
False

[[ ## completed ## ]]
--- user
[[ ## ticket ## ]]
Hello?

Answer with `[[ ## team ## ]]` (one of: sales; trust), then `[[ ## urgent ## ]]` (True or False), \
and end with `[[ ## completed ## ]]`.
"""


def test_the_whole_prompt_reads_like_this():
    demos = (
        Example(ticket="Is it private?", team="trust", urgent=False),
        Example(ticket="I want ten.", team="sales"),
        Example(ticket="Without any label."),
    )

    messages = CHAT.render(Triage, demos, {"ticket": "Hello?"})

    assert "".join(f"--- {m.role}\n{m.content}\n" for m in messages) == PROMPT


def test_every_part_of_a_prompt_says_what_it_is():
    messages = CHAT.render(QA, (Example(question="?", reasoning="!", answer=1),), {"question": "a"})

    assert [[block.kind for block in message.blocks] for message in messages] == [
        ["fields", "format", "format", "instructions"],
        ["demo"],
        ["demo"],
        ["input", "format"],
    ]


def test_the_same_demos_with_other_types_are_rendered_anew():
    def shown(answer):
        return CHAT.render(
            QA, (Example(question="?", reasoning="", answer=answer),), {"question": ""}
        )

    assert [
        shown(answer)[2].content.split("## answer ## ]]")[1].split()[0] for answer in (1, True, 1.0)
    ] == [
        "1",
        "True",
        "1.0",
    ]


def test_a_field_of_a_type_that_no_model_can_write_is_a_clear_error():
    class Lock:
        pass

    signature = Signature((Field("a"), Field("lock", Lock, "", "output")))

    with pytest.raises(UsageError) as error:
        CHAT.render(signature, (), {"a": ""})

    assert "The field `lock` has the type `Lock`, which cannot be read from" in str(error.value)


# -- parsing ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "[[ ## reasoning ## ]]\nBecause.\n\n[[ ## answer ## ]]\n42\n\n[[ ## completed ## ]]",
        "[[ ## reasoning ## ]] Because.\n[[ ## answer ## ]] 42",
        "[[ ## reasoning ## ]] Because. [[ ## answer ## ]] 42 [[ ## completed ## ]]",
        "[[ ## reasoning ## ]]\nBecause.[[ ## answer ## ]]\n42[[ ## completed ## ]]",
        "[[ ## Reasoning ## ]]\nBecause.\n[[ ## ANSWER ## ]]\n42",
        "**[[ ## reasoning ## ]]**\nBecause.\n\n**[[ ## answer ## ]]**: 42",
        "## [[ ## reasoning ## ]]\nBecause.\n\n> [[ ## answer ## ]]\n42",
        "`[[ ## reasoning ## ]]`\nBecause.\n\n`[[ ## answer ## ]]`\n42",
        "[[##reasoning##]]\nBecause.\n[[##answer##]]\n42",
        "[[ # reasoning # ]]\nBecause.\n[[  ###  answer  ###  ]]\n42",
        "Sure, here it is!\n\n[[ ## reasoning ## ]]\nBecause.\n[[ ## answer ## ]]\n42",
        "[[ ## question ## ]]\n?\n[[ ## reasoning ## ]]\nBecause.\n[[ ## answer ## ]]\n42",
        "[[ ## answer ## ]]\n42\n\n[[ ## reasoning ## ]]\nBecause.",
        "[[ ## reasoning ## ]]\nBecause.\n[[ ## answer ## ]]\n42\n[[ ## confidence ## ]]\nhigh",
        "[[ ## reasoning ## ]]\nBecause.\n[[ ## aside ## ]]\nHm.\n[[ ## answer ## ]]\n42",
        "[[ ## reasoning ## ]]\nBecause.\n[[ ## answer ## ]]\n42\n[[ ## answer ## ]]\n43",
        "[[ ## reasoning ## ]]\r\nBecause.\r\n\r\n[[ ## answer ## ]]\r\n42\r\n",
    ],
)
def test_a_sloppy_layout_is_read_all_the_same(text):
    assert CHAT.parse(QA, text) == {"reasoning": "Because.", "answer": 42}


def test_a_header_that_is_quoted_inside_a_text_stays_in_it():
    text = "[[ ## answer ## ]]\nWrite `[[ ## name ## ]]` above the name.\n\n[[ ## completed ## ]]"

    assert CHAT.parse(Signature("q -> answer"), text) == {
        "answer": "Write `[[ ## name ## ]]` above the name."
    }


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Paris", "Paris"),
        ("Paris\n\n[[ ## completed ## ]]", "Paris"),
        ("\n It is\n Paris. \n", "It is\n Paris."),
    ],
)
def test_a_lone_output_needs_no_header(text, answer):
    assert CHAT.parse(Signature("q -> answer"), text) == {"answer": answer}


def test_names_that_differ_in_case_only_are_told_apart():
    text = "[[ ## a ## ]]\nsmall\n\n[[ ## A ## ]]\nbig"

    assert CHAT.parse(Signature("q -> a, A"), text) == {"a": "small", "A": "big"}


def test_an_output_may_be_called_completed():
    signature = Signature("q -> completed: bool, rest")

    outputs = CHAT.parse(signature, "[[ ## completed ## ]]\nTrue\n\n[[ ## rest ## ]]\nnone")

    assert outputs == {"completed": True, "rest": "none"}


def test_an_optional_output_may_be_left_out():
    signature = Signature("q -> answer, note: str | None, tone: str = 'plain'")

    outputs = CHAT.parse(signature, "[[ ## answer ## ]]\nyes")

    assert outputs == {"answer": "yes", "note": None, "tone": "plain"}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", {"reasoning": "is missing", "answer": "is missing"}),
        ("42", {"reasoning": "is missing", "answer": "is missing"}),
        ("[[ ## reasoning ## ]]\nBecause.", {"answer": "is missing"}),
        (
            "[[ ## reasoning ## ]]\n[[ ## answer ## ]]\nforty",
            {"answer": "must be a number, not 'forty'"},
        ),
    ],
)
def test_what_cannot_be_read_is_named_field_by_field(text, problems):
    with pytest.raises(ParseError) as error:
        CHAT.parse(QA, text)

    assert error.value.problems == problems
    assert error.value.completion == text


def test_a_lone_output_under_another_header_is_missing():
    with pytest.raises(ParseError, match=r"`answer`: is missing. Found no fields in"):
        CHAT.parse(Signature("q -> answer"), "[[ ## response ## ]]\nParis")


def test_a_parse_error_shows_what_was_found_and_what_to_try():
    with pytest.raises(ParseError) as error:
        CHAT.parse(QA, "[[ ## reasoning ## ]]\nBecause.")

    assert str(error.value) == (
        "The answer could not be read: `answer`: is missing. Found `reasoning` in "
        "'[[ ## reasoning ## ]]\\nBecause.'. Try a plainer field description or a stronger model."
    )


def test_the_repair_shows_the_answer_and_what_was_wrong_with_it():
    text = "[[ ## reasoning ## ]]\nBecause.\n[[ ## answer ## ]]\nforty"

    answer, plea = CHAT.repair(QA, text, "`answer` must be a number, not 'forty'")

    assert (answer.role, answer.content) == ("assistant", text)
    assert plea.role == "user"
    assert plea.content.startswith("`answer` must be a number, not 'forty'\n\nWrite the whole")
    assert "Answer with `[[ ## reasoning ## ]]`, then `[[ ## answer ## ]]`" in plea.content


def test_the_limits_of_inputs_and_outputs_are_in_the_prompt():
    signature = Signature("k: int(ge=1, le=5), q: str(max_length=9) -> a: str(max_length=3)")

    text = CHAT.render(signature, (), {"k": 1, "q": ""})[0].content

    assert "1. `k` (int; at least 1, at most 5)\n2. `q` (str; at most 9 characters)" in text
    assert "{a}        # note: at most 3 characters" in text
