"""Refine: after a try that is not good enough the next one gets advice."""

import json

import pytest

from dspnb import (
    LM,
    Example,
    Image,
    Module,
    Predict,
    Prediction,
    Refine,
    Score,
    UsageError,
    preview,
    use,
)
from dspnb.errors import QuotaSpent, RateLimited, ServerFailed, WrongKey
from dspnb.module import Setting
from dspnb.testing import Scripted

QUESTION = "Which planet is red?"


def one_word(inputs, prediction):
    """One word, no more."""
    return Score(1 / len(prediction.answer.split()), "still too long")


def answer(text):
    return f"[[ ## answer ## ]]\n{text}"


def advice(**by_path):
    told = {path.replace("__", "."): text for path, text in by_path.items()}
    return f"[[ ## reasoning ## ]]\nhm\n[[ ## advice ## ]]\n{json.dumps(told)}"


def refined(module=None, **options):
    module = module or Predict("question -> answer")
    return Refine(module, 3, one_word, **{"threshold": 1.0, **options})


def hints(messages):
    return [block.text for block in messages[-1].blocks if block.kind == "hint"]


class Two(Module):
    def __init__(self):
        self.draft = Predict("question -> draft")
        self.answer = Predict("draft -> answer")

    def forward(self, question):
        return self.answer(draft=self.draft(question=question).draft)


def test_a_try_that_is_good_enough_needs_no_advice():
    lm = Scripted([answer("Mars")])
    with use(lm=lm):
        assert refined()(question=QUESTION).answer == "Mars"

    assert len(lm.calls) == 1


def test_the_next_try_is_told_what_to_do_better():
    lm = Scripted([answer("It is Mars"), advice(module="Write one word."), answer("Mars")])
    with use(lm=lm):
        prediction = refined()(question=QUESTION)

    assert prediction.answer == "Mars"
    assert len(lm.calls) == 3
    assert [hints(messages) for messages in lm.calls] == [
        [],
        [],
        ["Advice from an earlier try: Write one word."],
    ]
    assert [call.path for call in prediction.trace] == ["module", "advise", "module"]
    assert [bool(call.rejected) for call in prediction.trace] == [True, False, False]


def test_the_adviser_sees_calls_result_reward_feedback_and_how_it_is_judged():
    lm = Scripted([answer("It is Mars"), advice(), answer("Mars")])
    with use(lm=lm):
        prediction = refined()(question=QUESTION)

    asked = prediction.trace[1].inputs
    assert asked["calls"] == [
        {
            "predictor": "module",
            "task": "Read `question` and work out `answer`.",
            "inputs": {"question": QUESTION},
            "outputs": {"answer": "It is Mars"},
        }
    ]
    assert asked["result"] == {"answer": "It is Mars"}
    assert asked["reward"] == pytest.approx(1 / 3)
    assert (asked["threshold"], asked["feedback"]) == (1.0, "still too long")
    assert asked["reward_function"].startswith("def one_word(inputs, prediction):")
    assert "One word, no more." in asked["reward_function"]
    assert "def one_word(inputs, prediction):" in lm.calls[1][-1].content


def test_a_reward_function_without_a_source_is_told_by_its_name_and_docstring():
    space = {}
    exec('def short(inputs, prediction):\n    "The shorter the better."\n    return 0', space)
    lm = Scripted([answer("It is Mars"), advice(), answer("Mars")])
    with use(lm=lm):
        prediction = Refine(Predict("question -> answer"), 2, space["short"], 1.0)(question="?")

    assert prediction.trace[1].inputs["reward_function"] == "short: The shorter the better."


def test_each_predictor_gets_its_own_advice_wherever_the_program_stands():
    class Outer(Module):
        def __init__(self):
            self.steps = [refined(Two())]

        def forward(self, question):
            return self.steps[0](question=question)

    draft = "[[ ## draft ## ]]\nred"
    told = advice(steps__0__module__draft="Think.", steps__0__module__answer=" ", other="Hm.")
    lm = Scripted([draft, answer("It is Mars"), told, draft, answer("Mars")])
    with use(lm=lm):
        prediction = Outer()(question=QUESTION)

    assert [call.path for call in prediction.trace] == [
        "steps.0.module.draft",
        "steps.0.module.answer",
        "steps.0.advise",
        "steps.0.module.draft",
        "steps.0.module.answer",
    ]
    assert hints(lm.calls[3]) == ["Advice from an earlier try: Think."]
    assert hints(lm.calls[4]) == []


def test_new_advice_takes_the_place_of_the_old_and_the_last_try_is_the_last_call():
    lm = Scripted(
        [
            *(answer("It is Mars"), advice(module="Shorter.")),
            *(answer("Red Mars"), advice(module="One word!")),
            answer("The red planet Mars"),
        ]
    )
    with use(lm=lm):
        prediction = refined()(question=QUESTION)

    assert prediction.answer == "Red Mars"
    assert hints(lm.calls[4]) == ["Advice from an earlier try: One word!"]
    assert [bool(call.rejected) for call in prediction.trace] == [True, False, False, True, True]


def test_advice_that_cannot_be_read_is_done_without_and_shown():
    lm = Scripted([answer("It is Mars"), "", "", answer("Mars")])
    with use(lm=lm):
        prediction = refined()(question=QUESTION)

    assert prediction.answer == "Mars"
    assert [bool(call.error) for call in prediction.trace] == [False, True, False]
    assert hints(lm.calls[3]) == []


def test_a_model_that_gives_no_advice_now_is_done_without_but_a_wrong_key_is_said():
    def model(error):
        replies = iter([answer("It is Mars"), error, answer("Mars")])

        def reply(prompt):
            given = next(replies)
            if isinstance(given, Exception):
                raise given
            return given

        return Scripted(reply)

    for passing in (RateLimited, ServerFailed):
        with use(lm=model(passing("slow down", model="scripted"))):
            assert refined()(question=QUESTION).answer == "Mars"
    for lasting in (WrongKey, QuotaSpent):
        with use(lm=model(lasting("no", model="scripted"))), pytest.raises(lasting):
            refined()(question=QUESTION)


def test_a_try_that_failed_keeps_the_advice_it_had():
    lm = Scripted(
        [answer("It is Mars"), advice(module="Shorter."), *("", ""), answer("Mars")],
    )
    with use(lm=lm):
        prediction = refined()(question=QUESTION)

    assert prediction.answer == "Mars"
    assert hints(lm.calls[-1]) == ["Advice from an earlier try: Shorter."]
    assert [bool(call.error) for call in prediction.trace] == [False, False, True, False]


def test_it_needs_no_source_of_the_module_and_no_adapter_of_its_own():
    space = {"Module": Module, "Predict": Predict}
    exec(
        "class Made(Module):\n"
        "    def __init__(self):\n"
        "        self.ask = Predict('question -> answer')\n"
        "    def forward(self, question):\n"
        "        return self.ask(question=question)\n",
        space,
    )
    lm = Scripted([answer("It is Mars"), advice(module__ask="Shorter."), answer("Mars")])
    with use(lm=lm):
        prediction = refined(space["Made"]())(question=QUESTION)

    assert prediction.answer == "Mars"
    assert hints(lm.calls[2]) == ["Advice from an earlier try: Shorter."]


def test_the_adviser_sees_pictures_as_pictures():
    picture = Image("data:image/png;base64,iVBORw0KGgo=")
    lm = Scripted([answer("It is Mars"), advice(), answer("Mars")])
    with use(lm=lm):
        refined(Predict("photo: Image -> answer"))(photo=picture)

    assert [block.attachment.kind for block in lm.calls[1][-1].blocks if block.attachment] == [
        "image"
    ]


def test_the_adviser_is_a_predictor_of_the_program(tmp_path):
    program = refined()
    demo = Example(calls=[{"predictor": "module"}], reward=0.2, reasoning="r", advice={"a": "b"})

    taught = program.with_state({"advise": Setting("Advise in verse.", (demo,))})
    assert list(program.state) == ["module", "advise"]
    assert refined().load(taught.save(tmp_path / "refine.json")).state == taught.state
    lm = Scripted([answer("It is Mars"), advice(), answer("Mars")])
    with use(lm=lm):
        taught(question=QUESTION)
    assert "Advise in verse." in lm.calls[1][0].content


def test_the_offline_model_can_be_asked_for_advice():
    with use(lm=LM("offline")):
        prediction = refined(threshold=2.0)(question=QUESTION)

    assert [call.path for call in prediction.trace] == ["module", "advise"] * 2 + ["module"]
    assert not any(call.error for call in prediction.trace)


def test_its_preview_is_the_first_prompt_of_the_program():
    assert preview(refined(Two()), question=QUESTION).path == "module.draft"


def test_a_threshold_is_needed():
    with pytest.raises(UsageError, match="`threshold` is a number; got None"):
        refined(threshold=None)


def test_a_program_that_asks_nothing_is_refined_without_advice_for_anyone():
    class Plain(Module):
        def forward(self, question):
            return Prediction(answer="It is Mars")

    lm = Scripted([])
    with use(lm=lm):
        assert refined(Plain())(question=QUESTION).answer == "It is Mars"
    assert lm.calls == []
