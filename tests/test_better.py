"""How sure it is that a program is better, and how many examples that takes."""

import random
import statistics

import pytest

from dspnb.better import better, detectable


def scores(wins, losses, ties=0):
    return [0] * wins + [1] * losses + [1] * ties, [1] * wins + [0] * losses + [1] * ties


@pytest.mark.parametrize(
    ("wins", "losses", "sure"),
    [(1, 0, 3 / 4), (2, 0, 7 / 8), (3, 0, 15 / 16), (2, 1, 11 / 16), (5, 1, 1 - 8 / 128)],
)
def test_zeros_and_ones_count_as_wins_and_losses(wins, losses, sure):
    assert better(*scores(wins, losses)) == pytest.approx(sure)
    assert better(*scores(wins, losses, ties=500)) == better(*scores(wins, losses))


def test_differences_of_one_size_are_wins_and_losses_too():
    assert better([0.1, 0.2, 0.7], [0.2, 0.3, 0.8]) == better(*scores(3, 0))
    assert better([0.5], [0.75]) == better(*scores(1, 0))


def test_where_nothing_differs_both_are_as_good():
    assert better([], []) == 0.5
    assert better([0.2, 1, 0.7], [0.2, 1, 0.7]) == 0.5
    assert better([0, 1], [1, 0]) == 0.5


@pytest.mark.parametrize("seed", range(20))
def test_one_is_better_as_surely_as_the_other_is_worse(seed):
    rng = random.Random(seed)
    before = [rng.choice((0, 0.5, rng.random())) for _ in range(30)]
    after = [rng.choice((value, rng.random())) for value in before]

    assert 0 < better(before, after) < 1
    assert better(before, after) == 1 - better(after, before)


def test_more_examples_make_it_surer():
    before, after = [0.1, 0.5, 0.3, 0.9], [0.3, 0.5, 0.35, 0.8]

    found = [better(before * k, after * k) for k in (1, 5, 25, 125)]
    assert found == sorted(found)
    assert found[0] < 0.8 and found[-1] > 0.999


def test_scores_of_other_scales_are_as_sure():
    before, after = [0.0, 0.5, 0.3, 1.0] * 5, [0.3, 0.5, 0.35, 0.8] * 5

    scaled = better([100 * b for b in before], [100 * a for a in after])
    assert scaled == pytest.approx(better(before, after))


def test_a_large_gain_on_few_examples_is_doubted_more_than_a_small_one():
    small, large = [0.06, 0.02, 0.05, -0.02, 0.03], [0.6, 0.2, 0.5, -0.2, 0.3]

    assert 0.5 < better([0.3] * 5, [0.3 + gain for gain in large]) < 0.8
    assert better([0.3] * 5, [0.3 + gain for gain in small]) > 0.9


def test_a_rare_large_loss_makes_many_small_gains_less_sure():
    before = [0.9] * 100
    after = [0.91 + 0.001 * (i % 3) for i in range(98)] + [0.5, 0.5]

    assert statistics.fmean(after) > statistics.fmean(before)
    assert better(before, after) < 0.85


@pytest.mark.parametrize(
    ("discordance", "table"),
    [
        (0.1, {2: 1950, 3: 860, 5: 305, 10: 70}),
        (0.2, {2: 3900, 3: 1730, 5: 620, 10: 150}),
        (0.3, {2: 5900, 3: 2600, 5: 930, 10: 230}),
    ],
)
def test_so_many_examples_show_so_many_points(discordance, table):
    found = {points: 100 * detectable(n, discordance) for points, n in table.items()}

    assert found == pytest.approx({points: points for points in table}, rel=0.01)


def test_no_detectable_difference_is_above_one_or_above_its_discordance():
    assert detectable(0) == 1
    assert all(0.3 < detectable(n, 0.1) < 1 for n in (1, 5, 10))  # more than 0.1 must differ
    assert detectable(1000, 0.1) < 0.1


def test_a_detectable_difference_is_found_in_80_of_100_cases():
    rng = random.Random(4)
    win = (0.3 + detectable(200)) / 2

    found = [better(*drawn(rng, 200, win, 0.3 - win)) > 0.975 for _ in range(2000)]
    assert statistics.fmean(found) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("n", [20, 50, 150, 300])
def test_equal_programs_are_accepted_in_10_of_100_cases_or_fewer(n):
    rng = random.Random(n)

    accepted = [
        statistics.fmean(better(*drawn(rng, n, share / 2, share / 2)) > 0.9 for _ in range(1000))
        for share in (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
    ]
    assert max(accepted) < 0.125  # the standard error of each is 0.0095
    assert 0.01 < statistics.fmean(accepted) < 0.105


@pytest.mark.parametrize("world", ["dense", "ties", "skewed", "skewed ties"])
def test_equal_programs_with_other_scores_are_accepted_no_more_often(world):
    rng = random.Random(5)
    gain = {
        "dense": lambda: rng.gauss(0, 0.15),
        "ties": lambda: rng.choice((0, 0, 0, 0, rng.uniform(-1, 1))),
        "skewed": lambda: 0.1 - min(1, rng.expovariate(10)),
        "skewed ties": lambda: rng.choices((0, 0.1, 0.05, -0.5), (75, 15, 5, 3.5))[0],
    }[world]

    accepted = []
    for _ in range(1500):
        gains = [gain() for _ in range(100)]
        after = [max(0, value) for value in gains]
        accepted.append(better([max(0, -value) for value in gains], after) > 0.9)
    assert 0.05 < statistics.fmean(accepted) < 0.12  # the standard error is 0.008


def test_a_program_worse_by_over_a_point_is_hardly_ever_accepted():
    rng = random.Random(6)
    accepted = []
    for _ in range(1000):
        for n in (100, 150, 300):
            share = rng.choice((0.1, 0.2, 0.3))
            worse = 0.0
            while not 0.01 < worse < share:
                worse = abs(rng.gauss(0, 0.05))  # what candidates differ by, in published runs
            win = (share - worse) / 2
            accepted.append(better(*drawn(rng, n, win, share - win)) > 0.9)

    assert statistics.fmean(accepted) < 0.02


def test_a_program_better_by_ten_points_is_mostly_accepted():
    rng = random.Random(7)

    accepted = [better(*drawn(rng, 150, 0.15, 0.05)) > 0.9 for _ in range(1000)]
    assert statistics.fmean(accepted) > 0.9


def drawn(rng, n, win, loss):
    """Scores of n examples that get better or worse with these probabilities."""
    gains = rng.choices((1, -1, 0), (win, loss, 1 - win - loss), k=n)
    return [int(gain < 0) for gain in gains], [int(gain > 0) for gain in gains]
