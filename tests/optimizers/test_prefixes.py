import pytest

from dspnb.optimizers.prefixes import Prefixes

OWN, OTHER, THIRD = (0, 0), (1, 0), (1, 1)


def seen(scores=(1, 1, 0, 0, 0, 0, 0, 0, 0, 0), level=None):
    return Prefixes(OWN, scores, sum(scores) / len(scores) if level is None else level)


def test_each_choice_goes_along_the_order():
    one = seen()
    assert one.next(OTHER, 4) == range(4)

    one.score_next(OTHER, [1, 1, 1, 0])
    assert one.next(OTHER, 4) == range(4, 8)
    assert one.next(THIRD, 4) == range(4)


def test_the_last_places_are_for_a_full_evaluation():
    one = seen()
    one.score_next(OTHER, [0] * 6)

    assert one.next(OTHER, 4) is None
    assert one.next(OTHER, 3) == range(6, 9)
    assert one.next(OWN, 1) is None
    assert not one.whole(OTHER)
    assert one.whole(OWN)


def test_easy_examples_do_not_flatter_a_choice():
    one = seen(scores=(1, 1, 0, 0, 0, 0, 0, 0, 0, 0))
    one.score_next(OTHER, [1, 1])

    assert one.mean(OTHER) == pytest.approx(one.mean(OWN)) == pytest.approx(0.2)


def test_a_mean_is_of_all_that_was_seen():
    one = seen()
    one.score_next(OTHER, [1, 1, 0, 1])
    one.score_next(OTHER, [1, 1, 1, 1])

    assert one.mean(OTHER) == pytest.approx(0.2 + 7 / 8 - 2 / 8)
    assert list(one) == [OWN, OTHER]


def test_a_mean_is_over_all_of_val_also_when_the_order_is_a_part_of_it():
    one = seen(level=0.3)
    one.score_all(OTHER, [1] * 5 + [0] * 5)

    assert one.mean(OWN) == pytest.approx(0.3)
    assert one.mean(OTHER) == pytest.approx(0.6)


def test_the_lead_is_the_best_of_those_scored_on_all_and_the_earliest_of_equals():
    one = seen()
    one.score_next(THIRD, [1] * 9)
    one.score_all(OTHER, [0, 0, 1, 1, 0, 0, 0, 0, 0, 0])
    assert one.lead == OWN

    one.score_all(THIRD, [1] * 10)
    assert one.lead == THIRD


def test_the_contender_is_the_best_of_those_that_are_not():
    one = seen()
    assert one.contender is None

    one.score_next(OTHER, [1, 1, 0])
    one.score_next(THIRD, [1, 1, 1])
    assert one.contender == THIRD

    one.score_all(THIRD, [1] * 10)
    assert one.contender == OTHER


def test_a_choice_that_is_clearly_worse_than_the_lead_is_no_contender():
    one = seen(scores=[1] * 8 + [0] * 2)
    one.score_next(OTHER, [0] * 8)
    assert one.contender is None

    one.score_next(THIRD, [1] * 6 + [0] * 2)
    assert one.contender == THIRD
