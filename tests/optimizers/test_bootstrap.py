"""BootstrapFewShot, answered by hand: no model, no thread, no clock."""

import dataclasses

import pytest
from optimizers.contract import ROWS, OptimizerContract, call, drive, row, task
from optimizers.on_tickets import TwoSteps, searched

from dspnb import Example, UsageError
from dspnb.optimizers import BootstrapFewShot
from dspnb.report import Report
from dspnb.testing import Scripted


class TestBootstrapFewShot(OptimizerContract):
    @pytest.fixture
    def optimizer(self):
        return BootstrapFewShot(max_bootstrapped_demos=3, max_labeled_demos=5, max_rounds=2)


def reports(asks, *values):
    return tuple(
        Report([row(ask.examples[0], value)]) for ask, value in zip(asks, values, strict=True)
    )


def shown(asks):
    return [ask.examples[0].x for ask in asks]


def test_it_asks_for_as_many_at_once_as_are_still_needed():
    search = BootstrapFewShot(max_bootstrapped_demos=3, max_labeled_demos=0).search(task())

    first = next(search)
    second = search.send(reports(first, 1, 0, 1))
    third = search.send(reports(second, 0))
    assert (shown(first), shown(second), shown(third)) == ([0, 1, 2], [3], [4])
    with pytest.raises(StopIteration) as end:
        search.send(reports(third, 1))
    assert [demo.x for demo in end.value.value["a"].demos] == [0, 2, 4]


def test_what_failed_is_tried_again_as_another_sample():
    search = BootstrapFewShot(2, 0, max_rounds=3).search(task())

    first = next(search)
    second = search.send(reports(first, 1, 0))
    third = search.send(reports(second, 0))
    fourth = search.send(reports(third, 0))
    assert [ask.rollout for ask in first] == [0, 0]
    assert (shown(second), [ask.rollout for ask in second]) == ([1], [1])
    assert (shown(third), [ask.rollout for ask in third]) == ([1], [2])
    assert shown(fourth) == [2]  # given up after three rounds


def test_no_example_is_shown_its_own_answer():
    asked, _ = drive(BootstrapFewShot(4, 12), task())

    for ask in (one for wave in asked for one in wave):
        (example,) = ask.examples
        demos = [demo for setting in ask.state.values() for demo in setting.demos]
        assert demos  # the teacher is shown labelled examples
        assert not [demo for demo in demos if demo.items() <= example.items()]


def test_a_demo_of_an_earlier_run_is_not_shown_to_its_own_example():
    earlier = (Example(augmented=True, x=0, y=0), Example(augmented=True, x=1, y=1))
    search = BootstrapFewShot(2, 0).search(task(demos=earlier))

    first, second = next(search)

    assert first.state["a"].demos == earlier[1:]
    assert second.state["a"].demos == earlier[:1]


def test_a_demo_is_what_the_predictor_took_and_gave():
    _, chosen = drive(BootstrapFewShot(1, 0), task(), value=lambda: 1.0)

    assert chosen["a"].demos == (Example(augmented=True, x=0, y=0),)
    assert chosen["b.0"].demos == (Example(augmented=True, y=0, z="0"),)


def test_of_several_calls_of_a_predictor_one_becomes_a_demo():
    search = BootstrapFewShot(1, 0).search(task())
    (ask,) = next(search)
    again = call("a", x=7, y=8)
    report = Report([row(ask.examples[0], 1.0, again)])

    with pytest.raises(StopIteration) as end:
        search.send((report,))
    assert len(end.value.value["a"].demos) == 1


@pytest.mark.parametrize("unused", [{"rejected": "a better sample was kept"}, {"error": "no"}])
def test_a_call_whose_answer_was_not_used_is_no_demo(unused):
    search = BootstrapFewShot(1, 0).search(task())
    (ask,) = next(search)
    good = row(ask.examples[0], 1.0)
    others = tuple(dataclasses.replace(call("a", x=7, y=i), **unused) for i in range(9))
    report = Report([dataclasses.replace(good, trace=(*others[:5], *good.trace, *others[5:]))])

    with pytest.raises(StopIteration) as end:
        search.send((report,))
    assert end.value.value["a"].demos == (Example(augmented=True, x=0, y=0),)


def test_a_predictor_that_is_made_during_the_run_gets_no_demos():
    search = BootstrapFewShot(1, 0).search(task())
    (ask,) = next(search)
    passing = dataclasses.replace(call("a", x=7, y=8), path="`x -> y`")

    with pytest.raises(StopIteration) as end:
        search.send((Report([row(ask.examples[0], 1.0, passing)]),))
    assert end.value.value.keys() == task().state.keys()


def test_labelled_examples_fill_up_and_none_stands_twice():
    _, chosen = drive(BootstrapFewShot(2, 6), task(), value=lambda: 1.0)

    xs = [demo.x for demo in chosen["a"].demos]
    assert len(xs) == 6
    assert len(set(xs)) == 6
    assert ["augmented" in demo for demo in chosen["a"].demos] == [True] * 2 + [False] * 4


@pytest.mark.parametrize(
    ("threshold", "score", "accepted"),
    [(None, 0.1, 1), (None, 0.0, 0), (0.5, 0.4, 0), (0.5, 0.5, 1), (0.0, 0.0, 1)],
)
def test_the_threshold_decides_what_is_accepted(threshold, score, accepted):
    optimizer = BootstrapFewShot(1, 0, metric_threshold=threshold)
    _, chosen = drive(optimizer, task(train=ROWS[:1]), value=lambda: score)

    assert len(chosen["a"].demos) == accepted


def test_a_run_that_failed_is_no_demo_even_without_a_threshold_to_reach():
    search = BootstrapFewShot(1, 0, metric_threshold=0.0).search(task(train=ROWS[:1]))
    next(search)
    failed = dataclasses.replace(row(ROWS[0], 0.0), error="ValueError: no")

    with pytest.raises(StopIteration) as end:
        search.send((Report([failed]),))
    assert end.value.value["a"].demos == ()


def test_a_program_that_has_demos_teaches_with_them():
    own = (Example(x=99, y=99),)
    search = BootstrapFewShot(1, 5).search(task(demos=own))

    (ask,) = next(search)
    assert ask.state["a"].demos == own
    assert ask.role == "teacher"


def test_after_a_run_that_failed_the_next_ones_are_shown_all_demos_again():
    own = tuple(Example(augmented=True, x=i, y=i) for i in range(2))
    search = BootstrapFewShot(1, 0).search(task(demos=own))

    (first,) = next(search)
    failed = dataclasses.replace(row(first.examples[0], 0.0), error="ValueError: no")
    (second,) = search.send((Report([failed]),))
    (third,) = search.send(reports((second,), 0))
    assert first.state["a"].demos == own[1:]
    assert second.state["a"].demos == own[:1]
    assert third.state["a"].demos == own


def test_without_any_example_there_is_nothing_to_ask():
    asked, chosen = drive(BootstrapFewShot(), task(train=()))

    assert asked == []
    assert chosen == task().state


def test_a_run_is_told_that_it_has_nothing_to_learn_from():
    with pytest.raises(UsageError, match="`train` is empty"):
        searched(BootstrapFewShot(), train=0)


def test_predictors_keep_models_of_their_own():
    own = Scripted(lambda prompt: "[[ ## topic ## ]]\nlamps")
    program = TwoSteps()
    program.sum_up.lm = own

    run = searched(BootstrapFewShot(2, 2), program, train=6, val=4)
    assert run.best.sum_up.lm is own
    assert len(own.calls) > 4
    assert run.best.route.lm is None


def test_the_program_that_was_given_is_not_changed():
    program = TwoSteps()
    before = program.state

    run = searched(BootstrapFewShot(2, 4), program)
    assert any(c.state["route"].demos for c in run.candidates)
    assert program.state == before


def test_impossible_numbers_are_said():
    with pytest.raises(UsageError, match="Demos are at least 0 and rounds at least 1"):
        BootstrapFewShot(max_rounds=0)
