import random
from collections import Counter

import pytest

from dspnb.module import Setting
from dspnb.optimizers.lineage import Member
from dspnb.optimizers.merge import crossed, merge, places


def member(texts, scores, *parents):
    state = {path: Setting(text) for path, text in zip("abcd", texts, strict=False)}
    return Member(state, scores, parents)


def texts(state):
    return "".join(setting.instructions for setting in state.values())


def merged(pool, among=None, tried=(), seed=0):
    return merge(pool, range(len(pool)) if among is None else among, tried, random.Random(seed))


def test_the_changed_side_of_each_predictor_is_taken():
    pool = [member("____", [0]), member("A_C_", [1], 0), member("_B__", [1], 0)]
    found = merged(pool)

    assert texts(found.state) == "ABC_"
    assert found.parents == (1, 2)


def test_where_both_changed_the_better_one_is_taken():
    ancestor, first, second = member("___", [0]), member("A_x", [0.5]), member("_By", [0.8])

    assert texts(crossed(ancestor, first, second, random.Random(0))) == "ABy"


def test_where_both_changed_and_are_as_good_the_lot_decides():
    ancestor, first, second = member("___", [0]), member("A_x", [0.5]), member("_By", [0.5])
    found = Counter(
        texts(crossed(ancestor, first, second, random.Random(seed))) for seed in range(40)
    )

    assert found.keys() == {"ABx", "ABy"}


def test_what_both_changed_alike_stays():
    ancestor, first, second = member("___", [0]), member("A_x", [0.5]), member("_Bx", [0.5])

    assert texts(crossed(ancestor, first, second, random.Random(0))) == "ABx"


def test_a_candidate_is_not_merged_with_its_own_descendant():
    pool = [member("__", [0]), member("A_", [1], 0), member("AB", [1], 1)]

    assert merged(pool) is None


def test_an_ancestor_that_scores_better_than_one_of_both_does_not_serve():
    pool = [member("__", [0.5]), member("A_", [0.4], 0), member("_B", [1], 0)]

    assert merged(pool) is None


def test_both_must_have_learnt_different_things():
    same = [member("__", [0]), member("A_", [1], 0), member("x_", [1], 0)]

    assert merged(same) is None


def test_only_candidates_that_are_not_dominated_are_merged():
    pool = [member("__", [0]), member("A_", [1], 0), member("_B", [1], 0), member("_C", [1], 0)]

    found = {merged(pool, (1, 3), seed=seed).parents for seed in range(20)}
    assert found == {(1, 3)}


def test_the_same_merge_is_not_tried_again():
    pool = [member("__", [0]), member("A_", [1], 0), member("_B", [1], 0), member("_C", [1], 0)]
    tried = []
    while (found := merged(pool, tried=tried)) is not None:
        tried.append(found.state)

    assert sorted(map(texts, tried)) == ["AB", "AC"]


def test_a_merge_that_gives_one_of_the_pool_is_none():
    # The second is better and changed both: crossing only gives the second again.
    pool = [member("__", [0]), member("A_", [0.5], 0), member("xB", [0.9], 0)]

    assert merged(pool) is None


def test_ancestors_that_score_nothing_serve_as_well():
    pool = [
        member("___", [0.0]),
        member("__C", [0.0], 0),
        member("A_C", [1.0], 1),
        member("_BC", [1.0], 1),
    ]

    assert texts(merged(pool).state) == "ABC"


def test_the_better_ancestor_is_more_likely():
    pool = [
        member("___", [0.1]),
        member("__C", [0.9], 0),
        member("A_C", [1.0], 1),
        member("_Bx", [1.0], 1),
    ]
    found = Counter(texts(merged(pool, (2, 3), seed=seed).state) for seed in range(200))

    # From the older ancestor the third predictor changed in both, and the lot decides; from the
    # newer one it changed in the second only.
    assert found["ABx"] / 200 == pytest.approx(0.95, abs=0.04)


def test_places_are_balanced_between_who_is_better():
    first = [1, 1, 1, 1, 0, 0, 0, 1, 1, 1]
    second = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    chosen = places(first, second, random.Random(0))

    kinds = Counter(first[place] - second[place] for place in chosen)
    assert chosen == tuple(sorted(set(chosen)))
    assert kinds == {1: 2, -1: 2, 0: 1}


def test_places_of_a_kind_that_is_rare_are_filled_up_with_others():
    first, second = [1] * 9, [1] * 8 + [0]
    chosen = places(first, second, random.Random(0))

    assert len(set(chosen)) == 5
    assert 8 in chosen


def test_few_examples_are_all_taken_and_none_twice():
    assert places([1, 0, 1], [1, 1, 1], random.Random(0)) == (0, 1, 2)
