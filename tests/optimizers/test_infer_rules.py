"""InferRules, answered by hand: no model, no thread, no clock."""

import copy

import pytest
from optimizers.contract import FOUR, ROWS, OptimizerContract, answered, drive, row, task
from optimizers.on_tickets import TwoSteps, searched

from dspnb import Example, Prediction, Score, UsageError
from dspnb.optimizers import Complete, Evaluate, InferRules, Validate
from dspnb.report import Report, Row


class TestInferRules(OptimizerContract):
    @pytest.fixture
    def optimizer(self):
        return InferRules(3, 2, 2, 4)


def search(optimizer, rules, scores=(), given=None):
    """The asks, one by one, and the choice, for these rules and validation means in turn."""
    rules, scores = iter(rules), iter(scores)

    def answer(ask, value):
        match ask:
            case tuple():
                return tuple(answer(one, value) for one in ask)
            case Complete():
                found = next(rules)
                return None if found is None else Prediction(rules=found)
            case Validate():
                return Report([Row(ROWS[0], None, Score(next(scores, 0.0)))])
            case _:
                return answered(ask, lambda: 1.0)

    given = given or task(signatures={"a": FOUR["a"]})
    asked, chosen = drive(optimizer, given, answered=answer)
    flat = [one for ask in asked for one in (ask if isinstance(ask, tuple) else (ask,))]
    return flat, chosen


def of(kind, asks):
    return [ask for ask in asks if isinstance(ask, kind)]


def test_rules_stand_below_the_instructions_and_demos_are_bootstrapped():
    _, chosen = search(InferRules(1, max_labeled_demos=0), [["First.", " Second. ", ""]], [0, 1])

    assert chosen["a"].instructions == "Do a.\n\nKeep to these rules:\n- First.\n- Second."
    assert len(chosen["a"].demos) == 4


def test_each_candidate_has_its_own_rules_and_the_best_one_keeps_them():
    asks, chosen = search(InferRules(3), [["One."], ["Two."], ["Three."]], [0, 0.2, 0.9, 0.3])

    said = [ask.state["a"].instructions for ask in of(Validate, asks)]
    rules = [text.partition("rules:\n")[2] for text in said]
    assert rules == ["", "- One.", "- Two.", "- Three."]
    assert chosen["a"].instructions.endswith("- Two.")


def test_the_program_that_was_given_has_no_rules_afterwards():
    program = TwoSteps()
    before = copy.deepcopy(program.state)

    run = searched(InferRules(2, max_bootstrapped_demos=1, max_labeled_demos=2), program)

    assert run.status == "done"
    assert len({c.state["route"].instructions for c in run.candidates}) > 1
    assert program.state == before
    assert run.program.state == before


def test_the_bootstrapped_program_is_what_is_left_when_no_rules_are_found():
    asks, chosen = search(InferRules(2, num_rules=1), [[], []], [0.1, 0.5])

    assert of(Validate, asks)[1].note == "bootstrapped, no rules were found"
    assert chosen["a"].instructions == "Do a."
    assert chosen["a"].demos


def test_rules_that_are_no_better_are_left_out():
    _, chosen = search(InferRules(2), [["One."], ["Two."]], [0.5, 0.5, 0.5, 0.5])

    assert chosen == task(signatures={"a": FOUR["a"]}).state


def test_more_rules_than_wanted_are_cut_off():
    _, chosen = search(InferRules(1, num_rules=2), [["One.", "Two.", "Three."]], [0, 1])

    assert chosen["a"].instructions.endswith(":\n- One.\n- Two.")


def test_examples_that_are_too_many_are_halved_until_they_fit():
    optimizer = InferRules(1, max_bootstrapped_demos=0)
    asks, chosen = search(optimizer, [None, None, ["Fits."]], [0, 1])

    shown = [ask.inputs["examples"].count("Example ") for ask in of(Complete, asks)]
    assert shown == [12, 6, 3]
    assert chosen["a"].instructions.endswith("- Fits.")


def test_a_proposer_that_reads_not_even_one_example_leaves_the_predictor_without_rules():
    optimizer = InferRules(2, max_bootstrapped_demos=0)
    asks, chosen = search(optimizer, [None] * 99, [0, 0.5])

    assert len(of(Complete, asks)) == optimizer.proposer_calls(12, 4) == 8
    assert len(of(Validate, asks)) == 2
    assert chosen["a"].instructions == "Do a."


def test_rules_come_from_bootstrapped_demos_where_no_example_has_labels():
    train = [Example(x=i, y=i, z="z").with_inputs("x") for i in range(2)]
    labelled = [Example(x=i, z="z").with_inputs("x") for i in range(2)]

    def succeeding(ask, value):
        match ask:
            case tuple():
                return tuple(succeeding(one, value) for one in ask)
            case Evaluate(_, examples):
                return Report([row(train[one.x], 1.0) for one in examples])
        return answered(ask, value)

    given = task(train=labelled, signatures={"a": FOUR["a"]})
    asked, _ = drive(InferRules(1), given, answered=succeeding)

    ((question,),) = [ask for ask in asked if isinstance(ask, tuple) and of(Complete, ask)]
    assert sorted(question.inputs["examples"].split("\n")) == sorted(
        ["Example 1", "x: 0", "y: 0", "", "Example 2", "x: 1", "y: 1"]
    )


def test_an_example_that_is_a_demo_as_well_is_shown_once():
    asks, _ = search(InferRules(1), [["One."]])

    (question,) = of(Complete, asks)
    assert question.inputs["examples"].count("Example ") == len(ROWS)


def test_each_candidate_is_shown_the_examples_in_another_order():
    asks, _ = search(InferRules(3), [["One."]] * 3)

    assert len({ask.inputs["examples"] for ask in of(Complete, asks)}) == 3


def test_a_predictor_without_any_example_is_not_asked_about():
    unlabelled = [Example(x=i, q=1).with_inputs("x") for i in range(3)]
    asks, _ = search(InferRules(2, max_bootstrapped_demos=0), [], given=task(train=unlabelled))

    assert of(Complete, asks) == []


@pytest.mark.parametrize("wrong", [{"num_candidates": 0}, {"num_rules": 0}])
def test_impossible_numbers_are_said(wrong):
    with pytest.raises(UsageError, match="Candidates and rules are at least 1"):
        InferRules(**wrong)


def test_numbers_that_no_bootstrap_takes_are_said_before_the_search():
    with pytest.raises(UsageError, match="Demos are at least 0 and rounds at least 1"):
        InferRules(max_rounds=0)
