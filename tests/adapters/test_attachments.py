"""Pictures, recordings, files, documents, tables and tools as inputs and in demos."""

import dataclasses
import datetime
import enum

import pandas
import polars
import pytest
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Part

from dspnb import Example, Field, Signature
from dspnb.adapters import ChatAdapter, CompactAdapter, JSONAdapter, XMLAdapter
from dspnb.adapters.values import to_text
from dspnb.types import Audio, Document, File, Image, Tool

PNG = b"\x89PNG\r\n\x1a\n"
ONE, TWO = Image(PNG + b"1"), Image(PNG + b"2")
EVERY = pytest.mark.parametrize(
    "adapter",
    [ChatAdapter(), JSONAdapter(), XMLAdapter(), CompactAdapter()],
    ids=lambda adapter: adapter.name,
)


class Page(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    title: str = Part(serialization_alias="Title")
    picture: Image
    day: datetime.date = datetime.date(2026, 1, 31)


@dataclasses.dataclass
class Album:
    pages: list[Page]
    cover: Image | None = None


def shown(value):
    attached = []
    text = to_text(value, attached)
    return text, [attachment.part for attachment in attached]


@pytest.mark.parametrize(
    ("value", "text", "parts"),
    [
        (ONE, "<image 1>", [ONE]),
        ([ONE, TWO], '["<image 1>", "<image 2>"]', [ONE, TWO]),
        ((ONE, "x"), '["<image 1>", "x"]', [ONE]),
        ({"a": ONE, "b": [TWO]}, '{"a": "<image 1>", "b": ["<image 2>"]}', [ONE, TWO]),
        ({("a", 1): ONE}, '{"[\\"a\\", 1]": "<image 1>"}', [ONE]),
        (
            Page(title="t", picture=ONE),
            '{"Title": "t", "picture": "<image 1>", "day": "2026-01-31"}',
            [ONE],
        ),
        (
            Album([Page(title="t", picture=ONE)], TWO),
            '{"pages": [{"Title": "t", "picture": "<image 1>", "day": "2026-01-31"}], '
            '"cover": "<image 2>"}',
            [ONE, TWO],
        ),
        (Document("Rain.", title="Weather"), "Weather\nRain.", []),
        ([Document("Rain."), Document("Snow.")], "[0] Rain.\n\n[1] Snow.", []),
    ],
)
def test_what_is_no_text_is_put_aside_wherever_it_is(value, text, parts):
    assert shown(value) == (text, [part.attachment().part for part in parts])


def test_each_kind_is_counted_by_itself():
    audio, file = Audio(b"RIFF....WAVE"), File.from_bytes(b"%PDF-1.4", "a.pdf")

    assert shown([ONE, audio, file, TWO])[0] == (
        '["<image 1>", "<audio 1>", "<file 1>", "<image 2>"]'
    )


@EVERY
def test_attachments_follow_the_text_that_names_them_in_inputs_and_demos(adapter):
    signature = Signature(
        (Field("pictures", list[Image]), Field("note", str), Field("a", str, "", "output"))
    )
    demo = Example(pictures=[TWO], note="demo", a="x")

    messages = adapter.render(signature, [demo], {"pictures": [ONE, TWO], "note": "now"})

    _, shown_, _, asked = messages
    assert [block.text for block in shown_.blocks[1:]] == ["<image 1>:"]
    assert [block.attachment.part for block in shown_.blocks[1:]] == [TWO.attachment().part]
    assert '["<image 1>", "<image 2>"]' in asked.blocks[0].text
    assert [b.text for b in asked.blocks if b.attachment] == ["<image 1>:", "<image 2>:"]
    parts = asked.to_dict()["content"]
    assert [part["type"] for part in parts][:4] == ["text", "image_url", "text", "image_url"]
    assert parts[-1]["text"].startswith("Answer with")


@pytest.mark.parametrize("frame", [pandas.DataFrame, polars.DataFrame])
def test_a_table_is_shown_by_its_first_rows(frame):
    text = to_text(frame({"city": [f"c{i}" for i in range(50)], "n": range(50)}))

    assert text.startswith("50 rows, 2 columns: `city` (")
    assert "; the first 20 rows:\n\n| city | n |" in text
    assert "c19" in text and "c20" not in text


def test_a_table_inside_a_dict_is_shown_too():
    assert "1 row, 1 column" in to_text({"table": pandas.DataFrame({"a": [1]})})


def look_up(word: str) -> str:
    "Find a word."
    return word


@pytest.mark.parametrize("tool", [look_up, Tool(look_up)])
def test_tools_are_described(tool):
    line = '`look_up`: Find a word. Arguments: {"word": {"type": "string"}}'

    assert to_text(tool) == line
    assert to_text([tool, tool]) == f"{line}\n{line}"


class Size(enum.StrEnum):
    BIG = "big"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b", "a", "c"}, '["a", "b", "c"]'),
        ([Size.BIG, "x"], "[1] «big»\n[2] «x»"),
        ({Size.BIG: {1.5: None}}, '{"big": {"1.5": null}}'),
        ({datetime.date(2026, 1, 31): 1}, '{"2026-01-31": 1}'),
        (datetime.timedelta(days=1), "P1D"),
        (b"bytes", "bytes"),
        (float("inf"), "inf"),
    ],
)
def test_other_values_are_json(value, text):
    assert to_text(value) == text
