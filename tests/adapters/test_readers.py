"""An answer that arrives piece by piece is told field by field, without its layout."""

import random

import pytest
from adapters.shapes import LAYOUTS, OUTPUTS, SLOPPY, answer, cut, signature_of, values_of
from hypothesis import given, settings
from hypothesis import strategies as st

from dspnb import ParseError, Signature
from dspnb.adapters import kinds
from dspnb.types import Code

PROPERTY = settings(max_examples=60, derandomize=True, database=None, deadline=None)
BOTH = Signature("q -> thought, n: int")
LONE = Signature("q -> a")


def told(layout, signature, pieces):
    """The pieces that a reader tells, as (field, text)."""
    reader = LAYOUTS[layout].reader(signature)
    heard = [told for piece in pieces for told in reader.feed(piece)]
    return [*heard, *reader.close()]


def joined(heard):
    texts = {}
    for name, text in heard:
        texts[name] = texts.get(name, "") + text
    return texts


def texts_of(outputs):
    return {name: value for name, value in outputs.items() if type(value) is str}


@pytest.mark.parametrize("layout", ["chat", "xml", "json", "compact"])
@PROPERTY
@given(OUTPUTS, st.integers(0, 99), st.integers(1, 12))
def test_the_pieces_of_a_text_are_what_the_whole_answer_holds(layout, outputs, seed, size):
    signature, values = signature_of(outputs), values_of(outputs)
    text = answer(layout, signature, values)

    heard = told(layout, signature, cut(text, random.Random(seed), size))

    texts = {f.name for f in signature.outputs if f.type is str}
    assert {n: t for n, t in joined(heard).items() if n in texts} == {
        name: value for name, value in values.items() if name in texts and value
    }
    whole = {f.name for f in signature.outputs if kinds.comes_whole(f)}
    pieces = [name for name, _ in heard if name in whole]
    assert len(pieces) == len(set(pieces))


@pytest.mark.parametrize(
    ("layout", "spoil"),
    [(layout, spoil) for layout in ("chat", "json", "xml") for spoil in SLOPPY[layout]],
    ids=lambda given: getattr(given, "__name__", given),
)
@settings(PROPERTY, max_examples=25)
@given(OUTPUTS, st.integers(0, 99))
def test_a_sloppy_answer_is_told_as_it_is_read(layout, spoil, outputs, seed):
    signature, values = signature_of(outputs), values_of(outputs)
    text = spoil(answer(layout, signature, values))

    heard = joined(told(layout, signature, cut(text, random.Random(seed))))

    texts = {f.name for f in signature.outputs if f.type is str}
    assert {name: text for name, text in heard.items() if name in texts} == {
        name: value for name, value in values.items() if name in texts and value
    }


@pytest.mark.parametrize("layout", ["chat", "xml", "json"])
@PROPERTY
@given(OUTPUTS, st.integers(0, 10_000))
def test_an_answer_that_was_cut_off_is_told_as_it_is_read(layout, outputs, at):
    signature, values = signature_of(outputs), values_of(outputs)
    text = answer(layout, signature, values)
    text = text[: at % (len(text) + 1)]

    heard = joined(told(layout, signature, cut(text, random.Random(at))))

    for name, value in texts_of(heard).items():
        if next(f for f in signature.outputs if f.name == name).type is str:
            assert values[name].startswith(value)
    try:
        outputs = LAYOUTS[layout].parse(signature, text)
    except ParseError:
        return
    for field in signature.outputs:
        if field.type is str:
            assert outputs[field.name] == heard.get(field.name, "")


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        (
            "chat",
            "[[ ## thought ## ]]\nfirst\nsecond\n\n[[ ## n ## ]]\n42\n\n[[ ## completed ## ]]",
        ),
        ("xml", "<thought>\nfirst\nsecond\n</thought>\n<n>\n42\n</n>"),
        ("json", '{"thought": "first\\nsecond", "n": 42}'),
    ],
)
def test_a_text_comes_as_it_arrives_and_a_number_when_it_is_whole(layout, text):
    heard = told(layout, BOTH, list(text))

    assert joined(heard) == {"thought": "first\nsecond", "n": "42"}
    assert [name for name, _ in heard].count("thought") > 8
    assert [piece for piece in heard if piece[0] == "n"] == [("n", "42")]


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("chat", "[[ ## a ## ]] it is [[ 1 ]] and **bold** [[ # x [[ ## completed ## ]]"),
        ("xml", "<a>it is [[ 1 ]] and **bold** [[ # x</a>"),
        ("json", '{"a": "it is [[ 1 ]] and **bold** [[ # x"}'),
    ],
)
def test_what_only_looks_like_a_header_is_told(layout, text):
    assert joined(told(layout, LONE, list(text))) == {"a": "it is [[ 1 ]] and **bold** [[ # x"}


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("chat", '{"thought": "so", "n": 3}'),
        ("chat", "**Thought:** so\n**N:** 3"),
        ("json", "[[ ## thought ## ]]\nso\n\n[[ ## n ## ]]\n3"),
        ("json", "{'thought': 'so', 'n': 3,}"),
        ("json", '{"output": {"thought": "so", "n": 3}}'),
        ("xml", '```json\n{"thought": "so", "n": 3}\n```'),
    ],
)
def test_an_answer_in_another_layout_is_told_in_the_end(layout, text, size):
    pieces = [text[at : at + size] for at in range(0, len(text), size)]

    assert joined(told(layout, BOTH, pieces)) == {"thought": "so", "n": "3"}


@pytest.mark.parametrize("layout", ["chat", "xml", "json"])
def test_a_lone_answer_without_a_layout_is_told_in_the_end(layout):
    assert told(layout, LONE, ["Par", "is."]) == [("a", "Paris.")]


@pytest.mark.parametrize("layout", ["chat", "xml", "json"])
def test_thoughts_before_an_answer_are_not_told(layout):
    text = (
        f"<think>\nHm, <a>no</a> {{}} [[ ## a ## ]]\n</think>\n{answer(layout, LONE, {'a': 'yes'})}"
    )

    assert joined(told(layout, LONE, list(text))) == {"a": "yes"}


@pytest.mark.parametrize("layout", ["chat", "xml", "json"])
def test_thoughts_that_were_cut_off_tell_nothing(layout):
    assert told(layout, LONE, ["<think>\nHm", "m"]) == []


@pytest.mark.parametrize("layout", ["chat", "xml", "json"])
def test_code_comes_whole_as_a_fence_may_be_around_it(layout):
    signature = Signature("q -> a: Code", types={"Code": Code})
    text = answer(layout, signature, {"a": Code("x = 1\ny = 2")})

    assert told(layout, signature, list(text)) == [("a", "x = 1\ny = 2")]


def test_both_halves_of_a_surrogate_pair_are_told_together():
    heard = told("json", LONE, list('{"a": "x \\ud83d\\ude00 \\u00e4 \\" \\\\ y"}'))

    assert joined(heard) == {"a": 'x \U0001f600 ä " \\ y'}
    assert all(text.isprintable() for _, text in heard)
