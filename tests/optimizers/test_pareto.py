import random
from collections import Counter

import pytest
from optimizers.contract import task

from dspnb.optimizers.lineage import Member, ancestors, best
from dspnb.optimizers.pareto import choose, wins


def pool(*scores):
    return [Member(task().state, one) for one in scores]


def drawn(members, selection, times=4000):
    rng = random.Random(3)
    return Counter(choose(members, selection, rng) for _ in range(times))


def test_each_candidate_counts_the_examples_that_it_is_best_at():
    assert wins(pool([1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0.5])) == {0: 2, 1: 1, 2: 1}


def test_who_is_best_only_where_another_is_so_too_is_dominated():
    assert wins(pool([1, 0, 0], [1, 1, 0], [0, 0, 1])) == {1: 2, 2: 1}


def test_one_may_be_dominated_by_several_together():
    assert wins(pool([1, 0.9, 1, 0], [1, 0, 0, 1], [0, 1, 1, 0])) == {1: 2, 2: 2}


def test_of_two_that_dominate_each_other_the_higher_mean_stays():
    assert wins(pool([1, 1, 0, 0.5], [1, 1, 0.2, 0], [0, 0, 0.3, 0.6])) == {0: 2, 2: 2}


def test_of_equals_the_newest_stays():
    assert wins(pool([0, 1], [0, 1], [0, 1])) == {2: 2}


def test_a_parent_is_drawn_as_often_as_it_wins():
    found = drawn(pool([1, 1, 1, 0, 0.1], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0]), "pareto")

    assert found.keys() == {0, 1}
    assert found[0] / 4000 == pytest.approx(0.8, abs=0.03)


def test_the_current_best_is_the_first_with_the_highest_mean():
    members = pool([0, 0, 1], [1, 1, 0], [0, 1, 1])

    assert best(members) == 1
    assert drawn(members, "current_best", 20) == {1: 20}


def test_epsilon_greedy_takes_anyone_one_time_in_ten():
    found = drawn(pool([0, 0], [1, 1], [0, 0], [0, 0]), "epsilon_greedy")

    assert found.keys() == {0, 1, 2, 3}
    assert found[1] / 4000 == pytest.approx(0.925, abs=0.02)


def test_of_the_top_only_five_are_drawn_from():
    lines = ([0.9 if i == j else 0.5 for j in range(6)] for i in range(6))
    members = pool([1, 0, 0, 0, 0, 0, 0], *([0, *line] for line in lines))

    assert drawn(members, "pareto").keys() == {0, 1, 2, 3, 4, 5, 6}
    assert drawn(members, "top_k_pareto").keys() == {1, 2, 3, 4, 5}


def test_when_none_of_the_top_is_best_at_anything_the_best_mean_is_taken():
    specialists = [[1.0 if i == j else 0.0 for j in range(6)] for i in range(6)]
    members = pool(*specialists, *[[0.5] * 6] * 5)

    assert drawn(members, "top_k_pareto", 20) == {6: 20}


def test_ancestors_are_found_along_all_lines():
    state = task().state
    members = [
        Member(state, [0]),
        Member(state, [0], (0,)),
        Member(state, [0], (0,)),
        Member(state, [0], (1, 2)),
        Member(state, [0], (3,)),
    ]

    assert [ancestors(members, i) for i in range(5)] == [
        set(),
        {0},
        {0},
        {0, 1, 2},
        {0, 1, 2, 3},
    ]
