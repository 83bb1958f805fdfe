import ast
import collections
import datetime
import decimal
import enum
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import (  # noqa: UP035
    Annotated,
    Any,
    ForwardRef,
    Generic,
    List,
    Literal,
    Optional,
    TypeVar,
    Union,
)

import annotated_types as limits
import pydantic
import pytest

from dspnb import Field, UsageError
from dspnb.annotations import COMMON, checked, choices, describe, looked_up, resolve, value_of

Item = TypeVar("Item")


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class City:
    name: str


class Box(Generic[Item]):
    pass


class Code(str):
    """Text in a language, which its subscript names."""

    language = ""

    def __class_getitem__(cls, language):
        return type(f"Code[{language!r}]", (cls,), {"language": language})


Pair = tuple["City", "City"]
Tree = list["Tree"]
MINE = {
    "dt": datetime,
    "Color": Color,
    "City": City,
    "Box": Box,
    "Code": Code,
    "Pair": Pair,
    "Tree": Tree,
    "LIMIT": 7,
    "text": "some text",
    "float": "a variable that hides no type",
}


def scopes():
    yield MINE
    yield COMMON


def read(text, where="it"):
    return resolve(ast.parse(text, mode="eval").body, scopes, where)


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("str", str),
        ("list[dict[str, int]]", list[dict[str, int]]),
        ("tuple[int, ...]", tuple[int, ...]),
        ("tuple[()]", tuple[()]),
        ("set[int]", set[int]),
        ("frozenset[int]", frozenset[int]),
        ("List[int]", List[int]),  # noqa: UP006
        ("Sequence[int]", Sequence[int]),
        ("Callable[[int], str]", Callable[[int], str]),
        ("Literal['a', 2, True]", Literal["a", 2, True]),
        ("Literal[Color.RED]", Literal[Color.RED]),
        ("Literal[-1]", Literal[-1]),
        ("Optional[int]", Optional[int]),  # noqa: UP045
        ("Union[int, str]", Union[int, str]),  # noqa: UP007
        ("int | None", int | None),
        ("int or None", int | None),
        ("Annotated[int, 'positive']", Annotated[int, "positive"]),
        ("'list[str]'", list[str]),
        ("list['City']", list[City]),
        ("'City' | None", Optional[City]),  # noqa: UP045
        ("Pair", tuple[City, City]),
        ("Box[int]", Box[int]),
        ("date", datetime.date),
        ("datetime", datetime.datetime),
        ("time", datetime.time),
        ("timedelta", datetime.timedelta),
        ("Decimal", decimal.Decimal),
        ("UUID", uuid.UUID),
        ("dt.timedelta", datetime.timedelta),
        ("Color | None", Color | None),
        ("Any", Any),
        ("float", float),
        ("int(ge=0, le=10)", Annotated[int, limits.Ge(0), limits.Le(10)]),
        ("int(le=LIMIT)", Annotated[int, limits.Le(7)]),
        ("list[str](max_length=5)", Annotated[list[str], limits.MaxLen(5)]),
        ("list[int(ge=0)]", list[Annotated[int, limits.Ge(0)]]),
        ("int(ge=0) | None", Annotated[int, limits.Ge(0)] | None),
    ],
)
def test_an_annotation_names_the_type_that_python_would(text, type_):
    assert read(text) == type_


@pytest.mark.parametrize(
    "text",
    [
        "Annotated[int, Ge(0), Le(10)]",
        "Annotated[int, limits.Ge(0), Le(le=10)]",
        "Annotated[int, Interval(ge=0, le=10)]",
        "Annotated[int, Field(ge=0, le=10)]",
        "Annotated[int, pydantic.Field(ge=0, le=10, description='of ten')]",
        "int(le=10, ge=0)",
        "int(ge=0)(le=10)",
    ],
)
def test_limits_are_known_by_their_names_and_nothing_is_called(text):
    assert checked(read(text), "it") == read("int(ge=0, le=10)")


def test_the_length_of_something_may_be_given_by_place():
    found = checked(read("Annotated[list[int], Len(1, 3)]"), "it")

    assert describe(found) == "list[int](min_length=1, max_length=3)"


def test_a_class_that_reads_its_own_subscript_is_given_the_text():
    sql = read("Code['sql']")

    assert issubclass(sql, Code)
    assert sql.language == "sql"
    assert read("list[Code['int']]").__args__[0].language == "int"


def test_the_users_own_names_come_first():
    node = ast.parse("date", mode="eval").body

    assert resolve(node, lambda: iter([{"date": Color}, COMMON]), "it") is Color


@pytest.mark.parametrize(
    ("type_", "whole"),
    [
        ("list[City]", list[City]),
        (ForwardRef("City"), City),
        (list["City"], list[City]),
        (Optional["City"], Optional[City]),  # noqa: UP045
        (dict[str, list["City"]], dict[str, list[City]]),
        (Annotated["City", "x"], Annotated[City, "x"]),
        (Callable[["City"], "City"], Callable[[City], City]),
        (Box["City"], Box[City]),
        (Literal["City"], Literal["City"]),
    ],
)
def test_strings_inside_a_type_are_looked_up(type_, whole):
    assert looked_up(type_, scopes, "it") == whole


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Colour", "field `a` has an unknown type `Colour`; did you mean `Color`?"),
        ("Umwelt", "field `a` has an unknown type `Umwelt`; define it first, or use one of Pyth"),
        ("dt.tmedelta", "field `a` has an unknown type `dt.tmedelta`; did you mean `timedelta`?"),
        ("dt.zzz", "field `a` has an unknown type `dt.zzz`; `dt` has none of that name"),
        ("nowhere.City", "field `a` has an unknown type `nowhere.City`"),
        ("dt", "field `a` has the type `dt`, which is a module and not a type"),
        ("text", "field `a` has the type `text`, which is 'some text' and not a type"),
        ("open('x')", "`open('x')`, which is not an annotation; write a name such as `str`"),
        ("open(x=1)", "field `a` has an unknown type `open`"),
        ("int()", "`int()`, which is not an annotation"),
        ("int(3)", "`int(3)`, which is not an annotation"),
        ("int(**LIMIT)", "field `a` has the type `int(**LIMIT)`: `**` is no constraint"),
        ("str(ge=3)", "field `a` has the type `str(ge=3)`: `ge` does not fit `str`"),
        ("int(gee=3)", "field `a` has the type `int(gee=3)`: `gee` is no constraint; did you mean"),
        ("int(ge=max(1, 2))", "field `a` has `max(1, 2)`, which is not a plain value"),
        ("Annotated[int, f(1)]", "field `a` has `f(1)`, which is not a plain value; nothing is"),
        ("Annotated[int, Field(alias='x')]", "`Field` with `alias` cannot be read here"),
        ("3", "`3`, which is not an annotation"),
        ("[str]", "`[str]`, which is not an annotation"),
        ("(str, int)", "`(str, int)`, which is not an annotation"),
        ("list[int].x", "only a name has parts"),
        ("'list['", "'list[', which is not an annotation"),
        ("int[str]", "`int[str]`, which cannot be subscripted"),
        ("Literal[colour]", "unknown name `colour`"),
        ("Tree", "`Tree`, an alias that contains itself; make it a pydantic model, which may"),
        ("list['Tree']", "`Tree`, an alias that contains itself"),
    ],
)
def test_what_is_no_annotation_says_where_and_why(text, message):
    with pytest.raises(UsageError) as error:
        read(text, "field `a`")

    assert message in str(error.value)


@pytest.mark.parametrize("choice", [[1], b"x", {"a": 1}])
def test_a_choice_that_no_json_holds_is_refused(choice):
    with pytest.raises(UsageError, match="`Literal`; a choice is text, a number, True, False"):
        checked(list[Literal[choice]], "it")


@pytest.mark.parametrize(
    "text",
    [
        "str",
        "list[dict[str, int]]",
        "tuple[int, ...]",
        "tuple[()]",
        "Literal['a', 2, True]",
        "Literal[Color.RED]",
        "int | None",
        "dict[str, Any]",
        "Callable[[int], str]",
        "Color",
        "Box[int]",
        "date",
        "Decimal",
        "UUID",
        "int(ge=0, le=10)",
        "int(ge=0) | None",
        "str(max_length=3, pattern='^[A-Z]{3}$')",
        "str(pattern='(?=a)b')",
        "list[str(max_length=2)](min_length=1)",
        "date(ge='2024-01-01')",
        "timedelta(le='P1D')",
        "Decimal(ge=0.1)",
        "float(allow_inf_nan=False)",
    ],
)
def test_a_type_is_described_as_one_writes_it(text):
    assert describe(read(text)) == text


def test_a_bare_generic_is_described_by_its_name():
    assert describe(List) == "list"  # noqa: UP006
    assert describe(collections.OrderedDict) == "OrderedDict"


def test_only_types_that_list_their_values_have_choices():
    assert choices(Literal["a", 2]) == ("a", 2)
    assert choices(Color) == ("red", "blue")
    assert choices(bool) == (True, False)
    assert choices(list[bool]) == choices(int) == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a, b -> c'", "a, b -> c"),
        ("-1.5", -1.5),
        ("None", None),
        ("LIMIT", 7),
        ("Color.RED", Color.RED),
        ("[Color.RED, 1]", [Color.RED, 1]),
        ("{'a': Color.RED}", {"a": Color.RED}),
        ("({1}, ())", ({1}, ())),
    ],
)
def test_a_value_is_a_literal_or_a_name(text, value):
    assert value_of(ast.parse(text, mode="eval").body, scopes, "it") == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("LIMT", "it has an unknown name `LIMT`; did you mean `LIMIT`?"),
        ("list()", "it has `list()`, which is not a plain value; nothing is called"),
        ("{**LIMIT}", "which is not a plain value"),
    ],
)
def test_what_is_no_value_is_explained(text, message):
    with pytest.raises(UsageError) as error:
        value_of(ast.parse(text, mode="eval").body, scopes, "it")

    assert message in str(error.value)


def test_a_recursive_model_is_a_type():
    class Node(pydantic.BaseModel):
        children: "list[Node]" = []

    assert Field("tree", Node, role="output").type is Node
