"""Many calls at once: in order, with their context, and no result lost."""

import threading

import pytest

from dspnb import (
    BatchError,
    ConstraintError,
    Example,
    Module,
    Parallel,
    Predict,
    UsageError,
    require,
    use,
)
from dspnb.errors import NotTried, QuotaSpent, ServerFailed
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


def spent(prompt):
    if prompt.splitlines()[1] in ("w3", "w5"):
        raise QuotaSpent("there is no credit left", model="scripted")
    return reply(prompt)


def test_after_an_error_that_would_fail_each_call_no_further_one_is_begun():
    lm = Scripted(spent)
    with use(lm=lm), pytest.raises(BatchError) as caught:
        Echo().batch([{"word": f"w{i}"} for i in range(100)], concurrency=1)

    done, failed, rest = (caught.value.results[part] for part in (slice(3), 3, slice(4, 100)))
    assert [prediction.said for prediction in done] == ["w0", "w1", "w2"]
    assert isinstance(failed, QuotaSpent)
    assert {type(one) for one in rest} == {NotTried}
    assert str(rest[0]) == (
        "not tried, as it would fail alike: QuotaSpent: scripted: there is no credit left"
    )
    assert (
        "1 of 100 calls failed: 1 times QuotaSpent: scripted: there is no credit left; "
        "96 were not tried, as that would fail them too. The results of the others"
    ) in str(caught.value)
    assert caught.value.__cause__ is failed
    assert len(lm.calls) == 4


def test_what_was_not_tried_can_be_returned_in_its_place():
    with use(lm=Scripted(spent)):
        results = Echo().batch(
            [{"word": f"w{i}"} for i in range(3, 6)], concurrency=1, return_errors=True
        )

    assert [type(result) for result in results] == [QuotaSpent, NotTried, NotTried]


def test_calls_that_are_under_way_are_kept():
    begun, failed = threading.Barrier(3), threading.Event()

    def together(prompt):
        begun.wait(10)
        try:
            return spent(prompt)
        except QuotaSpent:
            failed.set()
            raise
        finally:
            assert failed.wait(10)

    with use(lm=Scripted(together)):
        rows = [{"word": f"w{i}"} for i in (2, 3, 4)]
        results = Echo().batch(rows, concurrency=3, return_errors=True)

    kinds = [type(result).__name__ for result in results]
    assert kinds == ["Prediction", "QuotaSpent", "Prediction"]


def test_an_error_of_one_call_stops_no_other():
    def broken(prompt):
        raise ServerFailed("it fell over", model="scripted")

    lm = Scripted(broken)
    with use(lm=lm), pytest.raises(BatchError, match="5 of 5 calls failed"):
        Echo().batch([{"word": "a"}] * 5)
    assert len(lm.calls) == 5


def test_pairs_of_other_programs_are_all_tried():
    pairs = [(Echo(), {"word": "w3"}), (Predict("word -> said"), {"word": "a"})]
    with use(lm=Scripted(spent)):
        results = Parallel(concurrency=1, return_errors=True)(pairs)

    assert [type(result).__name__ for result in results] == ["QuotaSpent", "Prediction"]
