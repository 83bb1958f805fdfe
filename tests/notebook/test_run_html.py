import dataclasses
import re
from html import unescape

from dspnb.events import (
    BestChanged,
    Compared,
    Estimated,
    Evaluated,
    Proposed,
    Resumed,
    Scored,
    Spent,
    Started,
    StatusChanged,
    Warned,
)
from dspnb.notebook.run_html import run_html, run_text

from .runs import telling

STARTED = Started("MIPROv2", 24, 12, 150, True, "500 calls")
TRIED = [
    Proposed(0, None, "as it is", {}),
    Evaluated(0, "val", 0.6, 0.4, 0.8, 12, 0),
    BestChanged(0, 0.6),
    Proposed(1, 0, "trial 1", {"self": "4 demos"}),
    Evaluated(1, "val", 0.78, 0.6, 0.9, 12, 1),
    BestChanged(1, 0.78),
]
ESTIMATED = Estimated({"baseline": 12, "searching": 300}, 480, 210_000, 0.31, 240.0)
TESTED = [
    Evaluated(0, "test", 0.61, 0.53, 0.69, 150, 0),
    Evaluated(1, "test", 0.72, 0.64, 0.79, 150, 0),
]
COMPARED = Compared(0, 1, 0.61, 0.72, 0.113, 0.03, 0.19, 0.99, 31, 14, 0.78, 150, 1, True)
SPENT = Spent(290, 24, 260, 6, 180_000, 0.28, 0, 222.0)


def read(run):
    """What the page says, in words."""
    text = unescape(re.sub(r"<[^>]+>", " ", run_html(run, "better")))
    return " ".join(text.replace("$ ", "$").split())


def test_a_run_that_goes_on_tells_its_estimate():
    run = telling(STARTED, ESTIMATED, Resumed(31, 42, 0.02), *TRIED, Warned("slow"))

    text = read(run)
    assert "24 train / 12 val / 150 test, budget 500 calls" in text
    assert "150 held-out examples were set aside from validation" in text
    assert "about 312 runs of the program (baseline 12, searching 300), at most 480 calls" in text
    assert "resumed: 31 scored examples are known" in text
    assert "Note: slow" in text
    assert "1 (best) 0.780 0.600 to 0.900 12, 1 failed trial 1: self: 4 demos" in text


def test_a_run_that_ended_tells_what_it_spent_and_the_comparison():
    run = telling(STARTED, ESTIMATED, *TRIED, *TESTED, COMPARED, SPENT, StatusChanged("done"))

    text = read(run)
    assert "as it was 0.610 0.530 to 0.690 150 compiled 0.720 0.640 to 0.790 150" in text
    assert "held out: 0.61 -> 0.72 on 150: +0.113 [+0.03, +0.19], P(better) 0.99" in text
    assert "fixed 31, broke 14" in text
    assert "search said 0.78 (optimism +0.06)" in text
    assert "test opened once" in text
    assert "spent: 290 runs of the program (24 known from before)" in text
    assert "expected 312 runs of the program, at most 480 calls, 210k tokens, $0.31" in text
    assert "fixed 31, broke 14" in run_text(run) and "expected 312 runs" in run_text(run)


def test_that_the_program_as_it_was_is_returned_stands_out():
    unclear = Compared(0, 1, 0.61, 0.62, 0.01, -0.07, 0.09, 0.6, 9, 8, 0.78, 150, 1, False)
    run = telling(STARTED, *TRIED, *TESTED, unclear)

    said = "not distinguishable from the program as it was, which is returned"
    assert f"<b>{said}</b>" in run_html(run, "better")
    assert said in run_text(run)


def test_a_run_of_many_events_makes_a_short_page():
    run = telling(STARTED, *TRIED, *(Scored(1, i, 1.0, "val") for i in range(10_000)),
                  *(Warned(f"slow {i}") for i in range(1000)))  # fmt: skip

    assert len(run_html(run, "better")) < 10_000


def test_what_the_optimizer_was_chosen_for_is_told():
    started = dataclasses.replace(STARTED, chosen="12 examples to choose by")

    assert "<p>chosen for you: 12 examples to choose by</p>" in run_html(telling(started), "better")
    assert "chosen" not in run_html(telling(STARTED), "better")


def test_what_a_model_wrote_is_one_line_of_text():
    hostile = "<b>\x1b[31m\nx"
    run = telling(STARTED, Proposed(0, None, hostile, {}), Evaluated(0, "val", 1.0, 0.5, 1.0, 3, 0))

    assert "<b>\x1b" not in run_html(run, "better")
    assert "&lt;b&gt;" in run_html(run, "better")


def test_a_run_with_nothing_scored_says_so():
    assert "Nothing is scored yet." in run_html(telling(STARTED), "better")
