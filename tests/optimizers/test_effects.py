import random

import pytest

from dspnb.optimizers.effects import Scores


def scored(rng, effects, examples=40, luck=0.15, hard=0.15, each=12):
    """Scores of programs with one change each, on some of the examples."""
    scores = Scores()
    ease = [rng.gauss(0, hard) for _ in range(examples)]
    for name, effect in {"": 0.0, **effects}.items():
        for i in rng.sample(range(examples), each):
            value = 0.5 + effect + ease[i] + rng.gauss(0, luck)
            scores.add([name] * bool(name), i, min(1.0, max(0.0, value)))
    return scores


def test_effects_are_found_among_examples_that_differ_much_more():
    found = scored(random.Random(1), {"good": 0.2, "bad": -0.2, "none": 0.0}, each=25).effects()

    assert found.of(["good"]) == pytest.approx(0.2, abs=0.12)
    assert found.of(["bad"]) == pytest.approx(-0.2, abs=0.12)
    assert found.of(["bad"]) < found.of(["none"]) < found.of(["good"])


def test_the_truth_ranks_among_draws_as_they_do_among_each_other():
    ranks = []
    for seed in range(80):
        rng = random.Random(seed)
        true = {name: rng.gauss(0, 0.1) for name in "abcd"}
        effects, lot = scored(rng, true).effects(), random.Random(seed)
        draws = effects.of_each([["a"]], effects.draws(lot, 100))[:, 0]
        ranks.append(sum(draw < true["a"] for draw in draws) / 100)

    assert 0.35 < sum(ranks) / len(ranks) < 0.65
    assert sum(0.02 < rank < 0.98 for rank in ranks) / len(ranks) > 0.85
    assert sum(0.25 < rank < 0.75 for rank in ranks) / len(ranks) < 0.75


def test_what_an_example_does_to_all_programs_cancels_out():
    scores = Scores()
    for example in range(30):
        ease = 0.6 * (example % 2)
        scores.add([], example, ease)
        if example < 11:
            scores.add(["new"], example, ease + 0.2)

    assert scores.effects().of(["new"]) == pytest.approx(0.2, abs=0.08)


def test_a_change_of_a_change_inherits_its_effect():
    scores = Scores()
    for example in range(20):
        scores.add([], example, 0.2)
        scores.add(["parent"], example, 0.8)
    scores.expect(["parent", "child"])
    effects = scores.effects()

    assert effects.of(["parent", "child"]) == effects.of(["parent"]) > 0.4


def test_combinations_that_were_never_run_are_foretold():
    scores = Scores()
    for example in range(20):
        scores.add([], example, 0.2)
        scores.add(["demos"], example, 0.4)
        scores.add(["instructions"], example, 0.5)

    assert scores.effects().expected(["demos", "instructions"]) == pytest.approx(0.7, abs=0.1)


def test_a_change_of_which_nothing_is_known_may_be_good_or_bad():
    scores = scored(random.Random(3), {"good": 0.3})
    scores.expect(["new"])
    effects, lot = scores.effects(), random.Random(0)
    draws = effects.of_each([["new"]], effects.draws(lot, 300))[:, 0]

    assert effects.of(["new"]) == pytest.approx(0.0, abs=0.01)
    assert min(draws) < -0.05 < 0.05 < max(draws)


def test_an_example_whose_end_is_open_tells_most_and_one_that_is_known_more_than_one_that_is_not():
    scores = Scores()
    for name in ("a", "b", "c", "d"):
        for example, value in ((0, 1.0), (1, 0.0), (2, float(name in "ab")), (3, 0.5)):
            scores.add([name], example, value)
    telling = scores.effects().telling([], [0, 1, 2, 9])

    assert max(telling, key=telling.get) == 2
    assert telling[2] > telling[9]


def test_a_mean_is_expected_within_0_and_1():
    scores = Scores()
    for example in range(10):
        scores.add([], example, 0.95)
        scores.add(["more"], example, 1.0)

    assert 0.9 < scores.effects().expected(["more", "more", "more"]) <= 1.0


def test_the_order_of_scores_does_not_matter():
    one, other = Scores(), Scores()
    cells = [(["a"] * (i % 2), i // 2, float(i % 3 == 0)) for i in range(30)]
    one.expect(["a"])
    for cell in cells:
        one.add(*cell)
    for cell in reversed(cells):
        other.add(*cell)

    assert one.effects().of(["a"]) == pytest.approx(other.effects().of(["a"]), abs=1e-6)


def test_a_metric_may_have_another_range():
    shares, points = Scores(), Scores()
    for example in range(20):
        for name, value in (("", 0.3), ("a", 0.5), ("b", 0.2 + 0.03 * example)):
            shares.add([name] * bool(name), example, value)
            points.add([name] * bool(name), example, 100 * value)
    points.add(["b"], 20, 100.0)
    shares.add(["b"], 20, 1.0)

    assert points.effects().of(["a"]) == pytest.approx(shares.effects().of(["a"]))
    assert points.effects().expected(["a"]) == pytest.approx(100 * shares.effects().expected(["a"]))
