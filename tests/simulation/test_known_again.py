"""A run with a simulated model and a benchmark's metric is known again in another process."""

import os
import subprocess
import sys

from dspnb import data, use
from dspnb.fingerprints import fingerprint_of
from dspnb.simulation import Simulated

SEARCH = """
import dspnb
from dspnb import data, ledger
from dspnb.simulation import Simulated

negation = data.benchmark("negation")
model = Simulated(negation)
train, val, test = negation.sets(10, 10, 20)
dspnb.configure(lm=model)
dspnb.compile(
    negation.program(), dspnb.GEPA(max_metric_calls=40), metric=negation.metric, train=train,
    val=val, test=test, proposer=model, wait=True
)
print(len(ledger.frame()))
"""


def digest(thing):
    found = fingerprint_of(thing)
    assert found.unsure == ()
    return found.digest


def test_metrics_and_models_of_two_benchmarks_differ():
    every = list(data.BENCHMARKS.values())

    assert len({digest(one.metric) for one in every}) == len(every)
    assert len({digest(Simulated(one)) for one in every}) == len(every)


def test_models_of_another_seed_or_insight_differ():
    negation = data.benchmark("negation")
    models = [Simulated(negation), Simulated(negation, 1), Simulated(negation, insight=2.0)]

    assert len(set(map(digest, models))) == 3


def test_use_changes_no_print():
    negation = data.benchmark("negation")
    model = Simulated(negation)
    before = digest(model), digest(negation.metric)

    assert negation.floor < negation.ceiling
    with use(lm=model):
        for one in negation.examples(3):
            negation.metric(one, negation.program()(**one.inputs))

    assert (digest(model), digest(negation.metric)) == before
    assert digest(Simulated(negation)) == before[0]


def test_the_same_search_in_another_process_pays_for_nothing(tmp_path):
    def calls(seed):
        done = subprocess.run(
            [sys.executable, "-c", SEARCH],
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "DSPNB_HOME": str(tmp_path),
            },
        )
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    first, second = calls("1"), calls("2")

    assert first > 30
    assert second == 0
