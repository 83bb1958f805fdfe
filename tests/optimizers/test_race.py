import dataclasses
import random
import re

import pytest
from optimizers.contract import FOUR, ROWS, OptimizerContract, answered, drive, rows, task

from dspnb import Example, Prediction, Score, UsageError
from dspnb.module import Setting
from dspnb.optimizers import Complete, Evaluate, Lead, Race, Validate
from dspnb.report import Report

VAL = [Example(x=i, y=i, z=str(i)).with_inputs("x") for i in range(100, 160)]


class TestRace(OptimizerContract):
    @pytest.fixture
    def optimizer(self):
        return Race(calls=120, probe=6)


class World:
    """Answers a race: what a state is worth, by words in its instructions and by its demos."""

    def __init__(self, worth, said=lambda number: {}, demos=0.0, seed=0, about=""):
        self.worth, self.said, self.demos, self.about = worth, said, demos, about
        self.seed, self.runs, self.questions, self.scored = seed, 0, [], []

    def mean(self, state):
        words = " ".join(setting.instructions for setting in state.values()).split()
        more = self.demos * any(setting.demos for setting in state.values())
        return 0.3 + more + sum(self.worth.get(word, 0.0) for word in words)

    def report(self, state, examples):
        self.runs += len(examples)
        made = []
        for one in rows(state, examples, float):
            luck = random.Random(f"{self.seed} {one.example.x} {state!r}").random()
            right = luck < self.mean(state)
            about = {self.about: "It is this one."} if self.about and not right else {}
            made.append(dataclasses.replace(one, score=Score(float(right), about=about)))
        return Report(made)

    def __call__(self, ask, value):
        match ask:
            case tuple():
                return tuple(self(one, value) for one in ask)
            case Evaluate(state, examples):
                return self.report(state, examples)
            case Validate(state, places=places):
                self.scored.append((state, places))
                return self.report(state, [VAL[i] for i in places])
            case Complete(signature, _):
                self.questions.append(ask)
                told = self.said(len(self.questions))
                return Prediction(
                    **{
                        field.name: told.get(i, f"Nothing new {i}.")
                        for i, field in enumerate(signature.outputs)
                    }
                )
        return None


def raced(optimizer, world, **more):
    return drive(optimizer, task(val=VAL, **more), answered=world)


def test_the_rewrite_that_helps_most_leads_in_the_end():
    world = World({"good": 0.3, "better": 0.5}, lambda n: {0: "good", 1: "better", 2: "bad"})

    _, chosen = raced(Race(calls=300), world)
    assert "better" in {setting.instructions for setting in chosen.values()}


def test_demos_that_help_are_kept_and_those_that_harm_are_not():
    _, helped = raced(Race(calls=200), World({}, demos=0.4))
    _, harmed = raced(Race(calls=200), World({}, demos=-0.25))

    assert any(setting.demos for setting in helped.values())
    assert not any(setting.demos for setting in harmed.values())


def test_instructions_and_demos_are_found_together():
    world = World({"good": 0.3}, lambda n: {0: "good"}, demos=0.25)

    _, chosen = raced(Race(calls=400), world)
    assert world.mean(chosen) >= 0.85


def test_rewrites_build_on_rewrites():
    def said(number):
        return {0: "one"} if number == 1 else {1: "one two"}

    world = World({"one": 0.25, "two": 0.3}, said)

    _, chosen = raced(Race(calls=500), world)
    assert world.mean(chosen) >= 0.85


def test_it_never_runs_the_program_more_often_than_it_may():
    for calls in (2, 5, 40, 63, 150, 333):
        world = World({"good": 0.3}, lambda n: {n % 4: f"good {n}"})
        raced(Race(calls=calls), world)

        assert world.runs <= calls


def test_a_budget_of_model_calls_limits_the_runs():
    world = World({"good": 0.1}, lambda n: {0: f"good {n}"})
    raced(Race(), world, calls=200)  # two calls a run

    assert 60 < world.runs <= 100


def test_nothing_is_scored_on_the_whole_set_nor_twice_on_the_same_example():
    world = World({"good": 0.2}, lambda n: {0: f"good {n}"})
    raced(Race(calls=400), world)

    seen = [(repr(state), place) for state, places in world.scored for place in places]
    assert len(seen) == len(set(seen))
    assert max(len(places) for _, places in world.scored) < len(VAL) / 2


def test_a_rewrite_is_not_scored_on_the_examples_that_it_was_made_from():
    def said(number):
        return {0: f"good {'x' * number}"}

    world = World({"good": 0.2}, said, seed=3)
    raced(Race(calls=600, patience=4), world)

    for question in world.questions[1:]:
        shown = {int(x) for x in re.findall(r"[xy]: (\d{3})", question.inputs["answers"])}
        fresh = f"good {'x' * (world.questions.index(question) + 1)}"
        scored = {
            VAL[place].x
            for state, places in world.scored
            for place in places
            if fresh in {setting.instructions for setting in state.values()}
        }
        assert shown
        assert not shown & scored


def test_the_program_as_it_is_leads_when_nothing_helps():
    world = World({"bad": -0.2}, lambda n: {0: "bad", 1: "bad bad", 2: "bad 2", 3: "bad 3"})

    _, chosen = raced(Race(calls=400), world)
    assert world.mean(chosen) >= 0.3


def test_it_stops_early_when_there_is_nothing_to_gain():
    world = World({}, lambda n: {})
    world.mean = lambda state: 1.0
    raced(Race(calls=500), world)

    assert world.runs < 150
    assert not world.questions  # nothing failed, so nothing can be learned


def test_the_predictor_that_feedback_blames_is_rewritten_first():
    for path in ("a", "b.0", "loop.step"):
        world = World({"good": 0.3}, lambda n: {0: "good"}, about=path)
        raced(Race(calls=100), world, signatures=FOUR)

        assert world.questions[0].inputs["instructions"] == f"Do {path}."


def test_a_predictor_that_is_never_called_is_never_rewritten():
    world = World({"good": 0.01}, lambda n: {0: f"good {n}"})
    raced(Race(calls=600, patience=6), world, signatures=FOUR)

    rewritten = {question.inputs["instructions"].split(" ")[-1] for question in world.questions}
    assert "never." not in rewritten


def test_all_siblings_come_from_one_question():
    world = World({"good": 0.3}, lambda n: {0: "good"})
    raced(Race(calls=100, siblings=3), world)

    assert len(world.questions[0].signature.outputs) == 3


def test_who_leads_is_said_all_along_and_last_of_what_is_returned():
    world = World({"good": 0.4}, lambda n: {0: "good"})
    asked, chosen = raced(Race(calls=200), world)
    leads = [one for one in asked if isinstance(one, Lead)]

    assert len(leads) > 3
    assert leads[-1].state == chosen
    assert all(0 <= lead.mean <= 1 for lead in leads)


def test_the_program_as_it_is_is_scored_too_so_that_others_can_be_compared_with_it():
    world = World({"good": 0.4}, lambda n: {0: "good"})
    raced(Race(calls=100), world)
    state, places = world.scored[0]

    assert state == task(val=VAL).state
    assert len(places) >= 5


def test_a_mean_that_is_expected_is_near_the_truth():
    off = []
    for seed in range(12):
        world = World({"good": 0.35}, lambda n: {0: "good"}, seed=seed)
        asked, chosen = raced(Race(calls=300), world, seed=seed)
        off.append(asked[-1].mean - world.mean(chosen))

    assert sum(off) / len(off) == pytest.approx(0.0, abs=0.08)


def test_other_rewrites_are_asked_for_when_none_can_be_read():
    world = World({"good": 0.3}, lambda n: {0: "good"})

    def unreadable(ask, value):
        return None if isinstance(ask, Complete) else world(ask, value)

    _, chosen = drive(Race(calls=200), task(val=VAL), answered=unreadable)
    assert {s.instructions for s in chosen.values()} == {"Do a.", "Do b.0."}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"calls": 1}, "`calls` is at least 2; got 1."),
        ({"siblings": 0}, "1 to 8 siblings"),
        ({"siblings": 9}, "1 to 8 siblings"),
        ({"max_demos": -1}, "at least 0 demos"),
        ({"lanes": 0}, "`lanes` is at least 1"),
    ],
)
def test_numbers_that_make_no_race_are_refused(wrong, said):
    with pytest.raises(UsageError, match=said):
        Race(**wrong)


def test_without_demos_only_instructions_change():
    world = World({"good": 0.3}, lambda n: {0: "good"}, demos=0.3)
    _, chosen = raced(Race(calls=200, max_demos=0), world)

    assert not any(setting.demos for setting in chosen.values())
    assert isinstance(chosen["a"], Setting)


def test_the_contract_answers_as_a_race_needs_it():
    report = answered(Validate(task().state, places=(1, 3)), lambda: 1.0)

    assert [one.example for one in report.rows] == [ROWS[1], ROWS[3]]
