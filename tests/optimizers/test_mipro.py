import itertools
import math
from statistics import fmean

import pytest
from optimizers.contract import ROWS, SIGNATURES, OptimizerContract, answered, drive, task
from optimizers.on_tickets import searched

from dspnb import Example, Predict, Prediction, Score, UsageError, compile, metrics, use
from dspnb.errors import ServerFailed
from dspnb.optimizers import Complete, Evaluate, Lead, MIPROv2, Validate, optimizer
from dspnb.report import Report, Row
from dspnb.testing import Scripted

ZERO = {"max_bootstrapped_demos": 0, "max_labeled_demos": 0}
ONE = {"a": SIGNATURES["a"]}


class TestMIPROv2(OptimizerContract):
    @pytest.fixture
    def optimizer(self):
        return MIPROv2(
            auto=None,
            num_candidates=4,
            num_trials=5,
            max_bootstrapped_demos=2,
            max_labeled_demos=2,
            minibatch_size=2,
            minibatch_full_eval_steps=2,
            view_data_batch_size=5,
        )


class TestZeroShot(OptimizerContract):
    @pytest.fixture
    def optimizer(self):
        return MIPROv2(auto=None, num_candidates=3, num_trials=4, minibatch=False, **ZERO)


def examples(count):
    return [Example(x=i, y=i, z=str(i)).with_inputs("x") for i in range(count)]


def given(val=200, train=25, seed=0, signatures=ONE, **more):
    """A task that validates on so many examples."""
    more = {"source": "class Program: ...", **more}
    return task(seed, train=examples(train), val=examples(val), signatures=signatures, **more)


def right(place, level):
    """The score of an example: 1.0 when it is easier than the level."""
    return float((place * 0.6180339887) % 1 < level)


def scoring(quality, val=200):
    """Answers of a world in which an example is right when it is easier than a state is good.

    `quality(state)` is a share of examples. Proposed instructions are numbered from 1.
    """
    numbers = itertools.count(1)

    def answer(ask, value):
        match ask:
            case tuple():
                return tuple(answer(one, value) for one in ask)
            case Validate(state, places=places):
                level, chosen = quality(state), range(val) if places is None else places
                scores = [Score(right(i, level)) for i in chosen]
                return Report([Row(ROWS[0], None, score) for score in scores])
            case Complete(signature) if "instruction" in {f.name for f in signature.outputs}:
                return Prediction(instruction=f"Instruction {next(numbers)}.")
            case Complete(signature) if "complete" in {f.name for f in signature.outputs}:
                return Prediction(observations="Some.", complete=False)
        return answered(ask, lambda: 1.0)

    return answer


def searched_by_hand(optimizer, quality=lambda state: 0.5, val=200, **more):
    """All asks, one by one, but for the first validation, and the choice."""
    asked, chosen = drive(optimizer, given(val, **more), answered=scoring(quality, val))
    every = [one for ask in asked for one in (ask if isinstance(ask, tuple) else (ask,))]
    every.remove(Validate(given(val, **more).state))
    return every, chosen


def number(setting):
    """Of a proposed instruction; 0 is the predictor's own."""
    text = setting.instructions
    return int(text.split()[1].strip(".")) if text.startswith("Instruction") else 0


def validations(every):
    return [ask for ask in every if isinstance(ask, Validate)]


def whole(asks, val):
    return [ask for ask in asks if ask.places is None or len(ask.places) == val]


def key(state):
    return tuple((setting.instructions, setting.demos) for setting in state.values())


# -- what it takes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auto", "few", "predictors", "trials"),
    [
        ("light", True, 1, 10),
        ("medium", True, 1, 18),
        ("heavy", True, 1, 27),
        ("light", True, 2, 20),
        ("medium", True, 2, 28),
        ("heavy", True, 2, 33),
        ("light", False, 1, 9),
        ("medium", False, 1, 18),
        ("heavy", False, 2, 27),
    ],
)
def test_a_preset_takes_at_most_what_dspys_does(auto, few, predictors, trials):
    train, val = 35, 1100
    optimizer = MIPROv2(auto, **({} if few else ZERO))
    signatures = dict(list(SIGNATURES.items())[:predictors])
    every, _ = searched_by_hand(optimizer, val=val, train=train, signatures=signatures)

    n, cap = {"light": (6, 100), "medium": (12, 300), "heavy": (18, 1000)}[auto]
    instructions = n // 2 if few else n
    full = math.ceil(trials / 5)
    runs = {
        "bootstrapping": sum(isinstance(ask, Evaluate) for ask in every),
        "trials": sum(len(v.places) for v in validations(every) if len(v.places) == 35),
        "full evaluations": sum(len(v.places) for v in validations(every) if len(v.places) == cap),
    }
    told = optimizer.program_calls(train, val, predictors)
    assert told == {
        "bootstrapping": train,
        "trials": 35 * trials,
        "full evaluations": cap * full,
        "validating": val - cap,
    }
    assert all(runs[what] <= told[what] for what in runs)
    assert runs["trials"] == told["trials"]
    assert (
        sum(len(v.places) for v in validations(every)) == sum(runs.values()) - runs["bootstrapping"]
    )

    calls = sum(isinstance(ask, Complete) for ask in every)
    assert calls == optimizer.proposer_calls(train, val, predictors)
    assert calls <= 2 + min(9, math.ceil(train / 10) - 1) + 3 * instructions * predictors


def test_few_validation_examples_are_all_scored_in_each_trial():
    every, _ = searched_by_hand(MIPROv2(), val=50)

    assert {ask.places for ask in validations(every)} == {None}
    assert len(validations(every)) <= 10
    assert MIPROv2().program_calls(25, 50)["trials"] == 500
    assert MIPROv2().program_calls(25, 50)["full evaluations"] == 0


def test_minibatches_can_be_left_out():
    every, _ = searched_by_hand(MIPROv2(minibatch=False), val=80)

    assert {ask.places for ask in validations(every)} == {None}


# -- what it chooses from ----------------------------------------------------------------------


def test_candidates_are_the_programs_own_and_what_was_proposed_and_bootstrapped():
    optimizer = MIPROv2(auto=None, num_candidates=6, num_trials=60)
    every, _ = searched_by_hand(optimizer)

    settings = [ask.state["a"] for ask in validations(every)]
    assert {number(setting) for setting in settings} == {0, 1, 2, 3, 4, 5}
    made = {sum("augmented" in demo for demo in setting.demos) for setting in settings}
    assert {0, 4} <= made
    assert () in {setting.demos for setting in settings}


def test_without_demos_only_instructions_change_and_the_proposer_sees_runs():
    own = (Example(x=7, y=7),)
    every, _ = searched_by_hand(MIPROv2(**ZERO), demos=own)

    assert {ask.state["a"].demos for ask in validations(every)} == {own}
    assert {number(ask.state["a"]) for ask in validations(every)} == {1, 2, 3, 4, 5}
    assert any("demos" in ask.inputs for ask in every if isinstance(ask, Complete))


def test_without_demos_and_with_nobody_to_see_them_nothing_is_bootstrapped():
    optimizer = MIPROv2(fewshot_aware_proposer=False, **ZERO)
    every, _ = searched_by_hand(optimizer)

    assert not any(isinstance(ask, Evaluate) for ask in every)
    assert optimizer.program_calls(25, 200)["bootstrapping"] == 0


def test_the_proposer_is_shown_all_of_the_training_examples():
    every, _ = searched_by_hand(MIPROv2(), train=30)

    shown = "\n".join(ask.inputs.get("rows", "") for ask in every if isinstance(ask, Complete))
    assert {f"x: {i}" for i in range(30)} <= set(shown.splitlines())


def test_two_predictors_get_their_own():
    optimizer = MIPROv2(auto=None, num_candidates=4, num_trials=30)
    every, _ = searched_by_hand(optimizer, signatures=SIGNATURES)

    pairs = {(number(v.state["a"]), number(v.state["b.0"])) for v in validations(every)}
    assert {a for a, _ in pairs} == {0, 1, 2, 3}
    assert {b for _, b in pairs} == {0, 4, 5, 6}


# -- how it searches ---------------------------------------------------------------------------


def test_the_best_is_found_and_returned():
    def quality(state):
        return 0.4 + 0.2 * (number(state["a"]) == 2) + 0.02 * len(state["a"].demos)

    found = []
    for seed in range(5):
        _, chosen = searched_by_hand(MIPROv2("medium"), quality, val=300, seed=seed)
        found.append((number(chosen["a"]), bool(chosen["a"].demos)))

    assert found.count((2, True)) >= 4


def test_later_trials_try_more_of_what_scored_well():
    def quality(state):
        return 0.2 + 0.6 * (number(state["a"]) == 3)

    optimizer = MIPROv2(
        auto=None, num_candidates=6, num_trials=45, minibatch_size=15, minibatch_full_eval_steps=45
    )
    every, _ = searched_by_hand(optimizer, quality, val=400)

    good = [number(ask.state["a"]) == 3 for ask in validations(every) if ask.places]
    assert fmean(good[:10]) < 0.4
    assert fmean(good[25:]) > 0.6


def test_trials_share_their_minibatches_and_no_example_is_scored_twice():
    optimizer = MIPROv2(auto=None, num_candidates=3, num_trials=40, minibatch_size=20)
    every, _ = searched_by_hand(optimizer)

    parts = {}
    for ask in validations(every):
        if ask.places is not None:
            parts.setdefault(key(ask.state), []).append(ask.places)
    assert len({batches[0] for batches in parts.values()}) == 1
    most = max(parts.values(), key=len)
    assert len(most) > 1
    assert all(batches == most[: len(batches)] for batches in parts.values())
    assert len(set(sum(most, ()))) == 20 * len(most)


def test_the_best_by_minibatches_is_scored_on_all_after_every_five_trials_and_in_the_end():
    def quality(state):
        return 0.5 + 0.03 * number(state["a"])

    optimizer = MIPROv2(auto=None, num_candidates=6, num_trials=12)
    every, _ = searched_by_hand(optimizer, quality)

    asks = validations(every)
    kinds = ["full" if ask.places is None else "part" for ask in asks]
    assert kinds == [*["part"] * 5, "full", *["part"] * 5, "full", *["part"] * 2, "full"]
    seen, done = {}, []
    for ask in asks:
        which = key(ask.state)
        if ask.places is None:
            assert seen[which] == max(mean for one, mean in seen.items() if one not in done)
            done.append(which)
        elif which not in seen:  # none is tried twice here
            seen[which] = fmean(right(i, quality(ask.state)) for i in ask.places)


def test_what_is_clearly_worse_is_never_scored_on_all():
    own = given().state
    every, chosen = searched_by_hand(MIPROv2(), lambda state: 0.9 if state == own else 0.1)

    assert not whole(validations(every), 100)
    assert chosen == own


def test_full_evaluations_that_were_spared_go_to_contenders_in_the_end():
    tried = []

    def quality(state):
        if key(state) == key(given().state):
            return 0.6
        if key(state) not in tried:
            tried.append(key(state))
        return 0.05 if tried.index(key(state)) < 10 else 0.7

    # With so large minibatches none is tried twice.
    optimizer = MIPROv2(auto=None, num_candidates=12, num_trials=13, minibatch_size=110)
    every, chosen = searched_by_hand(optimizer, quality)

    in_full = [key(ask.state) for ask in validations(every) if ask.places is None]
    assert sorted(map(tried.index, in_full)) == [10, 11, 12]
    assert key(chosen) == in_full[0]


def test_a_search_whose_combinations_are_all_scored_ends():
    optimizer = MIPROv2(auto=None, num_candidates=2, num_trials=30, max_bootstrapped_demos=0)
    every, _ = searched_by_hand(optimizer)

    assert len({key(ask.state) for ask in validations(every)}) == 3  # of 4, without the first
    assert len(whole(validations(every), 200)) == 3


def test_without_minibatches_no_combination_is_scored_twice():
    optimizer = MIPROv2(
        auto=None, num_candidates=2, num_trials=30, max_bootstrapped_demos=0, minibatch=False
    )
    every, _ = searched_by_hand(optimizer)

    assert len(validations(every)) == len({key(ask.state) for ask in validations(every)}) == 3


def test_equal_sets_of_demos_are_one():
    optimizer = MIPROv2(auto=None, num_candidates=4, num_trials=60, minibatch=False)
    every, _ = searched_by_hand(optimizer, train=1)

    assert len({ask.state["a"].demos for ask in validations(every)}) == 3  # of 4
    assert len(validations(every)) == 4 * 3 - 1


def test_one_candidate_is_the_program_as_it_is():
    every, chosen = searched_by_hand(MIPROv2(auto=None, num_candidates=1, num_trials=9))

    assert not every
    assert chosen == given().state


def test_a_part_of_val_is_scored_and_the_best_of_it_leads():
    def quality(state):
        return 0.5 + 0.05 * number(state["a"])

    every, chosen = searched_by_hand(MIPROv2(), quality)

    looked_at = set().union(*(ask.places for ask in validations(every)))
    assert len(looked_at) == 100
    assert looked_at != set(range(100))
    leads = [ask for ask in every if isinstance(ask, Lead)]
    assert leads[-1].state == chosen
    level, places = 0.5, next(ask.places for ask in whole(validations(every), 100))
    gains = [right(i, quality(chosen)) - right(i, level) for i in places]
    own = fmean(right(i, level) for i in range(200))
    assert leads[-1].mean == pytest.approx(own + fmean(gains))
    for before, lead in itertools.pairwise(every):
        if isinstance(lead, Lead):
            assert (before.state, len(before.places)) == (lead.state, 100)


def test_what_does_not_lead_is_not_said_to():
    own = given().state
    every, _ = searched_by_hand(MIPROv2(), lambda state: 0.55 if state == own else 0.5)

    assert whole(validations(every), 100)
    assert not [ask for ask in every if isinstance(ask, Lead)]


def test_on_all_of_val_nothing_is_said_to_lead():
    every, _ = searched_by_hand(MIPROv2(), lambda state: 0.5 + 0.1 * number(state["a"]), val=90)

    assert [ask for ask in validations(every) if ask.places is None]
    assert not [ask for ask in every if isinstance(ask, Lead)]


@pytest.mark.parametrize("other", [1, 9])
def test_every_seed_counts_zero_too(other):
    runs = [searched_by_hand(MIPROv2(), seed=seed)[0] for seed in (0, other)]

    assert validations(runs[0])[0].places != validations(runs[1])[0].places


def test_an_error_of_the_world_ends_the_search():
    search = MIPROv2().search(given())
    ask, answer = search.send(None), scoring(lambda state: 0.5)
    while not (isinstance(ask, Validate) and ask.places):
        ask = search.send(answer(ask, None))

    with pytest.raises(ConnectionError):
        search.throw(ConnectionError("the provider is gone"))
    with pytest.raises(StopIteration):
        search.send(None)


# -- what it is made with ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"auto": "lite"}, "`auto` is one of light, medium, heavy or None; got 'lite'"),
        ({"num_candidates": 5}, "`auto='light'` chooses `num_candidates` and `num_trials`"),
        ({"num_trials": 5}, "or say `auto=None`"),
        ({"auto": None}, "both `num_candidates` and `num_trials` are needed; got None and None"),
        ({"auto": None, "num_candidates": 8}, "`num_candidates=8, num_trials=12` would do"),
        ({"auto": None, "num_trials": 8}, "`num_candidates=6, num_trials=10` would do"),
        ({"auto": None, "num_candidates": 0, "num_trials": 1}, "at least 1"),
        ({"auto": None, "num_candidates": 1, "num_trials": 0}, "at least 1"),
        ({"minibatch_size": 0}, "Sizes of batches and steps are at least 1"),
        ({"minibatch_full_eval_steps": 0}, "Sizes of batches and steps are at least 1"),
        ({"view_data_batch_size": 0}, "Sizes of batches and steps are at least 1"),
        ({"init_temperature": -1}, "A temperature is at least 0"),
        ({"max_labeled_demos": -1}, "Demos are at least 0"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_spent(wrong, said):
    with pytest.raises(UsageError) as caught:
        MIPROv2(**wrong)

    assert said in str(caught.value)


def test_it_has_a_short_name():
    assert optimizer("mipro:auto=medium") == MIPROv2("medium")
    made = optimizer("mipro:auto=None,num_candidates=4,num_trials=9")
    assert made == MIPROv2(auto=None, num_candidates=4, num_trials=9)


def test_it_tells_how_many_demos_a_prompt_may_have():
    assert MIPROv2(max_bootstrapped_demos=2, max_labeled_demos=5).most_demos == 5


# -- a real run --------------------------------------------------------------------------------


def test_it_makes_a_real_program_better():
    run = searched(MIPROv2("light", max_labeled_demos=12), train=30, val=30)

    first = run.candidates[0].report.mean
    assert run.best_candidate.report.mean > first + 0.1
    assert any(setting.demos for setting in run.best_candidate.state.values())


def test_a_provider_that_breaks_down_during_the_trials_fails_the_run():
    calls = itertools.count()

    def reply(prompt):
        if next(calls) > 60:  # the program as it is, bootstraps and proposals take fewer
            raise ServerFailed("gone", model="scripted")
        proposing = "current_instruction" in prompt
        return "[[ ## instruction ## ]] Do it well." if proposing else "[[ ## z ## ]] 1"

    rows = [Example(x=i, z="1").with_inputs("x") for i in range(40)]
    with use(lm=Scripted(reply)):
        run = compile(
            Predict("x: int -> z"),
            MIPROv2(data_aware_proposer=False, program_aware_proposer=False),
            metric=metrics.exact("z"),
            train=rows[:5],
            val=rows[5:],
            never_worse=False,
        )
        run.join()

    assert len(run.candidates) > 1
    assert run.status == "failed"
    assert "gone" in str(run.error)
