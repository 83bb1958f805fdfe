"""What a search says about its best candidate, beside what held-out examples say."""

import random
import statistics

import pytest

from dspnb.expected import expected, expected_in_part

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


# -- where candidates were scored on different examples ---------------------------------------


def halved(rng, truths, size=120, batch=15):
    """Place -> score of each candidate, of which the better half goes on after each batch."""
    ease = [rng.gauss(0, 0.6**0.5) for _ in range(size)]

    def score(truth, place):
        luck = ease[place] + rng.gauss(0, 0.4**0.5)
        return float(luck < statistics.NormalDist().inv_cdf(truth))

    scores, left = [{} for _ in truths], list(range(1, len(truths)))
    while True:
        places = rng.sample(range(size), batch)
        for i in (0, *left):
            for place in places:
                scores[i].setdefault(place, score(truths[i], place))
        left.sort(key=lambda i: -statistics.fmean(scores[i].values()))
        if len(left) == 1:
            return scores, left[0]
        left = left[: len(left) // 2]


@pytest.mark.parametrize("count", [1, 2, 7, 20])
def test_on_the_same_examples_for_all_it_says_the_same(count):
    scores, best = tried(random.Random(count), [0.5] * (1 + count), 40)

    whole = expected(scores, best)
    parts = expected_in_part([dict(enumerate(each)) for each in scores], best)
    for one, other in zip(whole.parts, parts.parts, strict=True):
        assert one.mean == pytest.approx(other.mean)
        assert one.variance == pytest.approx(other.variance)
    assert whole.better(0.07, ERROR) == pytest.approx(parts.better(0.07, ERROR))


def test_what_is_expected_of_parts_comes_true_as_often_as_it_says():
    rng = random.Random(6)
    said, true = [], []
    for _ in range(600):
        spread = rng.choice((0.01, 0.04, 0.08))
        truths = [0.5] + [0.5 + rng.gauss(0, spread) for _ in range(8)]
        scores, best = halved(rng, truths)
        gain = truths[best] - truths[0]
        said.append(expected_in_part(scores, best).better(rng.gauss(gain, ERROR), ERROR))
        true.append(gain > 0)

    assert statistics.fmean(said) == pytest.approx(statistics.fmean(true), abs=0.06)
    sure = [good for probability, good in zip(said, true, strict=True) if probability > 0.9]
    assert len(sure) > 100 and statistics.fmean(sure) > 0.93


def test_with_nothing_to_gain_less_than_2_of_100_are_believed_and_worse():
    rng = random.Random(7)
    wrong = []
    for _ in range(600):
        truths = [0.5] + [0.5 + rng.gauss(-0.015, 0.015) for _ in range(8)]
        scores, best = halved(rng, truths)
        gain = truths[best] - truths[0]
        found = expected_in_part(scores, best).better(rng.gauss(gain, ERROR), ERROR)
        wrong.append(found > 0.9 and gain < -0.01)

    assert statistics.fmean(wrong) < 0.02


def test_luck_on_few_examples_is_believed_less_than_the_same_on_many():
    def sure(size):
        first = dict.fromkeys(range(size), 0.0) | {i: 1.0 for i in range(0, size, 2)}
        found = first | {i: 1.0 for i in range(1, size, 4)}
        return expected_in_part([first, found], 1).better(0.02, ERROR)

    assert sure(8) < sure(80) - 0.1


def test_candidates_that_share_fewer_than_5_examples_with_the_first_are_left_out():
    first = {i: float(i % 2) for i in range(20)}
    some, few = {i: 1.0 for i in range(10)}, {i: 0.0 for i in range(16, 40)}

    assert expected_in_part([first, some, few], 1) == expected_in_part([first, some], 1)
    assert expected_in_part([first, some, few], 2) is None
    assert expected_in_part([first, some, few], 0) is None


def test_thousands_of_candidates_are_no_trouble():
    rng = random.Random(8)
    scores = [{i: float(rng.random() < 0.5) for i in rng.sample(range(60), 20)}]
    scores += [{i: float(rng.random() < 0.5) for i in range(10)} for _ in range(2000)]

    found = expected_in_part([{i: 1.0 for i in range(60)}, *scores], 1500)
    assert found is not None and 0 < found.better(0.02, ERROR) < 1


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_parts_that_are_all_the_same_are_no_certainty(value):
    found = expected_in_part([{i: value for i in range(9)}, {i: value for i in range(4, 20)}], 1)

    assert found.better(0.0, 0.1) == pytest.approx(0.5)
