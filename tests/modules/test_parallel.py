"""Parallel: pairs of programs and inputs at the same time, in their order."""

import threading

import pytest

from dspnb import (
    ChainOfThought,
    Example,
    Module,
    Parallel,
    ParseError,
    Predict,
    Prediction,
    UsageError,
    require,
    use,
)
from dspnb.errors import BatchError
from dspnb.testing import Scripted


def echo(prompt):
    """Answers with the question."""
    question = prompt.split("\n")[1]
    return f"[[ ## reasoning ## ]]\nhm\n[[ ## answer ## ]]\n{question}"


def test_each_program_gets_its_inputs_and_predictions_come_in_order():
    first, second = Predict("question -> answer"), ChainOfThought("topic -> answer")
    lm = Scripted(echo)
    with use(lm=lm):
        pairs = [(first, Example(question=str(i), x=0).with_inputs("question")) for i in range(9)]
        predictions = Parallel(concurrency=4)([*pairs, (second, {"topic": "t"})])

    assert [prediction.answer for prediction in predictions] == [*map(str, range(9)), "t"]
    assert [len(prediction.trace) for prediction in predictions] == [1] * 10
    assert predictions[-1].trace[0].path == "predict"
    assert len(lm.calls) == 10


def test_programs_run_at_the_same_time():
    meet = threading.Barrier(3, timeout=10)

    class Meets(Module):
        def forward(self, x):
            meet.wait()
            return Prediction(x=x)

    program = Meets()
    assert [p.x for p in Parallel(3)([(program, {"x": i}) for i in range(3)])] == [0, 1, 2]


class Fan(Module):
    """Asks two predictors, each twice, at the same time."""

    def __init__(self):
        self.left = ChainOfThought("question -> answer")
        self.right = {"r": Predict("question -> answer")}

    def forward(self, question):
        pairs = [(self.left, {"question": "a"}), (self.right["r"], {"question": "b"})]
        return Prediction(answers=[p.answer for p in Parallel()(pairs * 2)])


def test_inside_a_program_all_calls_are_in_its_trace_under_their_paths():
    with use(lm=Scripted(echo)):
        prediction = Fan()(question="?")

    assert prediction.answers == ["a", "b", "a", "b"]
    assert sorted((call.path, call.outputs["answer"]) for call in prediction.trace) == [
        ("left.predict", "a"),
        ("left.predict", "a"),
        ("right.r", "b"),
        ("right.r", "b"),
    ]


def test_model_and_parameters_follow():
    lm = Scripted(echo)
    with use(lm=lm, params={"temperature": 0.4}):
        Fan()(question="?")

    assert lm.params == [{"temperature": 0.4}] * 4


def test_constraints_hold_inside():
    class Strict(Module):
        def __init__(self):
            self.answer = Predict("question -> answer")

        def forward(self, question):
            answer = self.answer(question=question).answer
            require("!" in answer, "shout")
            return Prediction(answer=answer)

    class Outer(Module):
        def __init__(self):
            self.strict = [Strict(), Strict()]

        def forward(self, questions):
            pairs = [
                (self.strict[i % 2], {"question": question}) for i, question in enumerate(questions)
            ]
            return Prediction(answers=[p.answer for p in Parallel()(pairs)])

    def shout(prompt):
        return "[[ ## answer ## ]]\nhey!" if "shout" in prompt else "[[ ## answer ## ]]\nhey"

    lm = Scripted(shout)
    with use(lm=lm):
        prediction = Outer()(questions=["a", "b", "c", "d"])

    assert prediction.answers == ["hey!"] * 4
    assert len(lm.calls) == 8
    assert sorted(call.rejected for call in prediction.trace) == [""] * 4 + ["shout"] * 4
    assert [check.held for check in prediction.checks] == [True] * 4


def test_what_failed_does_not_take_the_rest_with_it():
    def reply(prompt):
        return echo(prompt) if "good" in prompt else ""

    program = Predict("question -> answer")
    pairs = [(program, {"question": question}) for question in ("good", "bad")]
    with use(lm=Scripted(reply)):
        with pytest.raises(BatchError, match="1 of 2 calls failed") as error:
            Parallel()(pairs)
        kept = Parallel(return_errors=True)(pairs)

    assert error.value.results[0].answer == "good"
    assert kept[0].answer == "good"
    assert isinstance(kept[1], ParseError)


def test_it_can_be_called_again_and_remembers_nothing():
    parallel, program = Parallel(), Predict("question -> answer")
    with use(lm=Scripted(echo)):
        assert parallel([(program, {"question": "a"})])[0].answer == "a"
        assert parallel([]) == []


def test_nonsense_is_said():
    with pytest.raises(UsageError, match="`concurrency` is a whole number, at least 1; got 0"):
        Parallel(0)
    with pytest.raises(TypeError, match="num_threads"):
        Parallel(num_threads=4)
    with pytest.raises(UsageError, match="takes pairs of a program and its inputs"):
        Parallel()([{"question": "a"}])
    with pytest.raises(UsageError, match="takes pairs of a program and its inputs"):
        Parallel()([(Fan, {"question": "a"})])
