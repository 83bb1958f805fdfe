import copy
import datetime
import decimal
import enum
import os
import pickle
import subprocess
import sys
import types
import uuid
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple, Optional, TypedDict

import pydantic
import pytest

from dspnb import (
    ChainOfThought,
    Example,
    Field,
    InputField,
    OutputField,
    Predict,
    Prediction,
    Signature,
    UsageError,
)
from dspnb.field import RESERVED
from dspnb.signature import from_cell


class Color(enum.Enum):
    RED = "red"


class Person(pydantic.BaseModel):
    name: str
    born: datetime.date | None = None
    friends: "list[Person]" = []


@dataclass
class City:
    name: str


class Place(TypedDict):
    city: str


class Point(NamedTuple):
    x: int
    y: int


Cities = list["City"]
Endless = list["Endless"]
DEFAULT_TONE = "plain"
EVERY_KIND = [
    ("str", str),
    ("int", int),
    ("float", float),
    ("bool", bool),
    ("bytes", bytes),
    ("Person", Person),
    ("list[Person]", list[Person]),
    ("Color", Color),
    ("Literal['x -> y', 'a, b']", Literal["x -> y", "a, b"]),
    ("int | str", int | str),
    ("Optional[City]", Optional[City]),  # noqa: UP045
    ("dict[str, list[int]]", dict[str, list[int]]),
    ("tuple[int, str]", tuple[int, str]),
    ("tuple[int, ...]", tuple[int, ...]),
    ("set[str]", set[str]),
    ("City", City),
    ("Place", Place),
    ("Point", Point),
    ("datetime.date", datetime.date),
    ("datetime.datetime", datetime.datetime),
    ("datetime.time", datetime.time),
    ("datetime.timedelta", datetime.timedelta),
    ("decimal.Decimal", decimal.Decimal),
    ("uuid.UUID", uuid.UUID),
    ("Annotated[int, 'count']", Annotated[int, "count"]),
    ("Cities", list[City]),
    ("'list[City]'", list[City]),
]


@pytest.mark.parametrize(("text", "type_"), EVERY_KIND)
def test_every_type_is_written_alike_in_a_line_a_cell_and_a_class(text, type_):
    line = Signature(f"a -> b: {text}")
    cell = from_cell(f"a\n->\nb: {text}", name="", types=globals())
    scope = {"Signature": Signature, **globals()}
    exec(f"class S(Signature):\n a = InputField()\n b: {text} = OutputField()", scope)

    assert line.outputs[0].type == type_
    assert cell == line == scope["S"].with_name("").with_instructions(line.instructions)


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


def test_a_line_sees_what_the_code_around_it_sees():
    class Local(pydantic.BaseModel):
        name: str

    def inside():
        return Predict("x: Local -> y: list[Local], z: City")

    signature = inside().signature
    assert [field.type for field in signature.fields] == [Local, list[Local], City]
    assert Signature.of("x -> y: Local").outputs[0].type is Local
    assert ChainOfThought("x -> y: City").predict.signature.outputs[1].type is City


def test_a_line_sees_what_is_inside_an_object():
    mine = types.SimpleNamespace(Kind=Color, deep=types.SimpleNamespace(City=City))

    assert Signature("a: mine.Kind -> b: mine.deep.City").outputs[0].type is City
    with pytest.raises(UsageError, match=r"unknown type `mine.Kid`; did you mean `Kind`\?"):
        Signature("a: mine.Kid -> b")
    assert mine.Kind is Color


def test_a_line_does_not_see_what_an_installed_package_has():
    with pytest.raises(UsageError, match="unknown type `PytestPluginManager`"):
        Signature("a: PytestPluginManager -> b")


def test_a_variable_hides_no_type():
    str, date, City = "text", "2024-01-01", "Paris"

    assert [field.type for field in Signature("a: str, b: date -> c: City").fields] == [
        type(str),
        datetime.date,
        globals()["City"],
    ]
    assert (str, date, City) == ("text", "2024-01-01", "Paris")


def test_a_cell_sees_only_what_it_is_given():
    with pytest.raises(UsageError, match="unknown type `City`"):
        from_cell("a\n->\nb: City", name="S", types={})


def test_a_line_takes_constraints():
    line = "code: str(max_length=3, pattern='^[A-Z]{3}$') -> score: int(ge=0, le=10)"

    assert str(Signature(line)) == line
    assert Signature("a -> tags: list[str](max_length=5)").outputs[0].type_name == (
        "list[str](max_length=5)"
    )
    assert Signature("a -> b: int(ge=0)") == Signature("a -> b: Annotated[int, Ge(0)]")
    assert Signature("a -> b: int(ge=0)") == Signature("a -> b: Annotated[int, Field(ge=0)]")


def test_a_description_of_pydantics_is_a_fields_description():
    field = Signature("a -> b: Annotated[int, Field(ge=0, description='how many')]").outputs[0]

    assert (field.desc, field.type_name) == ("how many", "int(ge=0)")


def test_arrows_and_commas_in_text_and_brackets_are_part_of_it():
    signature = Signature(
        """tone = 'a, b -> c', how: Literal["x -> y"] = "x -> y" -> b: dict[str, int] = {'->': 1}"""
    )

    assert [field.name for field in signature.fields] == ["tone", "how", "b"]
    assert [field.default for field in signature.fields] == ["a, b -> c", "x -> y", {"->": 1}]


def test_a_field_with_a_default_may_stand_before_one_without():
    assert str(Signature("a = 1, b: str -> c".replace("1", "'1'"))) == "a, b -> c"


def test_a_line_may_have_many_lines():
    assert str(Signature("question,  # it's a -> b\n  context: list[\n str] ->\n  answer,")) == (
        "question, context: list[str] -> answer"
    )


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
        ("a -> b: str(ge=3)", "field `b` has the type `str(ge=3)`: `ge` does not fit `str`"),
        ("a -> b: Endless", "`Endless`, an alias that contains itself; make it a pydantic model"),
        ("class -> b", "`name` or `name: type`, with commas between; got 'class'"),
        ("a = f() -> b", "field `a`, its default, has `f()`, which is not a plain value"),
        ("a = DEFAULT_TOE -> b", "its default, has an unknown name `DEFAULT_TOE`; did you mean"),
        ("a: int = 'x' -> b", "field `a` has the default 'x', which is no int: Input should be"),
        ("a -> b: int(le=3) = 5", "field `b` has the default 5, which is no int(le=3): Input"),
        ("a) -> b", "`name` or `name: type`, with commas between; got 'a)'"),
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


def test_a_field_that_is_written_again_keeps_its_place():
    class Pair(Signature):
        """Compare."""

        first: str = InputField()
        second: str = InputField()
        same: bool = OutputField()

    class Numbers(Pair):
        first: int = InputField(ge=0)

    assert str(Numbers) == "first: int(ge=0), second -> same: bool"
    assert Numbers.instructions == "Compare."


def test_a_class_takes_constraints_and_either_word_for_a_description():
    class Grade(Signature):
        essay: str = InputField(max_length=500, description="what to grade")
        tags: list[str] | None = InputField(default=None, max_length=5)
        score: Annotated[int, pydantic.Field(ge=0, description="points")] = OutputField(le=10)
        code = OutputField(..., pattern="^[A-Z]$", desc="the grade")

    assert str(Grade) == (
        "essay: str(max_length=500), tags: list[str](max_length=5) | None -> "
        "score: int(ge=0, le=10), code: str(pattern='^[A-Z]$')"
    )
    assert [field.desc for field in Grade.fields] == ["what to grade", "", "points", "the grade"]


def test_a_class_reads_types_in_quotes_where_it_stands():
    class Local(pydantic.BaseModel):
        name: str

    class Ask(Signature):
        who: "Local" = InputField()
        where: "list[City] | None" = OutputField()
        score: "int(ge=0)" = OutputField()
        others: dict[str, "Local"] = OutputField()

    assert [field.type for field in Ask.fields] == [
        Local,
        list[City] | None,
        Signature("a -> b: int(ge=0)").outputs[0].type,
        dict[str, Local],
    ]


def test_a_class_may_keep_what_begins_with_an_underscore():
    class Ask(Signature):
        _limit: int = 3

        question: str = InputField()
        answer: str = OutputField()

        def _helper(self):
            pass

    assert str(Ask) == "question -> answer"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("def ask(self): pass", "`QA`: `ask` is no field. A signature holds only fields; put met"),
        ("class Inner: pass", "`QA`: `Inner` is no field"),
        ("limit = 3", "`QA`: `limit` is no field"),
        ("limit: int = 3", "`QA`: `limit` must be `InputField()` or `OutputField()`, as in"),
        ("a = InputField()", "Field `a` stands twice"),
        ("b: str = InputField(ge=3)", "`QA`: field `b` has the type `str`: `ge` does not fit"),
        ("b: int = InputField(gee=3)", "`InputField` takes no `gee`; did you mean `ge`?"),
        ("b = OutputField(prefix='B:')", "`OutputField` takes no `prefix`: it does nothing; lea"),
        ("b = InputField(format=str)", "`InputField` takes no `format`: it does nothing"),
        ("b = InputField(parser=str)", "`InputField` takes no `parser`: it does nothing"),
        ("b = InputField(default_factory=list)", "no `default_factory`: write `default=[]`"),
        ("b = InputField(desc='x', description='y')", "mean the same; got both"),
        ("b: int = InputField('x')", "field `b` has the default 'x', which is no int"),
        ("items = InputField()", "A field cannot be called `items`"),
        ("b: Literal[[1]] = InputField()", "has the choice [1] in its `Literal`"),
        ("b: Endless = InputField()", "`Endless`, an alias that contains itself"),
    ],
)
def test_a_class_body_that_is_no_signature_is_explained(line, message):
    body = f"class QA(Signature):\n a = InputField()\n {line}\n answer = OutputField()"

    with pytest.raises(UsageError) as error:
        exec(body, {**globals()})

    assert message in str(error.value)


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


def test_a_cell_takes_constraints_and_any_default():
    cell = (
        "tags: list[str](max_length=2) = []  # some\ncolor: Color = Color.RED\n"
        "tone = 'a -> b'\n->  # what comes out\nscore: int(ge=0, le=10) | None = None  # of ten"
    ).replace("tone =", "tone: str =")

    signature = from_cell(cell, name="S", types={"Color": Color})

    assert str(signature) == (
        "tags: list[str](max_length=2), color: Color, tone -> score: int(ge=0, le=10) | None"
    )
    assert [field.default for field in signature.fields] == [[], Color.RED, "a -> b", None]
    assert [field.desc for field in signature.fields] == ["some", "", "", "of ten"]


def test_an_arrow_in_the_instructions_is_a_word():
    signature = from_cell('"""Turn a\n->\nb."""\nq\n->\na', name="S", types={})

    assert (str(signature), signature.instructions) == ("q -> a", "Turn a\n->\nb.")


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
        ("a\n->\nb: str(ge=3)", "line 3: field `b` has the type `str(ge=3)`: `ge` does not fit"),
        ("a: int = 'x'\n->\nb", "line 1: field `a` has the default 'x', which is no int"),
        ("a\n->\nitems", "line 3: A field cannot be called `items`"),
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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a -> b: int", "a -> b: float"),
        ("a -> b: int(ge=0)", "a -> b: int(ge=1)"),
        ("a -> b: int(ge=0)", "a -> b: int"),
        ("a = 'x' -> b", "a = 'y' -> b"),
        ("a = 'x' -> b", "a -> b"),
        ("a = None -> b", "a -> b"),
        ("a: Any = 1 -> b", "a: Any = True -> b"),
        ("a -> b: Literal['x', 'y']", "a -> b: Literal['y', 'x']"),
        ("a, c -> b", "c, a -> b"),
        ("a -> b", "a -> c"),
    ],
)
def test_signatures_differ_in_types_constraints_defaults_and_order(one, other):
    assert Signature(one, "Do.") == Signature(one, "Do.")
    assert Signature(one, "Do.") != Signature(other, "Do.")


def test_types_of_one_name_are_two_types():
    one = Signature("a -> b: Kind", types={"Kind": City})
    other = Signature("a -> b: Kind", types={"Kind": type("City", (), {})})

    assert str(one) == str(other)
    assert one != other


def test_a_default_that_cannot_be_hashed_breaks_nothing():
    signature = Signature("a: list[str] = [], b: dict[str, int] = {} -> c")

    assert hash(signature) == hash(Signature("a: list[str] = [], b: dict[str, int] = {} -> c"))
    assert {signature: 1}[copy.deepcopy(signature)] == 1
    with_table = signature.with_field("a", type=object, default=Uncomparable())
    assert with_table == with_table and hash(with_table)
    assert with_table != signature.with_field("a", type=object, default=Uncomparable())


class Uncomparable:
    """Compares cell by cell, as tables do."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other):
        raise ValueError("ambiguous")


def test_a_copy_is_an_equal_signature_also_when_it_was_used():
    signature = Signature(
        "when: date = '2024-01-01', tags: list[str] = [] -> "
        "color: Color = 'red', n: int(ge=0) | None"
    )
    used = signature.inputs, signature.outputs, hash(signature), str(signature)

    for twin in (pickle.loads(pickle.dumps(signature)), copy.deepcopy(signature)):
        assert twin == signature
        assert (twin.inputs, twin.outputs, hash(twin), str(twin)) == used


def test_a_signature_of_another_process_is_the_same_key():
    code = (
        "import pickle, sys; from dspnb import Signature; s = Signature('a -> b: int(ge=0)'); "
        "hash(s); sys.stdout.buffer.write(pickle.dumps(s))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.getcwd()},
    )

    assert {Signature("a -> b: int(ge=0)"): "found"}[pickle.loads(done.stdout)] == "found"


# -- another one, with a change --------------------------------------------------------


def test_a_field_stands_where_it_is_put_among_those_of_its_role():
    signature = Signature("a, b -> y, z")

    def put(index, role):
        return str(signature.insert(index, Field("new", role=role)))

    assert put(0, "input") == "new, a, b -> y, z"
    assert put(1, "input") == put(-2, "input") == "a, new, b -> y, z"
    assert put(-1, "output") == put(2, "output") == "a, b -> y, z, new"
    assert put(-3, "output") == "a, b -> new, y, z"
    assert str(signature.append(Field("new"))) == "a, b, new -> y, z"
    assert str(signature.prepend(Field("new"))) == "new, a, b -> y, z"


def test_an_edit_leaves_the_old_signature_and_its_instructions_alone():
    old = Signature("a -> b", "Old.", name="S")
    new = old.append(Field("c")).with_name("T").append_instructions("  New.\n")

    assert (str(old), old.instructions, old.name) == ("a -> b", "Old.", "S")
    assert (str(new), new.instructions, new.name) == ("a, c -> b", "Old.\n\nNew.", "T")


def test_a_field_is_changed_in_its_place():
    signature = Signature("a, b: int -> c").with_field(
        "b", name="count", type="int(ge=0)", desc="how many", default=1
    )

    assert str(signature) == "a, count: int(ge=0) -> c"
    assert signature.field("count") == Field("count", "int(ge=0)", "how many", "input", 1)


def test_instructions_that_nobody_wrote_name_the_fields_there_are():
    signature = Signature("a, b -> c")

    assert signature.delete("a").instructions == "Read `b` and work out `c`."
    assert signature.with_field("c", name="d").instructions == "Read `a`, `b` and work out `d`."
    assert Signature("a, b -> c", "Mine.").delete("a").instructions == "Mine."


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda s: s.field("answr"), "`question -> answer` has no field `answr`; did you mean"),
        (lambda s: s.delete("questoin"), "has no field `questoin`; did you mean `question`?"),
        (lambda s: s.delete("answer"), "at least one output; got `question`"),
        (lambda s: s.with_field("x", desc=""), "has no field `x`; known: `answer`, `question`"),
        (lambda s: s.with_field("answer", typ=int), "`typ` cannot be changed; did you mean `type`"),
        (lambda s: s.with_field("answer", name="question"), "`question` stands twice"),
        (lambda s: s.with_field("answer", type="flaot"), "unknown type `flaot`"),
        (lambda s: s.insert(2, Field("x")), "1 input fields, so a new one stands at 0 to 1 or at"),
        (lambda s: s.insert(-3, Field("x")), "got -3"),
        (lambda s: s.append(Field("answer")), "`answer` stands twice"),
        (lambda s: s.append("x"), "A field is made with `Field(name, type, ...)`; got 'x'"),
        (lambda s: Signature([("x", str)]), "A field is made with `Field(name, type, ...)`; got"),
        (lambda s: Signature([]), "at least one input; got no fields"),
        (lambda s: Field("x", role="inputs"), "field `x` is an `input` or an `output`, not"),
    ],
)
def test_an_edit_that_makes_no_signature_is_explained(edit, message):
    with pytest.raises(UsageError) as error:
        edit(Signature("question -> answer"))

    assert message in str(error.value)


# -- names -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["items", "trace", "labels", "self"])
def test_a_field_that_would_hide_behind_a_method_is_refused(name):
    with pytest.raises(UsageError, match=f"cannot be called `{name}`: .* Call it `{name}_`"):
        Signature(f"{name} -> answer")


def test_what_an_example_or_a_prediction_has_is_no_fields_name():
    public = {name for kind in (Example, Prediction) for name in dir(kind) if name[0] != "_"}

    assert public - RESERVED == set()
    assert str(Signature("completed, item -> value")) == "completed, item -> value"


# -- defaults --------------------------------------------------------------


def test_a_default_is_a_value_of_its_type():
    signature = Signature(
        "color: Color = 'red', when: date = '2024-01-01', n: float = 1, tone = DEFAULT_TONE, "
        "hint: str = None, frame: Uncomparable = None -> x: int | None"
    )

    assert [field.default for field in signature.inputs] == [
        Color.RED,
        datetime.date(2024, 1, 1),
        1.0,
        "plain",
        None,
        None,
    ]


def test_a_default_of_a_class_that_pydantic_does_not_know_stays_as_it_is():
    table = Uncomparable()

    assert Field("table", Uncomparable, default=table).default is table
