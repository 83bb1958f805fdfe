"""Random signatures with values that fit, and the sloppy ways in which models write answers."""

import dataclasses
import datetime
import enum
import json
import keyword
import random
import re
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

from annotated_types import Ge, Le, MaxLen
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic import Field as Part
from typing_extensions import TypedDict

from dspnb import Field, Signature
from dspnb.adapters import ChatAdapter, CompactAdapter, JSONAdapter, XMLAdapter
from dspnb.field import RESERVED

LAYOUTS = {
    adapter.name: adapter
    for adapter in (ChatAdapter(), JSONAdapter(), XMLAdapter(), CompactAdapter())
}


class Color(enum.Enum):
    RED = "red"
    DARK_BLUE = "dark blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class City(BaseModel):
    name: str
    people: int = 0


class Tree(BaseModel):
    label: str
    leaves: list["Tree"] = []


class Trip(BaseModel):
    """A way through cities."""

    title: str = Part(alias="tripTitle", description="in a few words")
    stops: list[City]
    mood: Literal["good", "bad"] | None = None
    color: Color = Color.RED
    day: datetime.date | None = None


class Pair(NamedTuple):
    word: str
    times: int


class Movie(TypedDict):
    title: str
    stars: float


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.0


# Texts that look like parts of an answer, among any others.
LURES = (
    "[[ ## ", " ## ]]", "[[ ## a ## ]]", "[[ ## completed ## ]]", "[[ \\## b ## ]]", "[[", "]]",
    "<a>", "</a>", "</b >", "<\\/a>", "<item>", "<think>", "</think>", "&amp;", "<", ">",
    '{"a": 1}', "{", "}", "[", "]", '"', "'", "\\", "\\n", "\\u00e4", "```", "```json\n",
    "**a:** ",
    "a: ", "None", "null", "(left out", ",", ":", "\n", "\n\n", " ", "\U0001f600", "\u00e4",
    "*", "#",
)  # fmt: skip
LETTERS = st.characters(exclude_categories=["Cc", "Cs"])
WILD = st.lists(st.sampled_from(LURES) | st.text(LETTERS, max_size=8), max_size=6).map("".join)
TEXT = WILD.map(str.strip)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
INTEGER = st.integers() | st.integers(2**60, 2**62)
CITY = st.builds(City, name=WILD, people=st.integers())
TREE = st.recursive(
    st.builds(Tree, label=WILD),
    lambda inner: st.builds(Tree, label=WILD, leaves=st.lists(inner, max_size=2)),
    max_leaves=4,
)
TRIP = st.builds(
    Trip,
    tripTitle=WILD,
    stops=st.lists(CITY, max_size=2),
    mood=st.sampled_from(["good", "bad", None]),
    color=st.sampled_from(Color),
    day=st.none() | st.dates(),
)
CHOICE = st.text(st.sampled_from("abA.*'`\u00e41"), min_size=1, max_size=4)

KINDS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, TEXT),
    (str, TEXT),
    (str, TEXT),
    (Annotated[str, MaxLen(5)], st.text(LETTERS, max_size=5).map(str.strip)),
    (int, INTEGER),
    (Annotated[int, Ge(0), Le(9)], st.integers(0, 9)),
    (float, NUMBER),
    (bool, st.booleans()),
    (Color, st.sampled_from(Color)),
    (Level, st.sampled_from(Level)),
    (int | None, st.none() | st.integers()),
    (bool | None, st.none() | st.booleans()),
    (list[str], st.lists(WILD, max_size=3)),
    (list[str] | None, st.none() | st.lists(WILD, max_size=3)),
    (list[list[int]], st.lists(st.lists(st.integers(), max_size=2), max_size=2)),
    (dict[str, int], st.dictionaries(WILD, st.integers(), max_size=3)),
    (dict[int, str], st.dictionaries(st.integers(), WILD, max_size=3)),
    (dict[str, list[bool]], st.dictionaries(WILD, st.lists(st.booleans(), max_size=2), max_size=2)),
    (set[int], st.sets(st.integers(), max_size=3)),
    (frozenset[str], st.frozensets(WILD, max_size=3)),
    (tuple[int, str], st.tuples(st.integers(), WILD)),
    (tuple[int, ...], st.lists(st.integers(), max_size=3).map(tuple)),
    (City, CITY),
    (City | None, st.none() | CITY),
    (list[City], st.lists(CITY, max_size=2)),
    (Tree, TREE),
    (Trip, TRIP),
    (dict[str, Trip], st.dictionaries(WILD, TRIP, max_size=1)),
    (Point, st.builds(Point, st.integers(), NUMBER)),
    (Pair, st.builds(Pair, WILD, st.integers())),
    (Movie, st.fixed_dictionaries({"title": WILD, "stars": NUMBER})),
    (int | str, st.integers() | WILD),
    (City | Point, CITY | st.builds(Point, st.integers(), NUMBER)),
    (datetime.date, st.dates()),
    (datetime.datetime, st.datetimes()),
    (datetime.time, st.times()),
    (datetime.timedelta, st.timedeltas(datetime.timedelta(0), datetime.timedelta(days=999))),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=3)),
    (uuid.UUID, st.uuids()),
    (bytes, st.text(LETTERS, min_size=1, max_size=5).map(str.strip).map(str.encode)),
]
KIND = st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind[0]), kind[1])) | st.lists(
    CHOICE, min_size=1, max_size=4, unique=True
).flatmap(lambda values: st.tuples(st.just(Literal[tuple(values)]), st.sampled_from(values)))
NAMES = st.sampled_from("abc") | st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
OUTPUTS = st.dictionaries(
    NAMES.filter(lambda name: name not in {"q", "output", *RESERVED, *keyword.kwlist}),
    KIND,
    min_size=1,
    max_size=4,
)


def signature_of(outputs):
    """A signature with these outputs: name -> (type, value)."""
    fields = [Field(name, kind, "", "output") for name, (kind, _) in outputs.items()]
    return Signature((Field("q"), *fields))


def values_of(outputs):
    """The values by name."""
    return {name: value for name, (_, value) in outputs.items()}


def answer(layout, signature, values):
    """What a model that answers in the layout would write."""
    return LAYOUTS[layout].answered(signature.outputs, values)


# -- sloppiness ------------------------------------------------------------------------

HEADER = re.compile(r"^\[\[ ## (\w+) ## \]\]\n", re.MULTILINE)
TAG = re.compile(r"^<(/?)(?!item|think)(\w+)>$", re.MULTILINE)


def header_case(text):
    return HEADER.sub(lambda m: m[0].upper() if m[1] != m[1].upper() else m[0], text)


def header_bold(text):
    return HEADER.sub(lambda m: f"**{m[0].rstrip()}**\n", text)


def header_tight(text):
    return HEADER.sub(lambda m: f"[[##{m[1]}##]]\n", text)


def header_inline(text):
    return HEADER.sub(lambda m: f"{m[0].rstrip()} ", text)


def without_end(text):
    ended = text.removesuffix("[[ ## completed ## ]]").rstrip()
    return text if re.search(r"\[\[[ #]*$", ended) else ended  # else it looks cut off


def with_words(text):
    return f"Sure, here is my answer:\n\n{text}"


def with_thoughts(text):
    return f"<think>\nThe user wants [[ ## a ## ]] and <a> and {{}}.\n</think>\n\n{text}"


def in_a_fence(text):
    return f"```\n{text}\n```"


def in_a_json_fence(text):
    return f"Here:\n```json\n{text}\n```\nThat is all."


def with_a_comma(text):
    return re.sub(r"\}\s*$", ",}", text) if text != "{}" else text


def indented(text):
    return json.dumps(json.loads(text), indent=2)


def ascii_only(text):
    return json.dumps(json.loads(text))


def wrapped(text):
    return f'{{"output": {text}}}'


def encoded_twice(text):
    return json.dumps(text)


def tag_case(text):
    return TAG.sub(lambda m: m[0].upper(), text)


def in_one_tag(text):
    return f"<answer_of_mine>\n{text}\n</answer_of_mine>"


def with_attributes(text):
    return TAG.sub(lambda m: m[0] if m[1] else f'<{m[2]} type="x">', text)


SLOPPY = {
    "chat": [header_case, header_bold, header_tight, header_inline, without_end, with_words,
             with_thoughts],
    "json": [with_words, with_thoughts, in_a_fence, in_a_json_fence, with_a_comma, indented,
             ascii_only, wrapped, encoded_twice],
    "xml": [tag_case, in_one_tag, with_words, with_thoughts, with_attributes, in_a_fence],
}  # fmt: skip
SLOPPY["compact"] = SLOPPY["json"]


def cut(text, rng: random.Random, size=6):
    """A text in pieces of random lengths."""
    pieces, at = [], 0
    while at < len(text):
        step = rng.randint(1, size)
        pieces.append(text[at : at + step])
        at += step
    return pieces
