"""Scores are rows: failures are kept and counted, and what fails them all is said at once."""

import _thread
import builtins
import subprocess
import sys
import threading

import pytest

from dspnb import Example, LMError, Predict, Prediction, Score, UsageError, evaluate, use
from dspnb.errors import (
    ContextTooLong,
    MetricError,
    QuotaSpent,
    RateLimited,
    Refused,
    UnknownModel,
    Unreachable,
    WrongKey,
)
from dspnb.evaluate import Interrupted
from dspnb.testing import Scripted

ROWS = [Example(x=i, y=i * i).with_inputs("x") for i in range(20)]


def square(x):
    return Prediction(y=x * x)


def right(example, prediction):
    return prediction.y == example.y


def test_rows_come_in_the_order_of_the_examples_not_of_their_ends():
    second = threading.Event()

    def program(x):
        if x == 0:
            second.wait(20)
        if x == 1:
            second.set()
        return square(x)

    report = evaluate(program, ROWS, right, concurrency=2)

    assert [row.example.x for row in report.rows] == list(range(20))
    assert report.mean == 1.0
    assert str(report) == "1.000 [0.839, 1.000] on 20 examples"


@pytest.mark.parametrize(
    ("result", "score"),
    [
        (True, Score(1.0)),
        (0.5, Score(0.5)),
        (2, Score(2.0)),
        ((0.5, "half"), Score(0.5, "half")),
        (Score(0.1, "x", {"a": 1.0}), Score(0.1, "x", {"a": 1.0})),
    ],
)
def test_a_metric_gives_a_truth_a_number_a_score_or_a_number_with_feedback(result, score):
    report = evaluate(square, ROWS[:1], lambda example, prediction: result)

    assert report.rows[0].score == score


@pytest.mark.parametrize("result", [None, "good", float("nan"), (1,), object()])
def test_what_is_no_score_is_said(result):
    def metric(example, prediction):
        return result

    with pytest.raises(MetricError, match=r"The metric `metric` gave .*; it must give a .*number"):
        evaluate(square, ROWS[:1], metric)


def test_a_row_that_fails_is_kept_counted_and_not_hidden():
    def program(x):
        if x % 5 == 0:
            raise ValueError(f"no {x}")
        return square(x)

    report = evaluate(program, ROWS, right)
    assert len(report.rows) == 20
    assert [row.example.x for row in report.errors] == [0, 5, 10, 15]
    assert report.errors[0].prediction is None
    assert report.errors[0].error == "ValueError: no 0"
    assert report.mean == 0.8
    assert "4 failed" in str(report)


def test_causes_are_grouped_the_most_frequent_first():
    def program(x):
        raise ValueError("odd" if x % 4 == 1 else "other")

    report = evaluate(program, ROWS, right)
    (cause,) = report.causes()
    assert (cause.kind, cause.count) == ("ValueError", 20)


@pytest.mark.parametrize(
    "error",
    [
        UsageError("no model"),
        Unreachable("nobody", model="m"),
        WrongKey("no", model="m"),
        QuotaSpent("no credit", model="m"),
        UnknownModel("no such model", model="m"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_fails_every_row_alike_is_raised_at_once(error):
    calls = []

    def program(x):
        calls.append(x)
        raise error

    with pytest.raises(type(error)):
        evaluate(program, ROWS, right, concurrency=1)
    assert len(calls) <= 2


@pytest.mark.parametrize("kind", [LMError, RateLimited, Refused, ContextTooLong])
def test_an_error_of_the_model_that_may_pass_is_a_row(kind):
    def program(x):
        if x == 3:
            raise kind("a hiccup", model="m")
        return square(x)

    report = evaluate(program, ROWS, right)
    (cause,) = report.causes()
    assert (cause.kind, cause.count, cause.message) == (kind.__name__, 1, "m: a hiccup")


def test_a_judge_that_could_not_be_asked_fails_its_row_and_what_the_program_did_is_kept():
    judge = Predict("answer -> good: bool")

    def metric(example, prediction):
        return judge(answer=prediction.answer).good

    def reply(prompt):
        if "good" not in prompt:
            return "[[ ## answer ## ]]\nMars"
        raise RateLimited("slow down", model="judge")

    with use(lm=Scripted(reply)):
        report = evaluate(Predict("x -> answer"), ROWS[:2], metric)
    (cause,) = report.causes()
    assert (cause.kind, cause.count, cause.message) == ("RateLimited", 2, "judge: slow down")
    assert [len(row.trace) for row in report.rows] == [1, 1]


def test_a_judge_that_nobody_can_ask_ends_the_evaluation():
    judge = Predict("answer -> good: bool")

    def metric(example, prediction):
        return judge(answer="x").good

    def reply(prompt):
        raise QuotaSpent("no credit", model="judge")

    with use(lm=Scripted(reply)), pytest.raises(QuotaSpent):
        evaluate(square, ROWS, metric)


def test_a_metric_that_raises_is_named_with_its_line_and_the_example():
    def metric(example, prediction):
        return example.nope

    with pytest.raises(MetricError) as caught:
        evaluate(square, ROWS, metric)

    said = str(caught.value)
    assert "The metric `metric` raised AttributeError: this Example has no `nope`" in said
    assert f"(line {metric.__code__.co_firstlineno + 1})" in said
    assert '{"x": 0' in said


def test_no_more_than_asked_for_run_at_once():
    running, most, lock = 0, 0, threading.Lock()
    full = threading.Barrier(4, timeout=10)

    def program(x):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        full.wait()  # passes only when four are here together
        with lock:
            running -= 1
        return square(x)

    evaluate(program, ROWS, right, concurrency=4)
    assert most == 4


def test_an_interrupt_keeps_the_rows_that_are_done():
    let_go = threading.Event()

    def program(x):
        if x == 7:
            threading.Timer(0.2, _thread.interrupt_main).start()
            let_go.wait(20)
        return square(x)

    with pytest.raises(Interrupted, match="interrupted after 7 of 20 examples") as caught:
        evaluate(program, ROWS, right, concurrency=1)
    let_go.set()
    assert [row.example.x for row in caught.value.report.rows] == list(range(7))


def test_the_caller_hears_of_each_row_in_its_own_thread():
    seen = []
    evaluate(square, ROWS, right, on_row=lambda i, row: seen.append((i, threading.get_ident())))

    assert sorted(i for i, _ in seen) == list(range(20))
    assert {thread for _, thread in seen} == {threading.get_ident()}


@pytest.mark.parametrize(("data", "concurrency"), [([], 16), (ROWS, 0)])
def test_what_cannot_be_evaluated_is_said(data, concurrency):
    with pytest.raises(UsageError):
        evaluate(square, data, right, concurrency=concurrency)


def test_an_example_that_does_not_say_its_inputs_is_said():
    with pytest.raises(UsageError, match="does not say which of `x`, `y` are inputs"):
        evaluate(square, [Example(x=1, y=1)], right)


def test_a_frame_without_pandas_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without_pandas(name, *args, **kwargs):
        if name == "pandas":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    with pytest.raises(UsageError, match="%pip install pandas"):
        evaluate(square, ROWS, right).frame()


def test_a_plot_is_a_figure_of_every_score():
    axes = evaluate(square, ROWS, lambda example, prediction: example.x % 2).plot().axes[0]

    assert axes.get_xlabel() == "examples"
    assert [bar.get_width() for bar in axes.patches] == [10, 10, 0]  # right, wrong, failed


def test_plots_leave_pyplot_alone():
    code = """
import sys
from dspnb import *
from dspnb.testing import Scripted
rows = [Example(q=str(i), a="1").with_inputs("q") for i in range(4)]
configure(lm=Scripted(lambda prompt: "[[ ## a ## ]] 1"))
metric = metrics.exact("a")
run = compile(Predict("q -> a"), LabeledFewShot(1), metric=metric, train=rows, wait=True)
run.plot(), run.report.plot()
assert "matplotlib.figure" in sys.modules
assert "matplotlib.pyplot" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
