"""What a run may take, told before the first call."""

import pytest

from dspnb import BootstrapFewShotWithRandomSearch, Example, LabeledFewShot, Predict, compile, use
from dspnb.compiling import planned
from dspnb.estimate import estimated, paces
from dspnb.store import Record
from dspnb.testing import Scripted

ROWS = [Example(q=str(i), a="1").with_inputs("q") for i in range(30)]
LM = Scripted(lambda prompt: "[[ ## a ## ]]\n1")


def plan(optimizer=LabeledFewShot(8), **options):
    given = {"train": ROWS[:10], "val": ROWS[10:14], "test": ROWS[20:], **options}
    with use(lm=LM):
        return planned(Predict("q -> a"), optimizer, metric=lambda e, p: 1.0, **given)


def record(model="scripted", concurrency=16, **spent):
    return Record("r", 0.0, "", {}, {"model": model, "concurrency": concurrency}, spent=spent)


def test_its_parts_are_told_and_add_up():
    estimate = estimated(plan())

    assert estimate.program_calls == {
        "scoring it as it is": 4,
        "validating": 4,
        "comparing on held-out examples": 20,
    }
    assert estimate.calls == 28


def test_the_demos_to_come_are_counted():
    few, many = estimated(plan(LabeledFewShot(0))), estimated(plan(LabeledFewShot(8)))

    assert few.calls == many.calls
    assert many.tokens > 1.5 * few.tokens


def test_an_estimate_of_tokens_is_near_what_a_run_takes():
    with use(lm=LM):
        run = compile(
            Predict("q -> a"),
            BootstrapFewShotWithRandomSearch(2, 8, num_candidate_programs=3),
            metric=lambda example, prediction: 1.0,
            train=ROWS[:10],
            val=ROWS[10:20],
            test=ROWS[20:],
        ).wait()
    first = next(e.body for e in run.log.since(0) if e.body.kind == "estimated")
    usage = run.spending.usage

    each = (usage.tokens_in + usage.tokens_out) / usage.calls
    assert first.calls >= usage.calls
    assert first.tokens / first.calls == pytest.approx(each, rel=0.5)


def test_the_time_is_told_by_an_earlier_run_of_the_same_model():
    earlier = [
        record(calls=100, seconds=10.0),
        record(calls=100, seconds=20.0, concurrency=8),
        record("another", calls=1, seconds=99.0),
        record(calls=0, seconds=3.0),  # all was known
    ]

    pace = paces(plan(), earlier)
    assert pace == pytest.approx(0.1)  # 0.2 s with half as many at a time
    assert estimated(plan(), pace=pace).seconds == pytest.approx(2.8)
    assert paces(plan(), earlier[2:]) is None
    assert estimated(plan()).seconds is None


def test_a_second_run_of_a_model_tells_its_time_before_the_first_call():
    def run(rows):
        with use(lm=LM):
            given = {"metric": lambda e, p: 1.0, "train": ROWS[:5], "val": rows}
            return compile(Predict("q -> a"), LabeledFewShot(2), **given).wait()

    first, second = (
        [e.body for e in run(rows).log.since(0) if e.body.kind in ("estimated", "called")]
        for rows in (ROWS[10:14], ROWS[14:20])
    )

    assert (first[0].kind, first[0].seconds) == ("estimated", None)
    assert second[0].kind == "estimated" and second[0].seconds > 0
