"""A history holds past turns, and a longer one is another."""

import copy
import pickle

import pytest

from dspnb import Example, History, Prediction, UsageError


def test_a_turn_is_added_to_a_new_history():
    first = History([{"question": "2 + 2?", "answer": "4"}])
    second = first.add(question="And 3?", answer="7")

    assert len(first) == 1
    assert [turn["answer"] for turn in second] == ["4", "7"]
    assert second == History(messages=[*first, {"question": "And 3?", "answer": "7"}])
    assert len(History()) == 0
    assert repr(first), repr(second) == ("History(1 turn)", "History(2 turns)")


def test_a_field_may_be_called_self():
    assert History().add(self="me").messages[0] == {"self": "me"}


def test_turns_may_be_messages_examples_or_predictions():
    turns = [
        {"role": "user", "content": "Hello"},
        Example(question="2 + 2?"),
        Prediction(answer="4"),
    ]

    assert [dict(turn) for turn in History(turns)] == [dict(turn) for turn in turns]


def test_it_does_not_change():
    turn = {"question": "?"}
    history = History([turn])
    turn["question"] = "!"

    assert history.messages[0]["question"] == "?"
    with pytest.raises(TypeError):
        history.messages[0]["question"] = "!"
    with pytest.raises(AttributeError):
        history.messages = ()


def test_it_is_a_value_even_with_lists_inside():
    def make():
        return History([{"question": "?", "hits": ["a", "b"], "n": 1}])

    assert pickle.loads(pickle.dumps(make())) == copy.deepcopy(make()) == make()
    assert {make(), make(), make().add(question="!")} == {make(), make().add(question="!")}
    assert make() != History([{"question": "?"}])
    assert hash(History([{"n": 1}])) == hash(History([{"n": 1.0}]))  # they are equal


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ("hello", "is made of a list of turns"),
        ({"question": "?"}, "is made of a list of turns"),
        (3, "is made of a list of turns"),
        (["hello"], "is a mapping of names to values"),
        ([{1: "x"}], "is a mapping of names to values"),
    ],
)
def test_what_makes_no_history_is_said(turns, said):
    with pytest.raises(UsageError, match=said):
        History(turns)
