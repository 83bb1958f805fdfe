"""Examples that stand in more than one set are found, and told in a sentence."""

import time
from dataclasses import dataclass

import pydantic
import pytest

from dspnb import Example
from dspnb.errors import UsageError
from dspnb.overlap import Overlap, Same, overlaps, words


def ask(question, answer="yes"):
    return Example(question=question, answer=answer).with_inputs("question")


def asks(*questions):
    return [ask(question) for question in questions]


def test_sets_apart_have_no_overlap():
    assert overlaps(train=asks("a", "b"), val=asks("c"), test=asks("d", "e")) == ()
    assert overlaps() == ()
    assert words(()) == []


def test_an_example_in_two_sets_is_named_in_both():
    found = overlaps(train=asks("a", "b", "c"), test=asks("x", "b", "y", "a"))

    assert found == (Overlap("test", "train", 4, (Same(1, 1, False), Same(3, 0, False))),)
    assert words(found) == [
        "2 of 4 test examples are also in train: test 1 = train 1, test 3 = train 0."
    ]


def test_each_pair_of_sets_has_its_own_sentence():
    found = overlaps(train=asks("a", "a"), val=asks("a", "b"), test=asks("b", "a"))

    assert [(overlap.found, overlap.also) for overlap in found] == [
        ("train", "train"),
        ("val", "train"),
        ("test", "train"),
        ("test", "val"),
    ]
    assert words(found)[-1] == (
        "2 of 2 test examples are also in val: test 0 = val 1, test 1 = val 0."
    )


def test_a_repeated_example_is_counted_after_the_first():
    assert words(overlaps(test=asks("a", "b", "a", "a"))) == [
        "2 of 4 test examples are also in test before: test 2 = test 0, test 3 = test 0."
    ]


def test_a_sentence_names_three_places_at_most():
    (sentence,) = words(overlaps(train=asks(*"abcde"), test=asks(*"edcba")))

    assert sentence == (
        "5 of 5 test examples are also in train: "
        "test 0 = train 4, test 1 = train 3, test 2 = train 2, ..."
    )


def test_case_and_white_space_make_no_difference():
    train = asks("Where is  STRASSE 5?")

    assert overlaps(train=train, test=asks("\twhere is\nstraße 5? "))
    assert not overlaps(train=train, test=asks("where is strasse5?"))


def test_labels_are_no_part_of_being_the_same_but_it_is_said_when_they_differ():
    train = [ask("a", "yes"), ask("b", "yes")]
    test = [ask("a", "no"), ask("b", " YES")]

    (overlap,) = overlaps(train=train, test=test)
    assert [same.relabelled for same in overlap.examples] == [True, False]
    assert "are also in train, 1 of them with other labels: test 0" in str(overlap)


class Page(pydantic.BaseModel):
    title: str


@dataclass
class Note:
    text: str


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        (["A b", {"k": ["C"]}], ("a  b", {"k": ["c"]}), ["a b", {"k": ["d"]}]),
        ({"x": 1, "y": "B"}, {"y": "b", "x": 1}, {"x": 1, "z": "b"}),
        ({"A"}, {"a "}, {"b"}),
        (1, 1.0, True),
        (None, None, "none"),
        (Page(title="A"), Page(title="a"), Page(title="b")),
        (Note("A"), Note("a"), Page(title="a")),
        (bytearray(b"a"), None, bytearray(b"a")),  # of which no more is known
    ],
)
def test_inputs_of_other_types_are_compared_by_what_they_hold(one, same, other):
    if same is not None or one is None:
        assert overlaps(train=[ask(one)], test=[ask(same)])
    assert not overlaps(train=[ask(one)], test=[ask(other)])


def test_names_of_inputs_count():
    train = [Example(question="a").with_inputs("question")]
    test = [Example(text="a").with_inputs("text")]

    assert overlaps(train=train, test=test) == ()


def test_an_example_without_inputs_says_so():
    with pytest.raises(UsageError, match="with_inputs"):
        overlaps(train=[Example(question="a")])


def test_a_hundred_thousand_examples_take_about_a_second():
    text = "The quick brown fox jumps over the lazy dog. " * 5
    train = [ask(f"{text} {i}") for i in range(90_000)]
    test = [ask(f"{text} {i}") for i in range(89_999, 99_999)]

    start = time.process_time()
    (overlap,) = overlaps(train=train, test=test)
    assert time.process_time() - start < 3  # 0.6 s on an idle machine
    assert overlap.examples == (Same(0, 89_999, False),)
