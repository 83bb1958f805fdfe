"""Every type that pydantic has is said in a few words, and the offline model can read them."""

import dataclasses
import datetime
import enum
import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, Optional, TypeVar, Union
from uuid import UUID

import pytest
from adapters import dspy_notation
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, ConfigDict, RootModel, TypeAdapter
from pydantic import Field as Part
from typing_extensions import TypedDict

from dspnb import LM, Field, Predict, Signature, use
from dspnb.adapters import ChatAdapter, CompactAdapter, JSONAdapter, XMLAdapter
from dspnb.adapters.notation import notation, words
from dspnb.lm.notation import read

T = TypeVar("T")


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class City(BaseModel):
    name: str
    people: int = 0


class Tree(BaseModel):
    label: str
    left: Optional["Tree"] = None
    rest: list["Tree"] = []


class Even(BaseModel):
    odd: "list[Odd]" = []


class Odd(BaseModel):
    even: Even | None = None


class Box(BaseModel, Generic[T]):
    inside: T


class Named(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    first: str = Part(alias="first-name", description="as in a\npassport (or so)")
    class_: int = Part(0, alias="class")


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]


class Names(RootModel[list[str]]):
    pass


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.0


class Pair(NamedTuple):
    word: str
    times: int = 1


class Movie(TypedDict, total=False):
    title: str
    stars: float


Pet = Annotated[Union[Cat, Dog], Part(discriminator="kind")]  # noqa: UP007

TYPES = [
    (City, "{ name: string, people?: int }"),
    (list[City], "{ name: string, people?: int }[]"),
    (tuple[City, City], "[City, City] where City = { name: string, people?: int }"),
    (Tree, "Tree where Tree = { label: string, left?: Tree or null, rest?: Tree[] }"),
    (Even, "Even where Even = { odd?: Odd[] }; Odd = { even?: Even or null }"),
    (Box[int], "{ inside: int }"),
    (tuple[Box[int], Box[int]], "[Box_int_, Box_int_] where Box_int_ = { inside: int }"),
    (Named, '{ "first-name": string (as in a passport (or so)), class?: int }'),
    (Point, "{ x: int, y?: float }"),
    (Pair, "[string, int]"),
    (Movie, "{ title?: string, stars?: float }"),
    (Color, '"red" or "blue"'),
    (Level, "1 or 2"),
    (list[Color], '("red" or "blue")[]'),
    (Literal["a", 1, None], '"a" or 1 or null'),
    (int | str | None, "int or string or null"),
    (list[int | None], "(int or null)[]"),
    (Pet, '{ kind: "cat", lives: int } or { kind: "dog" }'),
    (Names, "string[]"),
    (tuple[int, str], "[int, string]"),
    (tuple[int, ...], "int[]"),
    (set[int], "int[]"),
    (frozenset[str], "string[]"),
    (dict[str, City], "map<string, { name: string, people?: int }>"),
    (dict[int, list[str]], "map<string, string[]>"),
    (dict, "map<string, any>"),
    (list, "any[]"),
    (Any, "any"),
    (list[Any], "any[]"),
    (datetime.date, "string"),
    (bytes, "string"),
    (UUID, "string"),
    (Decimal, "float or string"),
    (bool, "bool"),
]

# The offline model does not know what a Decimal is by its name.
ANSWERED = [type_ for type_, _ in TYPES if type_ is not Decimal]


def schema(type_):
    return TypeAdapter(type_).json_schema()


@pytest.mark.parametrize(("type_", "text"), TYPES, ids=[text for _, text in TYPES])
def test_a_type_is_said_in_short_and_the_offline_model_reads_it(type_, text):
    assert notation(schema(type_)) == text
    assert read(text).rest == ""


@pytest.mark.parametrize(
    ("type_", "said"),
    [
        (Annotated[int, Ge(0), Le(10)], "at least 0, at most 10"),
        (Annotated[int, Ge(0)] | None, "at least 0"),
        (Annotated[list[Annotated[int, Ge(0)]], MinLen(2)], "at least 2 items, each at least 0"),
        (Annotated[list[str], MaxLen(1)], "at most 1 item"),
        (Annotated[dict[str, int], MinLen(1)], "at least 1 entry"),
        (Annotated[str, MinLen(1), MaxLen(20)], "at least 1 character, at most 20 characters"),
        (dict[str, Annotated[float, Le(1)]], "each value at most 1"),
        (set[int], "no two alike"),
        (tuple[int, int], ""),
        (datetime.datetime, "as in 2026-01-31T12:00:00"),
        (list[datetime.date], "each as in 2026-01-31"),
        (datetime.time, "as in 12:00:00"),
        (datetime.timedelta, "as in P1DT2H"),
        (UUID, "as in 123e4567-e89b-12d3-a456-426614174000"),
        (City, ""),
    ],
)
def test_limits_and_forms_are_said_in_words(type_, said):
    assert words(schema(type_)) == said


@pytest.mark.parametrize("adapter", [ChatAdapter(), JSONAdapter(), XMLAdapter(), CompactAdapter()])
@pytest.mark.parametrize("type_", ANSWERED, ids=str)
def test_the_offline_model_answers_a_field_of_every_type(type_, adapter):
    signature = Signature((Field("q"), Field("out", type_, "what it is", "output")))

    with use(lm=LM("offline"), adapter=adapter):
        prediction = Predict(signature)(q="Ulm has 3 cats and 2026-01-31 dogs.")

    TypeAdapter(type_).validate_python(prediction.out)


# -- beside DSPy's ---------------------------------------------------------------------


def dspy_python():
    path = os.environ.get("DSPNB_DSPY_PYTHON")
    return Path(path) if path else Path(__file__).parents[2] / ".venv-bench/bin/python"


@pytest.mark.slow
def test_a_model_of_five_fields_takes_at_most_the_tokens_that_dspys_compact_adapter_takes():
    python = dspy_python()
    if not python.exists() and not os.environ.get("DSPNB_REQUIRE_DSPY"):
        pytest.skip(f"there is no {python} with dspy; `make bench` makes it")
    ours = {
        name: notation(model.model_json_schema()) for name, model in dspy_notation.MODELS.items()
    }

    done = subprocess.run(
        [str(python), dspy_notation.__file__],
        input=json.dumps(ours),
        capture_output=True,
        text=True,
        check=True,
    )

    counts = json.loads(done.stdout)
    assert counts.keys() == {"Flat", "Nested", "Described"}
    for name, count in counts.items():
        assert count["ours"] <= count["dspy"], (name, ours[name], count["text"])
