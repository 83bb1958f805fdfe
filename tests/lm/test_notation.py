"""The compact notation of types, and the plainest value of a type."""

import json
from typing import Literal

import pytest
from pydantic import BaseModel, TypeAdapter

from dspnb.adapters.notation import notation
from dspnb.lm.notation import (
    Either,
    Exactly,
    Many,
    Map,
    Member,
    Named,
    Plain,
    Record,
    Row,
    read,
)
from dspnb.lm.plainest import plainest

INT, STRING, NULL = Plain("int"), Plain("string"), Exactly(None)


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("string", STRING),
        ("any", Plain("any")),
        ('"a" or "b"', Either((Exactly("a"), Exactly("b")))),
        ("1 or -2.5 or true", Either((Exactly(1), Exactly(-2.5), Exactly(True)))),
        (r'"say \"or\" (x), [y] # z"', Exactly('say "or" (x), [y] # z')),
        ("int or null", Either((INT, NULL))),
        ("int[]", Many(INT)),
        ("int[][]", Many(Many(INT))),
        ("(int or null)[]", Many(Either((INT, NULL)))),
        ("int or null[]", Either((INT, Many(NULL)))),
        ("[int, string]", Row((INT, STRING))),
        ("[int[]]", Row((Many(INT),))),
        ("map<string, int[]>", Map(Many(INT))),
        ("map<string, map<string, int>>", Map(Map(INT))),
        ("{}", Record(())),
        ("{ a: int }", Record((Member("a", INT),))),
        ("{ a: int, b?: string[] }", Record((Member("a", INT), Member("b", Many(STRING), False)))),
        ("{ a: { b: int }, c: int }[]", Many(
            Record((Member("a", Record((Member("b", INT),))), Member("c", INT)))
        )),
        ('{ "first-name": int }', Record((Member("first-name", INT),))),
        ("Order", Named("Order")),
        ("größe", Named("größe")),
    ],
)  # fmt: skip
def test_every_form_is_read(text, type_):
    assert read(text).type == type_
    assert read(text).rest == ""


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("{ a: int (how many), b: int }", "how many"),
        ("{ a: int (how many, in (whole) boxes), b: int }", "how many, in (whole) boxes"),
        ("{ a: int (a face ((:), b: int }", "a face ((:"),
        ("{ a: (int or null)[] (how many), b: int }", "how many"),
        ("{\n  a: int,  # how many, {of} [them]\n  b: int\n}", "how many, {of} [them]"),
        ("{\n  a: int  # how many\n  b: int,\n}", "how many"),
        ("{  # the order\n  a: int,\n\n  # a remark\n  b: int,\n}", ""),
    ],
)
def test_a_member_may_be_described(text, description):
    type_ = read(text).type

    assert [member.name for member in type_.members] == ["a", "b"]
    assert type_.members[0].description == description


def test_named_types_are_defined_behind_where():
    found = read(
        'Tree[] where Tree = { leaf: Leaf, more?: Tree[] }; Leaf = "a" or "b"; at least 1 item'
    )

    assert found.type == Many(Named("Tree"))
    assert set(found.definitions) == {"Tree", "Leaf"}
    assert found.definitions["Leaf"] == Either((Exactly("a"), Exactly("b")))
    assert found.rest == "; at least 1 item"


def test_definitions_may_stand_on_lines_of_their_own():
    found = read(
        "{\n  tree: Tree,\n}\n where Tree = {\n  more: Tree[],\n};\nLeaf = int\n\nBe brief."
    )

    assert set(found.definitions) == {"Tree", "Leaf"}
    assert found.rest == "\n\nBe brief."


@pytest.mark.parametrize(
    "text", ["", "{", "{ a int }", "[int", "map<string, int", "(int", "]", "?"]
)
def test_what_is_no_type_is_said(text):
    with pytest.raises(ValueError, match=r"expected|Expecting"):
        read(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("string", "Order 17: two lamps and a hub, quickly"),
        ("int", 17),
        ("float", 17.0),
        ("bool", False),
        ("null", None),
        ("any", "Order 17: two lamps and a hub, quickly"),
        ('"b" or "a"', "b"),
        ("int or null", 17),
        ("null or int", None),
        ("string[]", ["order", "17", "lamp"]),
        ("int[]", []),
        ("[int, bool]", [17, False]),
        ("map<string, int>", {}),
        ("{ a: int, b?: bool }", {"a": 17, "b": False}),
        ("Unknown", "Order 17: two lamps and a hub, quickly"),
        ("Tree where Tree = { n: int, more: Tree[] }", {"n": 17, "more": []}),
        ("Tree where Tree = { n: int, next: Tree or null }", {"n": 17, "next": None}),
        ("Tree where Tree = { n: int, next?: Tree }", {"n": 17}),
        ("Tree where Tree = { by: map<string, Tree>, pair: [A, A] }; A = bool",
         {"by": {}, "pair": [False, False]}),
        ("A where A = { b: B or null }; B = { a: A }", {"b": None}),
    ],
)  # fmt: skip
def test_the_plainest_value_is_of_the_type(text, value):
    assert plainest(read(text), "Order 17: two lamps and a hub, quickly", [17.0]) == value


def test_another_turn_is_another_value_where_there_is_one():
    shape = read('{ kind: "a" or "b", n: int, words: string[] }')

    values = [plainest(shape, "one two three four five", [1.0, 2.0], turn) for turn in range(2)]
    assert values[0]["kind"] != values[1]["kind"]
    assert values[0]["n"] != values[1]["n"]
    assert values[0]["words"] != values[1]["words"]


class Tree(BaseModel):
    name: str
    kind: Literal["leaf", "twig"]
    sizes: tuple[int, float]
    next: "Tree | None"
    more: list["Tree"] = []
    by: dict[str, int] = {}


@pytest.mark.parametrize("type_", [Tree, list[Tree], Tree | None, set[str], dict[str, Tree], bool])
def test_what_an_adapter_writes_of_a_type_is_answered_with_a_value_of_it(type_):
    validator = TypeAdapter(type_)

    shape = read(notation(validator.json_schema()))
    for turn in range(3):
        value = plainest(shape, "Order 17", [17.0], turn)
        validator.validate_json(json.dumps(value), strict=False)
