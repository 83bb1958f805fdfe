"""SIMBA, answered by hand: no model, no thread, no clock."""

import dataclasses
from collections import Counter

import pytest
from optimizers.contract import FOUR, LOOP, ROWS, OptimizerContract, drive, rows, task
from optimizers.on_tickets import searched

from dspnb import Example, Prediction, Score, UsageError
from dspnb.optimizers import SIMBA, Complete, Evaluate, Validate
from dspnb.report import Report, Row


class TestSIMBA(OptimizerContract):
    @pytest.fixture
    def optimizer(self):
        return SIMBA(bsize=4, num_candidates=3, max_steps=3, max_demos=2)


def play(optimizer, given=None, score=None, advice=None, val=None):
    """The asks of a search in their tuples, and its choice.

    `score` gives what an `Evaluate` scores for an example, `val` what a state is worth in the end.
    """
    score = score or (lambda ask, example: float((example.x + ask.rollout) % 2))
    advice = iter(advice) if advice is not None else iter(lambda: {"a": f"Hint {next(n)}."}, None)
    n = iter(range(999))

    def answered(ask, value):
        match ask:
            case tuple():
                return tuple(answered(one, value) for one in ask)
            case Complete():
                said = next(advice)
                return None if said is None else Prediction(cause="", advice=said)
            case Evaluate(state, examples):
                made = []
                for example in examples:
                    made += rows(state, [example], lambda one=example: score(ask, one))
                return Report(made)
            case Validate(state):
                worth = val(state) if val else 0.0
                return Report([Row(ROWS[0], None, Score(worth))])

    return drive(optimizer, given or task(), answered=answered)


def of(kind, asked):
    return [one for ask in asked for one in ask if isinstance(one, kind)]


def sampling(asked):
    """The tuples in which batches are run many times over."""
    return [ask for ask in asked if isinstance(ask[0], Evaluate) and ask[0].state == task().state]


def trying(asked):
    """The tuples in which new programs are scored."""
    return [ask for ask in asked if isinstance(ask[0], Evaluate) and ask[0].state != task().state]


def test_every_example_of_a_batch_is_run_by_the_program_as_it_was_the_teacher_and_others():
    asked, _ = play(SIMBA(bsize=5, num_candidates=4, max_steps=3))

    for ask in sampling(asked):
        batch = [example.x for example in ask[0].examples]
        assert (ask[0].rollout, ask[0].role, len(batch)) == (0, "student", 5)
        for rollout, role in ((1, "teacher"), (2, "student"), (3, "student")):
            of_it = [one for one in ask if one.rollout == rollout]
            assert {one.role for one in of_it} == {role}
            assert sorted(e.x for one in of_it for e in one.examples) == sorted(batch)
    assert len(sampling(asked)) == 3


def test_batches_go_through_all_examples_before_one_comes_again():
    asked, _ = play(SIMBA(bsize=4, num_candidates=2, max_steps=6))

    batches = [[example.x for example in ask[0].examples] for ask in sampling(asked)]
    for epoch in (batches[:3], batches[3:]):
        assert sorted(x for batch in epoch for x in batch) == list(range(12))
    assert batches[:3] != batches[3:]


def test_a_batch_larger_than_the_training_set_is_all_of_it():
    optimizer = SIMBA(bsize=32, num_candidates=2, max_steps=2)
    asked, _ = play(optimizer)

    assert [len(ask[0].examples) for ask in sampling(asked)] == [12, 12]
    assert optimizer.program_calls(12, 4)["sampling"] == 2 * 12 * 2


def test_a_good_run_becomes_a_demo_of_each_predictor_that_was_called():
    optimizer = SIMBA(bsize=6, num_candidates=5, max_steps=1)
    asked, _ = play(optimizer, task(signatures=FOUR), advice=[None] * 9)

    tried = [one.state for ask in asked for one in ask if isinstance(one, Evaluate)]
    (state, *_) = [state for state in tried if state["a"].demos]
    (demo,) = state["a"].demos
    assert demo == Example(augmented=True, x=demo.x, y=demo.x)
    assert state["b.0"].demos == (Example(augmented=True, y=demo.x, z=str(demo.x)),)
    assert len(state[LOOP].demos) == 1
    assert state["never"].demos == ()


def test_demos_are_of_the_best_run_and_only_of_answers_that_were_used():
    def answered(ask, value):
        match ask:
            case tuple():
                return tuple(answered(one, value) for one in ask)
            case Evaluate(state, examples, rollout):
                good = rollout == 2
                made = rows(state, examples, lambda: float(good))
                return Report([marked(row, rollout) for row in made])
            case Validate():
                return Report([Row(ROWS[0], None, Score(0.0))])
            case Complete():
                return None

    def marked(row, rollout):
        first, *others = row.trace
        first = dataclasses.replace(first, outputs={"y": rollout})
        bad = dataclasses.replace(first, outputs={"y": 99}, rejected="a better one was there")
        return dataclasses.replace(row, trace=(first, bad, *others))

    optimizer = SIMBA(bsize=4, num_candidates=4, max_steps=1)
    asked, _ = drive(optimizer, task(), answered=answered)

    demos = [demo.y for ask in trying(asked) for one in ask for demo in one.state["a"].demos]
    assert demos and set(demos) == {2}


def test_a_long_text_in_a_demo_is_cut_off_and_other_values_are_not():
    train = [Example(x=f"{i}" + "x" * 50, y=10**30 + i, z="z").with_inputs("x") for i in range(6)]

    def alternating(ask, example):
        return float((int(example.x[0]) + ask.rollout) % 2)

    optimizer = SIMBA(6, 2, 1, demo_input_field_maxlen=10)
    asked, _ = play(optimizer, task(train=train), alternating, [None] * 9)

    state = trying(asked)[0][0].state
    (demo,) = state["a"].demos
    assert demo.x[1:] == "x" * 9 + "\n(the rest is left out)"
    assert state["b.0"].demos[0].y >= 10**30


def test_advice_stands_below_the_instructions_of_the_predictors_that_it_names():
    advice = [{"a": " Look twice. ", "b.0": "", "nobody": "Hello."}]
    asked, _ = play(rules(1), advice=advice * 9)

    state = trying(asked)[0][0].state
    assert state["a"].instructions == "Do a.\n\nLook twice."
    assert state["b.0"].instructions == "Do b.0."


def rules(steps, candidates=3, **more):
    return SIMBA(bsize=6, num_candidates=candidates, max_steps=steps, max_demos=0, **more)


def test_the_proposer_is_shown_a_good_and_a_bad_run_of_one_example():
    asked, _ = play(rules(1), task(source="class Mine: ..."))

    question = of(Complete, asked)[0].inputs
    x = question["given"].removeprefix("x: ")
    assert question["program"] == "class Mine: ..."
    assert question["modules"].startswith("a: x: int -> y: int\nDo a.")
    assert question["known"] == f"y: {x}\nz: {x}"
    assert f"Module a\nInputs:\nx: {x}" in question["better_run"]
    assert "Score: 1\n" in question["better_run"]
    assert "Score: 0\n" in question["worse_run"]


def test_all_questions_of_a_step_are_put_together():
    asked, _ = play(rules(1))

    assert [len(ask) for ask in asked if isinstance(ask[0], Complete)] == [4]


def test_what_the_metric_says_of_a_run_is_shown():
    def answered(ask, value):
        match ask:
            case tuple():
                return tuple(answered(one, value) for one in ask)
            case Evaluate(state, examples, rollout):
                made = rows(state, examples, lambda: 0.0)
                said = Score([0.0, 1.0, 0.5][rollout], f"Run {rollout} was like this.")
                return Report([dataclasses.replace(row, score=said) for row in made])
            case Validate():
                return Report([Row(ROWS[0], None, Score(0.0))])
            case Complete():
                return None

    asked, _ = drive(rules(1), task(), answered=answered)

    question = of(Complete, asked)[0].inputs
    assert "Run 1 was like this." in question["better_run"]
    assert "Run 0 was like this." in question["worse_run"]


def test_of_runs_that_are_alike_only_one_is_shown():
    def by_example(ask, example):  # each example has one score for all its runs
        return [0.0, 0.5, 0.5, 0.5, 0.5, 1.0][example.x]

    asked, _ = play(rules(1), task(train=ROWS[:6]), by_example)

    for question in of(Complete, asked):
        assert question.inputs["better_run"] == "(no such run)"
        assert "Score: 0.5" in question.inputs["worse_run"]
    assert len(of(Complete, asked)) == 4  # not of the worst example, nor of the best one


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_a_step_with_nothing_to_learn_from_tries_nothing(score):
    asked, chosen = play(SIMBA(4, 3, 3), score=lambda ask, example: score)

    assert len(sampling(asked)) == 3
    assert trying(asked) == []
    assert of(Complete, asked) == []
    assert chosen == task().state


def test_nothing_is_tried_that_is_not_new():
    asked, _ = play(rules(4), advice=[{"a": "Always the same."}] * 99)

    tried = [one.state["a"].instructions for ask in trying(asked) for one in ask]
    assert len(tried) == len(set(tried))
    assert "Do a." not in tried


def test_without_a_readable_proposer_demos_are_tried():
    asked, _ = play(SIMBA(6, 3, 3), advice=[None] * 99)

    tried = [one.state for ask in trying(asked) for one in ask]
    assert tried
    assert {state["a"].instructions for state in tried} == {"Do a."}
    assert all(state["a"].demos for state in tried)


def test_no_more_demos_than_the_most_are_shown():
    asked, _ = play(SIMBA(6, 4, 12, max_demos=2), advice=[None] * 999)

    sizes = Counter(len(one.state["a"].demos) for ask in trying(asked) for one in ask)
    assert sizes.keys() <= {1, 2}
    assert sizes[2] > 3


def test_programs_are_compared_by_what_they_gained_on_the_same_batch():
    step = iter((0.9, 0.1, 0.5))
    level = [0.0]

    def score(ask, example):
        said = ask.state["a"].instructions
        if ask.rollout == 0 and ask.state == task().state and example is ask.examples[0]:
            level[0] = next(step)
        gain = 0.05 * ("easy" in said) + 0.4 * ("hard" in said)
        return level[0] + gain + 0.01 * (ask.rollout == 2)

    optimizer = rules(3, temperature_for_sampling=0.001, temperature_for_candidates=0.001)
    advice = [{"a": "easy"}] * 4 + [{"a": "hard"}] * 99
    asked, _ = play(optimizer, score=score, advice=advice)

    third = [one for one in sampling(asked)[2] if one.rollout]
    assert all("hard" in one.state["a"].instructions for one in third)  # not the one with 0.95


def test_most_is_learnt_where_runs_differ_most():
    def score(ask, example):
        return (1.0 if example.x < 3 else 0.4) * (ask.rollout == 1)

    asked, _ = play(rules(1, candidates=2), task(train=ROWS[:6]), score)

    assert sorted(one.inputs["given"] for one in of(Complete, asked)) == ["x: 0", "x: 1", "x: 2"]


def test_the_program_as_it_was_is_run_however_many_are_better():
    def score(ask, example):
        return float((example.x + ask.rollout) % 2) + len(ask.state["a"].instructions)

    asked, _ = play(rules(6, temperature_for_sampling=1e6), score=score)

    last = [one.state for one in sampling(asked)[-1] if one.rollout]
    assert task().state in last
    assert any(state != task().state for state in last)


def test_the_winners_of_some_steps_are_validated_beside_the_program_as_it_was():
    optimizer = rules(5, candidates=2)
    asked, _ = play(optimizer)

    validated = of(Validate, asked)
    assert len(asked[-1]) == len(validated) == 3
    assert validated[0].state == task().state
    last = trying(asked)[-1]
    assert validated[-1].state in [one.state for one in last]


def test_the_best_on_val_is_chosen_whatever_the_batches_said():
    def worth(state):
        return float(state["a"].instructions.count("Hint") == 1)

    _, chosen = play(rules(4), val=worth)
    assert chosen["a"].instructions.count("Hint") == 1

    _, chosen = play(rules(4), val=lambda state: 0.5)
    assert chosen == task().state


def test_a_real_search_learns_demos():
    run = searched(SIMBA(bsize=8, num_candidates=3, max_steps=3))

    assert run.status == "done"
    assert any(c.state["route"].demos for c in run.candidates)


@pytest.mark.parametrize(
    "wrong",
    [
        {"bsize": 0},
        {"num_candidates": 0},
        {"max_steps": 0},
        {"max_demos": -1},
        {"demo_input_field_maxlen": 0},
    ],
)
def test_impossible_numbers_are_said(wrong):
    with pytest.raises(UsageError, match="Demos are at least 0, and all other counts at least 1"):
        SIMBA(**wrong)


def test_a_temperature_of_nothing_is_said():
    with pytest.raises(UsageError, match="Temperatures are above 0"):
        SIMBA(temperature_for_candidates=0)
