import pytest
from optimizers.contract import ROWS, OptimizerContract, drive, task
from optimizers.on_tickets import TwoSteps, searched

from dspnb import Example, UsageError
from dspnb.optimizers import LabeledFewShot
from dspnb.testing import Scripted


class TestLabeledFewShot(OptimizerContract):
    @pytest.fixture
    def optimizer(self):
        return LabeledFewShot(k=3)


def test_each_predictor_gets_k_demos_with_its_own_fields_only():
    asked, chosen = drive(LabeledFewShot(k=3), task())

    assert asked == []
    assert [set(demo) for demo in chosen["a"].demos] == [{"x", "y"}] * 3
    assert [set(demo) for demo in chosen["b.0"].demos] == [{"y", "z"}] * 3


def test_without_sampling_it_takes_the_first():
    _, chosen = drive(LabeledFewShot(k=2, sample=False), task())

    assert chosen["a"].demos == (Example(x=0, y=0), Example(x=1, y=1))


def test_more_than_there_are_is_all_there_are():
    _, chosen = drive(LabeledFewShot(k=99), task())

    assert len(chosen["a"].demos) == len(ROWS)


def test_an_example_without_a_predictors_output_is_no_demo_of_it():
    unlabelled = [Example(x=1, z="1").with_inputs("x")]

    _, chosen = drive(LabeledFewShot(), task(train=unlabelled))
    assert chosen["a"].demos == ()
    assert chosen["b.0"].demos == ()


def test_all_predictors_are_shown_the_same_examples():
    _, chosen = drive(LabeledFewShot(k=4), task())

    assert [demo.y for demo in chosen["a"].demos] == [demo.y for demo in chosen["b.0"].demos]


def test_a_predictor_without_labels_in_some_examples_is_shown_others():
    train = [
        Example(x=i, z=str(i), **({"y": i} if i % 3 else {})).with_inputs("x") for i in range(9)
    ]

    _, chosen = drive(LabeledFewShot(k=6), task(train=train))
    assert sorted(demo.y for demo in chosen["a"].demos) == [1, 2, 4, 5, 7, 8]


def test_another_seed_shows_others():
    _, one = drive(LabeledFewShot(k=4), task(1))
    _, other = drive(LabeledFewShot(k=4), task(2))

    assert one != other


def test_without_any_example_there_are_no_demos():
    _, chosen = drive(LabeledFewShot(), task(train=()))

    assert chosen == task().state


def test_a_predictor_keeps_a_model_of_its_own():
    own = Scripted(lambda prompt: "[[ ## topic ## ]]\nlamps")
    program = TwoSteps()
    program.sum_up.lm = own

    run = searched(LabeledFewShot(k=2), program, train=4, val=4)
    assert run.best.sum_up.lm is own
    assert len(own.calls) >= 4
    assert program.route.lm is None


def test_instructions_stay():
    _, chosen = drive(LabeledFewShot(), task())

    assert chosen["a"].instructions == "Do a."


def test_an_impossible_number_is_said():
    with pytest.raises(UsageError, match=r"at least 0; got LabeledFewShot\(k=-1"):
        LabeledFewShot(k=-1)
