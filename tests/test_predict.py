"""The leaf: render, call, parse, record; one repair."""

import pytest

from dspnb import ChainOfThought, Example, JSONAdapter, Module, ParseError, Predict, UsageError, use
from dspnb.lm.base import Completion
from dspnb.testing import Scripted


def test_a_prediction_carries_its_call():
    with use(lm=Scripted(["[[ ## n ## ]]\n4"])):
        prediction = Predict("q -> n: int")(q="2 + 2?")

    (call,) = prediction.trace
    assert prediction.n == 4
    assert (call.path, dict(call.inputs), dict(call.outputs)) == ("self", {"q": "2 + 2?"}, {"n": 4})
    assert call.completion.text == "[[ ## n ## ]]\n4"
    assert call.messages[-1].content.startswith("[[ ## q ## ]]\n2 + 2?")
    assert (call.attempts, call.error) == ((), "")


def test_an_answer_that_cannot_be_read_is_shown_to_the_model_once():
    lm = Scripted(["[[ ## n ## ]]\nfour", "[[ ## n ## ]]\n4"])
    with use(lm=lm):
        prediction = Predict("q -> n: int")(q="2 + 2?")

    assert prediction.n == 4
    (attempt,) = prediction.attempts
    assert attempt.text == "[[ ## n ## ]]\nfour"
    assert "`n` must be a number, not 'four'" in attempt.error
    first, second = lm.calls
    assert second[: len(first)] == first
    said, plea = second[len(first) :]
    assert (said.role, said.content) == ("assistant", "[[ ## n ## ]]\nfour")
    assert "must be a number, not 'four'" in plea.content
    assert {block.kind for message in (said, plea) for block in message.blocks} == {"repair"}


def test_both_answers_are_paid_for():
    with use(lm=Scripted(["x" * 40, "[[ ## n ## ]]\n4"])):
        (call,) = Predict("q -> n: int")(q="?").trace

    assert call.tokens_out == 10 + 4


def test_a_second_answer_that_cannot_be_read_is_an_error_that_keeps_the_call():
    lm = Scripted(["nope", "[[ ## m ## ]] 4", "never asked"])
    with use(lm=lm), pytest.raises(ParseError, match=r"`n`: is missing") as caught:
        Predict("q -> n: int, m")(q="?")

    assert len(lm.calls) == 2
    (call,) = caught.value.trace
    assert (call.attempts[0].text, call.completion.text) == ("nope", "[[ ## m ## ]] 4")
    assert (dict(call.outputs), call.error) == ({}, f"ParseError: {caught.value}")


def test_params_go_to_the_model_with_each_call():
    seen = {}

    class Model:
        model = "m"

        def __call__(self, messages, *, rollout=0, **params):
            seen.update(params, rollout=rollout)
            return Completion("[[ ## a ## ]] x")

    with use(lm=Model(), rollout=3):
        Predict("q -> a", temperature=0.7)(q="?")

    assert seen == {"temperature": 0.7, "rollout": 3}


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({}, "needs the input `question`; call it with question=..., k=..."),
        ({"qestion": 1}, "takes no input `qestion`; did you mean `question`?"),
        ({"question": 1, "zzz": 2}, "takes no input `zzz`; known: `k`, `question`"),
    ],
)
def test_wrong_inputs_are_said_before_anything_is_sent(inputs, said):
    lm = Scripted([])
    with use(lm=lm), pytest.raises(UsageError) as caught:
        Predict("question, k: int = 3 -> answer")(**inputs)

    assert said in str(caught.value)
    assert lm.calls == []


def test_a_default_fills_an_input_that_is_not_given():
    lm = Scripted(["[[ ## answer ## ]] x"])
    with use(lm=lm):
        Predict("question, k: int = 3 -> answer")(question="?")

    assert "[[ ## k ## ]]\n3" in lm.calls[0][-1].content


def test_without_a_model_the_error_says_how_to_set_one():
    with use(lm=None), pytest.raises(UsageError, match=r"No model is set\. Run `%lm offline`"):
        Predict("a -> b")(a=1)


def test_its_messages_can_be_had_without_a_call():
    program = Predict("a -> b", demos=[Example(a="1", b="2")])

    assert [m.role for m in program.messages(a="x")] == ["system", "user", "assistant", "user"]


def test_what_is_no_demo_is_said():
    with pytest.raises(UsageError, match=r"A demo is an `Example\(...\)` of the fields; got {'a'"):
        Predict("a -> b", demos=[{"a": 1, "b": 2}])


def test_a_demo_may_show_that_there_is_no_answer():
    program = Predict("a -> b: int | None", demos=[Example(a="1", b=None)])

    asked, answered = program.messages(a="x")[1:3]
    assert asked.content == "Example 1 of 1.\n\n[[ ## a ## ]]\n1"
    assert answered.content.startswith("[[ ## b ## ]]\nNone\n")


def test_a_script_that_ends_too_soon_says_so():
    with use(lm=Scripted([])), pytest.raises(UsageError, match="has no reply left for"):
        Predict("a -> b")(a=1)


def test_what_is_no_signature_is_said():
    with pytest.raises(UsageError, match="A signature is a line such as"):
        Predict(7)


def test_chain_of_thought_asks_for_reasoning_first():
    with use(lm=Scripted(["[[ ## reasoning ## ]]\nbecause\n[[ ## b ## ]]\n2"])):
        prediction = ChainOfThought("a -> b")(a="1")

    assert dict(prediction) == {"reasoning": "because", "b": "2"}
    assert list(prediction) == ["reasoning", "b"]
    assert prediction.trace[0].path == "predict"


def test_chain_of_thought_shows_demos_without_reasoning_as_incomplete():
    program = ChainOfThought("a -> b", demos=[Example(a="1", b="2")])

    demo = program.predict.messages(a="x")[1:3]
    assert demo[0].content.startswith("Example 1 of 1; reasoning left out.")
    assert "[[ ## reasoning ## ]]\n(left out)" in demo[1].content


# -- several samples -------------------------------------------------------------------


def test_several_samples_are_drawn_at_once_and_all_are_kept():
    rollouts = []

    class Model:
        model = "m"

        def __call__(self, messages, *, rollout=0, **params):
            rollouts.append((rollout, params))
            return Completion(f"[[ ## a ## ]] sample {rollout}")

    with use(lm=Model(), rollout=2):
        prediction = Predict("q -> a", n=3)(q="?")

    assert prediction.a == "sample 6"
    assert [sample.a for sample in prediction.completions] == ["sample 6", "sample 7", "sample 8"]
    assert sorted(rollouts, key=str) == [(i, {"temperature": 0.7}) for i in (6, 7, 8)]
    assert sum(not call.rejected for call in prediction.trace) == 1
    assert len(prediction.trace) == 3


def test_a_sample_that_cannot_be_read_is_left_out_of_the_completions():
    replies = iter(["[[ ## n ## ]] 1", "[[ ## n ## ]] one", "[[ ## n ## ]] uno"])
    with use(lm=Scripted(replies)):
        prediction = Predict("q -> n: int", n=2)(q="?")

    assert [sample.n for sample in prediction.completions] == [1]
    with use(lm=Scripted(lambda prompt: "no")), pytest.raises(ParseError):
        Predict("q -> n: int, m", n=2)(q="?")


def test_a_temperature_that_was_chosen_is_kept_for_samples_unless_all_would_be_alike():
    lm = Scripted(lambda prompt: "[[ ## a ## ]] x")
    with use(lm=lm):
        Predict("q -> a", n=2, temperature=1.2)(q="?")
        Predict("q -> a", n=2, temperature=0)(q="?")

    assert [params["temperature"] for params in lm.params] == [1.2, 1.2, 0.7, 0.7]


def test_one_prediction_is_its_own_only_completion():
    with use(lm=Scripted(["[[ ## a ## ]] x"])):
        prediction = Predict("q -> a")(q="?")

    assert prediction.completions == (prediction,)
    with pytest.raises(UsageError, match="`n` is how many samples are drawn, at least 1; got 0"):
        Predict("q -> a", n=0)


# -- what the context adds -------------------------------------------------------------


def test_params_demos_and_hints_of_the_context_reach_the_model():
    lm = Scripted(lambda prompt: "[[ ## a ## ]] x")
    program = Predict("q -> a", demos=[Example(q="own", a="1")], temperature=0)
    near = (Example(q="near", a="2"), Example(z="other", y="does not fit"))
    with use(lm=lm, params={"temperature": 1.0}, demos=near, hints={"self": "be brief"}):
        program(q="?")

    (messages,), (params,) = lm.calls, lm.params
    assert params == {"temperature": 1.0}
    assert [m.content.splitlines()[-1] for m in messages if m.role == "user"][:2] == ["near", "own"]
    assert [block.kind for block in messages[-1].blocks] == ["input", "hint", "format"]
    assert "be brief" in messages[-1].content


def test_a_predictor_can_have_an_adapter_of_its_own():
    class Two(Module):
        def __init__(self):
            self.one = Predict("q -> a", adapter=JSONAdapter())
            self.two = Predict("q -> a")

        def forward(self, q):
            return {"a": self.one(q=q).a + self.two(q=q).a}

    lm = Scripted(['{"a": "x"}', "[[ ## a ## ]] y"])
    with use(lm=lm):
        assert Two()(q="?").a == "xy"

    with pytest.raises(UsageError, match=r"An adapter is an object such as `ChatAdapter\(\)`"):
        Predict("q -> a", adapter=JSONAdapter)
    with pytest.raises(UsageError, match=r"An adapter is an object such as `ChatAdapter\(\)`"):
        use(adapter=JSONAdapter)


@pytest.mark.parametrize(
    ("demo", "said"),
    [
        (Example(q="1"), "this one has no output: it has `q`, the signature `a`, `b`"),
        (Example(a="1", z="2"), "this one has no input: it has `a`, `z`, the signature `q`"),
        (Example(), "this one has no input: it has nothing"),
    ],
)
def test_a_demo_that_shows_nothing_is_said(demo, said):
    with pytest.raises(UsageError) as caught:
        Predict("q -> a, b", demos=[demo])

    assert said in str(caught.value)
