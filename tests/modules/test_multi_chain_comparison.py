"""MultiChainComparison: several attempts are weighed in one more call."""

import pytest

from dspnb import (
    LM,
    Completion,
    Field,
    MultiChainComparison,
    ParseError,
    Prediction,
    Signature,
    UsageError,
    preview,
    use,
)
from dspnb.testing import Scripted

QUESTION = "Which planet is red?"


def thought(reasoning, answer):
    return f"[[ ## reasoning ## ]]\n{reasoning}\n[[ ## answer ## ]]\n{answer}"


GIVEN = [
    Prediction(reasoning="It is red.", answer="Mars"),
    {"rationale": "A god of war.", "answer": "Ares"},
    {"answer": "Venus"},
]


def test_attempts_that_are_there_are_compared_in_one_call():
    lm = Scripted([thought("Two of three.", "Mars")])
    with use(lm=lm):
        prediction = MultiChainComparison("question -> answer")(
            completions=GIVEN, question=QUESTION
        )

    assert dict(prediction) == {"reasoning": "Two of three.", "answer": "Mars"}
    (call,) = prediction.trace
    assert call.path == "compare"
    assert call.inputs == {
        "question": QUESTION,
        "attempt_1": "reasoning: It is red.\nanswer: Mars",
        "attempt_2": "rationale: A god of war.\nanswer: Ares",
        "attempt_3": "answer: Venus",
    }


def test_the_completions_of_a_prediction_will_do():
    sampled = GIVEN[0].with_completions([GIVEN[0], Prediction(answer="Ares")])
    lm = Scripted([thought("r", "Mars")])
    with use(lm=lm):
        compare = MultiChainComparison("question -> answer", M=2)
        prediction = compare(completions=sampled, question=QUESTION)

    assert prediction.trace[0].inputs["attempt_2"] == "answer: Ares"


def test_without_attempts_it_makes_them_warm_and_each_afresh():
    asked = []

    class Model:
        model = "recorder"

        def __call__(self, messages, *, rollout=0, **params):
            asked.append((rollout, params))
            return Completion(thought(f"by {rollout}", "Mars"))

    with use(lm=Model(), rollout=1, params={"temperature": 0.0}):
        prediction = MultiChainComparison("question -> answer", M=2)(question=QUESTION)

    assert sorted(asked[:2], key=str) == [(2, {"temperature": 0.7}), (3, {"temperature": 0.7})]
    assert asked[2] == (1, {"temperature": 0.0})
    assert [call.path for call in prediction.trace] == ["attempt.predict"] * 2 + ["compare"]
    assert prediction.trace[2].inputs["attempt_2"] == "reasoning: by 3\nanswer: Mars"


def test_attempts_with_another_answer_are_not_used():
    replies = iter([thought("a", "Mars."), thought("b", "Ares"), thought("c", "mars")])
    with use(lm=Scripted(replies)):
        prediction = MultiChainComparison("question -> answer", M=2)(question=QUESTION)

    reasons = {call.outputs["answer"]: call.rejected for call in prediction.trace}
    assert reasons == {"Mars.": "", "Ares": "the comparison came to another answer", "mars": ""}


def test_an_attempt_that_fails_is_raised():
    with use(lm=Scripted([""] * 4)), pytest.raises(ParseError):
        MultiChainComparison("question -> answer", M=2)(question=QUESTION)


def test_forward_alone_works_as_well():
    with use(lm=Scripted([thought("r", "Mars")] * 4)):
        assert MultiChainComparison("question -> answer").forward(question="?").answer == "Mars"


def test_it_works_with_the_offline_model_and_is_saved(tmp_path):
    program = MultiChainComparison("question -> answer: Literal['Mars', 'Venus']", M=2)
    with use(lm=LM("offline")):
        prediction = program(question=QUESTION)

    assert prediction.answer in ("Mars", "Venus")
    assert len(prediction.trace) == 3
    assert program.load(program.save(tmp_path / "p.json")) is program
    assert list(program.state) == ["attempt.predict", "compare"]


def test_its_preview_is_the_prompt_of_an_attempt():
    program = MultiChainComparison("question -> answer")

    assert preview(program, question=QUESTION).path == "attempt.predict"


@pytest.mark.parametrize("wrong", [GIVEN[:2], [*GIVEN, GIVEN[0]], [], Prediction(answer="Mars")])
def test_too_few_or_too_many_completions_are_said(wrong):
    with pytest.raises(UsageError, match=r"A comparison is of `M=3` completions; got \d"):
        MultiChainComparison("question -> answer")(completions=wrong, question=QUESTION)


def test_completions_that_are_none_are_said():
    program = MultiChainComparison("question -> answer", M=1)
    with pytest.raises(UsageError, match="`M=1` completions; got 'Mars'"):
        program(completions="Mars", question=QUESTION)
    with pytest.raises(UsageError, match="A completion is a prediction or a dict; got 'Mars'"):
        program(completions=["Mars"], question=QUESTION)
    with pytest.raises(UsageError, match="has the output `answer`; this one has `reply`"):
        program(completions=[{"reply": "Mars"}], question=QUESTION)


def test_nonsense_is_said_early():
    with pytest.raises(UsageError, match="`M` is a whole number, at least 1; got 0"):
        MultiChainComparison("question -> answer", M=0)
    with pytest.raises(UsageError, match="`temperature` is a number"):
        MultiChainComparison("question -> answer", temperature="warm")
    with pytest.raises(UsageError, match="`attempt_1`"):
        MultiChainComparison(Signature([Field("attempt_1"), Field("b", role="output")]))
