"""BestOfN: several samples, the best is kept, and the trace tells all of it."""

import asyncio
import functools
import math

import pytest

from dspnb import (
    LM,
    BestOfN,
    BootstrapFewShot,
    ChainOfThought,
    Completion,
    Example,
    Module,
    ParseError,
    Predict,
    Prediction,
    Score,
    TwoStepAdapter,
    UsageError,
    compile,
    evaluate,
    metrics,
    preview,
    require,
    use,
)
from dspnb.errors import MetricError, QuotaSpent, WrongKey
from dspnb.lm.base import estimate_tokens
from dspnb.testing import Scripted

QUESTION = "Which planet is red?"
UNREADABLE = ["", ""]  # the answer, and its repair


def answers(*texts):
    return [f"[[ ## answer ## ]]\n{text}" for text in texts]


def brevity(inputs, prediction):
    """Short answers are better."""
    return 1 / len(prediction.answer.split())


class Recorder:
    """A model that answers with the rollout and the temperature it was asked for."""

    model = "recorder"

    def __init__(self):
        self.asked = []

    def __call__(self, messages, *, rollout=0, temperature=None, **params):
        self.asked.append((rollout, temperature))
        return Completion(answers(f"{rollout}")[0], tokens_in=10, tokens_out=2, dollars=0.5)


def test_the_sample_with_the_best_reward_is_kept():
    lm = Scripted(answers("It is Mars", "Mars", "Red Mars"))
    with use(lm=lm):
        prediction = BestOfN(Predict("question -> answer"), 3, brevity)(question=QUESTION)

    assert prediction.answer == "Mars"
    assert len(lm.calls) == 3


def test_of_equal_rewards_the_first_is_kept():
    with use(lm=Scripted(answers("Mars", "Ares"))):
        prediction = BestOfN(Predict("question -> answer"), 2, brevity)(question=QUESTION)

    assert prediction.answer == "Mars"
    assert prediction.trace[1].rejected == "an earlier sample was kept (reward 1 = 1)"


def test_the_first_sample_is_that_of_the_module_alone_and_others_are_warm_and_fresh():
    lm = Recorder()
    program = BestOfN(Predict("question -> answer"), 3, brevity)
    with use(lm=lm):
        program(question=QUESTION)
        with use(rollout=2, params={"temperature": 0.1}):
            program(question=QUESTION)

    assert lm.asked[:3] == [(0, None), (1, 1.0), (2, 1.0)]
    assert lm.asked[3:] == [(6, 0.1), (7, 1.0), (8, 1.0)]


def test_the_threshold_ends_the_search():
    lm = Scripted(answers("It is Mars", "Mars"))
    program = BestOfN(Predict("question -> answer"), 5, brevity, threshold=1.0)

    with use(lm=lm):
        assert program(question=QUESTION).answer == "Mars"
    assert len(lm.calls) == 2


def test_the_trace_has_every_sample_with_its_cost_and_why_it_was_not_kept():
    rewards = iter([0.3, 0.8, 0.25])
    with use(lm=Recorder()):
        program = BestOfN(Predict("question -> answer"), 3, lambda inputs, made: next(rewards))
        prediction = program(question=QUESTION)

    assert [call.path for call in prediction.trace] == ["module"] * 3
    assert sum(call.dollars for call in prediction.trace) == 1.5
    assert [call.rejected for call in prediction.trace] == [
        "a better sample was kept (reward 0.3 < 0.8)",
        "",
        "a better sample was kept (reward 0.25 < 0.8)",
    ]


def test_the_reward_function_sees_inputs_prediction_and_trace():
    seen = []

    def reward(inputs, prediction):
        seen.append((inputs["question"], inputs.question, prediction.answer, prediction.trace))
        return True

    with use(lm=Scripted(answers("Mars", "Ares"))):
        BestOfN(Predict("question -> answer"), 2, reward)(question=QUESTION)

    assert [one[:3] for one in seen] == [(QUESTION, QUESTION, "Mars"), (QUESTION, QUESTION, "Ares")]
    assert [[call.outputs["answer"] for call in one[3]] for one in seen] == [["Mars"], ["Ares"]]


@pytest.mark.parametrize("good", [True, 1, Score(1.0, "fine"), (1.0, "fine")], ids=str)
def test_a_reward_may_be_whatever_a_score_may_be(good):
    lm = Scripted(answers("Mars", "Ares"))
    with use(lm=lm):
        program = BestOfN(Predict("question -> answer"), 2, lambda *_: good, threshold=1)
        program(question=QUESTION)

    assert len(lm.calls) == 1


@pytest.mark.parametrize("wrong", [None, "high", math.nan, math.inf])
def test_a_reward_that_is_no_number_is_said_at_once(wrong):
    def reward(inputs, prediction):
        return wrong

    lm = Scripted(answers("Mars", "Ares"))
    said = rf"The reward function `reward` gave {wrong!r}; it must give a finite number"
    with use(lm=lm), pytest.raises(UsageError, match=said):
        BestOfN(Predict("question -> answer"), 2, reward)(question=QUESTION)
    assert len(lm.calls) == 1


def test_a_reward_function_that_raises_is_named():
    def reward(inputs, prediction):
        return prediction.confidence

    with (
        use(lm=Scripted(answers("Mars"))),
        pytest.raises(MetricError, match="The reward function `reward` raised AttributeError"),
    ):
        BestOfN(Predict("question -> answer"), 2, reward)(question=QUESTION)


# -- samples that fail -----------------------------------------------------------------


def test_samples_that_fail_are_passed_over():
    lm = Scripted([*UNREADABLE, *answers("Mars")])
    with use(lm=lm):
        prediction = BestOfN(Predict("question -> answer"), 2, brevity)(question=QUESTION)

    assert prediction.answer == "Mars"
    assert [bool(call.error) for call in prediction.trace] == [True, False]
    assert len(lm.calls) == 3


def test_the_last_error_is_raised_when_all_fail():
    texts = iter(["first", "second"])

    class Fails(Module):
        def forward(self, question):
            raise ValueError(next(texts))

    with pytest.raises(ValueError, match="second"):
        BestOfN(Fails(), 2, brevity)(question=QUESTION)


def test_more_failures_than_allowed_are_raised_and_the_count_starts_anew_in_each_call():
    lm = Scripted([*UNREADABLE, *answers("Mars")] * 2 + UNREADABLE * 2)
    program = BestOfN(Predict("question -> answer"), 3, brevity, threshold=1.0, fail_count=1)

    with use(lm=lm):
        assert program(question=QUESTION).answer == "Mars"
        assert program(question=QUESTION).answer == "Mars"
        with pytest.raises(ParseError) as error:
            program(question=QUESTION)
    assert len(error.value.trace) == 2
    assert len(lm.calls) == 10


def test_what_a_failed_sample_asked_before_it_failed_is_not_used():
    class Two(Module):
        def __init__(self):
            self.draft = Predict("question -> draft")
            self.answer = Predict("draft -> answer")

        def forward(self, question):
            return self.answer(draft=self.draft(question=question).draft)

    draft = "[[ ## draft ## ]]\nred"
    with use(lm=Scripted([draft, *UNREADABLE, draft, *answers("Mars")])):
        prediction = BestOfN(Two(), 2, brevity)(question=QUESTION)

    first, second, *kept = prediction.trace
    assert first.rejected.startswith("the sample failed: ParseError: The answer could not be read")
    assert (bool(second.error), second.rejected) == (True, "")
    assert [call.rejected for call in kept] == ["", ""]


@pytest.mark.parametrize("kind", [WrongKey, QuotaSpent])
def test_what_the_user_or_a_provider_must_mend_is_raised_at_once(kind):
    def refuse(prompt):
        raise kind("not today", model="scripted")

    lm = Scripted(refuse)
    program = BestOfN(Predict("question -> answer"), 3, brevity)
    with use(lm=lm), pytest.raises(kind):
        program(question=QUESTION)
    with use(lm=lm), pytest.raises(UsageError, match="takes no input `topic`"):
        program(topic=QUESTION)
    with use(lm=None), pytest.raises(UsageError, match="No model is set"):
        program(question=QUESTION)
    assert len(lm.calls) == 1


def test_a_judge_that_cannot_be_read_fails_its_sample_only():
    judge = Predict("answer -> good: bool")

    def reward(inputs, prediction):
        return judge(answer=prediction.answer).good

    good = "[[ ## good ## ]]\ntrue"
    lm = Scripted([*answers("Ares"), *UNREADABLE, *answers("Mars"), good])
    with use(lm=lm):
        prediction = BestOfN(Predict("question -> answer"), 2, reward)(question=QUESTION)

    assert prediction.answer == "Mars"
    assert [call.path for call in prediction.trace] == ["module", "`answer -> good: bool`"] * 2
    assert prediction.trace[3].rejected == ""  # the judge's own answer was used


# -- together with the rest ------------------------------------------------------------


def test_it_can_be_awaited():
    with use(lm=Scripted(answers("It is Mars", "Mars"))):
        program = BestOfN(Predict("question -> answer"), 2, brevity)
        assert asyncio.run(program.acall(question=QUESTION)).answer == "Mars"


def test_the_program_inside_may_be_async():
    class Inside(Module):
        def __init__(self):
            self.answer = Predict("question -> answer")

        async def forward(self, question):
            return await self.answer.acall(question=question)

    program = BestOfN(Inside(), 2, brevity)

    async def both():
        with use(lm=Scripted(answers("It is Mars", "Mars"))):
            return await program.acall(question=QUESTION)

    prediction = asyncio.run(both())
    with use(lm=Scripted(answers("Mars", "It is Mars"))):
        again = program(question=QUESTION)
    assert [bool(call.rejected) for call in prediction.trace] == [True, False]
    assert [bool(call.rejected) for call in again.trace] == [False, True]
    assert {call.path for call in prediction.trace} == {"module.answer"}


class Short(Module):
    """Complains of what the best sample says."""

    def __init__(self):
        self.best = BestOfN(Predict("question -> answer"), 2, self.reward)
        self.rewards = {"Phobos": 0.9, "Deimos": 0.5, "Mars": 1.0, "Ares": 0.6}

    def reward(self, inputs, prediction):
        return self.rewards[prediction.answer]

    def forward(self, question):
        answer = self.best(question=question).answer
        require(answer in ("Mars", "Ares"), "name a planet")
        return Prediction(answer=answer)


@pytest.mark.parametrize("kept", ["first", "last"])
def test_a_constraint_asks_the_sample_again_that_was_kept(kept):
    texts = ("Phobos", "Deimos") if kept == "first" else ("Deimos", "Phobos")
    lm = Scripted(answers(*texts, "Mars"))
    with use(lm=lm):
        prediction = Short()(question=QUESTION)

    assert prediction.answer == "Mars"
    assert len(lm.calls) == 3  # the other sample is not asked again
    assert "Phobos" in lm.calls[2][-2].content
    reasons = {call.outputs["answer"]: call.rejected for call in prediction.trace}
    assert reasons["Phobos"] == "name a planet"
    assert reasons["Deimos"].startswith("a better sample was kept")
    assert reasons["Mars"] == ""


def test_a_sample_that_is_used_after_all_is_no_longer_rejected():
    program = Short()
    program.rewards |= {"Ares": 0.7, "Deimos": 0.1}
    lm = Scripted(answers("Ares", "Phobos", "Deimos"))

    with use(lm=lm):
        prediction = program(question=QUESTION)
    assert prediction.answer == "Ares"
    assert len(lm.calls) == 3
    reasons = {call.outputs["answer"]: call.rejected for call in prediction.trace}
    assert reasons["Ares"] == ""
    assert reasons["Deimos"] == "a better sample was kept (reward 0.1 < 0.7)"


def test_the_second_step_of_a_two_step_answer_belongs_to_its_sample():
    extractor = Scripted(answers("It is Mars", "Mars"))
    adapter = TwoStepAdapter(extractor)
    with use(lm=Scripted(["It is Mars.", "Mars."]), adapter=adapter):
        program = BestOfN(Predict("question -> answer"), 2, brevity)
        prediction = program(question=QUESTION)

    assert [(call.path, bool(call.rejected)) for call in prediction.trace] == [
        ("module", True),
        ("module.extraction", True),
        ("module", False),
        ("module.extraction", False),
    ]


def test_one_inside_another():
    inner = BestOfN(Predict("question -> answer"), 2, brevity)
    rewards = iter([0.1, 0.9])
    lm = Scripted(answers("It is Mars", "Mars", "It is Ares", "Ares"))
    with use(lm=lm):
        prediction = BestOfN(inner, 2, lambda *_: next(rewards))(question=QUESTION)

    assert prediction.answer == "Ares"
    assert [call.rejected for call in prediction.trace] == [
        "a better sample was kept (reward 0.333333 < 1)",
        "a better sample was kept (reward 0.1 < 0.9)",
        "a better sample was kept (reward 0.333333 < 1)",
        "",
    ]


def test_forward_alone_works_as_well():
    with use(lm=Scripted(answers("It is Mars", "Mars"))):
        program = BestOfN(Predict("question -> answer"), 2, brevity)

        assert program.forward(question=QUESTION).answer == "Mars"


def test_its_preview_is_the_prompt_of_the_first_sample():
    program = BestOfN(ChainOfThought("question -> answer"), 3, brevity)

    assert preview(program, question=QUESTION).path == "module.predict"


def test_it_is_saved_and_loaded(tmp_path):
    program = BestOfN(ChainOfThought("question -> answer"), 2, brevity)
    program.module.predict.demos = (Example(question="a", answer="b"),)

    other = BestOfN(ChainOfThought("question -> answer"), 2, brevity)
    other.load(program.save(tmp_path / "best.json"))
    assert other.state == program.state
    assert list(other.state) == ["module.predict"]


COLORS = [
    Example(text=f"{word} {i}", color=color).with_inputs("text")
    for color, words in {"red": ["rose", "cherry"], "blue": ["sky", "ocean"]}.items()
    for word in words
    for i in range(3)
]


def test_the_better_sample_becomes_the_demo_of_a_compiled_program():
    """The model errs in every first sample; its mistakes must not be taught."""

    def answer(prompt):
        right = "red" if "rose" in prompt or "cherry" in prompt else "blue"
        wrong = "blue" if right == "red" else "red"
        return f"[[ ## reasoning ## ]]\nhm\n[[ ## color ## ]]\n{next(turns)(right, wrong)}"

    def first(right, wrong):
        return wrong

    def second(right, wrong):
        return right

    turns = iter([first, second] * 1000)
    labels = {example.text: example.color for example in COLORS}

    def reward(inputs, prediction):
        return labels[inputs.text] == prediction.color

    program = BestOfN(ChainOfThought("text -> color"), 2, reward)
    lm = Scripted(answer)
    with use(lm=lm):
        run = compile(
            program,
            BootstrapFewShot(3, 0),
            metric=metrics.exact("color"),
            train=COLORS[::2],
            val=COLORS[1::2],
            concurrency=1,
            wait=True,
        )

    demos = run.candidates[-1].state["module.predict"].demos
    assert len(demos) == 3
    assert all(labels[demo.text] == demo.color for demo in demos)


def test_it_compiles_with_the_offline_model():
    def reward(inputs, prediction):
        return metrics.exact("color")(known[inputs.text], prediction)

    known = {example.text: example for example in COLORS}
    signature = "text -> color: Literal['red', 'blue']"
    program = BestOfN(ChainOfThought(signature), 2, reward, threshold=1.0)
    with use(lm=LM("offline")):
        run = compile(
            program,
            BootstrapFewShot(4, 4),
            metric=metrics.exact("color"),
            train=COLORS[::2],
            val=COLORS[1::2],
            wait=True,
        )
        report = evaluate(run.best, COLORS[1::2], metrics.exact("color"))

    assert run.status == "done"
    assert run.best.state["module.predict"].demos
    assert report.mean == 1.0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (functools.partial(BestOfN, N=0, reward_fn=brevity), "`N` is a whole number, at least 1"),
        (functools.partial(BestOfN, N=2.5, reward_fn=brevity), "`N` is a whole number"),
        (functools.partial(BestOfN, N=2, reward_fn="short"), "`reward_fn` is a function of inputs"),
        (
            functools.partial(BestOfN, N=2, reward_fn=brevity, threshold="high"),
            "`threshold` is a number; got 'high'",
        ),
        (
            functools.partial(BestOfN, N=2, reward_fn=brevity, fail_count=-1),
            "`fail_count` is a whole number, at least 0; got -1",
        ),
    ],
)
def test_nonsense_is_said_early(make, said):
    with pytest.raises(UsageError, match=said):
        make(Predict("question -> answer"))


def test_a_program_is_a_module_and_a_reward_is_not_awaited():
    async def reward(inputs, prediction):
        return 1.0

    with pytest.raises(UsageError, match=r"A program is a `Module`, such as `Short\(...\)`"):
        BestOfN(Short, 2, brevity)
    with pytest.raises(UsageError, match="`reward` is `async`"):
        BestOfN(Predict("question -> answer"), 2, reward)


def test_costs_are_counted():
    lm = Scripted(answers("It is Mars", "Mars"))
    with use(lm=lm):
        prediction = BestOfN(Predict("question -> answer"), 2, brevity)(question=QUESTION)

    sent = sum(estimate_tokens(message.content) for call in lm.calls for message in call)
    assert sum(call.tokens_in for call in prediction.trace) == sent
