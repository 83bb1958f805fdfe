"""What the same examples, scored twice, have in common."""

import pytest

from dspnb.pairs import changed, differences, moments, reach


def test_examples_that_changed_are_named():
    assert changed([0, 1, 1, 0.5, 0.2], [1, 0, 1, 0.6, 0.2]) == ([0, 3], [1])
    assert changed([], []) == ([], [])


def test_scores_of_other_examples_are_no_pairs():
    with pytest.raises(ValueError, match="shorter"):
        changed([0, 1], [1])


def test_what_only_rounding_makes_different_is_equal():
    assert len(set(differences([0.2, 0.1, 0.7], [0.3, 0.2, 0.8]))) == 1
    assert changed([0.1 + 0.2], [0.3]) == ([], [])


@pytest.mark.parametrize(
    ("before", "after", "most"),
    [([0, 0.5], [1, 0.2], 1), ([40], [90], 90), ([-1], [1], 2), ([], [], 1)],
)
def test_scores_outside_zero_and_one_reach_as_far_as_they_do(before, after, most):
    assert reach(before, after) == most


def test_without_ties_the_moments_are_those_of_the_sample():
    seen = moments([1, 2, 6])

    assert (seen.size, seen.mean) == (3, 3)
    assert seen.error == pytest.approx((7 / 3) ** 0.5)  # the variance, 7, of 3 pairs
    assert seen.skewness == pytest.approx((-8 - 1 + 27) / 3 / (14 / 3) ** 1.5)


def test_ties_add_a_gain_and_a_loss():
    seen = moments([0, 0, 0, 0, 0, 0, 3, 4])  # 3/4 of 4, and of -4

    assert seen.size == 9.5
    assert seen.mean == pytest.approx(7 / 9.5)
    assert seen.spread**2 == pytest.approx((25 + 2 * 0.75 * 16) / 9.5 - (7 / 9.5) ** 2)
