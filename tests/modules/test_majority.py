"""majority: what most predictions say, however they write it."""

import pytest

from dspnb import Predict, Prediction, UsageError, majority, use
from dspnb.testing import Scripted


def said(*answers):
    return [{"reasoning": f"r{i}", "answer": answer} for i, answer in enumerate(answers)]


def test_the_most_frequent_answer_wins_in_whatever_spelling_it_came_first():
    chosen = majority(said("Rome", "The Paris!", "paris"))

    assert isinstance(chosen, Prediction)
    assert dict(chosen) == {"reasoning": "r1", "answer": "The Paris!"}


def test_of_equally_frequent_answers_the_earliest_wins():
    assert majority(said("b", "a1", "a1", "b")).answer == "b"


def test_the_prediction_itself_is_returned():
    predictions = [Prediction(answer="x"), Prediction(answer="y"), Prediction(answer="y")]

    assert majority(predictions) is predictions[1]


def test_another_field_and_another_way_to_compare():
    assert majority(said("x", "y", "y"), field="reasoning").reasoning == "r0"
    rounded = majority(said(1.04, 2.5, 0.96), normalize=lambda value: round(value, 1))
    assert rounded.answer == 1.04


@pytest.mark.parametrize("nothing", [None, "", "the"])
def test_what_says_nothing_does_not_count_unless_all_do(nothing):
    assert majority(said(nothing, nothing, "x")).answer == "x"
    assert majority(said(nothing, nothing)).reasoning == "r0"


def test_values_that_are_no_text_are_compared_as_they_are():
    assert majority(said([1, 2], [2], [2])).answer == [2]
    assert majority(said(-5, 5, 5)).answer == 5
    assert majority(said(True, False, False)).answer is False
    assert majority(said(0, 0, 1)).answer == 0


def test_the_samples_of_one_prediction():
    replies = [f"[[ ## answer ## ]]\n{text}" for text in ("a1", "b", "b")]
    with use(lm=Scripted(replies)):
        prediction = Predict("question -> answer", n=3)(question="?")

    assert majority(prediction).answer == "b"


def test_nonsense_is_said():
    with pytest.raises(UsageError, match="no predictions to take the majority of"):
        majority([])
    with pytest.raises(UsageError, match="has no `anwser`; did you mean `answer`"):
        majority(said("x"), field="anwser")
    with pytest.raises(UsageError, match="A majority is of a prediction with completions"):
        majority(["x", "y"])
