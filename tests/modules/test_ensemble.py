"""Ensemble: several programs, one answer."""

import asyncio

import pytest

from dspnb import (
    LM,
    BootstrapFewShot,
    ChainOfThought,
    Ensemble,
    Example,
    Module,
    ParseError,
    Predict,
    Prediction,
    Signature,
    UsageError,
    compile,
    evaluate,
    metrics,
    preview,
    require,
    use,
)
from dspnb.errors import QuotaSpent, WrongKey
from dspnb.testing import Scripted

QUESTION = "Which planet is red?"


def member(name):
    """A program whose prompt says who it is."""
    return Predict(Signature("question -> answer", f"You are {name}."))


class Says:
    """A model that answers by what the instructions call it."""

    model = "says"

    def __init__(self, **answers):
        self.answers, self.calls = answers, []

    def __call__(self, messages, *, rollout=0, **params):
        self.calls.append(messages)
        name = messages[0].content.split("You are ")[1].split(".")[0]
        answer = self.answers[name]
        return Scripted([f"[[ ## answer ## ]]\n{answer}" if answer else ""])(messages)


def trio(**options):
    return Ensemble([member("one"), member("two"), member("three")], **options)


def test_the_majority_of_the_programs_decides():
    lm = Says(one="Ares", two="Mars", three="mars.")
    with use(lm=lm):
        prediction = trio()(question=QUESTION)

    assert prediction.answer == "Mars"
    assert len(lm.calls) == 3
    assert sorted(call.path for call in prediction.trace) == [
        "programs.0",
        "programs.1",
        "programs.2",
    ]


def test_the_calls_of_programs_with_another_answer_are_not_used():
    with use(lm=Says(one="Ares", two="Mars", three="mars.")):
        prediction = trio()(question=QUESTION)

    assert {call.path: call.rejected for call in prediction.trace} == {
        "programs.0": "the ensemble chose another answer",
        "programs.1": "",
        "programs.2": "",
    }


def test_another_reduction_gets_the_predictions_in_the_order_of_the_programs():
    def joined(predictions):
        return Prediction(answer=" ".join(prediction.answer for prediction in predictions))

    with use(lm=Says(one="a1", two="b", three="c")):
        prediction = trio(reduce=joined)(question=QUESTION)

    assert prediction.answer == "a1 b c"
    assert [call.rejected for call in prediction.trace] == ["", "", ""]  # all of them were used


def test_some_are_drawn_by_the_inputs_and_the_seed():
    lm = Says(**{str(i): "Mars" for i in range(9)})
    programs = [member(str(i)) for i in range(9)]

    def drawn(seed, question):
        with use(lm=lm):
            trace = Ensemble(programs, size=3, seed=seed)(question=question).trace
        return sorted(call.path for call in trace)

    draws = [drawn(0, str(i)) for i in range(5)]
    assert draws == [drawn(0, str(i)) for i in range(5)]
    assert len(set(map(tuple, draws))) > 1
    assert {len(draw) for draw in draws} == {3}
    assert draws != [drawn(1, str(i)) for i in range(5)]
    assert drawn(0, "Why?") == ["programs.0", "programs.5", "programs.7"]  # in every process


def test_programs_that_fail_are_left_out():
    lm = Says(one="", two="Mars", three="Ares")
    with use(lm=lm):
        prediction = trio()(question=QUESTION)

    assert prediction.answer == "Mars"
    assert [bool(call.error) for call in prediction.trace if call.path == "programs.0"] == [True]


@pytest.mark.parametrize("kind", [WrongKey, QuotaSpent])
def test_an_error_is_raised_when_all_fail_or_none_could_succeed(kind):
    def refuse(prompt):
        raise kind("not today", model="scripted")

    with use(lm=Says(one="", two="", three="")), pytest.raises(ParseError):
        trio()(question=QUESTION)
    broken = member("two")
    broken.lm = Scripted(refuse)
    with use(lm=Says(one="Mars")), pytest.raises(kind):
        Ensemble([member("one"), broken])(question=QUESTION)
    with use(lm=Says(one="Mars")), pytest.raises(UsageError, match="takes no input `topic`"):
        Ensemble([member("one")])(topic=QUESTION)


def test_members_may_be_async_and_it_can_be_awaited():
    class Inside(Module):
        async def forward(self, question):
            return Prediction(answer="Mars")

    program = Ensemble([Inside(), Inside()])
    assert asyncio.run(program.acall(question=QUESTION)).answer == "Mars"
    assert program(question=QUESTION).answer == "Mars"


def test_a_complaint_is_about_the_program_whose_answer_was_chosen():
    class Strict(Module):
        def __init__(self):
            self.ensemble = trio()

        def forward(self, question):
            answer = self.ensemble(question=question).answer
            require(answer == "Venus", "say Venus")
            return Prediction(answer=answer)

    class Obeys(Says):
        def __call__(self, messages, **params):
            if "say Venus" in messages[-1].content:
                self.answers = dict.fromkeys(self.answers, "Venus")
            return super().__call__(messages, **params)

    lm = Obeys(one="Venus", two="Mars", three="mars")
    with use(lm=lm):
        prediction = Strict()(question=QUESTION)

    assert prediction.answer == "Venus"
    assert len(lm.calls) == 4
    reasons = {(call.path, call.outputs["answer"]): call.rejected for call in prediction.trace}
    assert reasons == {
        ("ensemble.programs.0", "Venus"): "",
        ("ensemble.programs.1", "Mars"): "say Venus",
        ("ensemble.programs.1", "Venus"): "",
        ("ensemble.programs.2", "mars"): "the ensemble chose another answer",
    }


def test_its_predictors_are_found_saved_and_previewed(tmp_path):
    program = Ensemble([ChainOfThought("question -> answer"), member("two")])
    other = Ensemble([ChainOfThought("question -> answer"), Predict("question -> answer")])

    assert [path for path, _ in program.predictors()] == ["programs.0.predict", "programs.1"]
    assert other.load(program.save(tmp_path / "e.json")).state == program.state
    assert preview(program, question=QUESTION).path in program.state


ROWS = [
    Example(text=f"{word} {i}", color=color).with_inputs("text")
    for color, words in {"red": ["rose", "cherry"], "blue": ["sky", "ocean"]}.items()
    for word in words
    for i in range(3)
]


def test_it_compiles_with_the_offline_model():
    signature = "text -> color: Literal['red', 'blue']"
    program = Ensemble([ChainOfThought(signature), Predict(signature), Predict(signature)])
    with use(lm=LM("offline")):
        run = compile(
            program,
            BootstrapFewShot(3, 6),
            metric=metrics.exact("color"),
            train=ROWS[::2],
            val=ROWS[1::2],
            wait=True,
        )
        report = evaluate(run.best, ROWS[1::2], metrics.exact("color"))

    assert run.status == "done"
    assert list(run.best.state) == ["programs.0.predict", "programs.1", "programs.2"]
    assert all(setting.demos for setting in run.best.state.values())
    assert report.mean == 1.0


def test_nonsense_is_said_early():
    with pytest.raises(UsageError, match="An ensemble has at least one program"):
        Ensemble([])
    with pytest.raises(UsageError, match=r"A program is a `Module`, such as `Predict\(...\)`"):
        Ensemble([Predict])
    with pytest.raises(UsageError, match="`size` is a whole number, at least 1; got 0"):
        trio(size=0)
    with pytest.raises(UsageError, match="`size=4` of 3 programs cannot be drawn"):
        trio(size=4)
    with pytest.raises(UsageError, match="`reduce` is a function of a list of predictions"):
        trio(reduce=None)
