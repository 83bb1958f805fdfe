import dataclasses

import pytest
from optimizers.contract import ROWS, answered, task

from dspnb import Example
from dspnb.module import Setting
from dspnb.optimizers import BootstrapFewShot, Evaluate
from dspnb.optimizers.demo_sets import demo_sets, teacher_runs

OWN = Example(x=99, y=99, z="own")


def made(count, bootstrap, given=None, value=lambda: 1.0):
    """The sets, and all examples that the teacher was run on, with the state it had."""
    search, answers, runs = demo_sets(given or task(), count, bootstrap), None, []
    while True:
        try:
            asks = search.send(answers)
        except StopIteration as end:
            return end.value, runs
        assert all(isinstance(ask, Evaluate) and ask.role == "teacher" for ask in asks)
        runs += [(ask.examples[0], ask.state) for ask in asks]
        answers = answered(asks, value)


def kinds(sets):
    """How many demos of each set were bootstrapped, and how many there are."""
    return [(sum("augmented" in demo for demo in demos), len(demos)) for demos in sets["a"]]


def test_no_demos_labels_only_a_bootstrap_in_order_and_others_from_a_shuffle():
    sets, _ = made(12, BootstrapFewShot(3, 4))

    assert kinds(sets)[:3] == [(0, 0), (0, 4), (3, 4)]
    assert [demo.x for demo in sets["a"][2][:3]] == [0, 1, 2]
    sizes = [made for made, _ in kinds(sets)[3:]]
    assert set(sizes) == {1, 2, 3}
    assert len({demos[0].x for demos in sets["a"][3:]}) > 1
    assert all(len(demos) == 4 for demos in sets["b.0"][1:])


def test_without_labels_all_but_the_first_are_bootstrapped():
    sets, _ = made(4, BootstrapFewShot(3, 0))

    assert kinds(sets)[:2] == [(0, 0), (3, 3)]
    assert all(1 <= made == size for made, size in kinds(sets)[2:])


def test_without_bootstraps_all_but_the_first_are_other_labels():
    sets, runs = made(4, BootstrapFewShot(0, 4))

    assert kinds(sets) == [(0, 0), (0, 4), (0, 4), (0, 4)]
    assert len(set(sets["a"])) == 4
    assert not runs


@pytest.mark.parametrize("count", [1, 2])
def test_there_are_no_more_sets_than_asked_for(count):
    sets, runs = made(count, BootstrapFewShot(3, 4))

    assert [len(own) for own in sets.values()] == [count, count]
    assert not runs


@pytest.mark.parametrize("value", [lambda: 0.0, lambda: 1.0])
@pytest.mark.parametrize("bootstrap", [BootstrapFewShot(3, 4), BootstrapFewShot(3, 0)])
def test_the_teacher_is_run_once_on_an_example_however_many_sets_there_are(bootstrap, value):
    _, runs = made(18, bootstrap, value=value)

    assert len({example.x for example, _ in runs}) == len(runs) == len(ROWS)
    assert teacher_runs(len(ROWS), 18, bootstrap) == len(ROWS)


def test_another_round_is_another_run():
    _, runs = made(5, BootstrapFewShot(3, 4, max_rounds=2), value=lambda: 0.0)

    assert len(runs) == teacher_runs(len(ROWS), 5, BootstrapFewShot(3, 4, max_rounds=2)) == 24


def test_the_teacher_has_labelled_demos_but_never_the_answer_it_is_asked_for():
    _, runs = made(5, BootstrapFewShot(3, 4), value=lambda: 0.0)

    assert all(3 <= len(state["a"].demos) <= 4 for _, state in runs)
    assert all(demo.x != example.x for example, state in runs for demo in state["a"].demos)


def test_demos_that_the_program_has_are_the_first_set_and_the_teachers():
    given = task()
    state = {path: Setting(own.instructions, (OWN,)) for path, own in given.state.items()}
    sets, runs = made(4, BootstrapFewShot(2, 4), dataclasses.replace(given, state=state))

    assert sets["a"][0] == (OWN,)
    assert all(OWN not in demos for demos in sets["a"][1:])
    assert all(state["a"].demos == (OWN,) for _, state in runs)
