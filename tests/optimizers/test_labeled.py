import pytest
from optimizers.contract import ROWS, OptimizerContract, drive, task

from dspnb import Example, UsageError
from dspnb.optimizers import LabeledFewShot


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


def test_instructions_stay():
    _, chosen = drive(LabeledFewShot(), task())

    assert chosen["a"].instructions == "Do a."


def test_an_impossible_number_is_said():
    with pytest.raises(UsageError, match=r"at least 0; got LabeledFewShot\(k=-1"):
        LabeledFewShot(k=-1)
