"""What a search says about its best candidate, beside what held-out examples say."""

import random
import statistics

import pytest

from dspnb.expected import expected

ERROR = 0.04  # the standard error of a difference on about 150 examples


def tried(rng, truths, size=80):
    """Scores of candidates that are right so often, the first that of the program as it was."""
    scores = [[float(rng.random() < truth) for _ in range(size)] for truth in truths]
    means = [statistics.fmean(each) for each in scores[1:]]
    return scores, 1 + means.index(max(means))


def test_among_candidates_that_differ_by_luck_the_best_one_is_doubted():
    rng = random.Random(1)

    sure = [expected(*tried(rng, [0.5] * 9)).better(1.3 * ERROR, ERROR) for _ in range(100)]
    assert statistics.fmean(sure) < 0.85  # 0.9 by the held-out examples alone


def test_among_candidates_that_truly_differ_the_best_one_is_believed():
    rng = random.Random(2)
    truths = [0.5, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7]

    sure = [expected(*tried(rng, truths)).better(1.3 * ERROR, ERROR) for _ in range(100)]
    assert statistics.fmean(sure) > 0.95


def test_a_lone_candidate_is_believed_when_it_gained_much():
    scores = [[0.0, 0.0, 1.0, 0.0] * 20, [1.0, 0.0, 1.0, 1.0] * 20]

    assert expected(scores, 1).better(0.3, 0.06) > 0.99


def test_what_is_expected_comes_true_as_often_as_it_says():
    rng = random.Random(3)
    said, true = [], []
    for _ in range(1000):
        spread = rng.choice((0.01, 0.04, 0.08))
        truths = [0.5] + [0.5 + rng.gauss(0, spread) for _ in range(6)]
        scores, best = tried(rng, truths)
        gain = truths[best] - truths[0]
        said.append(expected(scores, best).better(rng.gauss(gain, ERROR), ERROR))
        true.append(gain > 0)

    assert statistics.fmean(said) == pytest.approx(statistics.fmean(true), abs=0.06)
    sure = [good for probability, good in zip(said, true, strict=True) if probability > 0.9]
    assert len(sure) > 200 and statistics.fmean(sure) > 0.93


def test_a_larger_difference_on_held_out_examples_is_surer():
    found = expected(*tried(random.Random(4), [0.5, 0.5, 0.52, 0.48]))

    sure = [found.better(difference, ERROR) for difference in (-1, -0.1, 0, 0.1, 0.2, 1)]
    assert sure == sorted(sure) and sure[0] < 0.01 and sure[-1] > 0.99


def test_scores_of_other_scales_are_as_sure():
    scores, best = tried(random.Random(5), [0.5, 0.4, 0.6])
    scaled = [[100 * value for value in each] for each in scores]

    found = expected(scaled, best).better(7, 100 * ERROR)
    assert found == pytest.approx(expected(scores, best).better(0.07, ERROR))


@pytest.mark.parametrize("size", [1, 2, 50])
def test_scores_that_are_all_the_same_are_no_certainty(size):
    found = expected([[1.0] * size, [1.0] * size, [1.0] * size], 1)

    assert found.better(0.0, 0.1) == pytest.approx(0.5)
    assert 0.5 < found.better(0.1, 0.1) < 0.84  # that by the held-out examples alone


def test_a_difference_that_no_search_expects_is_not_too_much_for_it():
    found = expected([[0.0, 1.0] * 500] * 200, 3)

    assert found.better(1.0, 0.001) > 0.99 and found.better(-1.0, 0.001) < 0.01
