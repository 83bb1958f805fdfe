"""Confidence intervals against published values."""

import pytest

from dspnb.intervals import interval, paired


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(8, 10, 0.490, 0.943), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (50, 100, 0.404, 0.596)],
)
def test_zeros_and_ones_get_wilsons_interval(successes, n, low, high):
    found = interval([1] * successes + [0] * (n - successes))

    assert found == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


@pytest.mark.parametrize(("n", "quantile"), [(2, 12.706), (3, 4.303), (5, 2.776), (10, 2.262),
                                             (30, 2.045), (120, 1.980)])  # fmt: skip
def test_other_scores_get_students_interval(n, quantile):
    values = [i / 10 + 2 for i in range(n)]
    mean = sum(values) / n
    spread = (sum((v - mean) ** 2 for v in values) / (n - 1) / n) ** 0.5

    low, high = interval(values)
    assert (high - low) / 2 / spread == pytest.approx(quantile, rel=0.003)
    assert (low + high) / 2 == pytest.approx(mean)


def test_scores_between_zero_and_one_stay_there():
    low, high = interval([0.9, 1.0, 0.2])

    assert (low, high) == (0.0, 1.0)


def test_nothing_known_is_the_whole_range():
    assert interval([]) == (0.0, 1.0)
    assert interval([0.5]) == (0.0, 1.0)


def test_paired_differences_are_tighter_than_the_scores_apart():
    before = [0.1 * i for i in range(10)]
    after = [value + 0.05 + 0.01 * (i % 2) for i, value in enumerate(before)]

    difference, low, high = paired(before, after)
    assert difference == pytest.approx(0.055)
    assert 0.05 < low < high < 0.06


def test_no_difference_holds_zero():
    assert paired([1, 0, 1], [1, 0, 1]) == (0, 0, 0)
    assert paired([], []) == (0, 0, 0)
