"""Every type is validated wherever it stands, and comes back from the JSON that it is saved as."""

import copy
import dataclasses
import datetime
import json
import pickle
import subprocess
import sys
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

import dspnb.types
from dspnb import (
    Audio,
    Citation,
    Citations,
    Code,
    Document,
    Example,
    File,
    History,
    Image,
    Predict,
    Reasoning,
    Signature,
    Tool,
    ToolCalls,
    ToolResults,
)
from dspnb.lm.base import ToolCall
from dspnb.types import NAMES, ToolResult

words = st.text('aü 1`|{"\0\n\U0001f600', max_size=20)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(words, inside, max_size=3),
    max_leaves=5,
)
fields = st.dictionaries(words, json_values, max_size=3)
calls = st.builds(ToolCall, words, fields, words)
places = st.none() | st.integers(0, 9)
citations = st.builds(Citation, words, st.integers(0, 9), words, places, places)
VALUES = {
    Image: st.one_of(
        st.binary(max_size=30).map(lambda data: Image(b"GIF89a" + data)),
        st.text("ab?&=%/", max_size=9).map(lambda path: Image(f"https://example.org/{path}")),
    ),
    Audio: st.binary(max_size=30).map(lambda data: Audio(b"OggS" + data)),
    File: st.one_of(
        st.builds(File.from_bytes, st.binary(min_size=1, max_size=30), words),
        words.filter(bool).map(File.from_id),
    ),
    Code: words.map(Code),
    Code["sql"]: words.map(Code["sql"]),
    Reasoning: words.map(Reasoning),
    History: st.lists(fields, max_size=3).map(History),
    ToolCalls: st.lists(calls, max_size=3).map(ToolCalls),
    ToolResult: st.builds(ToolResult, calls, json_values, st.booleans()),
    ToolResults: st.lists(st.builds(ToolResult, calls, json_values), max_size=3).map(ToolResults),
    Document: st.builds(Document, words, words, words),
    Citation: citations,
    Citations: st.lists(citations, max_size=3).map(Citations),
}
A_VALUE = st.sampled_from(sorted(VALUES, key=str)).flatmap(
    lambda kind: st.tuples(st.just(kind), VALUES[kind])
)


@given(A_VALUE)
def test_a_value_comes_back_from_its_json(drawn):
    kind, value = drawn
    adapter = TypeAdapter(kind)
    dumped = adapter.dump_python(value, mode="json")

    back = adapter.validate_json(json.dumps(dumped))
    assert (type(back), back) == (kind, value)
    assert adapter.validate_json(adapter.dump_json(value)) == value
    assert adapter.validate_python(value) is value


@given(A_VALUE)
def test_a_value_is_hashable_copied_and_pickled(drawn):
    kind, value = drawn

    for twin in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value), copy.copy(value)):
        assert type(twin) is kind
        assert twin == value
        assert hash(twin) == hash(value)


@pytest.mark.parametrize("kind", VALUES, ids=str)
def test_its_schema_is_short_and_in_every_annotation(kind):
    schema = TypeAdapter(list[kind] | None).json_schema()

    assert schema["anyOf"][0]["items"] == TypeAdapter(kind).json_schema() == kind.json_schema
    assert len(json.dumps(schema)) < 500


def test_values_are_read_inside_lists_models_and_dataclasses(png):
    @dataclasses.dataclass
    class Page:
        picture: Image
        more: list[Image]

    class Book(BaseModel):
        pages: list[Page]
        cover: Optional[Image] = None  # noqa: UP045
        query: Code["sql"] | None = None  # noqa: F821

    page = {"picture": png, "more": ["https://example.org/a.png"]}
    book = Book(pages=[page], cover={"url": "https://example.org/b.png"}, query="```\nx\n```")

    assert book.pages[0].picture == Image(png)
    assert book.pages[0].more == [Image("https://example.org/a.png")]
    assert type(book.query) is Code["sql"] and book.query == "x"
    assert Book.model_validate_json(book.model_dump_json()) == book
    assert Book(pages=[]).cover is None


def test_a_union_tries_its_next_type(png):
    either = TypeAdapter(Image | int | str)

    assert either.validate_python("hello") == "hello"
    assert either.validate_python(3) == 3
    assert either.validate_python(png) == Image(png)


def test_what_does_not_fit_is_an_error_of_pydantic_with_our_sentence():
    with pytest.raises(ValidationError, match=r'use `Image\.from_file\("photo\.png"\)`'):
        TypeAdapter(list[Image]).validate_python(["photo.png"])


def test_a_tool_is_validated_from_a_function_and_never_from_a_file():
    def add(a: int, b: int) -> int:
        return a + b

    adapter = TypeAdapter(list[Tool])
    tools = adapter.validate_python([add])

    assert tools == [Tool(add)]
    dumped = adapter.dump_python(tools, mode="json")
    assert dumped == [{"name": "add", "desc": "", "args": tools[0].args}]
    with pytest.raises(ValidationError, match="A `Tool` is made of a function"):
        adapter.validate_python(dumped)


def test_what_json_does_not_know_becomes_something_it_does(png):
    day = datetime.date(2020, 1, 2)
    history = History([{"image": Image(png), "day": day, "codes": (Code("x"),), "raw": b"\xff"}])

    turn = history.plain()["messages"][0]
    assert json.loads(json.dumps(turn)) == {
        "image": {"url": Image(png).url},
        "day": "2020-01-02",
        "codes": ["x"],
        "raw": "_w==",
    }
    assert ToolResult(ToolCall("f"), object).plain()["value"] == "<class 'object'>"


def test_a_saved_demo_is_read_again(tmp_path, png):
    signature = Signature(
        "image: Image, chat: History -> calls: ToolCalls, notes: list[Citation]", types=NAMES
    )
    demo = Example(
        image=Image(png),
        chat=History([{"q": "?"}]),
        calls=ToolCalls([{"name": "f"}]),
        notes=[Citation("x")],
    )
    file = Predict(signature, demos=[demo]).save(tmp_path / "p.json")

    saved: dict[str, Any] = dict(Predict(signature).load(file).demos[0])
    for field in signature.fields:
        assert TypeAdapter(field.type).validate_python(saved[field.name]) == demo[field.name]


def test_annotations_name_every_type():
    assert set(NAMES) == set(dspnb.types.__all__) - {"NAMES"}
    assert all(getattr(dspnb.types, name) is kind for name, kind in NAMES.items())
    assert dspnb.types.__all__ == ["NAMES", *sorted(NAMES)]


def test_the_types_are_cheap_to_import():
    unwanted = "PIL matplotlib numpy pandas polars httpx urllib.request http.client json_repair"
    program = (
        "import sys, dspnb.types; from dspnb import Image, Tool; Image(b'GIF89a'); Tool(print, 'p')"
        f"; print(*set('{unwanted}'.split()) & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == ""
