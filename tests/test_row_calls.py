import time

import pytest

from dspnb.in_flight import InFlight
from dspnb.lm.base import Completion, Message
from dspnb.row_calls import RowCalls
from dspnb.store import Store

FIRST, SECOND = ([Message.of("user", text)] for text in ("first", "second"))


class Slow:
    """A model whose answers take long enough to be worth something."""

    model = "test/slow"

    def __init__(self):
        self.asked = []

    def __call__(self, messages, *, rollout=0, **params):
        time.sleep(0.003)
        self.asked.append(messages[0].content)
        return Completion(f"answer {len(self.asked)}", self.model, 10, 2)


@pytest.fixture
def row(tmp_path):
    """Makes the calls of the same row, as each session that comes to it does."""
    store = Store(tmp_path / "runs.sqlite")

    def begin():
        answers = store.answers("run-1")
        return RowCalls(b"k" * 16, answers, lambda lm: lm, InFlight(1, store.cells))

    return begin


def test_an_answer_of_a_row_that_was_cut_off_is_told_as_one_that_this_session_does_not_pay_for(row):
    lm = Slow()
    model = row().model(lm)
    paid = model(FIRST)
    model(SECOND)  # before it the first answer is written down; its own is lost with the process
    calls = row()
    model = calls.model(lm)
    known, anew = model(FIRST), model(SECOND)

    assert lm.asked == ["first", "second", "second"]
    assert (known.text, anew.text) == (paid.text, "answer 3")
    assert (paid.cached, known.cached, anew.cached) == (False, True, False)
    assert (calls.usage.calls, calls.usage.tokens_in) == (2, 20)  # the row's, of both sessions


def test_the_same_question_put_twice_in_a_row_has_an_answer_each(row):
    lm = Slow()
    model = row().model(lm)
    first, second = model(FIRST), model(FIRST)
    model(SECOND)
    model = row().model(lm)

    assert [model(FIRST).text, model(FIRST).text] == [first.text, second.text]
    assert first.text != second.text
    assert lm.asked == ["first", "first", "second"]
