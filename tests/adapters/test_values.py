import dataclasses
import datetime
import enum
from typing import Annotated, Any, Literal, Optional

import annotated_types
import pytest
from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel

from dspnb import Field
from dspnb.adapters.kinds import default, hint, optional, plan
from dspnb.adapters.reading import read
from dspnb.adapters.values import to_answer, to_text
from dspnb.signature import REQUIRED


class Color(enum.Enum):
    RED = "red"
    DARK_BLUE = "dark blue"


class Size(enum.Enum):
    SMALL = 1
    BIG = 2


class City(BaseModel):
    name: str
    people: int = 0


@dataclasses.dataclass
class Point:
    x: int
    color: Color = Color.RED


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        (str, "  Paris\n", "Paris"),
        (str, '```json\n{"a": 1}\n```', '```json\n{"a": 1}\n```'),
        (bool, "True", True),
        (bool, "**yes**.", True),
        (bool, "`false`", False),
        (bool, "0", False),
        (int, "42", 42),
        (int, "**42**", 42),
        (int, "1,234", 1234),
        (int, "-7.", -7),
        (int, "7.0", 7),
        (int, "90071992547409931", 90071992547409931),
        (int, "```\n42\n```", 42),
        (float, "$1,234.50", 1234.5),
        (int, "1,234,567", 1234567),
        (float, "50%", 50.0),
        (float, "3 km", 3.0),
        (float, "1e-07", 1e-07),
        (float, ".5", 0.5),
        (Literal["billing", "sales"], "Billing.", "billing"),
        (Literal["billing", "sales"], "**'sales'**", "sales"),
        (Literal["U.S.", "U.K."], "U.S.", "U.S."),
        (Literal["a", "A"], "A", "A"),
        (Literal["*", "`"], "`", "`"),
        (Literal[1, 2], "2", 2),
        (Literal["high", 0], "0", 0),
        (Literal["a", None], "None", None),
        (Color, "dark blue", Color.DARK_BLUE),
        (Color, "DARK_BLUE", Color.DARK_BLUE),
        (Color, "Color.RED", Color.RED),
        (Size, "2", Size.BIG),
        (Size, "big", Size.BIG),
        (int | None, "None", None),
        (int | None, "null", None),
        (int | None, "", None),
        (int | None, "3", 3),
        (Optional[str], "None", None),  # noqa: UP045
        (str | None, "Nonesuch", "Nonesuch"),
        (Literal["a"] | None, "A", "a"),
        (bool | None, "no", False),
        (list[str], '["a", "b"]', ["a", "b"]),
        (list[str], '```json\n["a", "b"]\n```', ["a", "b"]),
        (list[str], '["a", "b",]', ["a", "b"]),
        (list[str], '["a", "b"', ["a", "b"]),
        (list[str], "['a', 'b']", ["a", "b"]),
        (list[str], "[]", []),
        (list[str], 'Here you are:\n["a", "b"]', ["a", "b"]),
        (list[int], "[1, 2, 3", [1, 2, 3]),
        (dict[str, int], '{"a": 1, "b": 2,}', {"a": 1, "b": 2}),
        (dict[str, list[bool]], '{"a": [true, false]}', {"a": [True, False]}),
        (tuple[int, str], '[1, "a"]', (1, "a")),
        (set[str], '["a"]', {"a"}),
        (City, '{"name": "Ulm", "people": 126000}', City(name="Ulm", people=126000)),
        (City, "{name: 'Ulm', people: '126000'", City(name="Ulm", people=126000)),
        (list[City], '[{"name": "Ulm"}]', [City(name="Ulm")]),
        (Point, '{"x": 1, "color": "dark blue"}', Point(1, Color.DARK_BLUE)),
        (int | str, "many", "many"),
        (int | list[int], "[1]", [1]),
        (Annotated[int, annotated_types.Gt(0)], "3", 3),
        (Any, '{"a": 1}', {"a": 1}),
        (Any, "plain words", "plain words"),
    ],
)
def test_what_a_model_writes_becomes_a_value(type_, text, value):
    found = read(Field("x", type_), text)

    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("type_", "text", "problem"),
    [
        (bool, "perhaps", "must be True or False, not 'perhaps'"),
        (int, "forty", "must be a number, not 'forty'"),
        (int, "3.5", "must be a whole number, not '3.5'"),
        (int, "3 or 4", "must be a number, not '3 or 4'"),
        (float, "3,5", "must be a number, not '3,5'"),
        (int, "1,2345", "must be a number, not '1,2345'"),
        (int, "", "must be a number, not ''"),
        (float, "1e999", "must be a number, not '1e999'"),
        (float, "nan", "must be a number, not 'nan'"),
        (int, "x" * 99, f"must be a number, not '{'x' * 60}…'"),
        (Literal["a", "b"], "c", "must be one of a, b, not 'c'"),
        (Literal["a", "b"], "a or b", "must be one of a, b, not 'a or b'"),
        (Color, "green", "must be one of red, dark blue, not 'green'"),
        (Literal["a"] | None, "b", "must be one of a, not 'b'"),
        (list[int], '["a"]', "must be list[int]; 0: Input should be a valid integer"),
        (City, '{"people": 3}', "must be City; name: Field required"),
        (City, "Ulm", "must be City; Input should be a valid dictionary"),
        (Annotated[int, annotated_types.Gt(0)], "0", "must be int; Input should be greater"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(type_, text, problem):
    with pytest.raises(ValueError, match=r".") as error:
        read(Field("x", type_), text)

    assert str(error.value).startswith(problem)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (None, "None"),
        (True, "True"),
        (0.5, "0.5"),
        (Color.DARK_BLUE, "dark blue"),
        (["a", "b"], "[1] «a»\n[2] «b»"),
        ([], "[]"),
        ([1, "a"], '[1, "a"]'),
        ({"ä": [1]}, '{"ä": [1]}'),
        (City(name="Ulm"), '{"name": "Ulm", "people": 0}'),
        ([City(name="Ulm")], '[{"name": "Ulm", "people": 0}]'),
        (Point(1), '{"x": 1, "color": "red"}'),
        ((1, 2), "[1, 2]"),
        ({1}, "[1]"),
    ],
)
def test_an_input_is_written_for_a_reader(value, text):
    assert to_text(value) == text


def test_an_answer_in_a_demo_is_written_as_the_model_must_write_it():
    assert to_answer(Field("x", list[str]), ["a", "b"]) == '["a", "b"]'
    assert to_answer(Field("x", City), City(name="Ulm")) == '{"name": "Ulm", "people": 0}'
    assert to_answer(Field("x", bool), True) == "True"
    assert to_answer(Field("x", datetime.date), datetime.date(2026, 1, 31)) == "2026-01-31"
    assert to_answer(Field("x", int | str), "5") == '"5"'
    assert to_answer(Field("x", list[str]), City(name="Ulm")) == '{"name": "Ulm", "people": 0}'


def test_the_hint_says_what_a_value_must_look_like():
    assert hint(Field("x", str)) == hint(Field("x", str | None)) == hint(Field("x", Any)) == ""
    assert hint(Field("x", bool)) == "True or False"
    assert hint(Field("x", int)) == "a whole number"
    assert hint(Field("x", float | None)) == "a number"
    assert hint(Field("x", Literal["a", 2])) == "one of: a; 2"
    assert hint(Field("x", Color)) == "one of: red; dark blue"
    assert hint(Field("x", list[int])) == "JSON of type int[]"
    assert hint(Field("x", City)) == "JSON of type { name: string, people?: int }"
    assert hint(Field("x", datetime.date)) == "a date; as in 2026-01-31"
    assert hint(Field("x", Annotated[int, Ge(0), Le(9)])) == "a whole number; at least 0, at most 9"
    assert hint(Field("x", Annotated[str, MaxLen(3)] | None)) == "at most 3 characters"


@pytest.mark.parametrize(
    ("field", "may_be_left_out", "means"),
    [
        (Field("x", str), False, None),
        (Field("x", str | None), True, None),
        (Field("x", int, default=3), True, 3),
        (Field("x", int | None, default=3), True, 3),
    ],
)
def test_a_field_with_a_default_or_none_may_be_left_out(field, may_be_left_out, means):
    assert (optional(field), default(field)) == (may_be_left_out, means)
    assert (field.default is REQUIRED) == (means is None)


def test_the_choices_of_a_type_keep_their_order_whatever_was_seen_before():
    for values in (("x", "y", "z"), ("z", "y", "x")):
        assert hint(Field("a", Literal[values])) == f"one of: {'; '.join(values)}"
        assert plan(Literal[values]).choices == values
