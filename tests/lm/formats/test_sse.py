"""Server-sent events are read wherever the network cuts them."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspnb.lm.formats import Events

PAYLOADS = ['{"text": "Grüße, 世界 🌍"}', '{"b": [1, 2]}', "{}"]


def read(*pieces):
    events = Events()
    found = [payload.decode() for piece in pieces for payload in events.feed(piece)]
    return [*found, *(payload.decode() for payload in events.close())], events.done


@given(
    st.lists(st.text(), max_size=5),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.lists(st.integers(0, 400)),
)
def test_a_stream_is_read_the_same_wherever_it_is_cut(texts, newline, spaced, cuts):
    sent = [json.dumps({"text": text}, ensure_ascii=False) for text in texts]
    start = "data: " if spaced else "data:"
    stream = "".join(f"{start}{payload}{newline}{newline}" for payload in sent)
    data = f"{stream}data: [DONE]{newline}{newline}".encode()
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})

    found, done = read(*(data[a:b] for a, b in itertools.pairwise(edges)))

    assert found == sent
    assert done


def test_a_stream_is_read_byte_by_byte():
    data = "".join(f"data: {payload}\r\n\r\n" for payload in PAYLOADS).encode()

    found, done = read(*(bytes([byte]) for byte in data))

    assert found == PAYLOADS
    assert not done


def test_an_event_comes_with_its_last_byte():
    events = Events()

    assert events.feed(b'data: {"a": 1}\n') == []
    assert events.feed(b"\n") == [b'{"a": 1}']


def test_names_numbers_and_comments_are_left_out():
    stream = (
        b': OPENROUTER PROCESSING\n\nevent: response.created\nid: 7\nretry: 10\ndata: {"a": 1}\n\n'
    )

    assert read(stream) == (['{"a": 1}'], False)


def test_an_event_may_have_several_lines():
    assert read(b'data: {"a":\ndata: 1}\n\n') == (['{"a":\n1}'], False)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_the_last_event_counts_without_the_empty_line_behind_it(ending):
    assert read(f"data: {{}}{ending}".encode()) == (["{}"], False)


def test_an_empty_event_is_none():
    assert read(b"data:\n\ndata: \n\n\n\n") == ([], False)


def test_the_declared_end_is_no_event():
    assert read(b"data: {}\n\ndata: [DONE]") == (["{}"], True)
