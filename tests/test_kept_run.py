"""A run as the store has it: the same as the run itself, without its program."""

import datetime
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dspnb import (
    ChainOfThought,
    Example,
    KeptRun,
    LabeledFewShot,
    Predict,
    UsageError,
    compile,
    runs,
    use,
)
from dspnb.lm.base import Completion

SLOW = Path(__file__).parent / "frontends" / "slow_run.py"
ROWS = [Example(q=f"{i:03}", a=str(i % 2)).with_inputs("q") for i in range(40)]


def right(example, prediction):
    return example.a == prediction.a


def by_demos(messages, **params):
    """Right as often as there are demos that show how; alone it says 1."""
    asked = messages[-1].content.split("\n")[1]
    learned = len(messages) > 2
    return Completion(f"[[ ## a ## ]]\n{int(asked) % 2 if learned else 1}", "by demos", dollars=0.5)


by_demos.model = "by demos"


def start(lm=by_demos, program="q -> a", **options):
    given = {"metric": right, "train": ROWS[:5], "val": ROWS[5:15], "test": ROWS[15:], **options}
    with use(lm=lm):
        return compile(Predict(program), LabeledFewShot(4), **given)


def both(**options):
    """A run that has ended, and as it is kept."""
    run = start(**options).wait()
    return run, runs()[run.id]


def test_a_kept_run_is_what_the_run_was():
    run, kept = both()

    assert isinstance(kept, KeptRun)
    assert (kept.id, kept.status, kept.over) == (run.id, "done", True)
    assert kept.summary == run.summary
    assert (kept.optimizer_name, kept.metric_name) == ("LabeledFewShot", "right")
    assert [(c.id, c.state, c.report.scores) for c in kept.candidates] == [
        (c.id, c.state, c.report.scores) for c in run.candidates
    ]
    assert [(c.parent, c.note) for c in kept.candidates] == [(None, "as it is"), (0, "final")]
    assert kept.best_candidate.id == kept.best.id == run.returned.id == 1
    assert kept.report.scores == run.report.scores
    assert kept.spent["calls"] == run.spending.usage.calls
    assert kept.cost == "$35"
    assert kept.settings["train"] == 5
    assert run.id in repr(kept) and "done: best of 2 candidates is #1" in repr(kept)


def test_its_comparison_says_what_that_of_the_run_says():
    run, kept = both()

    mine, its = kept.comparison, run.comparison
    for name in ("difference", "better", "returned", "optimism", "fixed", "broke", "opened"):
        assert getattr(mine, name) == getattr(its, name), name
    assert mine.returned


@pytest.mark.parametrize("never_worse", [True, False])
def test_what_is_given_follows_the_rule_of_the_run(never_worse):
    def lucky(messages, **params):
        learned = len(messages) > 2
        asked = int(messages[-1].content.split("\n")[1])
        return Completion(f"[[ ## a ## ]]\n{asked % 2 if learned and asked < 15 else 1}")

    lucky.model = "lucky"
    run, kept = both(lm=lucky, never_worse=never_worse)

    assert kept.best_candidate.id == 1
    assert kept.best.id == run.returned.id == (0 if never_worse else 1)
    assert ("not distinguishable" in kept.summary) is never_worse


def test_a_program_takes_the_best_state_and_says_where_it_comes_from():
    run, kept = both()

    program = kept.program(Predict("q -> a"))
    assert program.state == run.best.state == kept.state
    known, its = program.provenance, run.best.provenance
    for name in ("optimizer", "metric", "split", "score", "low", "high", "n", "seed", "model"):
        assert getattr(known, name) == getattr(its, name), name
    with pytest.raises(UsageError, match="has no predictor `self`"):
        kept.program(ChainOfThought("q -> a"))


def test_demos_come_back_as_the_types_of_their_fields():
    days = [Example(q=str(i), a=datetime.date(2024, 5, i)).with_inputs("q") for i in range(1, 9)]

    def learner(messages, **params):
        asked = messages[-1].content.split("\n")[1] if len(messages) > 2 else "9"
        return Completion(f"[[ ## a ## ]]\n2024-05-0{asked}")

    learner.model = "learner"
    program = Predict("q -> a: datetime.date")
    with use(lm=learner):
        run = compile(
            program, LabeledFewShot(2), metric=right, train=days[:4], val=days[4:],
            never_worse=False,
        ).wait()  # fmt: skip
    kept = runs()[run.id]

    assert kept.best.id == 1
    assert {type(demo.a) for demo in kept.state["self"].demos} == {str}
    demos = kept.program(program).state["self"].demos
    assert demos == run.best.state["self"].demos
    assert [type(demo.a) for demo in demos] == [datetime.date] * 2


def test_rows_are_there_with_what_failed():
    def broken(messages, **params):
        if "007" in messages[-1].content:
            raise ValueError("no sevens")
        return by_demos(messages)

    broken.model = "broken"
    _, kept = both(lm=broken)

    report = kept.candidates[0].report
    assert dict(report.rows[0].example) == {"q": "005", "a": "1"}
    assert report.rows[0].prediction.a == "1"
    assert [row.error for row in report.errors] == ["ValueError: no sevens"]
    assert set(kept.evaluations) == {(0, "val"), (1, "val"), (0, "test"), (1, "test")}


def test_its_events_are_kept_but_for_the_many_small_ones():
    run, kept = both()

    small = ("scored", "called")
    assert list(kept.events) == [
        event.to_dict() for event in run.events() if event.body.kind not in small
    ]


def test_without_held_out_examples_the_validation_set_tells():
    run = start(test=None, never_worse=False)
    run.wait()

    kept = runs()[run.id]
    assert kept.comparison is None
    assert kept.report is kept.best_candidate.report


def test_a_run_with_nothing_scored_has_no_best():
    stopped = threading.Event()

    def never(messages, **params):
        stopped.wait(10)
        return by_demos(messages)

    never.model = "never"
    run = start(lm=never)
    kept = runs()[run.id]
    run.stop()
    stopped.set()
    run.join()

    assert kept.status == "under way"
    assert (kept.best, kept.report, kept.summary) == (None, None, "nothing is scored yet")
    with pytest.raises(UsageError, match="nothing is scored yet"):
        kept.program(Predict("q -> a"))
    assert runs()[run.id].status == "stopped"


def test_what_another_run_paid_for_stays_when_that_is_deleted():
    first = start().wait()
    second = start(val=ROWS[5:16], test=ROWS[16:]).wait()
    runs().delete(first.id)

    kept = runs()[second.id]
    assert kept.lost == 0
    assert kept.candidates[0].report.scores == second.candidates[0].report.scores
    assert kept.candidates[0].report.rows[0].example == ROWS[5]


def test_what_was_deleted_while_another_run_went_on_with_it_is_lost_and_said():
    class Gated:
        model = "gated"
        asked, open = threading.Event(), threading.Event()

        def __call__(self, messages, **params):
            self.asked.set()
            self.open.wait(10)
            return by_demos(messages)

    lm = Gated()
    lm.open.set()
    first = start(lm=lm, test=None, never_worse=False).wait()
    lm.open.clear()
    lm.asked.clear()
    second = start(lm=lm, val=ROWS[5:16], test=None, never_worse=False)
    assert lm.asked.wait(10)
    runs().delete(first.id)
    lm.open.set()
    second.wait()

    kept = runs()[second.id]
    assert kept.lost == 1
    assert kept.candidates[0].report is None
    assert kept.best_candidate.id == 1


def test_a_killed_process_leaves_a_run_that_is_interrupted(tmp_path):
    calls = tmp_path / "calls"
    command = [sys.executable, SLOW, calls, "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        id_ = process.stdout.readline().strip()
        assert runs()[id_].status == "under way"
        while not calls.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()

    kept = runs()[id_]
    assert kept.status == "interrupted"
    assert not kept.over
    assert kept.candidates[0].note == "as it is"
