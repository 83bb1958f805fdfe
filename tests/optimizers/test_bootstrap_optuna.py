"""BootstrapFewShotWithOptuna, answered by hand: no model, no thread, no clock."""

import pytest
from optimizers.contract import FOUR, NEVER, ROWS, OptimizerContract, answered, drive, task
from optimizers.on_tickets import searched

from dspnb import Example, Score, UsageError
from dspnb.optimizers import BootstrapFewShotWithOptuna, Validate
from dspnb.report import Report, Row


class TestBootstrapFewShotWithOptuna(OptimizerContract):
    @pytest.fixture
    def optimizer(self):
        return BootstrapFewShotWithOptuna(2, 3, num_candidate_programs=4)


def search(optimizer, value, given=None):
    """The states that it validates, where `value` gives a state's mean, and the choice."""

    def answer(ask, _):
        if isinstance(ask, Validate):
            return Report([Row(ROWS[0], None, Score(value(ask.state)))])
        return answered(ask, lambda: 1.0)

    asked, chosen = drive(optimizer, given or task(), answered=answer)
    return [ask.state for ask in asked if isinstance(ask, Validate)], chosen


def test_all_demos_come_first_and_then_selections_of_several():
    optimizer = BootstrapFewShotWithOptuna(4, 8, num_candidate_programs=16)
    validated, _ = search(optimizer, lambda state: 0.5)

    pool = validated[1]
    sizes = [len(state["a"].demos) for state in validated]
    assert sizes[:2] == [0, 8]
    assert len({*sizes[2:]} - {0, 1, 8}) > 2
    for state in validated:
        for path, setting in state.items():
            kept = [demo for demo in pool[path].demos if demo in setting.demos]
            assert list(setting.demos) == kept


def test_it_finds_the_demos_that_help():
    optimizer = BootstrapFewShotWithOptuna(0, 6, num_candidate_programs=60)

    def value(state):
        return sum(1 if demo["x"] % 2 else -1 for demo in state["a"].demos)

    validated, chosen = search(optimizer, value, task(signatures={"a": FOUR["a"]}))
    odd = tuple(demo for demo in validated[1]["a"].demos if demo["x"] % 2)
    assert chosen["a"].demos == odd
    late = [value(state) for state in validated[-20:]]
    assert sum(late) / 20 > value(validated[1]) + 1


def test_each_predictor_has_its_own_selection():
    validated, _ = search(BootstrapFewShotWithOptuna(4, 0), lambda state: 0.5)

    shown = [[demo["y"] for demo in setting.demos] for s in validated for setting in s.values()]
    assert any(a != b for a, b in zip(shown[::2], shown[1::2], strict=True))


def test_a_predictor_without_demos_is_no_trouble():
    optimizer = BootstrapFewShotWithOptuna(2, 0)
    validated, chosen = search(
        optimizer, lambda state: len(state["a"].demos), task(signatures=FOUR)
    )

    assert {state[NEVER].demos for state in validated} == {()}
    assert len(chosen["a"].demos) == 2


def test_without_any_demo_there_is_nothing_to_choose():
    unlabelled = [Example(x=1).with_inputs("x")]
    optimizer = BootstrapFewShotWithOptuna(0, 16)
    validated, chosen = search(optimizer, lambda state: 0.5, task(train=unlabelled))

    assert validated == [task().state]
    assert chosen == task().state


def test_another_seed_makes_other_selections():
    optimizer = BootstrapFewShotWithOptuna(0, 12)  # all examples: the pool alone is the same
    one, _ = search(optimizer, lambda state: 0.5, task(1))
    same, _ = search(optimizer, lambda state: 0.5, task(1))
    other, _ = search(optimizer, lambda state: 0.5, task(2))

    assert one == same
    sizes = [[len(state["a"].demos) for state in states] for states in (one, other)]
    assert sizes[0] != sizes[1]


def test_demos_that_are_no_better_than_none_are_left_out():
    _, chosen = search(BootstrapFewShotWithOptuna(), lambda state: 0.5)

    assert chosen == task().state


def test_both_limits_are_kept():
    optimizer = BootstrapFewShotWithOptuna(max_bootstrapped_demos=1, max_labeled_demos=3)
    validated, _ = search(optimizer, lambda state: 0.5)

    made = [demo for demo in validated[1]["a"].demos if "augmented" in demo]
    assert (len(made), len(validated[1]["a"].demos)) == (1, 3)


def test_a_real_search_shows_demos():
    run = searched(BootstrapFewShotWithOptuna(2, 4, num_candidate_programs=4))

    assert run.status == "done"
    assert run.best_candidate.state["route"].demos


def test_impossible_numbers_are_said():
    with pytest.raises(UsageError, match="`num_candidate_programs` is at least 1"):
        BootstrapFewShotWithOptuna(num_candidate_programs=0)
    with pytest.raises(UsageError, match="Demos are at least 0 and rounds at least 1"):
        BootstrapFewShotWithOptuna(max_labeled_demos=-1)
