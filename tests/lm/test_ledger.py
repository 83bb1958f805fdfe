"""The ledger: every model call once, under what it was made for, and no price that is made up."""

import asyncio
import contextvars
import sys
import threading
import time
import tracemalloc

import pytest

import dspnb
from dspnb import (
    LM,
    Budget,
    Example,
    Module,
    Predict,
    Signature,
    UsageError,
    compile,
    evaluate,
    use,
)
from dspnb.errors import ServerFailed
from dspnb.lm import Usage
from dspnb.lm.base import Completion
from dspnb.lm.labels import Labels, labelled, labels
from dspnb.lm.ledger import KEPT, Ledger, ledger
from dspnb.optimizers import (
    BootstrapFewShotWithRandomSearch,
    Complete,
    Evaluate,
    Validate,
)
from dspnb.pool import finished
from dspnb.testing import Scripted

ANSWER = Completion("x", "m", tokens_in=10, tokens_out=2, dollars=0.25, seconds=0.5)
ROWS = [Example(thing=f"thing {i}", color="blue").with_inputs("thing") for i in range(40)]


@pytest.fixture(autouse=True)
def new_book():
    ledger.clear()
    yield
    ledger.clear()


def exact(example, prediction):
    return example.color == prediction.color


def blue(prompt):
    return "[[ ## color ## ]]\nblue"


# -- the book ---------------------------------------------------------------------------


def test_calls_are_added_up_by_what_they_were_made_for():
    book = Ledger()
    with labelled(run="run-1", candidate=0):
        book.add(ANSWER, model="a")
        book.add(ANSWER, model="b")
        with labelled(candidate=1):
            book.add(ANSWER, model="a")
    book.add(None, model="a", error="TimedOut", seconds=3.0)

    by_model = book.sum("model")
    assert [(row.by, row.calls, row.failed) for row in by_model] == [
        ({"model": "a"}, 2, 1),
        ({"model": "b"}, 1, 0),
    ]
    assert (by_model[0].tokens_in, by_model[0].dollars, by_model[0].seconds) == (20, 0.5, 4.0)
    assert [tuple(row.by.values()) for row in book.sum("run", "candidate")] == [
        ("run-1", 0),
        ("run-1", 1),
        ("", None),
    ]
    assert book.sum("error")[-1].by == {"error": "TimedOut"}
    assert len(book) == 4


def test_an_answer_from_the_cache_and_a_failure_take_nothing():
    book = Ledger()
    book.add(Completion("x", tokens_in=5, cached=True), model="a")
    book.add(None, model="a", error="TimedOut")

    assert book.usage == Usage(cached=1, failed=1)


def test_a_price_that_is_not_known_is_no_price_of_nothing():
    book = Ledger()
    book.add(Completion("x"), model="a")
    book.add(ANSWER, model="a")
    book.add(Completion("x"), model="b")

    assert [(row.dollars, row.unpriced, row.cost) for row in book.sum("model")] == [
        (0.25, 1, "$0.25 + 1 call of unknown price"),
        (0.0, 1, "1 call of unknown price"),
    ]
    assert (book.usage.dollars, book.usage.unpriced) == (0.25, 2)


def test_without_a_word_everything_is_one_row():
    assert [row.calls for row in Ledger().sum()] == [0]


def test_a_word_that_calls_do_not_have_is_said():
    with pytest.raises(UsageError, match=r"`modle`.*did you mean `model`"):
        ledger.sum("modle")


def test_a_table_of_sums_reads_well_as_text():
    book = Ledger()
    with labelled(path="answer"):
        book.add(Completion("x", tokens_in=1200, tokens_out=30, seconds=1.0), model="a/model")
    book.add(ANSWER, model="b")

    assert str(book.sum("path", "model")).splitlines() == [
        "path    model    calls  cached  failed  tokens in  tokens out  "
        "cost                     seconds",
        "answer  a/model  1      0       0       1,200      30          "
        "1 call of unknown price  1.0",
        "-       b        1      0       0       10         2           "
        "$0.25                    0.5",
    ]


def test_a_frame_has_a_row_for_each_call():
    before = time.time()
    book = Ledger(keep=2)
    for example in range(4):
        with labelled(example=example, run="run-1"):
            book.add(ANSWER if example % 2 else Completion("x"), model="a")
    frame = book.frame()

    assert list(frame["calls"]) == [2, 1, 1]
    assert list(frame["example"].isna()) == [True, False, False]
    assert list(frame["example"][1:]) == [2, 3]
    assert frame["dollars"].sum() == 0.5
    assert list(frame["unpriced"]) == [1, 1, 0]
    assert frame["when"].iloc[-1].timestamp() == pytest.approx(before, abs=60)
    assert len(Ledger().frame()) == 0


def test_a_frame_without_pandas_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(UsageError, match="needs pandas"):
        ledger.frame()


def test_old_calls_are_added_up_so_that_totals_stay_true():
    book, whole = Ledger(keep=10), Ledger()
    for i in range(1000):
        with labelled(run=f"run-{i % 3}", candidate=i % 2, example=i, path="p"):
            for each in (book, whole):
                each.add(ANSWER if i % 5 else Completion("x", tokens_in=1), model="a")

    assert len(book) == 1000
    assert book.usage == whole.usage
    assert sorted(map(repr, book.sum("run", "candidate"))) == sorted(
        map(repr, whole.sum("run", "candidate"))
    )
    assert [entry.example for entry in book if entry.calls == 1] == list(range(990, 1000))


def test_what_came_after_a_mark_can_be_asked_for():
    book = Ledger(keep=5)
    for i in range(7):
        with labelled(example=i):
            book.add(ANSWER, model="a")
    mark = len(book)
    for i in (7, 8):
        with labelled(example=i):
            book.add(ANSWER, model="a")

    assert [entry.example for entry in book.since(mark)] == [7, 8]
    assert book.since(mark).usage.calls == 2
    assert len(book.since(0)) == 5  # of those that are still kept
    assert len(book.since(len(book))) == 0


def test_a_cleared_book_is_empty():
    book = Ledger(keep=1)
    book.add(ANSWER, model="a")
    book.add(ANSWER, model="a")
    book.clear()

    assert (len(book), list(book), book.usage) == (0, [], Usage())


def test_a_call_takes_little_room():
    book = Ledger()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for i in range(10_000):
            answer = Completion("x", tokens_in=1000 + i, tokens_out=i % 200, dollars=i * 0.001)
            with labelled(run="run-1", candidate=i // 1000, example=i % 250, path="answer"):
                book.add(answer, model="openai/gpt-4o-mini", seconds=i * 0.01)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert taken / 10_000 < 250  # bytes
    assert KEPT == 100_000


# -- threads and tasks ------------------------------------------------------------------


def test_nothing_is_lost_or_counted_twice_by_many_threads():
    book = Ledger(keep=20_000)
    together = threading.Barrier(64)

    def work(number):
        together.wait(30)
        for i in range(1000):
            with labelled(run=f"run-{number}", example=i):
                book.add(ANSWER if i % 4 else None, model="a", error="" if i % 4 else "TimedOut")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(book) == 64_000
    assert book.usage == Usage(
        calls=48_000, tokens_in=480_000, tokens_out=96_000, dollars=12_000.0, failed=16_000
    )
    by_run = book.sum("run")
    assert len(by_run) == 64
    assert {(row.calls, row.failed, row.dollars) for row in by_run} == {(750, 250, 187.5)}


def test_tasks_do_not_see_each_others_labels():
    book = Ledger()

    async def work(number):
        with labelled(run=f"run-{number}"):
            for i in range(20):
                with labelled(example=i):
                    await asyncio.sleep(0)
                    book.add(ANSWER, model="a")

    async def all_of_them():
        await asyncio.gather(*map(work, range(50)))

    asyncio.run(all_of_them())

    assert {row.calls for row in book.sum("run")} == {20}
    assert {row.calls for row in book.sum("run", "example")} == {1}


def test_labels_are_changed_inside_a_block_only_and_go_along_into_threads():
    with labelled(run="run-1", path="a"):
        with labelled(candidate=2, path="b"):
            inside = labels()
            done = dict(finished([labels, labels], 2))
            copied = contextvars.copy_context()
        after = labels()

    assert inside == Labels("run-1", 2, None, "b")
    assert set(done.values()) == {inside}
    assert copied.run(labels) == inside
    assert after == Labels("run-1", path="a")
    assert labels() == Labels()


# -- models -----------------------------------------------------------------------------


def test_a_model_writes_each_call_down_answered_cached_or_streamed():
    lm = LM("offline")
    lm("Hello")
    lm("Hello")
    lm.stream("Good bye", on_text=lambda text: None)

    (row,) = dspnb.ledger.sum("model")
    assert (row.by["model"], row.calls, row.cached) == ("offline", 2, 1)
    assert row.tokens_in == lm.usage.tokens_in > 0
    assert row.cost == "$0"


def test_a_model_of_ones_own_is_in_the_book_with_its_failures():
    def answers(prompt):
        if "2" in prompt:
            raise ServerFailed("it broke down", model="scripted")
        return Completion("[[ ## color ## ]]\nblue", tokens_in=3)

    with use(lm=Scripted(answers)):
        report = evaluate(Predict("thing -> color"), ROWS[:3], exact)

    assert len(report.errors) == 1
    assert {(row.by["error"], row.calls, row.failed) for row in ledger.sum("error")} == {
        ("", 2, 0),
        ("ServerFailed", 0, 1),
    }
    assert {entry.model for entry in ledger} == {"scripted"}
    assert {entry.example for entry in ledger} == {0, 1, 2}


def test_a_model_made_around_an_lm_counts_once():
    inner = LM("offline")

    def around(messages, **params):
        return inner(messages, **params)

    around.model = "around"
    with use(lm=around):
        Predict("thing -> color")(thing="sky")

    assert [row.by["model"] for row in ledger.sum("model")] == ["offline"]
    assert len(ledger) == 1


def test_what_was_not_sent_is_not_written_down():
    with use(lm=Scripted([])), pytest.raises(UsageError, match="no reply left"):
        Predict("thing -> color")(thing="sky")

    assert len(ledger) == 0


def test_a_preview_is_no_call():
    with use(lm=LM("offline")):
        dspnb.preview(Predict("thing -> color"), thing="sky")

    assert len(ledger) == 0


# -- programs ---------------------------------------------------------------------------


class TwoSteps(Module):
    def __init__(self):
        self.look = Predict("thing -> seen")
        self.name = Predict("seen -> color")

    def forward(self, thing):
        return self.name(seen=self.look(thing=thing).seen)


def two_steps(prompt):
    return "[[ ## seen ## ]]\nblue\n\n[[ ## color ## ]]\nblue"


def test_an_evaluation_labels_its_calls_in_all_its_threads():
    with use(lm=Scripted(two_steps)):
        evaluate(TwoSteps(), ROWS, exact, concurrency=16)

    calls = ledger.sum("example", "path")
    assert {(row.by["example"], row.by["path"]) for row in calls} == {
        (i, path) for i in range(len(ROWS)) for path in ("look", "name")
    }
    assert {row.calls for row in calls} == {1}


def test_what_a_metric_asks_a_model_is_for_its_example():
    judge = Predict("thing, color -> right: bool")

    def judged(example, prediction):
        return judge(thing=example.thing, color=prediction.color).right

    with use(lm=Scripted(lambda prompt: "[[ ## color ## ]]\nblue\n\n[[ ## right ## ]]\ntrue")):
        report = evaluate(Predict("thing -> color"), ROWS[:5], judged)

    assert report.mean == 1.0
    assert [row.calls for row in ledger.sum("example")] == [2] * 5


class Asking:
    """An optimizer that asks for one of each."""

    def search(self, task):
        state = task.state
        yield Evaluate(state, task.train[:3])
        better = yield Complete(Signature("draft -> better"), {"draft": "x"})
        changed = {
            path: dspnb.Setting(f"{better.better} {path}", setting.demos)
            for path, setting in state.items()
        }
        yield (Validate(changed, state), Evaluate(state, task.train[3:5]))
        return changed

    def program_calls(self, train, val, predictors=1):
        return None


def test_each_call_of_a_run_is_in_its_ledger_once_with_candidate_and_example():
    def reply(prompt):
        return f"{two_steps(prompt)}\n\n[[ ## better ## ]]\nBe brief."

    with use(lm=Scripted(reply)):
        Predict("thing -> color")(thing="outside of the run")
        run = compile(
            TwoSteps(), Asking(), metric=exact, train=ROWS[:10], val=ROWS[10:20], test=ROWS[20:25]
        ).wait()

    assert run.ledger.usage == run.spending.usage
    assert len(ledger) == len(run.ledger) + 1
    calls = {tuple(row.by.values()): row.calls for row in run.ledger.sum("candidate", "path")}
    assert calls == {
        (None, "look"): 5,
        (None, "name"): 5,
        (None, "self"): 1,  # the proposer
        (0, "look"): 15,
        (0, "name"): 15,
        (1, "look"): 10,  # no better, so it is not compared on the test set
        (1, "name"): 10,
    }
    validated = [e.example for e in run.ledger if (e.candidate, e.path) == (1, "look")]
    assert sorted(validated) == list(range(10))
    assert run.ledger.frame()["run"].unique().tolist() == [run.id]


def test_runs_at_the_same_time_keep_their_calls_apart():
    with use(lm=LM("offline", cache=False)):
        options = {"metric": exact, "train": ROWS[:6], "val": ROWS[6:12]}
        runs = [compile(Predict("thing -> color"), Asking(), **options) for _ in range(3)]
        for run in runs:
            run.join()

    for run in runs:
        assert run.ledger.usage.calls == run.spending.usage.calls > 0
    assert len(ledger) == sum(len(run.ledger) for run in runs)


# -- budgets in dollars -----------------------------------------------------------------


def unpriced(prompt):
    return Completion("[[ ## color ## ]]\nblue")


def test_a_budget_in_dollars_ends_at_the_first_answer_of_unknown_price():
    lm = Scripted(unpriced)
    with use(lm=lm):
        run = compile(
            Predict("thing -> color"),
            metric=exact,
            train=ROWS,
            budget=Budget(dollars=1),
            concurrency=1,
        )
        run.join()

    assert (run.status, len(lm.calls)) == ("failed", 1)
    assert "the price of `scripted` is not known" in run.reason
    with pytest.raises(UsageError, match=r"price=\(0.15, 0.60\)"):
        run.wait()


def test_a_model_that_says_it_has_no_price_gets_no_budget_in_dollars():
    lm, teacher = Scripted(blue), Scripted(unpriced)
    teacher.price = None

    with use(lm=lm), pytest.raises(UsageError, match="A budget in dollars cannot be kept"):
        compile(
            Predict("thing -> color"),
            metric=exact,
            train=ROWS,
            teacher=teacher,
            budget=Budget(dollars=1),
        )
    assert lm.calls == teacher.calls == []


def test_a_budget_in_dollars_counts_what_is_known():
    priced = Scripted(lambda prompt: Completion("[[ ## color ## ]]\nblue", dollars=0.1))
    with use(lm=priced):
        run = compile(
            Predict("thing -> color"),
            metric=exact,
            train=ROWS,
            budget=Budget(dollars=0.45),
            concurrency=1,
        )
        run.join()

    assert run.reason == "budget of $0.45 spent"
    assert len(priced.calls) == 5


def test_unknown_prices_hinder_no_other_budget():
    with use(lm=Scripted(unpriced)):
        program, optimizer = Predict("thing -> color"), BootstrapFewShotWithRandomSearch()
        run = compile(program, optimizer, metric=exact, train=ROWS, budget=Budget(calls=5))
        run.join()

    assert run.reason == "budget of 5 calls spent"
    assert run.spending.usage.unpriced == 5


def test_an_evaluation_says_how_many_prices_it_does_not_know():
    def reply(prompt):
        return Completion("[[ ## color ## ]]\nblue", dollars=0.5 if "thing 0" in prompt else None)

    with use(lm=Scripted(reply)):
        report = evaluate(Predict("thing -> color"), ROWS[:3], exact)

    assert (report.cost, report.unpriced) == (0.5, 2)
    assert [(row.cost, row.unpriced) for row in report.rows] == [(0.5, 0), (None, 1), (None, 1)]
    assert list(report.frame()["unpriced"]) == [0, 1, 1]
