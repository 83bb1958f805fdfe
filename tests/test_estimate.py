"""What a run may take, told before the first call."""

import dataclasses
from dataclasses import dataclass

import pytest

from dspnb import (
    BootstrapFewShotWithRandomSearch,
    Budget,
    Example,
    LabeledFewShot,
    Module,
    Predict,
    Race,
    Signature,
    compile,
    use,
)
from dspnb.compiling import planned
from dspnb.estimate import estimated, paces
from dspnb.lm.base import Completion
from dspnb.lm.prices import Price
from dspnb.optimizers import Chain, Complete
from dspnb.store import Record
from dspnb.testing import Scripted

ROWS = [Example(q=str(i), a="1").with_inputs("q") for i in range(30)]
LM = Scripted(lambda prompt: "[[ ## a ## ]]\n1")


class Two(Module):
    """A program of two predictors."""

    def __init__(self):
        self.b, self.a = Predict("q -> b"), Predict("q, b -> a")

    def forward(self, q):
        return self.a(q=q, b=self.b(q=q).b)


class Free:
    """A model that costs nothing."""

    model, price = "free", Price(0.0, 0.0)

    def __call__(self, messages, **params):
        return Completion("[[ ## a ## ]]\n1", self.model, 1, 1, dollars=0.0)


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


# -- with a budget -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "calls"),
    [
        (Budget(calls=14), 14),
        (Budget(calls=28), 28),
        (Budget(calls=500), 28),
        (Budget(tokens=estimated(plan()).tokens // 2), 14),
        (Budget(score=0.5), 28),
    ],
)
def test_an_estimate_is_no_more_than_the_budget(budget, calls):
    whole, some = estimated(plan()), estimated(plan(budget=budget))

    assert some.calls == calls
    assert some.tokens == pytest.approx(whole.tokens * calls / 28, abs=1)
    assert some.program_calls == whole.program_calls  # what the whole search would take


def test_a_race_is_estimated_by_the_runs_that_the_budget_leaves_to_it():
    def racing(optimizer, **options):
        given = {"train": ROWS * 2, "val": ROWS, "test": ROWS[:20]}
        return estimated(plan(optimizer, **given, **options))

    few = racing(Race(), budget=Budget(calls=240))
    assert few.calls == 240
    assert few.program_calls == {
        "probing": 16,
        "racing": 184,
        "comparing on held-out examples": 40,
    }
    assert racing(Race()).program_calls["racing"] == 484
    assert racing(Race(), budget=Budget(calls=2040)).program_calls["racing"] == 1984
    assert racing(Race(calls=90), budget=Budget(calls=240)).program_calls["racing"] == 74


# -- questions to the proposer -----------------------------------------------------------------


@dataclass(frozen=True)
class Asking:
    """Asks the proposer so often, and validates nothing."""

    count: int = 5

    def search(self, task):
        for _ in range(self.count):
            yield Complete(Signature("draft -> better"), {"draft": "x"})
        return task.state

    def program_calls(self, train, val, predictors=1):
        return {"validating": val * predictors}

    def proposer_calls(self, train, val, predictors=1):
        return self.count * predictors


class Priced:
    """A proposer whose price is known, and what its answers take."""

    model, price = "priced", Price(0.001, 0.002)

    def __call__(self, messages, **params):
        return Completion("[[ ## better ## ]]\nx", self.model, 1000, 50, dollars=1.1)


def test_questions_to_the_proposer_are_calls_and_no_runs_of_the_program():
    without, with_ = estimated(plan(Asking(0))), estimated(plan(Asking(5)))

    assert (without.questions, with_.questions) == (0, 5)
    assert with_.program_calls == without.program_calls
    assert with_.calls == without.calls + 5
    assert with_.tokens > without.tokens + 5 * 500


def test_optimizers_are_told_how_many_predictors_there_are():
    with use(lm=LM):
        two = planned(Two, Asking(3), metric=lambda e, p: 1.0, train=ROWS[:4], val=ROWS[10:14])

    found = estimated(two)
    assert found.program_calls["validating"] == 2 * 4
    assert found.questions == 2 * 3


def test_the_price_of_the_proposer_is_part_of_the_estimate():
    def dollars(count, **options):
        return estimated(dataclasses.replace(plan(Asking(count)), here=free, **options)).dollars

    with use(lm=Free()) as free:
        assert dollars(0) == 0
        one, two = (dollars(count, proposer=Priced()) for count in (1, 2))
        assert two == pytest.approx(2 * one) and one > 1
        assert dollars(2, proposer=LM) is None
        assert dollars(0, proposer=LM) == 0  # it is not asked


def test_what_a_question_took_makes_the_estimate_better():
    with use(lm=LM):
        run = compile(
            Predict("q -> a"),
            Asking(4),
            metric=lambda e, p: 1.0,
            train=ROWS[:5],
            val=ROWS[10:14],
            proposer=Priced(),
        ).wait()
    first, bare, last = [e.body for e in run.log.since(0) if e.body.kind == "estimated"]

    assert first.questions == bare.questions == last.questions == 4
    usage = run.spending.usage
    each = (usage.tokens_in + usage.tokens_out - 4 * 1050) / 4  # a run of the program
    assert last.tokens == pytest.approx(8 * each + 4 * 1050)
    assert last.calls == 8 + 4


def test_a_chain_asks_what_its_optimizers_ask():
    chain = Chain(Asking(2), LabeledFewShot(2), Asking(3))

    assert chain.proposer_calls(10, 4, 2) == 2 * (2 + 3)
