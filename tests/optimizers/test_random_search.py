import pytest
from optimizers.contract import ROWS, OptimizerContract, answered, drive, task
from optimizers.on_tickets import searched

from dspnb import Score, UsageError
from dspnb.optimizers import BootstrapFewShotWithRandomSearch, Validate
from dspnb.report import Report, Row


class TestRandomSearch(OptimizerContract):
    @pytest.fixture
    def optimizer(self):
        return BootstrapFewShotWithRandomSearch(3, 5, num_candidate_programs=3)


def scored_in_turn(optimizer, *means):
    """Drive a search whose validations score these means. Gives the validations and the choice."""
    search, answer, means, validations = optimizer.search(task()), None, iter(means), []
    while True:
        try:
            ask = search.send(answer)
        except StopIteration as end:
            return validations, end.value
        if isinstance(ask, Validate):
            validations.append(ask)
            answer = Report([Row(ROWS[0], None, Score(next(means)))])
        else:
            answer = answered(ask, lambda: 1.0)


def test_it_scores_the_bare_program_labels_and_bootstraps():
    optimizer = BootstrapFewShotWithRandomSearch(3, 5, num_candidate_programs=2)
    validations, _ = scored_in_turn(optimizer, 0.1, 0.2, 0.3, 0.4, 0.5)

    assert [ask.note for ask in validations] == [
        "",
        "labelled demos",
        "bootstrap 0",
        "bootstrap 1",
        "bootstrap 2",
    ]
    made = [sum("augmented" in demo for demo in v.state["a"].demos) for v in validations]
    assert made[:3] == [0, 0, 3]
    assert all(1 <= n <= 3 for n in made[3:])
    assert [len(v.state["a"].demos) for v in validations] == [0, 5, 5, 5, 5]


def test_the_best_is_chosen_and_the_first_of_equals():
    optimizer = BootstrapFewShotWithRandomSearch(num_candidate_programs=1)
    validations, chosen = scored_in_turn(optimizer, 0.1, 0.7, 0.7, 0.2)

    assert chosen == validations[1].state


def test_nothing_better_leaves_the_program_as_it_is():
    optimizer = BootstrapFewShotWithRandomSearch(num_candidate_programs=1)

    _, chosen = scored_in_turn(optimizer, 0.7, 0.7, 0.7, 0.2)
    assert chosen == task().state


def test_a_good_enough_score_ends_the_search():
    optimizer = BootstrapFewShotWithRandomSearch(num_candidate_programs=9, stop_at_score=0.6)
    validations, chosen = scored_in_turn(optimizer, 0.1, 0.2, 0.6)

    assert len(validations) == 3
    assert chosen == validations[2].state


def test_the_first_bootstrap_goes_in_order_and_the_others_do_not():
    optimizer = BootstrapFewShotWithRandomSearch(2, 0, num_candidate_programs=6)
    asked, _ = drive(optimizer, task(), value=lambda: 1.0)

    waves = [[one.examples[0].x for one in ask] for ask in asked if isinstance(ask, tuple)]
    assert waves[0] == [0, 1]
    assert any(wave != [0, 1][: len(wave)] for wave in waves[1:])


def test_another_seed_makes_other_candidates():
    optimizer = BootstrapFewShotWithRandomSearch(2, 0, num_candidate_programs=3)
    one, _ = drive(optimizer, task(1), value=lambda: 1.0)
    other, _ = drive(optimizer, task(2), value=lambda: 1.0)

    assert one != other


def test_a_threshold_of_nothing_accepts_every_run_that_does_not_fail():
    optimizer = BootstrapFewShotWithRandomSearch(2, 0, num_candidate_programs=0, metric_threshold=0)
    asked, _ = drive(optimizer, task(), value=lambda: 0.0)

    last = [ask for ask in asked if isinstance(ask, Validate)][-1]
    assert len(last.state["a"].demos) == 2


def test_without_any_example_the_program_stays():
    _, chosen = drive(BootstrapFewShotWithRandomSearch(num_candidate_programs=1), task(train=()))

    assert chosen == task().state


def test_no_example_that_validates_becomes_a_demo():
    run = searched(BootstrapFewShotWithRandomSearch(2, 4, num_candidate_programs=2))

    validating = {example.ticket for example in run.plan.val}
    shown = {demo.ticket for c in run.candidates for demo in c.state["route"].demos}
    assert shown and not shown & validating


@pytest.mark.parametrize("wrong", [{"max_bootstrapped_demos": 0}, {"num_candidate_programs": -1}])
def test_impossible_numbers_are_said(wrong):
    with pytest.raises(UsageError, match="Random search draws 1 to"):
        BootstrapFewShotWithRandomSearch(**wrong)


@pytest.mark.parametrize("wrong", [{"max_labeled_demos": -1}, {"max_rounds": 0}])
def test_numbers_that_no_bootstrap_takes_are_said_before_the_search(wrong):
    with pytest.raises(UsageError, match="Demos are at least 0 and rounds at least 1"):
        BootstrapFewShotWithRandomSearch(**wrong)
