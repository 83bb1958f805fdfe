"""Runs that say what a test wants, and do nothing."""

from dspnb import Example, LabeledFewShot, Predict, use
from dspnb.compiling import planned
from dspnb.run import Run
from dspnb.store import Record, Store
from dspnb.testing import Scripted

ROWS = [Example(q=str(i), a="1").with_inputs("q") for i in range(100)]


def telling(*bodies):
    """A run that was not started; its log holds these."""
    with use(lm=Scripted([])):
        plan = planned(
            Predict("q -> a"),
            LabeledFewShot(2),
            metric=lambda e, p: 1.0,
            train=ROWS,
            val=ROWS,
            never_worse=False,
        )
    store = Store()
    run = Run(plan, Record("run-1", 0.0, "", {}, {}), store, store.runs.lock("run-1"))
    for body in bodies:
        run.log.append(body)
    return run
