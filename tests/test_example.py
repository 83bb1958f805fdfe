import math
import pickle

import pytest

from dspnb import Example, Prediction, Score, UsageError
from dspnb.errors import MetricError
from dspnb.example import only, score
from dspnb.signature import Signature
from dspnb.trace import Attempt, Call

ROW = Example(question="2 + 2?", answer="4").with_inputs("question")


# -- examples --------------------------------------------------------------------------


def test_an_example_is_read_as_items_and_as_attributes():
    assert ROW["question"] == ROW.question == "2 + 2?"
    assert dict(ROW) == {"question": "2 + 2?", "answer": "4"}


def test_inputs_and_labels_divide_an_example():
    assert (ROW.inputs, ROW.labels) == ({"question": "2 + 2?"}, {"answer": "4"})


def test_examples_with_the_same_values_are_equal():
    assert Example(a=[1]) == Example(a=[1])
    assert hash(Example(a=[1])) == hash(Example(a=[1]))
    assert Example(a=1) != Example(a=2)
    assert Example(a=1) != Prediction(a=1)


def test_an_example_does_not_change():
    with pytest.raises(AttributeError, match="an Example does not change; make another with"):
        ROW.answer = "5"


def test_a_misspelled_attribute_gets_the_nearest_name():
    with pytest.raises(AttributeError, match="this Example has no `anwser`; did you mean `answer`"):
        _ = ROW.anwser


def test_inputs_that_are_not_there_are_named():
    with pytest.raises(UsageError, match="no field `topic` to be an input; it has `question`"):
        ROW.with_inputs("question", "topic")


def test_an_example_that_does_not_know_its_inputs_says_so():
    with pytest.raises(UsageError, match=r"which of `a`, `b` are inputs; use `.with_inputs"):
        _ = Example(a=1, b=2).inputs


def test_any_column_name_can_be_a_field():
    assert Example(**{"self": 1, "two words": 2})["self"] == 1


def test_an_example_survives_pickling_with_its_inputs():
    copy = pickle.loads(pickle.dumps(ROW))

    assert copy == ROW and copy.inputs == ROW.inputs


def test_only_keeps_the_named_fields_that_are_there():
    assert only(ROW, ["answer", "team"]) == Example(answer="4")


# -- predictions -----------------------------------------------------------------------


def test_a_prediction_carries_its_trace_and_its_failed_attempts():
    failed = Attempt("forty", "`n` must be a number")
    call = Call("predict", Signature("q -> n: int"), {}, {"n": 4}, (), None, attempts=(failed,))
    prediction = Prediction(n=4).with_trace((call,))

    assert prediction == Prediction(n=4)
    assert prediction.trace == (call,) and prediction.attempts == (failed,)
    assert pickle.loads(pickle.dumps(prediction)).trace == (call,)


# -- scores ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (True, Score(1.0)),
        (False, Score(0.0)),
        (1, Score(1.0)),
        (0.25, Score(0.25)),
        ((0.5, "too long"), Score(0.5, "too long")),
        (Score(0.5, "so so", {"style": 0.5}), Score(0.5, "so so", {"style": 0.5})),
    ],
)
def test_what_a_metric_gives_becomes_a_score(result, expected):
    assert score(lambda example, prediction: result, ROW, Prediction()) == expected


def test_a_number_of_another_library_becomes_a_score():
    class Float32:
        def __float__(self):
            return 0.5

    assert score(lambda example, prediction: Float32(), ROW, Prediction()) == Score(0.5)


@pytest.mark.parametrize(
    "result",
    [
        None,
        "good",
        (1, 2),
        math.nan,
        math.inf,
        (math.nan, "?"),
        Score(math.nan),
        Score("good"),
        Score(0.5, parts={"style": math.inf}),
    ],
)
def test_what_is_no_score_is_refused_with_the_name_of_the_metric(result):
    def strict(example, prediction):
        return result

    with pytest.raises(MetricError) as error:
        score(strict, ROW, Prediction())

    assert f"The metric `strict` gave {result!r}; it must give a" in str(error.value)


@pytest.mark.parametrize("about", [{"query": 3}, {1: "x"}, ["query"], None])
def test_feedback_on_predictors_is_text_by_path(about):
    with pytest.raises(MetricError, match=r"`about=.*it maps the path of a predictor to feedback"):
        score(lambda example, prediction: Score(0.5, about=about), ROW, Prediction())


def test_feedback_on_a_predictor_that_there_is_not_is_no_error():
    given = Score(0.5, "So so.", about={"nowhere": "Too long."})

    assert score(lambda example, prediction: given, ROW, Prediction()) == given
    assert given.told == "So so.\nnowhere: Too long."


def test_a_metric_that_raises_is_named_with_its_line_and_the_example():
    def strict(example, prediction):
        return prediction.anwser == example.answer

    line = strict.__code__.co_firstlineno + 1
    with pytest.raises(MetricError) as error:
        score(strict, ROW, Prediction(answer="5"))

    assert str(error.value) == (
        "The metric `strict` raised AttributeError: this Prediction has no `anwser`; did you mean "
        f'`answer`? (line {line}), for the example {{"question": "2 + 2?", "answer": "4"}} and '
        'the prediction {"answer": "5"}.'
    )
