"""What is done when nobody names an optimizer."""

import dataclasses

import pytest

from dspnb import LM, Budget, Example, Predict, Score, metrics, use
from dspnb.choosing import chosen, chosen_before, explains
from dspnb.compiling import planned
from dspnb.notebook.dry import Dry
from dspnb.optimizers import BootstrapFewShot, LabeledFewShot, Race
from dspnb.testing import Scripted

ROWS = [Example(q=str(i), a=str(i % 3)).with_inputs("q") for i in range(200)]
BARE = [Example(q=str(i)).with_inputs("q") for i in range(60)]


def plan(**options):
    given = {"train": ROWS[:60], "val": ROWS[60:110], "metric": metrics.exact(), **options}
    with use(lm=Scripted([])):
        return planned(Predict("q -> a"), **given)


def quiet(example, prediction):
    return example.a == prediction.a


def test_a_race_is_run_where_there_is_enough_to_race_on():
    found = plan()

    assert found.optimizer == Race()
    assert found.chosen == (
        "60 examples to learn from, 50 to choose by, feedback from the metric, "
        "at most 500 runs of the program"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metric": quiet}, ", no feedback from the metric, "),
        ({"budget": Budget(calls=2000)}, ", at most 2,000 runs of the program"),
        ({"budget": Budget(calls=300), "test": ROWS[110:150]}, ", at most 220 runs of the program"),
        ({"train": BARE}, "60 examples to learn from, without labels, 50 to choose by, at most"),
        ({"val": ROWS[60:]}, "60 examples to learn from, 94 to choose by, "),  # 46 are held out
    ],
)
def test_the_line_says_what_there_is(options, said):
    found = plan(**options)

    assert found.optimizer == Race()
    assert said in found.chosen


@pytest.mark.parametrize(
    ("options", "optimizer", "said"),
    [
        (
            {"val": ROWS[60:64]},
            BootstrapFewShot(),
            "4 examples to choose by can hardly tell candidates apart, it makes only one",
        ),
        (
            {"val": ROWS[60:80], "budget": Budget(calls=50)},
            LabeledFewShot(),
            "the budget allows about 50 runs of the program, too few for a race, which takes 60",
        ),
        (
            {"train": BARE, "val": ROWS[60:80], "budget": Budget(calls=50)},
            BootstrapFewShot(),
            "the budget allows about 50 runs of the program, too few for a race, which takes 60",
        ),
        (
            {"budget": Budget(calls=50)},
            Race(),
            "the budget allows about 50 runs of the program, too few to score even one candidate "
            "on all of validation",
        ),
    ],
)
def test_where_a_race_would_not_pay_something_simpler_is_chosen(options, optimizer, said):
    found = plan(**options)

    assert (found.optimizer, found.chosen) == (optimizer, said)


def test_a_budget_in_tokens_counts_too():
    each = 60  # tokens that a run takes, about

    assert plan(budget=Budget(tokens=each * 10_000)).chosen == plan().chosen
    assert plan(val=ROWS[60:70], budget=Budget(tokens=each * 300)).optimizer == LabeledFewShot()


def test_an_optimizer_that_is_named_was_not_chosen():
    found = plan(optimizer=Race())

    assert found.chosen == ""
    assert not Dry(found).lines[0].startswith("Race, chosen for you: ")


def test_it_is_the_same_again_and_one_that_was_chosen_is_known_by_its_record():
    found = plan()

    assert plan().fingerprint == found.fingerprint
    assert dataclasses.replace(found, optimizer=LabeledFewShot()).fingerprint != found.fingerprint
    record = {"optimizer": repr(found.optimizer), "chosen": found.chosen}
    assert chosen_before(record) == chosen(found)
    assert chosen_before({"optimizer": repr(found.optimizer)}) is None


def test_a_dry_run_says_what_was_chosen_and_then_what_it_takes():
    first, second, *_ = Dry(plan()).lines

    assert first.startswith("Race, chosen for you: 60 examples to learn from, 50 to choose by")
    assert second.startswith("Race: about 500 runs of the program")
    assert "chosen for you" in Dry(plan())._repr_html_()


# -- does a metric explain itself? ---------------------------------------------------------------


def only_praise(example, prediction):
    return Score(1.0, "Right.") if example.a == prediction.a else Score(0.0)


def about_a_predictor(example, prediction):
    return Score(0.0, about={"self": "Too long."})


def of_other_outputs(example, prediction):
    return prediction.reasoning == example.a


def own_model(example, prediction):
    return Predict("q -> a", lm=LM("openai/gpt-4o", api_key="x"))(q="?").a == "1", "told"


def model_at_hand(example, prediction):
    return LM("openai/gpt-4o", api_key="x")("?").text == "1", "told"


def judge(example, prediction):
    return Predict("q -> a")(q="?").a == "1", "told"


@pytest.mark.parametrize(
    ("metric", "known"),
    [
        (metrics.exact(), True),
        (only_praise, True),
        (about_a_predictor, True),
        (quiet, False),
        (of_other_outputs, None),
        (judge, None),
        (own_model, None),
        (model_at_hand, None),
    ],
)
def test_whether_a_metric_explains_itself_is_found_out_without_a_model(metric, known):
    lm = Scripted([])

    with use(lm=lm):
        assert explains(metric, ROWS) is known
    assert lm.calls == []


def test_of_a_metric_that_cannot_be_asked_nothing_is_said():
    assert "feedback" not in plan(metric=judge).chosen
