import ast
import datetime
import enum
from typing import Annotated, Any, Literal, Optional

import pytest

from dspnb import UsageError
from dspnb.annotations import choices, describe, resolve


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("str", str),
        ("list[dict[str, int]]", list[dict[str, int]]),
        ("tuple[int, ...]", tuple[int, ...]),
        ("Literal['a', 2, True]", Literal["a", 2, True]),
        ("Optional[int]", Optional[int]),  # noqa: UP045
        ("int | None", int | None),
        ("Annotated[int, 'positive']", Annotated[int, "positive"]),
        ("'list[str]'", list[str]),
        ("date", datetime.date),
        ("dt.timedelta", datetime.timedelta),
        ("Color | None", Color | None),
        ("Any", Any),
    ],
)
def test_an_annotation_names_the_type_that_python_would(text, type_):
    found = resolve(ast.parse(text, mode="eval").body, {"dt": datetime, "Color": Color}, "it")

    assert found == type_


def test_the_users_own_names_come_first():
    assert resolve(ast.parse("date", mode="eval").body, {"date": Color}, "it") is Color


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Colour", "field `a` has an unknown type `Colour`; did you mean `Color`?"),
        ("dt.tomorrow", "field `a` has an unknown type `dt.tomorrow`"),
        ("open('x')", "`open('x')`, which is not an annotation; write a name such as `str`"),
        ("3", "`3`, which is not an annotation"),
        ("'list['", "'list[', which is not an annotation"),
        ("int[str]", "`int[str]`, which cannot be subscripted"),
        ("Literal[colour]", "unknown type `colour`"),
    ],
)
def test_what_is_no_annotation_says_where_and_why(text, message):
    with pytest.raises(UsageError) as error:
        resolve(ast.parse(text, mode="eval").body, {"dt": datetime, "Color": Color}, "field `a`")

    assert message in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "str",
        "list[dict[str, int]]",
        "tuple[int, ...]",
        "Literal['a', 2, True]",
        "int | None",
        "dict[str, Any]",
        "Color",
    ],
)
def test_a_type_is_described_as_one_writes_it(text):
    assert describe(resolve(ast.parse(text, mode="eval").body, {"Color": Color}, "it")) == text


def test_only_types_that_list_their_values_have_choices():
    assert choices(Literal["a", 2]) == ("a", 2)
    assert choices(Color) == ("red", "blue")
    assert choices(bool) == (True, False)
    assert choices(list[bool]) == choices(int) == ()
