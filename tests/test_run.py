"""The driver: a search on a background thread that can be watched, paused, stopped and trusted."""

import _thread
import json
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dspnb import (
    LM,
    Budget,
    Example,
    Module,
    Predict,
    Prediction,
    Score,
    UsageError,
    compile,
    data,
    use,
)
from dspnb.errors import MetricError, QuotaSpent, TooManyErrors, WrongKey
from dspnb.events import FINAL, Phase
from dspnb.lm.base import Completion
from dspnb.module import Setting
from dspnb.optimizers import (
    BootstrapFewShotWithRandomSearch,
    Complete,
    Evaluate,
    LabeledFewShot,
    Validate,
)
from dspnb.run import Interrupted, Run
from dspnb.signature import Signature
from dspnb.testing import Scripted

FIXTURE = Path(__file__).parent / "fixtures" / "run.jsonl"
COLORS = [
    Example(thing=thing, color=color).with_inputs("thing")
    for thing, color in [
        ("sky", "blue"),
        ("sea", "blue"),
        ("grass", "green"),
        ("snow", "white"),
        ("coal", "black"),
        ("blood", "red"),
    ]
]


def right(example, prediction):
    return Score(float(prediction.color == example.color), "wrong colour")


def always_blue(prompt):
    """What a model answers that has learnt nothing."""
    return "[[ ## color ## ]]\nblue"


class ByDemos:
    """A model that gives the answer of the demo with the same thing, else `blue`."""

    model = "by demos"

    def __init__(self):
        self.calls = 0
        self._lock = threading.Lock()

    def __call__(self, messages, *, rollout=0, **params):
        with self._lock:
            self.calls += 1
            number = self.calls
        self.before(number)
        asked = messages[-1].content.split("\n")[1]
        for turn, answer in zip(messages[1:-1:2], messages[2:-1:2], strict=True):
            if turn.content.endswith(f"\n{asked}"):
                return Completion(answer.content, self.model, dollars=0.0)
        return Completion("[[ ## color ## ]]\nblue", self.model, dollars=0.0)

    def before(self, number):
        """What happens before call `number`, from 1, is answered."""


class Hanging(ByDemos):
    """A model that answers `free` times and then hangs until the test lets it go."""

    model = "hanging"

    def __init__(self, free):
        super().__init__()
        self.free = free
        self.hangs, self.let_go = threading.Event(), threading.Event()
        self.asked_again = threading.Event()  # set by a call after it was let go

    def before(self, number):
        if self.let_go.is_set():
            self.asked_again.set()
        if number > self.free:
            self.hangs.set()
            self.let_go.wait(30)


@dataclass
class Asking:
    """An optimizer that makes these asks, keeps the answers, and returns the state it was given."""

    asks: tuple
    answers: list = field(default_factory=list)

    def search(self, task):
        for ask in self.asks:
            self.answers.append((yield ask))
        return task.state

    def program_calls(self, train, val, predictors=1):
        return None


@pytest.fixture
def hanging():
    made = []

    def make(free):
        made.append(Hanging(free))
        return made[-1]

    yield make
    for model in made:
        model.let_go.set()


def start(optimizer=None, *, lm=None, **options):
    """A run over the colours."""
    options = {"metric": right, "train": COLORS, "val": COLORS[:3], **options}
    with use(lm=lm or Scripted(always_blue)):
        return compile(
            options.pop("program", Predict("thing -> color")),
            optimizer or BootstrapFewShotWithRandomSearch(2, 3, num_candidate_programs=3),
            **options,
        )


def kinds(run):
    return [event.body.kind for event in run.events()]


# -- results ---------------------------------------------------------------------------


def test_a_run_finds_better_demos_and_leaves_the_program_alone():
    program = Predict("thing -> color")
    run = start(LabeledFewShot(6), lm=ByDemos(), program=program).wait()

    assert run.status == "done"
    assert run.best_candidate.id == 1
    assert run.report.mean == 1.0
    assert len(run.best.state["self"].demos) == 6
    assert program.demos == ()


def test_what_happens_to_the_program_later_does_not_matter():
    program, lm = Predict("thing -> color"), Scripted(always_blue)
    run = start(lm=lm, program=program)
    program.signature = Signature("other -> color")
    run.wait()

    assert run.status == "done"
    assert run.program.signature == Signature("thing -> color")


def test_the_best_is_never_worse_than_the_program_as_it_was():
    class Worse:
        def search(self, task):
            return {"self": Setting("Be wrong.")}
            yield

        def program_calls(self, train, val, predictors=1):
            return val

    def reply(messages, **params):
        wrong = "Be wrong." in messages[0].content
        return Completion(f"[[ ## color ## ]]\n{'pink' if wrong else 'blue'}")

    reply.model = "m"
    run = start(Worse(), lm=reply).wait()
    assert run.best_candidate.id == 0
    assert [candidate.report.mean for candidate in run.candidates] == [pytest.approx(2 / 3), 0]


@pytest.mark.parametrize("concurrency", [1, 16])
def test_the_same_seed_searches_alike_whatever_the_concurrency(concurrency):
    def outcome(seed):
        run = start(lm=ByDemos(), seed=seed, concurrency=concurrency).wait()
        return [(candidate.state, candidate.report.scores) for candidate in run.candidates]

    assert (
        outcome(0)
        == outcome(0)
        == [(c.state, c.report.scores) for c in start(lm=ByDemos()).wait().candidates]
    )
    assert outcome(1) != outcome(0)


def test_rounds_and_real_tickets_search_alike_whatever_the_concurrency():
    def outcome(concurrency):
        rows = data.tickets()
        run = start(
            BootstrapFewShotWithRandomSearch(num_candidate_programs=3, max_rounds=2),
            lm=LM("offline"),
            program=Predict("ticket -> team"),
            metric=lambda example, prediction: example.team == prediction.team,
            train=rows[:60:2],
            val=rows[1:40:2],
            concurrency=concurrency,
        ).wait()
        return [(candidate.state, candidate.report.scores) for candidate in run.candidates]

    once = outcome(1)
    assert len({str(state) for state, _ in once}) == 6
    assert outcome(16) == once


def test_baseline_and_best_are_compared_on_held_out_examples():
    run = start(LabeledFewShot(6), lm=ByDemos(), val=COLORS[2:4], test=COLORS).wait()

    comparison = run.comparison
    assert run.report is comparison.best
    assert comparison.baseline.mean == pytest.approx(2 / 6)
    assert comparison.difference[0] == pytest.approx(4 / 6)
    (event,) = [e.body for e in run.events() if e.body.kind == "compared"]
    assert (event.n, event.difference) == (6, comparison.difference[0])


def test_without_test_examples_there_is_no_comparison():
    run = start().wait()

    assert run.comparison is None
    assert "compared" not in kinds(run)


def test_without_val_a_third_of_train_validates_and_the_run_says_so():
    run = start(val=None).wait()

    assert (len(run.task.train), len(run.task.val)) == (4, 2)
    assert not set(run.task.train) & set(run.task.val)
    warnings = [event.body.message for event in run.events() if event.body.kind == "warned"]
    assert warnings == [
        "No validation set was given: 2 of the 6 training examples validate instead."
    ]


def test_each_ask_is_done_by_the_model_of_its_role():
    class Asking:
        def search(self, task):
            state = task.state
            yield Evaluate(state, task.train[:1], role="teacher")
            rewritten = yield Complete(Signature("draft -> better"), {"draft": "x"})
            yield Evaluate(state, task.train[:1], rollout=3)
            return {"self": Setting(rewritten.better)}

        def program_calls(self, train, val, predictors=1):
            return None

    student, teacher = Scripted(always_blue), Scripted(lambda prompt: f"{always_blue(prompt)}")
    proposer = Scripted(["[[ ## better ## ]]\nName the colour."])
    run = start(Asking(), lm=student, teacher=teacher, proposer=proposer).wait()

    assert (len(teacher.calls), len(proposer.calls)) == (1, 1)
    assert len(student.calls) == 3 + 1 + 3
    assert run.candidates[1].state["self"].instructions == "Name the colour."
    assert run.spending.usage.calls == 9


def test_a_state_that_was_validated_is_not_paid_for_again():
    lm = Scripted(always_blue)

    class Twice:
        def search(self, task):
            first = yield Validate(task.state)
            again = yield Validate(task.state)
            assert first is again
            return task.state

        def program_calls(self, train, val, predictors=1):
            return 0

    start(Twice(), lm=lm).wait()
    assert len(lm.calls) == 3


def test_asks_made_together_are_answered_in_their_order():
    state = Predict("thing -> color").state
    optimizer = Asking((tuple(Evaluate(state, [row]) for row in COLORS),))

    start(optimizer).wait()
    assert [report.rows[0].example for report in optimizer.answers[0]] == COLORS


def test_states_validated_together_are_numbered_in_their_order():
    states = [{"self": Setting(f"Try {i}.")} for i in range(1, 40)]
    optimizer = Asking((tuple(map(Validate, states)),))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # let threads overtake each other
    try:
        run = start(optimizer).wait()
    finally:
        sys.setswitchinterval(interval)

    assert [candidate.id for candidate in run.candidates] == list(range(40))
    assert [candidate.state for candidate in run.candidates[1:]] == states
    assert kinds(run).count("best") == 1  # all of them score alike


def test_another_rollout_reaches_the_model():
    class Noting(ByDemos):
        def __call__(self, messages, *, rollout=0, **params):
            seen.append(rollout)
            return super().__call__(messages)

    seen = []
    ask = Evaluate(Predict("thing -> color").state, COLORS[:1], rollout=7)
    start(Asking((ask,)), lm=Noting()).wait()
    assert seen == [0, 0, 0, 7]


@pytest.mark.parametrize(
    ("params", "rollout", "asked"),
    [
        ({}, 1, {"temperature": 1.0}),  # a model at 0 would say the same again
        ({"temperature": 0.1}, 1, {"temperature": 1.0}),
        ({"temperature": 0.7}, 1, {"temperature": 0.7}),
        ({}, 0, {}),
    ],
)
def test_another_rollout_is_sampled_warm(params, rollout, asked):
    lm = Scripted(always_blue)
    ask = Evaluate(Predict("thing -> color").state, COLORS[:1], rollout=rollout)
    with use(params=params):
        start(Asking((ask,)), lm=lm, val=COLORS[1:2], resume="never").wait()

    assert lm.params == [params, asked]


def test_a_program_that_stays_the_best_is_compared_with_itself_for_free():
    lm = ByDemos()
    run = start(Asking(()), lm=lm, test=COLORS[3:]).wait()

    assert run.comparison.difference == (0, 0, 0)
    assert lm.calls == 3 + 3


def test_the_estimate_is_what_the_run_takes_and_the_time_left_follows_from_it(hanging):
    lm = hanging(free=3)
    run = start(LabeledFewShot(6), lm=lm, test=COLORS[3:])
    assert lm.hangs.wait(10)
    (estimate,) = [e.body for e in run.log.since(0) if e.body.kind == "estimated"][:1]
    assert estimate.program_calls == {
        "scoring it as it is": 3,
        "validating": 3,
        "comparing on held-out examples": 2 * 3,
    }
    assert estimate.calls == 3 + 3 + 2 * 3

    assert run.remaining > 0
    lm.let_go.set()
    run.wait()
    assert lm.calls == 3 + 3 + 2 * 3
    assert run.remaining is None


# -- stopping and pausing ----------------------------------------------------------------


def test_a_stopped_run_keeps_the_best_so_far(hanging):
    lm = hanging(free=2 * 3)  # the program as it is, and with labelled demos
    run = start(BootstrapFewShotWithRandomSearch(1, 6), lm=lm)
    assert lm.hangs.wait(10)
    run.stop()
    run.wait()

    assert (run.status, run.reason) == ("stopped", "stopped by you")
    assert (run.best_candidate.id, run.report.mean) == (1, 1.0)
    assert len(run.best.state["self"].demos) == 6


def test_a_stop_while_the_model_hangs_ends_within_a_second(hanging):
    lm = hanging(free=5)
    run = start(lm=lm)
    assert lm.hangs.wait(10)
    begin = time.monotonic()
    run.stop()
    run.join(5)

    assert time.monotonic() - begin < 1.0
    assert run.status == "stopped"
    assert run.best.state["self"].demos == ()


def test_a_stop_while_the_proposer_hangs_ends_within_a_second(hanging):
    proposer = hanging(free=0)
    run = start(Asking((Complete(Signature("a -> b"), {"a": "x"}),)), proposer=proposer)
    assert proposer.hangs.wait(10)

    begin = time.monotonic()
    run.stop()
    run.join(5)
    seconds = time.monotonic() - begin

    assert seconds < 1.0
    assert run.status == "stopped"


def test_a_late_stop_does_not_reopen_a_finished_run():
    run = start().wait()
    events = len(run.log)
    run.stop()
    run.pause()

    assert run.status == "done"
    assert len(run.log) == events


def test_nothing_can_be_said_after_the_end():
    run = start().wait()
    events = list(run.events())
    run.log.append(Phase("late"))

    assert list(run.events()) == events


def test_what_comes_after_the_end_is_dropped(hanging):
    lm = hanging(free=0)
    run = start(lm=lm)
    assert lm.hangs.wait(10)
    run.stop()
    run.join(5)
    events = len(run.log)
    lm.let_go.set()
    for thread in threading.enumerate():
        if thread.name.startswith("dspnb"):
            thread.join(5)

    assert len(run.log) == events


def test_a_paused_run_asks_the_model_nothing_until_it_is_resumed(hanging):
    lm = hanging(free=0)
    run = start(lm=lm, val=COLORS, concurrency=2)
    assert lm.hangs.wait(10)
    run.pause()
    for event in run.events():
        if event.body.kind == "status" and event.body.status == "paused":
            break
    lm.let_go.set()  # those in flight are answered

    assert not lm.asked_again.wait(0.5)
    assert lm.calls <= 2
    assert run.status == "paused"
    run.resume()
    run.wait()
    assert run.status == "done"
    assert lm.calls > 2 * 6


def test_a_paused_run_can_be_stopped(hanging):
    lm = hanging(free=0)
    run = start(lm=lm, concurrency=1)
    assert lm.hangs.wait(10)
    run.pause()
    run.stop()
    run.join(5)

    assert run.status == "stopped"


def test_an_interrupt_while_waiting_stops_the_run_and_keeps_the_best(hanging):
    lm = hanging(free=2 * 3)
    run = start(BootstrapFewShotWithRandomSearch(1, 6), lm=lm)
    assert lm.hangs.wait(10)
    threading.Timer(0.2, _thread.interrupt_main).start()

    with pytest.raises(Interrupted, match=r"was stopped: best of 2 candidates is #1, 1\.000"):
        run.wait()
    assert (run.status, run.reason) == ("stopped", "interrupted")
    assert run.report.mean == 1.0


def test_an_interrupt_while_joining_ends_only_the_waiting(hanging):
    lm = hanging(free=3)
    run = start(lm=lm)
    assert lm.hangs.wait(10)
    threading.Timer(0.2, _thread.interrupt_main).start()

    with pytest.raises(KeyboardInterrupt):
        run.join()
    assert not run.over
    run.stop()
    run.join(5)


# -- budgets ---------------------------------------------------------------------------


@pytest.mark.parametrize("calls", [1, 7, 20])
def test_a_budget_of_calls_is_spent_to_the_last_and_never_overrun(calls):
    lm = ByDemos()
    run = start(
        BootstrapFewShotWithRandomSearch(1, 1, num_candidate_programs=500),
        lm=lm,
        budget=Budget(calls=calls),
    )
    run.join()

    assert lm.calls == calls
    assert run.reason == f"budget of {calls} calls spent"
    assert run.status == "stopped"


def test_answers_from_the_cache_cost_no_budget():
    with use(lm=LM("offline")):
        lm = LM("offline")
    first = start(lm=lm).wait()
    again = start(lm=lm, budget=Budget(calls=1))
    again.join()

    assert first.spending.usage.calls > 1
    assert again.status == "done"
    assert again.spending.usage.calls == 0


def test_calls_under_way_count_towards_the_budget():
    overrun, let_go = threading.Event(), threading.Event()

    class Slow(ByDemos):
        def before(self, number):
            if number > 5:
                overrun.set()
            let_go.wait(30)

    run = start(lm=Slow(), val=COLORS, budget=Budget(calls=5), concurrency=16)
    too_many = overrun.wait(0.5)
    let_go.set()
    run.join()

    assert not too_many
    assert run.spending.usage.calls == 5


def test_teacher_and_student_spend_one_budget():
    student, teacher = ByDemos(), ByDemos()
    run = start(lm=student, teacher=teacher, budget=Budget(calls=3 + 3 + 1))
    run.join()

    assert run.status == "stopped"
    assert (student.calls, teacher.calls) == (3 + 3, 1)


def test_a_budget_of_tokens_ends_a_run():
    def reply(messages, **params):
        return Completion("[[ ## color ## ]] blue", "m", tokens_in=8, tokens_out=2)

    reply.model = "m"
    run = start(lm=reply, budget=Budget(tokens=25), concurrency=1)
    run.join()

    assert run.reason == "budget of 25 tokens spent"
    assert run.spending.usage.calls == 3


def test_a_budget_of_seconds_ends_a_run_even_while_the_model_hangs(hanging):
    run = start(lm=hanging(free=3), budget=Budget(seconds=0.3))
    run.join(5)

    assert run.reason == "budget of 0.3 s spent"
    assert run.log.since(len(run.log) - 1)[0].time < 1.3


def test_a_score_that_is_good_enough_ends_the_search_as_done():
    optimizer = BootstrapFewShotWithRandomSearch(1, 6, num_candidate_programs=500)
    run = start(optimizer, lm=ByDemos(), budget=Budget(score=1.0), test=COLORS).wait()

    assert run.status == "done"
    assert len(run.candidates) == 2
    assert run.comparison is not None


# -- failures ---------------------------------------------------------------------------


def test_a_wrong_key_ends_a_run_at_once_and_says_so():
    class Refusing:
        model = "m"
        calls = 0

        def __call__(self, messages, **params):
            self.calls += 1
            raise WrongKey("not this key", model="m")

    lm = Refusing()
    run = start(lm=lm)
    run.join()

    assert (run.status, run.reason) == ("failed", "WrongKey: m: not this key")
    assert lm.calls <= 3
    with pytest.raises(WrongKey):
        run.wait()
    assert run.best.state["self"].demos == ()


@pytest.mark.parametrize("kind", [WrongKey, QuotaSpent])
def test_a_key_or_credit_that_ends_midway_keeps_the_best_so_far(kind):
    class Revoked(ByDemos):
        def before(self, number):
            if number > 2 * 3:
                raise kind("revoked", model="m")

    lm = Revoked()
    run = start(BootstrapFewShotWithRandomSearch(1, 6), lm=lm)
    run.join()

    assert (run.status, run.reason) == ("failed", f"{kind.__name__}: m: revoked")
    assert run.best_candidate.report.mean == 1.0
    assert len(run.best.state["self"].demos) == 6


def test_the_causes_of_failed_rows_are_grouped_by_kind_with_an_example():
    class Fragile(Module):
        def forward(self, thing):
            if thing == "coal":
                return Prediction(color="black")
            raise ValueError("no s") if thing.startswith("s") else KeyError("other")

    run = start(val=COLORS, program=Fragile(), concurrency=1)

    with pytest.raises(TooManyErrors) as error:
        run.wait()
    assert str(error.value) == (
        "5 of 6 rows failed (more than half): 3 times ValueError, as for thing='sky' (no s); "
        "2 times KeyError, as for thing='grass' ('other')"
    )


def test_of_many_kinds_of_errors_the_first_are_told():
    kinds = iter([ValueError, KeyError, OSError, TypeError, IndexError, RuntimeError])

    class Fragile(Module):
        def forward(self, thing):
            raise next(kinds)

    run = start(val=COLORS, program=Fragile(), concurrency=1)
    run.join()

    assert run.reason.count("1 time ") == 3
    assert run.reason.endswith("; and 3 other kinds of error")


def many_colors(count):
    return [Example(thing=f"thing {i}", color="blue").with_inputs("thing") for i in range(count)]


@pytest.mark.parametrize(("failing", "status"), [(2, "done"), (3, "failed")])
def test_more_errors_than_the_rate_end_a_run_after_twenty_rows(failing, status):
    class Fragile(Module):
        def forward(self, thing):
            if int(thing.split()[1]) < failing:
                raise OSError("no connection to the index")
            return Prediction(color="blue")

    run = start(Asking(()), program=Fragile(), val=many_colors(30), concurrency=1)
    run.join()

    assert run.status == status
    if status == "failed":
        assert run.reason.startswith("TooManyErrors: 3 of 20 rows failed (more than 10%): 3 times")
    else:
        assert len(run.report.errors) == 2
        assert type(run.report.errors[0].exception) is OSError


def test_what_a_candidate_makes_of_the_form_is_its_score_and_ends_no_run():
    def reply(messages, **params):
        broken = "Break it." in messages[0].content
        return Completion("no header" if broken else "[[ ## color ## ]] blue")

    reply.model = "m"
    bad = {"self": Setting("Break it.")}
    program = Predict("thing -> color, n: int = 1")
    run = start(Asking((Validate(bad),)), lm=reply, program=program, val=many_colors(30)).wait()

    assert [c.report.mean for c in run.candidates] == [1.0, 0.0]
    assert len(run.candidates[1].report.errors) == 30
    assert run.best_candidate.id == 0


def test_too_many_failed_rows_end_a_run_with_their_causes():
    rows = COLORS * 2
    lm = Scripted(lambda prompt: "[[ ## colour ## ]]\nblue\n[[ ## c ## ]]")
    program = Predict("thing -> color, shade: int")
    run = start(lm=lm, val=rows, program=program)
    run.join()

    assert run.status == "failed"
    assert "TooManyErrors: 12 of 12 rows failed (more than half): 12 times ParseError" in run.reason
    with pytest.raises(TooManyErrors):
        run.wait()


def test_a_few_failed_rows_are_counted_and_the_run_goes_on():
    def reply(messages, **params):
        unreadable = any("snow" in message.content for message in messages)
        return Completion("no header" if unreadable else "[[ ## color ## ]] blue")

    reply.model = "m"
    program = Predict("thing -> color, n: int = 1")
    run = start(LabeledFewShot(0), lm=reply, val=COLORS[:4], program=program).wait()

    (evaluated,) = [e.body for e in run.events() if e.body.kind == "evaluated"]
    assert (evaluated.n, evaluated.errors) == (4, 1)


def test_a_metric_that_raises_fails_the_run_and_is_named():
    def broken(example, prediction):
        return example.colour == prediction.color

    run = start(metric=broken)
    run.join()

    assert run.status == "failed"
    assert "The metric `broken` raised AttributeError" in run.reason
    with pytest.raises(MetricError):
        run.wait()


def test_an_optimizer_that_raises_fails_the_run_and_keeps_the_best():
    class Broken:
        def search(self, task):
            yield Validate({"self": Setting("Better.")})
            raise RuntimeError("lost")

        def program_calls(self, train, val, predictors=1):
            return None

    run = start(Broken())
    run.join()

    assert (run.status, run.reason) == ("failed", "RuntimeError: lost")
    assert len(run.candidates) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"train": []}, "`train` is empty"),
        ({"train": COLORS[:1], "val": None}, "got 1 and no `val`"),
        ({"program": 7}, "A program is a `Module`"),
        ({"lm": None}, "No model is set"),
    ],
)
def test_what_cannot_run_is_said_before_anything_is_spent(options, said):
    given = {"metric": right, "train": COLORS, "val": COLORS[:3], **options}
    lm = given.pop("lm", Scripted([]))

    with use(lm=lm), pytest.raises(UsageError) as caught:
        compile(given.pop("program", Predict("thing -> color")), **given)
    assert said in str(caught.value)


# -- events ----------------------------------------------------------------------------


def test_events_are_numbered_and_are_plain_json():
    run = start(test=COLORS).wait()
    lines = [json.loads(event.to_json(), parse_constant=pytest.fail) for event in run.events()]

    assert [line["seq"] for line in lines] == list(range(len(lines)))
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    assert lines[0]["kind"] == "started"
    assert lines[-1]["status"] in FINAL


def test_every_reader_sees_the_same_events_from_wherever_it_starts():
    run = start(lm=ByDemos())
    seen = [[], []]

    def read(into):
        into.extend(event.seq for event in run.events())

    threads = [threading.Thread(target=read, args=(into,)) for into in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert seen[0] == seen[1] == list(range(len(run.log)))
    assert [event.seq for event in run.events(since=5)] == seen[0][5:]


def test_every_call_is_in_the_events_with_its_predictor():
    lm = Scripted(always_blue)
    run = start(lm=lm).wait()

    called = [event.body for event in run.events() if event.body.kind == "called"]
    assert len(called) == len(lm.calls)
    assert {call.path for call in called} == {"self"}
    assert [call.call for call in called] == list(range(len(called)))


def test_a_run_draws_each_candidate_and_the_best_so_far():
    run = start(lm=ByDemos()).wait()
    axes = run.plot().axes[0]

    assert axes.get_ylabel().startswith("score on validation (n = ")
    best = next(line for line in axes.lines if line.get_label() == "best so far")
    assert list(best.get_ydata())[-1] == run.report.mean
    assert max(best.get_xdata()) == len(run.candidates) - 1


def recorded():
    """A small run as JSON lines, without what differs from one time to the next."""
    run = start(
        BootstrapFewShotWithRandomSearch(2, 3, num_candidate_programs=2),
        lm=ByDemos(),
        test=COLORS,
        concurrency=1,
    ).wait()
    rows = [event.to_dict() for event in run.events()]
    for row in rows:
        row["time"] = row["seq"] / 100
        if "seconds" in row:
            row["seconds"] = 0.0
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_the_recorded_run_that_the_page_is_tested_with_is_what_runs_say_today():
    told = recorded()
    if os.environ.get("DSPNB_WRITE_FIXTURES") == "1":
        FIXTURE.parent.mkdir(exist_ok=True)
        FIXTURE.write_text(told)

    assert FIXTURE.read_text() == told, "run with DSPNB_WRITE_FIXTURES=1"


def test_a_run_says_how_it_stands():
    run = start(lm=ByDemos()).wait()

    assert isinstance(run, Run)
    assert repr(run).startswith("Run(BootstrapFewShotWithRandomSearch, done: best of 6 candidates")
