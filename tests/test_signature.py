import enum
import pickle
from typing import Any, Literal

import pytest

from dspnb import Field, InputField, OutputField, Predict, Signature, UsageError
from dspnb.signature import check_inputs, from_cell


class Color(enum.Enum):
    RED = "red"


# -- one line --------------------------------------------------------------------------


def test_a_line_gives_names_types_and_order():
    signature = Signature("question, context: list[str] -> answer, sure: float | None")

    assert [(field.name, field.type) for field in signature.inputs] == [
        ("question", str),
        ("context", list[str]),
    ]
    assert [(field.name, field.type_name) for field in signature.outputs] == [
        ("answer", "str"),
        ("sure", "float | None"),
    ]


def test_a_line_is_written_as_it_was_read():
    line = "question, n: int -> team: Literal['a', 'b'], words: list[str]"

    assert str(Signature(line)) == line


def test_a_line_takes_defaults():
    tone, answer = Signature("tone = 'plain' -> answer: int = 3").fields

    assert (tone.default, answer.default) == ("plain", 3)


def test_a_line_uses_the_types_it_is_given():
    assert Signature("q -> color: Color", types={"Color": Color}).outputs[0].type is Color


def test_without_instructions_a_signature_says_what_goes_in_and_out():
    assert Signature("a, b -> c").instructions == "Read `a`, `b` and work out `c`."


def test_instructions_are_cleaned_of_their_indentation():
    assert (
        Signature("a -> b", "\n    Be brief.\n      Very.\n").instructions == "Be brief.\n  Very."
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("question", "exactly one `->`, as in `question -> answer`; got 'question'"),
        ("a -> b -> c", "exactly one `->`, as in `question -> answer`; got 'a -> b -> c'"),
        ("-> answer", "at least one input; got `answer`"),
        ("question ->", "at least one output; got `question`"),
        ("a, a -> b", "`a` stands twice"),
        ("a -> b, a", "`a` stands twice"),
        ("a b -> c", "`name` or `name: type`, with commas between; got 'a b'"),
        ("*rest -> c", "`name` or `name: type`, with commas between; got '*rest'"),
        ("a, *, b -> c", "`name` or `name: type`, with commas between; got 'a, *, b'"),
        ("_hidden -> b", "a plain Python name; got '_hidden'"),
        ("a -> b: flaot", "field `b` has an unknown type `flaot`; did you mean `float`?"),
        ("a: Umwelt -> b", "field `a` has an unknown type `Umwelt`; define it first"),
        ("a -> b: lst[str]", "field `b` has an unknown type `lst`; did you mean `list`?"),
        ("a -> b: print('!')", "which is not an annotation"),
        ("a -> b: str[int]", "`str[int]`, which cannot be subscripted"),
    ],
)
def test_a_line_that_is_no_signature_is_explained(line, message):
    with pytest.raises(UsageError) as error:
        Signature(line)

    assert message in str(error.value)


def test_a_misspelled_own_type_gets_the_nearest_name():
    with pytest.raises(UsageError, match="did you mean `Color`"):
        Signature("q -> color: Colour", types={"Color": Color})


def test_anything_but_a_line_or_a_signature_is_refused():
    with pytest.raises(UsageError, match=r"a line such as `question -> answer`.*got 7"):
        Predict(7)


# -- class body ------------------------------------------------------------------------


def test_a_class_body_is_a_signature():
    class QA(Signature):
        """Answer in at most five words."""

        question: str = InputField(desc="what one wants to know")
        hint: str = InputField("none")
        answer: Literal["yes", "no"] = OutputField()

    assert (QA.name, QA.instructions) == ("QA", "Answer in at most five words.")
    assert QA.fields == (
        Field("question", str, "what one wants to know", "input"),
        Field("hint", str, "", "input", "none"),
        Field("answer", Literal["yes", "no"], "", "output"),
    )


def test_a_class_inherits_the_fields_of_another():
    class QA(Signature):
        question: str = InputField()
        answer: str = OutputField()

    class Sourced(QA):
        source: str = OutputField()
        question: list[str] = InputField()

    assert str(Sourced) == "question: list[str] -> answer, source"
    assert str(QA) == "question -> answer"


def test_a_class_with_an_unmarked_field_says_how_to_mark_it():
    with pytest.raises(UsageError, match=r"`QA`: `question` must be `InputField\(\)` or"):

        class QA(Signature):
            question: str
            answer: str = OutputField()


def test_a_class_with_an_unknown_type_says_which():
    with pytest.raises(
        UsageError, match="`QA`: field `answer` has an unknown type `Flaot`; did you"
    ):

        class QA(Signature):
            question: str = InputField()
            answer: "Flaot" = OutputField()  # noqa: F821


# -- a cell ----------------------------------------------------------------------------


CELL = '''
"""Route a ticket
to a team."""

ticket: str                # what the customer wrote
language: str = "en"
->
team: Literal["billing", "sales"]  # who solves it
urgent: bool
'''


def test_a_cell_gives_instructions_types_defaults_and_descriptions():
    triage = from_cell(CELL, name="Triage", types={})

    assert (triage.name, triage.instructions) == ("Triage", "Route a ticket\nto a team.")
    assert triage.fields == (
        Field("ticket", str, "what the customer wrote"),
        Field("language", str, "", "input", "en"),
        Field("team", Literal["billing", "sales"], "who solves it", "output"),
        Field("urgent", bool, "", "output"),
    )


def test_a_field_of_a_cell_without_a_type_is_text():
    assert str(from_cell("a  # first\n->\nb", name="S", types={})) == "a -> b"


def test_a_cell_may_hold_one_line_under_its_instructions():
    signature = from_cell("Be brief.\nquestion -> answer: int", name="QA", types={})

    assert (str(signature), signature.instructions) == ("question -> answer: int", "Be brief.")


def test_a_comment_above_a_cells_line_is_no_instruction():
    signature = from_cell('# my first\n"Be brief."\nquestion -> answer', name="QA", types={})

    assert signature.instructions == "Be brief."


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("a\nb", "needs a line `->` between its inputs and outputs"),
        ("", "needs a line `->` between its inputs and outputs"),
        ("a\n->\nb\n->\nc", "line 4: a signature has one `->`, this one has two"),
        ("a\n\n->\nb: flaot", "line 4: field `b` has an unknown type `flaot`; did you mean"),
        ("a: str of course\n->\nb", "line 1: a field is written `name: type  # description`; got"),
        ("a\n->\nb = 3", "line 3: a field is written `name: type  # description`; got 'b = 3'"),
        ("a\n->\na", "`a` stands twice"),
        ("->\na", "at least one input"),
    ],
)
def test_a_cell_that_is_no_signature_names_the_line(cell, message):
    with pytest.raises(UsageError) as error:
        from_cell(cell, name="S", types={})

    assert message in str(error.value)


# -- a value ---------------------------------------------------------------------------


def test_equal_signatures_are_one_value():
    one, other = Signature("a -> b: list[int]"), Signature("a -> b: list[int]")

    assert one == other and hash(one) == hash(other)
    assert one != one.with_instructions("Differently.")
    assert pickle.loads(pickle.dumps(one)) == one


def test_other_instructions_make_another_signature():
    before = Signature("a -> b", "Old.")
    after = before.with_instructions("New.")

    assert (before.instructions, after.instructions) == ("Old.", "New.")
    assert after.fields == before.fields


def test_a_signature_cannot_be_edited():
    with pytest.raises(AttributeError):
        Signature("a -> b").instructions = "Edited."


def test_a_prepended_output_comes_before_the_others():
    signature = Signature("a -> b").prepend(Field("reasoning", str, "", "output"))

    assert str(signature) == "a -> reasoning, b"


# -- the inputs of a call --------------------------------------------------------------


def test_defaults_fill_the_inputs_that_are_left_out():
    signature = Signature("question, tone = 'plain' -> answer")

    assert check_inputs(signature, {"question": "?"}, "It") == {"question": "?", "tone": "plain"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"question": "?", "contxt": ""}, "It takes no input `contxt`; did you mean `context`?"),
        ({"question": "?"}, "It needs the input `context`; call it with question=..., context=..."),
    ],
)
def test_wrong_inputs_are_named(given: dict[str, Any], message):
    with pytest.raises(UsageError) as error:
        check_inputs(Signature("question, context -> answer"), given, "It")

    assert message in str(error.value)
