import pytest

from dspnb import Example, Prediction, UsageError, metrics


def scored(metric, label, answer):
    row = Example(question="?", answer=label).with_inputs("question")
    return metric(row, Prediction(answer=answer))


@pytest.mark.parametrize(
    ("label", "answer", "value"),
    [
        ("The Eiffel Tower", "eiffel tower.", 1),
        ("Paris", "London", 0),
        (True, True, 1),
        (True, False, 0),
        (True, "true", 0),
        (3, 3.0, 1),
        (["a"], ["a"], 1),
    ],
)
def test_exact_compares_normalised_texts_and_equal_values(label, answer, value):
    assert scored(metrics.exact("answer"), label, answer).value == value


@pytest.mark.parametrize(
    ("label", "answer", "value"),
    [
        ("the old stone bridge", "old bridge", 0.8),
        ("one", "two", 0.0),
        ("the", "a", 1.0),
        ("word", "", 0.0),
        ("go go", "go", 2 / 3),
    ],
)
def test_f1_is_the_overlap_of_words(label, answer, value):
    assert scored(metrics.f1("answer"), label, answer).value == pytest.approx(value)


def test_feedback_says_what_should_have_come():
    score = scored(metrics.exact(), "Paris", "London")

    assert score.feedback == "`answer` should be 'Paris', not 'London'"
    assert score.parts == {"answer": 0.0}


def test_several_fields_are_all_needed_for_exact_and_averaged_for_f1():
    row = Example(q="?", a="x", b="y").with_inputs("q")
    guess = Prediction(a="x", b="z", c="w")

    assert metrics.exact()(row, guess).value == 0
    assert metrics.f1()(row, guess).value == 0.5
    assert metrics.exact("a")(row, guess).value == 1


def test_a_field_that_is_not_there_is_said_with_what_is():
    row = Example(q="?", a="x").with_inputs("q")

    with pytest.raises(UsageError, match="the example has `q`, `a`, the prediction `b`"):
        metrics.exact("a")(row, Prediction(b="x"))
    with pytest.raises(UsageError, match="both a label and an output"):
        metrics.exact()(row, Prediction(b="x"))
