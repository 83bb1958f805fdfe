"""Confidence intervals against published values, and against what they promise."""

import functools
import math
import random
import statistics
import time

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


@pytest.mark.parametrize(
    ("wins", "losses", "n", "low", "high"),
    [  # by hand: (w + 1)/(n + 2) - (l + 1)/(n + 2) -+ 1.96 standard errors
        (0, 0, 100, -0.0272, 0.0272),
        (3, 0, 100, -0.0132, 0.0720),
        (8, 2, 48, -0.0117, 0.2517),
        (20, 0, 20, 0.7350, 1.0),
        (6, 16, 161, -0.1195, -0.0032),  # Fagerland, Lydersen & Laake (2014)
    ],
)
def test_zeros_and_ones_in_pairs_get_the_interval_of_bonett_and_price(wins, losses, n, low, high):
    before = [0] * wins + [1] * losses + [1] * (n - wins - losses)
    after = [1] * wins + [0] * losses + [1] * (n - wins - losses)

    expected = (wins - losses) / n, low, high
    assert paired(before, after) == pytest.approx(expected, abs=1e-4)


def test_few_changes_are_no_certainty():
    _, low, high = paired([0.5, 1, 0.25] * 10, [0.5, 1, 0.25] * 10)
    assert low == -high and 0.05 < high < 0.1

    _, low, high = paired([0.5] * 10, [0.75] * 10)
    assert 0 < low < 0.25 < high


def test_one_pair_or_none_says_nothing():
    assert paired([], []) == (0, -1, 1)
    assert paired([0.5], [0.75]) == (0.25, -1, 1)


def test_scores_of_other_scales_get_the_same_interval_times_the_scale():
    before, after = [0.5, 0.1, 0.9, 0.3, 0.3], [0.6, 0.3, 0.9, 0.3, 0.2]

    scaled = paired([100 * b for b in before], [100 * a for a in after])
    assert scaled == pytest.approx([100 * value for value in paired(before, after)])


def test_the_other_way_round_is_the_mirror_image():
    before, after = [0.5, 0.1, 0.9, 0.3, 0.3], [0.6, 0.3, 0.9, 0.3, 0.2]

    difference, low, high = paired(before, after)
    assert low < difference < high
    assert paired(after, before) == (-difference, -high, -low)


def test_a_rare_large_difference_makes_the_interval_longer_on_its_side():
    before = [0.1 + i / 1000 for i in range(40)]
    after = [value + 0.01 + 0.001 * (i % 3) for i, value in enumerate(before)]
    after[7] = 0.9

    difference, low, high = paired(before, after)
    assert high - difference > 2 * (difference - low)


def test_a_thousand_pairs_take_a_few_milliseconds():
    before, after = pairs(WORLDS["f1"], 1000, random.Random(1))

    start = time.process_time()
    paired(before, after)
    assert time.process_time() - start < 0.05  # 1 ms on an idle machine


@pytest.mark.parametrize("n", [20, 50, 100])
@pytest.mark.parametrize("discordance", [0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("one_sided", [0, 0.5, 0.9])
def test_the_interval_of_zeros_and_ones_holds_the_truth_in_95_of_100_cases(
    n, discordance, one_sided
):
    win, loss = discordance * (1 + one_sided) / 2, discordance * (1 - one_sided) / 2
    covered = sum(
        probability(wins, losses, n, win, loss)
        for wins, losses, low, high in bounds(n)
        if low <= win - loss <= high
    )

    # Few pairs that differ have few outcomes: then it is more, never less.
    assert 0.94 < covered < (0.975 if n * discordance >= 10 else 1.001)


@pytest.mark.parametrize("world", ["dense", "f1", "rare gains", "quarters", "long tail"])
def test_the_interval_of_other_scores_holds_the_truth_in_95_of_100_cases(world):
    assert 0.92 < coverage(world, 60, 1000) < 0.98  # the standard error is 0.007


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 50, 100, 300, 1000])
@pytest.mark.parametrize("world", ["zeros and ones", "dense", "f1", "rare gains", "quarters",
                                   "long tail"])  # fmt: skip
def test_the_interval_holds_the_truth_for_20_to_1000_pairs(world, n):
    few = n * DIFFER.get(world, 1) < 10  # pairs that differ
    assert 0.92 < coverage(world, n, 3000) < (0.995 if few else 0.98)  # standard error 0.004


def gain_of_zeros_and_ones(rng):
    return rng.choices((0, 1, -1), (0.8, 0.13, 0.07))[0]


def gain_of_f1(rng):
    """Most answers stay as they were; others become right, or differently wrong."""
    if rng.random() < 0.8:
        return 0.0
    before = 1.0 if rng.random() < 0.5 else rng.betavariate(2, 2)
    return (1.0 if rng.random() < 0.4 else rng.betavariate(2, 2)) - before


def gain_of_rare_gains(rng):
    return rng.random() * rng.choices((0, 1, -1), (0.9, 0.09, 0.01))[0]


def gain_of_quarters(rng):
    return rng.choices((0, 0.25, 0.5, 1, -0.25, -0.5), (70, 10, 6, 4, 7, 3))[0]


WORLDS = {  # a gain, and the truth: its mean
    "zeros and ones": (gain_of_zeros_and_ones, 0.06),
    "dense": (lambda rng: rng.gauss(0.03, 0.15), 0.03),
    "f1": (gain_of_f1, 0.2 * (0.4 + 0.6 * 0.5 - 0.75)),
    "rare gains": (gain_of_rare_gains, 0.04),
    "quarters": (gain_of_quarters, 0.0625),
    "long tail": (lambda rng: min(1, rng.expovariate(10)) - 0.05, 0.05),
}

DIFFER = {"zeros and ones": 0.2, "f1": 0.16, "rare gains": 0.1, "quarters": 0.3}  # share of pairs


def pairs(world, n, rng):
    gains = [world[0](rng) for _ in range(n)]
    return [max(0, -gain) for gain in gains], [max(0, gain) for gain in gains]


def coverage(name, n, comparisons):
    rng = random.Random(f"{name} {n}")
    world = WORLDS[name]
    return statistics.fmean(holds(world[1], *pairs(world, n, rng)) for _ in range(comparisons))


def holds(truth, before, after):
    _, low, high = paired(before, after)
    return low <= truth <= high


@functools.cache
def bounds(n):
    """The interval for every number of wins and losses."""
    found = []
    for wins in range(n + 1):
        for losses in range(n + 1 - wins):
            ties = [1] * (n - wins - losses)
            before = [0] * wins + [1] * losses + ties
            _, low, high = paired(before, [1] * wins + [0] * losses + ties)
            found.append((wins, losses, low, high))
    return found


def probability(wins, losses, n, win, loss):
    ways = math.comb(n, wins) * math.comb(n - wins, losses)
    return ways * win**wins * loss**losses * (1 - win - loss) ** (n - wins - losses)
