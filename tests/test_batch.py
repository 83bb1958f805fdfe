"""Many calls at once: in order, with their context, and no result lost."""

import pytest

from dspnb import BatchError, ConstraintError, Example, Module, Predict, UsageError, require, use
from dspnb.testing import Scripted


class Echo(Module):
    """Says what it is given; refuses `bad`."""

    def __init__(self):
        self.say = Predict("word -> said")

    def forward(self, word):
        require(word != "bad", "no bad words")
        return self.say(word=word)


def reply(prompt):
    return f"[[ ## said ## ]]\n{prompt.splitlines()[1]}"


def test_predictions_come_in_the_order_of_the_examples():
    rows = [Example(word=f"w{i}", said="label").with_inputs("word") for i in range(40)]
    with use(lm=Scripted(reply)):
        predictions = Echo().batch(rows, concurrency=8)

    assert [prediction.said for prediction in predictions] == [f"w{i}" for i in range(40)]
    assert all(len(prediction.trace) == 1 for prediction in predictions)


def test_a_batch_that_fails_in_part_keeps_the_results():
    with use(lm=Scripted(reply)), pytest.raises(BatchError) as caught:
        Echo().batch([{"word": "a"}, {"word": "bad"}, {"word": "b"}])

    a, bad, b = caught.value.results
    assert (a.said, b.said) == ("a", "b")
    assert isinstance(bad, ConstraintError)
    assert "1 of 3 calls failed: 1 times ConstraintError: no bad words" in str(caught.value)


def test_errors_can_be_returned_in_their_places():
    with use(lm=Scripted(reply)):
        results = Echo().batch([{"word": "bad"}, {"word": "b"}], return_errors=True)

    assert isinstance(results[0], ConstraintError)
    assert results[1].said == "b"


def test_what_the_user_did_wrong_is_raised_at_once():
    lm = Scripted(reply)
    with use(lm=lm), pytest.raises(UsageError, match="takes no input `wrod`"):
        Predict("word -> said").batch([{"wrod": "a"}] * 50, concurrency=1)
    with pytest.raises(UsageError, match="A batch is of examples or of dicts"):
        Echo().batch(["a"])
    with pytest.raises(UsageError, match="`concurrency` is at least 1; got 0"):
        Echo().batch([], concurrency=0)

    assert lm.calls == []
