"""What happens when an answer cannot be read: a repair, a stricter layout, a clear error."""

import pytest

from dspnb import ParseError, Predict, use
from dspnb.adapters import ChatAdapter, CompactAdapter, JSONAdapter, TwoStepAdapter, XMLAdapter
from dspnb.errors import Unsupported
from dspnb.lm.base import Completion
from dspnb.testing import Scripted

HEADED = [ChatAdapter(), XMLAdapter()]
ALL = [*HEADED, JSONAdapter(), CompactAdapter()]


def by_name(adapter):
    return adapter.name


@pytest.mark.parametrize("adapter", ALL, ids=by_name)
def test_one_repair_shows_the_model_its_answer_and_the_problem(adapter):
    lm = Scripted(["four", '{"n": 4}'])
    with use(lm=lm, adapter=adapter):
        prediction = Predict("q -> n: int")(q="2 + 2?")

    assert prediction.n == 4
    (attempt,) = prediction.attempts
    assert (attempt.text, attempt.adapter) == ("four", adapter.name)
    assert attempt.error == "`n` must be a number, not 'four'"
    said, plea = lm.calls[1][-2:]
    assert (said.role, said.content) == ("assistant", "four")
    assert plea.content.startswith("That answer could not be read:\n`n` must be a number")
    assert plea.content.endswith(adapter.reminder(Predict("q -> n: int").signature))


@pytest.mark.parametrize("adapter", HEADED, ids=by_name)
@pytest.mark.parametrize("feature", ["json_object", "json_schema"])
def test_the_last_try_is_json_where_the_model_can_be_held_to_it(adapter, feature):
    lm = Scripted(["four", "vier", '{"n": 4}'], supports=[feature])
    with use(lm=lm, adapter=adapter):
        prediction = Predict("q -> n: int")(q="2 + 2?")

    assert prediction.n == 4
    assert [(a.text, a.adapter) for a in prediction.attempts] == [
        ("four", adapter.name),
        ("vier", adapter.name),
    ]
    assert lm.params[:2] == [{}, {}]
    assert lm.params[2]["response_format"]["type"] == feature
    assert len(lm.calls[2]) == 2  # a new prompt, in the other layout


@pytest.mark.parametrize("adapter", ALL, ids=by_name)
def test_elsewhere_the_second_failure_is_the_error(adapter):
    lm = Scripted(["four", "vier", "never asked"])
    with use(lm=lm, adapter=adapter), pytest.raises(ParseError, match="vier") as caught:
        Predict("q -> n: int")(q="2 + 2?")

    assert len(lm.calls) == 2
    assert [attempt.text for attempt in caught.value.trace[0].attempts] == ["four"]


def test_an_empty_answer_is_not_shown_as_one():
    lm = Scripted(["", "[[ ## n ## ]] 4"])
    with use(lm=lm):
        Predict("q -> n: int")(q="?")

    assert [message.role for message in lm.calls[1]] == ["system", "user", "user"]


def test_thoughts_are_not_shown_again():
    lm = Scripted(["<think>\nlong thoughts\n</think>\nfour", "[[ ## n ## ]] 4"])
    with use(lm=lm):
        Predict("q -> n: int")(q="?")

    assert lm.calls[1][-2].content == "four"


@pytest.mark.parametrize("adapter", ALL, ids=by_name)
def test_an_answer_that_was_cut_off_says_so_and_what_to_raise(adapter):
    cut = Completion('{"n": "fo', finish="length")
    lm = Scripted([cut, cut])
    with use(lm=lm, adapter=adapter), pytest.raises(ParseError) as caught:
        Predict("q -> n: int", max_tokens=3)(q="?")

    assert "It was cut off: raise `max_tokens`, as in" in str(caught.value)
    assert "it was cut off at the limit of tokens, so be shorter" in lm.calls[1][-1].content


def test_a_whole_answer_at_the_limit_is_an_answer():
    with use(lm=Scripted([Completion("[[ ## n ## ]] 4", finish="length")])):
        assert Predict("q -> n: int")(q="?").n == 4


class Refusing(Scripted):
    """A model that was thought to take response formats."""

    def __call__(self, messages, *, rollout=0, **params):
        if "response_format" in params:
            self.refused = getattr(self, "refused", 0) + 1
            raise Unsupported("it takes no `response_format`", model="m")
        return super().__call__(messages, rollout=rollout, **params)


@pytest.mark.parametrize("adapter", [JSONAdapter(), CompactAdapter()], ids=by_name)
def test_a_refused_response_format_is_left_away_once_and_for_all_and_is_visible(adapter):
    lm = Refusing(["nonsense", '{"n": 4}'], supports=["json_schema"])
    with use(lm=lm, adapter=adapter):
        prediction = Predict("q -> n: int")(q="?")

    assert prediction.n == 4
    assert lm.refused == 1
    refused, unread = prediction.attempts
    assert (refused.text, refused.adapter) == ("", adapter.name)
    assert "it takes no `response_format`" in refused.error
    assert unread.text == "nonsense"


def test_a_refusal_of_something_else_is_an_error():
    class Toolless(Scripted):
        def __call__(self, messages, *, rollout=0, **params):
            raise Unsupported("it takes no `temperature`", model="m")

    with use(lm=Toolless([])), pytest.raises(Unsupported):
        Predict("q -> a", temperature=1)(q="?")


# -- two steps -------------------------------------------------------------------------


def test_the_first_step_is_prose_and_the_second_reads_it():
    thinker, reader = Scripted(["It is four."]), Scripted(["[[ ## n ## ]]\n4"])
    with use(lm=thinker, adapter=TwoStepAdapter(reader)):
        prediction = Predict("q -> n: int")(q="2 + 2?")

    assert prediction.n == 4
    assert "[[ ##" not in thinker.calls[0][0].content + thinker.calls[0][-1].content
    assert "[[ ## answer_text ## ]]\nIt is four." in reader.calls[0][-1].content


def test_the_second_step_is_a_call_of_its_own_with_its_cost():
    reader = Scripted(
        [Completion("four", dollars=0.0), Completion("[[ ## n ## ]]\n4", dollars=0.5)]
    )
    with use(lm=Scripted([Completion("Four.", dollars=2.0)]), adapter=TwoStepAdapter(reader)):
        prediction = Predict("q -> n: int")(q="2 + 2?")

    calls = {call.path: call for call in prediction.trace}
    assert list(calls) == ["self", "self.extraction"]  # in the order of the calls
    assert (calls["self"].dollars, calls["self.extraction"].dollars) == (2.0, 0.5)
    assert dict(calls["self"].outputs) == {"n": 4}
    assert calls["self"].completion.text == "Four."
    assert [attempt.text for attempt in prediction.attempts] == ["four"]


def test_a_second_step_that_fails_asks_the_first_no_more():
    thinker = Scripted(["It is four."])
    with (
        use(lm=thinker, adapter=TwoStepAdapter(Scripted(["four", "vier"]))),
        pytest.raises(ParseError, match="vier"),
    ):
        Predict("q -> n: int")(q="2 + 2?")

    assert len(thinker.calls) == 1


def test_the_second_step_may_have_another_layout():
    reader = Scripted(['{"n": 4}'], supports=["json_schema"])
    with use(lm=Scripted(["Four."]), adapter=TwoStepAdapter(reader, JSONAdapter())):
        assert Predict("q -> n: int")(q="2 + 2?").n == 4

    assert reader.params[0]["response_format"]["type"] == "json_schema"
