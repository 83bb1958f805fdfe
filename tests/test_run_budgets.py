"""Budgets of whole runs: whether they are kept, and what is set aside for the comparison."""

import os
import threading

import pytest
from killing import OPTIMIZERS, Counting, Painter, Trainer, examples, right

from dspnb import Budget, compile, use
from dspnb.lm.labels import labels

CONCURRENCY = 8


class Noting(Counting):
    """The model of `killing`, which writes nothing and may stop the run at a call."""

    def __init__(self, seconds=0.0):
        super().__init__(os.devnull)
        self.seconds = seconds

    def pause(self, luck):
        if self.seconds:
            threading.Event().wait(self.seconds)  # as long as a model takes

    def note(self, byte):
        pass


def search(name="bootstrap-rs", *, lm=None, seconds=0.0, test=16, **options):
    """A run to its end."""
    with use(lm=lm or Noting(seconds)):
        run = compile(
            Painter(), OPTIMIZERS[name], metric=right, train=examples(0, 12),
            val=examples(100, 16), test=examples(200, test) if test else None, seed=3,
            trainer=Trainer(os.devnull), **{"concurrency": CONCURRENCY, **options},
        )  # fmt: skip
    run.join()
    return run


@pytest.fixture(scope="module")
def whole():
    """What the search takes without a budget."""
    return search(resume="never")


def tokens(run):
    usage = run.spending.usage
    return usage.tokens_in + usage.tokens_out


def largest(run):
    """Tokens of one call, at most."""
    called = [e.body for e in run.log.since(0) if e.body.kind == "called"]
    return max(call.tokens_in + call.tokens_out for call in called)


def outcome(run):
    return [
        run.status,
        [(c.state, c.role, c.report and c.report.scores) for c in run.candidates],
        run.comparison and (run.comparison.baseline.scores, run.comparison.best.scores),
    ]


def warned(run):
    return [e.body.message for e in run.log.since(0) if e.body.kind == "warned"]


@pytest.mark.parametrize("part", [0.5, 0.6, 0.7])
@pytest.mark.parametrize("limit", ["calls", "tokens", "dollars"])
@pytest.mark.parametrize("test", [0, 16])
def test_a_budget_is_overrun_at_most_by_the_calls_in_flight(whole, limit, part, test):
    usage = whole.spending.usage
    value = {"calls": int(usage.calls * part), "tokens": int(tokens(whole) * part),
             "dollars": usage.dollars * part}[limit]  # fmt: skip
    run = search(seconds=0.002, resume="never", test=test, budget=Budget(**{limit: value}))

    assert (run.status, f"budget of {run.plan.budget}"[:9]) == ("stopped", "budget of")
    spent = {"calls": run.spending.usage.calls, "tokens": tokens(run),
             "dollars": run.spending.usage.dollars}[limit]  # fmt: skip
    over = {"calls": 0, "tokens": largest(whole), "dollars": 0.001}[limit]
    assert spent <= value + over + 1e-9
    if test:
        assert run.comparison is not None, run.reason
        assert "some of it on held-out examples" in run.reason
        assert run.best.provenance.split == "test"
    else:
        assert spent >= value - 1e-9
        assert run.comparison is None
    assert run.best_candidate is not None


def test_time_is_set_aside_for_the_comparison_too():
    run = search(seconds=0.05, resume="never", budget=Budget(seconds=2.0))

    assert run.status == "stopped"
    assert run.comparison is not None
    assert run._driver.allowance.seconds < 2.0 + 0.3


def test_a_budget_of_seconds_without_held_out_examples_is_kept():
    run = search(seconds=0.01, resume="never", test=0, budget=Budget(seconds=0.4))

    assert run.reason == "budget of 0.4 s spent"
    assert 0.4 <= run._driver.allowance.seconds < 0.7


@pytest.mark.parametrize(
    "budget", [Budget(calls=70), Budget(tokens=9_000), Budget(dollars=0.07)], ids=str
)
def test_a_budget_too_small_for_the_comparison_says_so(budget):
    run = search(resume="never", budget=budget)

    (said,) = [message for message in warned(run) if "more than half of the budget" in message]
    assert said.startswith("To compare on 16 held-out examples takes about 64 calls")
    assert run.status == "stopped"


@pytest.mark.parametrize("limit", ["calls", "tokens", "dollars"])
def test_a_run_goes_on_with_a_larger_budget_and_the_budget_is_that_of_all_sessions(whole, limit):
    usage = whole.spending.usage
    every = {"calls": usage.calls, "tokens": tokens(whole), "dollars": usage.dollars}[limit]
    kind = int if limit != "dollars" else float
    first = search(budget=Budget(**{limit: kind(every * 0.6)}))
    same = search(budget=Budget(**{limit: kind(every * 0.6)}))
    larger = search(budget=Budget(**{limit: kind(every * 0.8)}))
    last = search()

    assert [run.status for run in (first, same, larger, last)] == ["stopped"] * 3 + ["done"]
    assert len({run.id for run in (first, same, larger, last)}) == 1
    calls = [run.spending.usage.calls for run in (first, same, larger, last)]
    assert calls[0] <= calls[1] <= calls[0] + CONCURRENCY
    assert calls[1] < calls[2] < calls[3]
    assert calls[3] <= usage.calls + 64  # a comparison with another best is not asked for again
    assert outcome(last) == outcome(whole)
    if limit == "calls":
        assert calls[2] <= every * 0.8


def test_to_walk_through_what_is_known_costs_nothing(whole):
    first = search()
    again = search(budget=Budget(calls=1, tokens=1, dollars=0.000001, seconds=0.000001))

    assert again.id != first.id
    assert again.spending.usage.calls == 0
    assert outcome(again) == outcome(first)
    assert again.status == "done"
    assert again._driver.allowance.seconds == 0


def test_what_is_set_aside_is_told_from_rows_that_an_earlier_session_paid_for(whole):
    value = int(tokens(whole) * 0.7)
    search(budget=Budget(calls=16 * 2))  # the program as it is
    run = search(budget=Budget(tokens=value))

    assert run.comparison is not None
    assert tokens(run) <= value + largest(whole)


# -- concurrency -----------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_the_outcome_is_the_same_whatever_the_concurrency(name):
    found = [outcome(search(name, resume="never", concurrency=n)) for n in (1, 3, 16)]

    assert found[0] == found[1] == found[2]
    assert found[0][0] == "done"


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_a_run_that_ended_early_with_sixteen_goes_on_with_one(name):
    expected = search(name, resume="never")
    calls = expected.spending.usage.calls
    first = search(name, concurrency=16, budget=Budget(calls=calls // 2), test=16)
    second = search(name, concurrency=1)

    assert second.id == first.id
    assert outcome(second) == outcome(expected)


class Late(Noting):
    """Hangs in the first of two calls of one row of a candidate."""

    def __init__(self):
        super().__init__()
        self.let_go, self.asked_again = threading.Event(), threading.Event()

    def __call__(self, messages, **params):
        if labels().candidate == 1 and "thing 105" in messages[-1].content:
            if self.let_go.is_set():
                self.asked_again.set()
            self.let_go.wait(30)
        return super().__call__(messages, **params)


def test_a_row_that_nobody_waits_for_any_more_makes_no_further_call():
    lm = Late()
    run = search("labeled", lm=lm, resume="never", budget=Budget(seconds=0.9))
    lm.let_go.set()
    for thread in [one for one in threading.enumerate() if one.name == "dspnb"]:
        thread.join(5)

    assert "some of it on held-out" in run.reason
    assert run.comparison is not None
    assert not lm.asked_again.is_set()


@pytest.mark.slow
def test_what_a_run_paid_for_rows_that_another_had_first_is_not_forgotten():
    """Two runs make the same rows at the same moment; each has paid for its own."""
    barrier, over = threading.Barrier(2), threading.Event()

    class Together(Noting):
        def __call__(self, messages, **params):
            if labels().candidate == 0 and labels().example == 0 and not over.is_set():
                barrier.wait(10)
            return super().__call__(messages, **params)

    found = []
    threads = [
        threading.Thread(
            target=lambda: found.append(search(lm=Together(), budget=Budget(calls=16)))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0].id != found[1].id
    over.set()
    again = search(lm=Together(), budget=Budget(calls=16))

    assert [run.spending.usage.calls for run in (*found, again)] == [16] * 3
    assert again.id in (found[0].id, found[1].id)
