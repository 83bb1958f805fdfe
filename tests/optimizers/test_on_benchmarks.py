"""Every optimizer in a real run: one predictor, two of which one loops, four of which one idles."""

import pytest

from dspnb import compile, data, use
from dspnb.optimizers import (
    COPRO,
    GEPA,
    SIMBA,
    BootstrapFewShot,
    BootstrapFewShotWithOptuna,
    BootstrapFewShotWithRandomSearch,
    InferRules,
    LabeledFewShot,
    MIPROv2,
    Race,
)
from dspnb.simulation import Simulated, truth

SMALL = [
    LabeledFewShot(4),
    BootstrapFewShot(2, 4),
    BootstrapFewShotWithRandomSearch(2, 4, num_candidate_programs=2),
    BootstrapFewShotWithOptuna(2, 4, num_candidate_programs=4),
    COPRO(breadth=3, depth=2),
    InferRules(num_candidates=2),
    MIPROv2(auto=None, num_candidates=3, num_trials=4, minibatch_size=8),
    SIMBA(bsize=8, num_candidates=3, max_steps=2),
    GEPA(max_metric_calls=120),
    Race(calls=100),
]
PREDICTORS = {"conditional_format": 1, "two_hops": 2, "claim_recall": 4}


def searched(name, optimizer, *, train=16, val=20, test=0):
    """A run of an optimizer on a benchmark, and the model that it had."""
    benchmark = data.benchmark(name)
    model = Simulated(benchmark, seed=3)
    examples = benchmark.sets(train, val, test)
    with use(lm=model):
        run = compile(
            benchmark.program(),
            optimizer,
            metric=benchmark.metric,
            train=examples.train,
            val=examples.val,
            test=examples.test,
            concurrency=2,
            wait=True,
        )
    return run, model


def spent(run):
    """What the run says that it took."""
    return [event.body for event in run.events() if event.body.kind == "spent"][-1]


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", SMALL, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("name", PREDICTORS)
def test_it_ends_with_a_program_of_the_same_predictors_and_again_pays_for_nothing(name, optimizer):
    run, _ = searched(name, optimizer)
    again, _ = searched(name, optimizer)

    assert run.status == again.status == "done"
    assert len(run.best.state) == PREDICTORS[name]
    assert run.best.state == again.best.state
    assert spent(run).calls > 0
    assert (spent(again).calls, spent(again).known) == (0, spent(again).program_calls)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", [Race(calls=250), GEPA(max_metric_calls=400)], ids=repr)
def test_instructions_are_found_that_are_truly_better(optimizer):
    run, model = searched("conditional_format", optimizer, train=40, val=60, test=60)

    assert truth(model, run.best) > truth(model, run.plan.program) + 0.05
