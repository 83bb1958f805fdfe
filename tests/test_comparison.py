"""What a comparison on held-out examples makes of a program and the best one that was found."""

import dataclasses
import random
import statistics

import pytest

from dspnb import Example
from dspnb.comparison import Comparison, caution
from dspnb.example import Score
from dspnb.expected import expected
from dspnb.report import Report, Row


def report(scores):
    return Report([Row(Example(i=i), None, Score(value)) for i, value in enumerate(scores)])


BEFORE, BEST = [0.0] * 10 + [1.0] * 90, [1.0] * 7 + [0.0] * 3 + [1.0] * 88 + [0.0] * 2


def tried(*truths):
    """What is expected after a search whose candidates are right so often."""
    rng = random.Random(1)
    scores = [[float(rng.random() < truth) for _ in range(80)] for truth in (0.5, *truths)]
    means = [statistics.fmean(each) for each in scores[1:]]
    return expected(scores, 1 + means.index(max(means)))


def test_a_search_whose_candidates_are_alike_raises_doubts():
    compared = Comparison(report(BEFORE), report(BEST))
    doubted = dataclasses.replace(compared, expected=tried(*[0.5] * 8))

    assert compared.better > 0.9 and compared.returned
    assert 0.8 < doubted.better < 0.9 and not doubted.returned


def test_no_search_makes_it_surer_than_the_held_out_examples_do():
    compared = Comparison(report(BEFORE), report(BEST))
    believed = dataclasses.replace(compared, expected=tried(0.3, 0.4, 0.5, 0.6, 0.7))

    assert believed.better == compared.better < 0.95


def test_a_program_that_stayed_as_it_was_is_returned_without_doubts():
    same = report(BEFORE)
    compared = Comparison(same, same, expected=tried(*[0.5] * 8))

    assert compared.better == 0.5 and compared.returned and compared.difference == (0, 0, 0)


@pytest.mark.parametrize(("held_out", "little"), [(1, True), (29, True), (30, False), (500, False)])
def test_fewer_than_30_held_out_examples_confirm_little(held_out, little):
    assert ("so few confirm little" in caution(held_out)) is little
