"""Constraints in a program: what is not met is asked again, with the reason; nothing else is."""

import asyncio

import pytest

from dspnb import (
    BootstrapFewShot,
    ConstraintError,
    Example,
    Module,
    Predict,
    Prediction,
    UsageError,
    compile,
    evaluate,
    metrics,
    require,
    suggest,
    use,
)
from dspnb.testing import Scripted

QUESTION = "Which planet is red?"


class Brief(Module):
    """Writes a draft, then an answer that must be short."""

    def __init__(self, check=require, words=2, **options):
        self.draft = Predict("question -> draft")
        self.answer = Predict("question, draft -> answer")
        self.check, self.words, self.options = check, words, options
        self.started = 0

    def forward(self, question):
        self.started += 1
        draft = self.draft(question=question).draft
        answer = self.answer(question=question, draft=draft).answer
        length = len(answer.split())
        self.check(
            length <= self.words, f"at most {self.words} words, not {length}", **self.options
        )
        return Prediction(answer=answer)


def answers(*texts):
    return [f"[[ ## answer ## ]]\n{text}" for text in texts]


DRAFT = "[[ ## draft ## ]]\nMars, I think."


def test_a_predictor_whose_answer_breaks_a_constraint_sees_it_with_the_reason():
    lm = Scripted([DRAFT, *answers("It is the planet Mars.", "Mars.")])
    with use(lm=lm):
        prediction = Brief()(question=QUESTION)

    assert prediction.answer == "Mars."
    first, again = lm.calls[1:]
    assert again[: len(first)] == first
    said, plea = again[len(first) :]
    assert (said.role, said.content) == ("assistant", answers("It is the planet Mars.")[0])
    assert plea.content.startswith("That answer was not accepted: at most 2 words, not 5")


def test_what_was_asked_before_it_is_not_asked_again():
    lm = Scripted([DRAFT, *answers("It is the planet Mars.", "The planet Mars.", "Mars.")])
    program = Brief()
    with use(lm=lm):
        prediction = program(question=QUESTION)

    assert program.started == 3
    assert [call.path for call in prediction.trace] == ["draft", "answer", "answer", "answer"]
    assert [call.rejected for call in prediction.trace] == [
        "",
        "at most 2 words, not 5",
        "at most 2 words, not 3",
        "",
    ]


def test_the_prediction_says_which_constraints_were_not_met_at_first():
    with use(lm=Scripted([DRAFT, *answers("It is the planet Mars.", "Mars.")])):
        (check,) = Brief()(question=QUESTION).checks

    assert (check.kind, check.held, check.tries) == ("require", True, 1)
    assert check.message == "at most 2 words, not 5"


def test_a_requirement_that_is_never_met_is_an_error_that_keeps_the_calls():
    lm = Scripted([DRAFT, *answers("a b c", "a b c d", "a b c d e")])
    with use(lm=lm), pytest.raises(ConstraintError) as caught:
        Brief()(question=QUESTION)

    assert str(caught.value) == ("at most 2 words, not 5 (The predictor was asked again 2 times.)")
    assert len(caught.value.trace) == 4
    (check,) = caught.value.checks
    assert (check.held, check.tries) == (False, 2)


def test_a_suggestion_that_is_never_met_lets_the_program_go_on():
    lm = Scripted([DRAFT, *answers("a b c", "a b c d", "a b c d e")])
    with use(lm=lm):
        prediction = Brief(suggest)(question=QUESTION)

    assert prediction.answer == "a b c d e"
    (check,) = prediction.checks
    assert (check.kind, check.held, check.tries) == ("suggest", False, 2)


def test_the_number_of_retries_can_be_chosen():
    lm = Scripted([DRAFT, *answers("a b c")])
    with use(lm=lm), pytest.raises(ConstraintError):
        Brief(retries=0)(question=QUESTION)

    assert len(lm.calls) == 2


def test_another_predictor_can_be_blamed():
    class Blaming(Module):
        def __init__(self):
            self.draft = Predict("question -> draft")
            self.answer = Predict("draft -> answer")

        def forward(self, question):
            draft = self.draft(question=question).draft
            answer = self.answer(draft=draft).answer
            require("Mars" in answer, "name the planet", about=self.draft)
            return Prediction(answer=answer)

    replies = ["[[ ## draft ## ]] red", *answers("Venus"), DRAFT, *answers("Mars")]
    lm = Scripted(replies)
    with use(lm=lm):
        prediction = Blaming()(question=QUESTION)

    assert prediction.answer == "Mars"
    assert "not accepted: name the planet" in lm.calls[2][-1].content
    assert [(call.path, call.rejected) for call in prediction.trace] == [
        ("draft", "name the planet"),
        ("answer", "an earlier answer was not accepted"),
        ("draft", ""),
        ("answer", ""),
    ]


def test_a_constraint_of_an_inner_module_repeats_only_this_module():
    class Outer(Module):
        def __init__(self):
            self.first = Predict("question -> topic")
            self.inner = Brief()
            self.started = 0

        def forward(self, question):
            self.started += 1
            topic = self.first(question=question).topic
            return self.inner(question=topic)

    outer = Outer()
    lm = Scripted(["[[ ## topic ## ]] red", DRAFT, *answers("a b c", "Mars")])
    with use(lm=lm):
        prediction = outer(question=QUESTION)

    assert prediction.answer == "Mars"
    assert (outer.started, outer.inner.started) == (1, 2)
    assert [call.path for call in prediction.trace] == [
        "first",
        "inner.draft",
        "inner.answer",
        "inner.answer",
    ]


def test_an_outer_constraint_repeats_an_inner_module_without_asking_what_it_asked():
    class Outer(Module):
        def __init__(self):
            self.inner = Brief(words=9)

        def forward(self, question):
            prediction = self.inner(question=question)
            require(prediction.answer == "Mars", "only the name")
            return prediction

    outer = Outer()
    lm = Scripted([DRAFT, *answers("planet Mars", "Mars")])
    with use(lm=lm):
        prediction = outer(question=QUESTION)

    assert prediction.answer == "Mars"
    assert len(lm.calls) == 3
    assert outer.inner.started == 2


def test_each_turn_of_a_loop_has_its_own_retries():
    class Loop(Module):
        def __init__(self):
            self.answer = Predict("n: int -> answer")

        def forward(self, n):
            said = []
            for i in range(n):
                said.append(self.answer(n=i).answer)
                require(len(said[-1]) < 3, "two letters", retries=1)
            return Prediction(answer=" ".join(said))

    lm = Scripted(answers("aaa", "a", "b", "ccc", "c"))
    with use(lm=lm):
        prediction = Loop()(n=3)

    assert prediction.answer == "a b c"
    assert [check.held for check in prediction.checks] == [True, True]
    assert len(lm.calls) == 5


def test_a_programs_own_except_does_not_stop_a_constraint():
    class Careful(Brief):
        def forward(self, question):
            try:
                return super().forward(question)
            except Exception:
                return Prediction(answer="caught")

    with use(lm=Scripted([DRAFT, *answers("a b c", "Mars")])):
        assert Careful()(question=QUESTION).answer == "Mars"


def test_an_async_program_is_sent_back_as_well():
    class Async(Brief):
        async def forward(self, question):
            draft = (await self.draft.acall(question=question)).draft
            answer = (await self.answer.acall(question=question, draft=draft)).answer
            require(len(answer.split()) <= 2, "at most 2 words")
            return Prediction(answer=answer)

    async def ask():
        return await Async().acall(question=QUESTION)

    with use(lm=Scripted([DRAFT, *answers("a b c", "Mars")])):
        prediction = asyncio.run(ask())

    assert prediction.answer == "Mars"
    assert [bool(call.rejected) for call in prediction.trace] == [False, True, False]


def test_a_constraint_with_nothing_to_ask_again_is_an_error_at_once():
    class Early(Module):
        def forward(self, question):
            require(question.endswith("?"), "ask a question")
            return Prediction(answer="")

    with pytest.raises(ConstraintError, match=r"ask a question \(No predictor was called before"):
        Early()(question="Mars")
    with pytest.raises(ConstraintError, match="No program is under way"):
        require(False, "outside")
    with pytest.raises(UsageError, match="`suggest` belongs in the `forward`"):
        suggest(False, "outside")
    with pytest.raises(UsageError, match="`require` takes a message for the model; got ''"):
        require(False, "")


ROWS = [Example(question=f"{i}?", answer="Mars").with_inputs("question") for i in range(4)]


class Stubborn:
    """Answers `Mars` only when asked again, and to question 3 never."""

    model = "stubborn"

    def __call__(self, messages, *, rollout=0, **params):
        content = "\n".join(message.content for message in messages if message.role == "user")
        again = "not accepted" in content
        right = again and "3?" not in content
        text = DRAFT if "## answer ##" not in messages[0].content else ""
        return Scripted([text or answers("Mars" if right else "the red one")[0]])(messages)


def test_a_report_counts_the_constraints():
    with use(lm=Stubborn()):
        report = evaluate(Brief(), ROWS, metrics.exact("answer"))

    assert report.mean == 3 / 4
    assert report.checks == {"at most 2 words, not 3": (4, 3)}
    assert len(report.errors) == 1


def test_rejected_answers_do_not_become_demos():
    with use(lm=Stubborn()):
        run = compile(
            Brief(suggest),
            BootstrapFewShot(max_bootstrapped_demos=2, max_labeled_demos=0),
            metric=metrics.exact("answer"),
            train=ROWS[:2],
            val=ROWS[2:],
            wait=True,
        )

    demos = run.candidates[-1].state["answer"].demos
    assert [demo.answer for demo in demos] == ["Mars", "Mars"]
