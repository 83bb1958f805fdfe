"""What is true of a program agrees with what is seen when it is run."""

import math
import statistics

import pytest

from dspnb import Prediction, data, use
from dspnb.module import Setting
from dspnb.simulation import Simulated, truth
from dspnb.simulation.truth import FRESH

COUNT = 4000


def told(name, count):
    """A program with some of its right rules in the instructions."""
    benchmark = data.benchmark(name)
    program = benchmark.program()
    state = {}
    for path, setting in program.state.items():
        rules = [rule for rule in benchmark.rules if not rule.wrong and rule.path in ("", path)]
        texts = [setting.instructions, *(rule.texts[0] for rule in rules[:count])]
        state[path] = Setting(" ".join(texts), tuple(setting.demos))
    return benchmark, program.with_state(state)


def told_and_run(name, count):
    """What is told to be true, and the mean of 4,000 answers: of ten models to 400 examples."""
    benchmark, program = told(name, count)
    models = [Simulated(benchmark, seed) for seed in range(10)]
    (label,) = benchmark.labels
    scores = []
    for example in benchmark.examples(COUNT // len(models), FRESH):
        prompt = program.messages(**example.inputs)
        for model in models:
            text = model.text(prompt).partition(f"[[ ## {label} ## ]]\n")[2]
            given = Prediction(**{label: text.partition("\n\n[[ ## completed")[0]})
            scores.append(benchmark.right(example, given))
    assert len(scores) == COUNT
    return statistics.fmean(truth(model, program) for model in models), statistics.fmean(scores)


@pytest.mark.parametrize("name", ["conditional_format", "count_sort", "no_headroom"])
@pytest.mark.parametrize("count", [0, 6])
def test_the_truth_of_one_predictor_agrees_with_running_it(name, count):
    true, seen = told_and_run(name, count)

    assert true == pytest.approx(seen, abs=3 * math.sqrt(seen * (1 - seen) / COUNT))


@pytest.mark.parametrize(("name", "count"), [("negation", 0), ("negation", 8), ("constraints", 0)])
def test_the_truth_agrees_where_a_slip_may_hit_the_label_or_keep_a_share(name, count):
    true, seen = told_and_run(name, count)

    assert true == pytest.approx(seen, abs=3 * math.sqrt(seen * (1 - seen) / COUNT))


def test_it_tells_programs_apart_that_differ_in_a_rule():
    model = Simulated(data.benchmark("negation"))
    true = [truth(model, told("negation", count)[1]) for count in (0, 4, 8)]

    assert true == sorted(true)
    assert true[2] > true[0] + 0.2


def test_it_is_the_same_again_from_another_instance():
    benchmark, program = told("negation", 3)

    assert truth(Simulated(benchmark), program) == truth(Simulated(benchmark), program)


def test_of_a_program_of_several_predictors_it_is_stable_and_in_line_with_a_run():
    benchmark, program = told("two_hops", 2)
    model = Simulated(benchmark)

    first, again = truth(model, program), truth(Simulated(benchmark), program)

    with use(lm=model):
        scores = [
            benchmark.right(one, program(**one.inputs)) for one in benchmark.examples(600, seed=5)
        ]
    assert first == again
    assert first == pytest.approx(statistics.fmean(scores), abs=0.07)
