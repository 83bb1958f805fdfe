"""The distributions against published values and against exact sums."""

import math

import pytest

from dspnb.distributions import beta, student


@pytest.mark.parametrize(
    ("freedom", "quantiles"),
    [  # 90, 95, 97.5, 99.5%, from the usual table
        (1, (3.078, 6.314, 12.706, 63.657)),
        (2, (1.886, 2.920, 4.303, 9.925)),
        (5, (1.476, 2.015, 2.571, 4.032)),
        (10, (1.372, 1.812, 2.228, 3.169)),
        (30, (1.310, 1.697, 2.042, 2.750)),
        (120, (1.289, 1.658, 1.980, 2.617)),
    ],
)
def test_students_distribution_agrees_with_its_table(freedom, quantiles):
    found = [student(t, freedom) for t in quantiles]

    assert found == pytest.approx([0.9, 0.95, 0.975, 0.995], abs=1e-4)  # the table has 3 digits


@pytest.mark.parametrize("t", [-40, -3, -1, -0.1, 0, 1e-9, 0.5, 2, 9, 1000])
def test_students_distribution_is_exact_where_there_is_a_formula(t):
    assert student(t, 1) == pytest.approx(0.5 + math.atan(t) / math.pi, abs=1e-12)
    assert student(t, 2) == pytest.approx(0.5 + t / (2 * math.sqrt(2 + t * t)), abs=1e-12)
    assert student(t, 1e7) == pytest.approx(math.erfc(-t / math.sqrt(2)) / 2, abs=1e-6)
    assert student(-t, 7) == 1 - student(t, 7)


@pytest.mark.parametrize("x", [0.0, 0.01, 0.2, 0.5, 0.77, 0.999, 1.0])
@pytest.mark.parametrize(("a", "b"), [(1, 1), (1, 3), (2, 1), (4, 2), (31, 9), (501, 499)])
def test_beta_is_a_sum_of_binomials(x, a, b):
    n = a + b - 1
    exact = math.fsum(math.comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))

    assert beta(x, a, b) == pytest.approx(exact, abs=1e-11)


@pytest.mark.parametrize("x", [0.03, 0.5, 0.9])
def test_beta_of_halves_is_the_law_of_the_arc_sine(x):
    assert beta(x, 0.5, 0.5) == pytest.approx(2 / math.pi * math.asin(math.sqrt(x)), abs=1e-12)


def test_beta_holds_for_hundreds_of_thousands():
    assert beta(0.5, 300_001, 300_001) == pytest.approx(0.5, abs=1e-9)
    assert beta(0.5, 300_501, 299_501) == pytest.approx(0.098353, abs=2e-6)  # the normal's
