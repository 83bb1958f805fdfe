"""A benchmark shows itself: what it is, its rules and how often they matter, examples."""

import dataclasses

import pytest
from notebook.test_displays import HOSTILE, read

from dspnb import data


@pytest.mark.parametrize("name", ["negation", "pii"])
def test_a_benchmark_shows_its_rules_predictors_and_examples(cell, name):
    bench = data.benchmark(name)

    text = read(cell.html(bench))

    assert bench.about in text
    assert f"floor {bench.floor:.2f}, ceiling {bench.ceiling:.2f}" in text
    for rule in bench.rules:
        assert f"{rule.name}{bench.shares[rule.name]:.0%}{'wrong' * rule.wrong}" in text
        assert all(way in text for way in rule.texts)
    assert all(one.instructions in text for one in bench.signatures.values())
    assert str(next(iter(bench.examples(1)[0].values()))) in text


def test_its_text_form_is_a_line(cell):
    bundle = cell.bundle(data.benchmark("negation"))

    assert bundle["text/plain"] == "Benchmark(negation: 8 rules, 2 wrong ones)"


def test_hostile_text_stays_text(cell):
    bench = data.benchmark("negation")
    first, *others = bench.rules
    rule = dataclasses.replace(first, texts=(HOSTILE,))

    text = read(cell.html(dataclasses.replace(bench, about=HOSTILE, rules=(rule, *others))))

    assert text.count(HOSTILE) == 2
