"""Pause, resume, stop and the interrupt, in each phase of each optimizer, while a model hangs."""

import itertools
import os
import signal
import threading
import time
from dataclasses import dataclass, field

import pytest
from killing import OPTIMIZERS, Counting, Painter, Searching, examples, right

from dspnb import Budget, LabeledFewShot, compile, use
from dspnb.lm.labels import labels
from dspnb.module import Module
from dspnb.run import Interrupted

AS_IT_IS, ASKED, CANDIDATES, QUESTION, TRAINING, COMPARING = (
    "scoring it as it is", "scoring what the optimizer asks for", "scoring candidates",
    "asking the proposer", "training", "comparing",
)  # fmt: skip
PHASES = [
    ("labeled", AS_IT_IS), ("labeled", CANDIDATES), ("labeled", COMPARING),
    ("bootstrap", ASKED), ("bootstrap", CANDIDATES), ("bootstrap", COMPARING),
    ("bootstrap-rs", ASKED), ("bootstrap-rs", CANDIDATES),
    ("chain", ASKED), ("chain", CANDIDATES),
    ("rewriting", QUESTION), ("rewriting", ASKED), ("rewriting", CANDIDATES),
    ("rewriting", COMPARING),
    ("tuning", ASKED), ("tuning", TRAINING), ("tuning", CANDIDATES), ("tuning", COMPARING),
]  # fmt: skip
SOON = 1.0  # seconds


class Gated(Counting):
    """The model of `killing`, which hangs in one phase until it is let go."""

    def __init__(self, phase, model="counting", gate=None):
        self.model, self.phase, self.gate = model, phase, gate or Gate()

    def note(self, byte):
        if byte == b"<":
            self.gate.calls += 1
            self.gate.pass_by(self.phase, self.gate.now())

    def pause(self, luck):
        pass


@dataclass
class Gate:
    calls: int = 0
    hangs: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    ready: threading.Event = field(default_factory=threading.Event)  # `run` is known
    run: object = None

    def now(self):
        """The phase of this call."""
        self.ready.wait(10)
        said = [e.body.name for e in self.run.log.since(0) if e.body.kind == "phase"]
        if said[-1].startswith("comparing"):
            return COMPARING
        if labels().candidate is not None:
            return CANDIDATES if labels().candidate else AS_IT_IS
        return QUESTION if labels().example is None else ASKED

    def pass_by(self, phase, now):
        if phase == now:
            self.hangs.set()
            self.let_go.wait(30)


@dataclass(frozen=True)
class GatedTrainer:
    lm: Gated

    def train(self, rows, checkpoint):
        self.lm.gate.pass_by(self.lm.phase, TRAINING)
        checkpoint()
        return f"tuned-{len(rows)}"

    def model(self, name):
        return Gated(self.lm.phase, name, self.lm.gate)


@pytest.fixture
def begin():
    """Starts the search of an optimizer; gives the run and its gate, which is shut in a phase."""
    gates = []

    def begin(name, phase="", **options):
        lm = Gated(phase)
        gates.append(lm.gate)
        with use(lm=lm):
            run = compile(
                Painter(), OPTIMIZERS[name], metric=right, train=examples(0, 8),
                val=examples(100, 8), test=examples(200, 8), trainer=GatedTrainer(lm), seed=3,
                concurrency=4, **{"resume": "never", **options},
            )  # fmt: skip
        lm.gate.run = run
        lm.gate.ready.set()
        return run, lm.gate

    yield begin
    for gate in gates:
        gate.let_go.set()


def in_phase(begin, name, phase, **options):
    run, gate = begin(name, phase, **options)
    assert gate.hangs.wait(10)
    return run, gate


def nothing_is_called(gate, seconds=0.3):
    """After calls that were in flight are answered."""
    gate.let_go.set()
    before = gate.calls
    return not any(time.sleep(0.02) or gate.calls != before for _ in range(round(seconds / 0.02)))


def best_is_right(run):
    """That the best program is that of the best candidate which was scored by now."""
    scored = [c for c in run.candidates if c.report is not None]
    best = max(scored, key=lambda c: (c.report.mean, -c.id), default=None)
    assert run.best_candidate is best
    assert isinstance(run.best, Module)
    expected = run.returned.state if scored else run.task.state
    assert run.best.state == expected
    return True


def outcome(run):
    return [
        run.status,
        [(c.state, c.role, c.report and c.report.scores) for c in run.candidates],
        run.comparison and (run.comparison.baseline.scores, run.comparison.best.scores),
    ]


@pytest.fixture(scope="module")
def undisturbed():
    """What each optimizer finds when nobody does anything."""
    found = {}

    def find(begin, name):
        if name not in found:
            run, _ = begin(name)
            found[name] = outcome(run.wait())
        return found[name]

    return find


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_a_stop_ends_a_run_within_a_second_and_nothing_is_called_after_it(begin, name, phase):
    run, gate = in_phase(begin, name, phase)
    start = time.monotonic()
    run.stop()
    run.stop("twice")
    run.join(5)

    assert time.monotonic() - start < SOON
    assert (run.status, run.reason) == ("stopped", "stopped by you")
    assert best_is_right(run)
    assert nothing_is_called(gate, 0.15)
    assert best_is_right(run)


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_a_paused_run_calls_nothing_and_ends_like_any_other(begin, undisturbed, name, phase):
    expected = undisturbed(begin, name)
    run, gate = in_phase(begin, name, phase)
    run.pause()
    run.pause()

    assert nothing_is_called(gate)
    assert run.status == "paused"
    assert best_is_right(run)
    run.resume()
    run.resume()
    assert outcome(run.wait(10)) == expected


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_an_interrupt_of_the_wait_ends_a_run_within_a_second(begin, name, phase):
    run, gate = in_phase(begin, name, phase)
    sent = []

    def send():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(0.05, send).start()
    with pytest.raises(Interrupted, match="was stopped"):
        run.wait()

    assert time.monotonic() - sent[0] < SOON
    assert (run.status, run.reason) == ("stopped", "interrupted")
    assert best_is_right(run)
    gate.let_go.set()


def test_after_an_interrupt_the_process_is_usable(begin):
    run, _ = in_phase(begin, "rewriting", QUESTION)
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(Interrupted):
        run.wait()
    again, _ = begin("labeled")

    assert again.wait(10).status == "done"
    with use(lm=Gated("", gate=again_gate(again))):
        assert run.best(thing="thing 1").color


def again_gate(run):
    gate = Gate(run=run)
    gate.ready.set()
    return gate


@pytest.mark.parametrize("phase", [AS_IT_IS, COMPARING])
def test_a_stop_comes_through_a_pause_and_a_late_pause_does_not_hold_up_the_end(begin, phase):
    for first, second in (("pause", "stop"), ("stop", "pause"), ("stop", "resume")):
        run, _ = in_phase(begin, "labeled", phase)
        start = time.monotonic()
        getattr(run, first)()
        getattr(run, second)()
        run.join(5)

        assert time.monotonic() - start < SOON
        assert run.status == "stopped"


def test_what_comes_after_the_end_or_without_need_changes_nothing(begin):
    run, _ = in_phase(begin, "labeled", AS_IT_IS)
    run.resume()
    assert run.status == "running"
    run._driver.plan.here.lm.gate.let_go.set()
    run.wait(10)
    told = len(run.log)
    for control in (run.stop, run.pause, run.resume, run.stop):
        control()

    assert (run.status, run.reason, len(run.log)) == ("done", "", told)


def test_controls_from_many_threads_at_once_leave_a_run_as_it_says_it_is(begin):
    run, gate = in_phase(begin, "bootstrap", AS_IT_IS)
    barrier = threading.Barrier(8)

    def press(i):
        barrier.wait()
        for _ in range(100):
            (run.pause, run.resume)[i % 2]()

    threads = [threading.Thread(target=press, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert run.status in ("paused", "running")
    assert run._driver.controls.paused == (run.status == "paused")
    told = [e.body.status for e in run.log.since(0) if e.body.kind == "status"]
    assert all(one != other for one, other in itertools.pairwise(told))
    assert told[-1] == run.status
    run.resume()
    gate.let_go.set()
    assert run.wait(10).status == "done"


def test_stops_from_many_threads_are_one(begin):
    run, _ = in_phase(begin, "bootstrap", CANDIDATES)
    threads = [threading.Thread(target=run.stop, args=(f"by {i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.join(5)

    told = [e.body.status for e in run.log.since(0) if e.body.kind == "status"]
    assert told == ["running", "stopping", "stopped"]
    assert run.reason.startswith("by ")


def test_an_exit_inside_of_a_program_ends_the_run_as_failed():
    class Leaving(Module):
        def forward(self, thing):
            raise SystemExit(3)

    with use(lm=Gated("")):
        run = compile(
            Leaving(), LabeledFewShot(2), metric=right, train=examples(0, 4), val=examples(9, 4)
        )
    run.join(5)

    assert (run.status, run.reason) == ("failed", "SystemExit: 3")


def test_a_pause_takes_nothing_from_a_budget_of_seconds(begin):
    run, gate = in_phase(begin, "labeled", CANDIDATES, budget=Budget(seconds=0.9))
    run.pause()
    assert nothing_is_called(gate, 1.2)
    run.resume()

    assert run.wait(10).status == "done"
    assert 0 < run._driver.allowance.seconds < 0.9


PAUSED = """
import killing, threading
from killing import Counting

compile, note, begun = killing.compile, Counting.note, threading.Event()

def pausing(*args, wait, **options):
    run = compile(*args, **options)
    begun.run = run
    begun.set()
    return run.wait()

def counted(self, byte):
    note(self, byte)
    begun.wait()
    if byte == b"<" and killing.calls_of(self.file) >= 60:
        begun.run.pause()

killing.calls_of = lambda file: open(file, "rb").read().count(b"<")
killing.compile, Counting.note = pausing, counted
"""


@pytest.mark.slow
def test_a_run_that_is_paused_and_killed_goes_on_in_another_process(tmp_path):
    whole = Searching(tmp_path / "whole", "rewriting")
    expected, total = whole.finish()["outcome"], whole.calls[0]
    searching = Searching(tmp_path / "paused", "rewriting")
    process = searching.until(searching.begin(PAUSED), 60)
    while len(set(searching.calls)) > 1:
        time.sleep(0.01)
    assert process.poll() is None
    begun = searching.calls[0]
    process.kill()
    process.communicate()
    found = searching.finish()

    assert begun < 60 + 6
    assert found["outcome"] == expected
    assert found["resumed"]
    assert total <= searching.calls[0] <= total + 6
