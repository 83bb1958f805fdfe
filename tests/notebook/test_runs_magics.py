"""`%runs` in a shell: runs of this session and of others, kept in the store."""

import dataclasses
import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from notebook.test_completion import tab
from notebook.test_displays import HOSTILE, read

from dspnb import KeptRun, KeptRuns, LabeledFewShot, Predict, RunDiff, compile, runs, use
from dspnb.run import Run
from dspnb.testing import Scripted

COMPILE = (
    "%compile triage --with labeled:k=4 --train tickets.train --val tickets.val "
    "--test tickets.test --metric right"
)
ROOT = str(Path(__file__).parent.parent.parent)
ON_A_TERMINAL = """
%load_ext dspnb
%lm offline latency=0.02
import dspnb
tickets = dspnb.split(dspnb.examples(dspnb.data.tickets()[:80], inputs=["ticket"]), "50/50")
program = dspnb.Predict("ticket -> team")
%compile program --train tickets.train --val tickets.val --metric exact --with labeled:k=2 --wait
"""
SLOW = Path(__file__).parent.parent / "frontends" / "slow_run.py"


@pytest.fixture
def gated(triage):
    """The shell's model answers once the gate is open; it counts its calls."""
    triage(
        "import threading\n"
        "from dspnb import LM, configure\n"
        "gate, asked, inner = threading.Event(), threading.Event(), LM('offline')\n"
        "class Gated:\n"
        "    model, fingerprint, calls = 'gated', 'gated', 0\n"
        "    def __call__(self, messages, **params):\n"
        "        Gated.calls += 1\n"
        "        asked.set()\n"
        "        assert gate.wait(20)\n"
        "        return inner(messages, **params)\n"
        "configure(lm=Gated())"
    )
    yield triage
    triage.shell.user_ns["gate"].set()


@pytest.fixture
def elsewhere(tmp_path):
    """A run that a process of its own drives: its id, and the process."""
    command = [sys.executable, SLOW, tmp_path / "calls", "0.02"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip(), process
        process.kill()


def ended(cell, run):
    """The status of a run, once its dashboard shows the end."""
    assert views(cell)[run.id].ended.wait(10)
    return run.status


def views(cell):
    return cell.shell.magics_manager.registry["RunMagics"].session.views


def test_runs_shows_what_is_kept(triage):
    assert "No run is kept" in triage.html(triage("%runs"))
    run = triage(f"{COMPILE} --wait")

    kept = triage("%runs")
    bundle = triage.bundle(kept)
    assert isinstance(kept, KeptRuns)
    for shown in (run.id, "labeled", "right", "offline", "4 / 2 / 2", "done", "test"):
        assert shown in bundle["text/html"]
    assert run.id[:10] in bundle["text/plain"]


def test_a_kept_run_keeps_its_line_without_the_comment(triage):
    run = triage(f"{COMPILE} --wait  # for the lesson")

    assert runs()[run.id].settings["line"] == COMPILE.removeprefix("%compile ") + " --wait"


def test_a_run_of_this_session_opens_with_its_dashboard_and_another_as_it_is_kept(triage):
    run = triage(f"{COMPILE} --wait")
    with use(lm=Scripted(lambda prompt: "[[ ## team ## ]]\npost")):
        other = compile(
            Predict("ticket -> team"), LabeledFewShot(2), metric=triage("right"),
            train=triage("tickets.train"), val=triage("tickets.val"),
        ).wait()  # fmt: skip

    assert triage(f"%runs open {run.id[:12]}") is run
    kept = triage(f"%runs open {other.id}")
    assert isinstance(kept, KeptRun)
    html = triage.html(kept)
    for shown in (other.id, "done", "<img", "2 candidates", "as it is", "(best)", "what it was"):
        assert shown in html


def test_the_calls_of_a_run_of_another_session_can_be_inspected(triage):
    run = triage(f"{COMPILE} --wait")
    views(triage).clear()
    triage(f"kept = %runs open {run.id}")

    calls = triage("%inspect kept")
    assert "kept" in tab(triage, "%inspect ke")
    for shown in ("Best of LabeledFewShot", "Route a ticket.", "refund the double charge"):
        assert shown in read(triage.html(calls))


def test_a_hostile_run_shows_text_and_no_markup(triage):
    with use(lm=Scripted(lambda prompt: "[[ ## team ## ]]\npost")):
        for seed in (0, 1):
            run = compile(
                Predict("ticket -> team"), LabeledFewShot(2), metric=triage("right"), seed=seed,
                train=triage("tickets.train"), val=triage("tickets.val"),
                settings={"line": HOSTILE, "metric": HOSTILE, "model": f"{HOSTILE}{seed}"},
            ).wait()  # fmt: skip
    table = triage("%runs")

    for shown in (table, table[run.id], table.compare(table[0].id, table[1].id)):
        assert "<script>alert(1)</script>" in read(triage.html(shown))


def test_a_stopped_run_goes_on_by_its_own_line_and_pays_for_nothing_twice(gated):
    run = gated(f"run = {COMPILE} --as better --concurrency 1\nrun")
    gated("assert asked.wait(10)")
    gated(f"%stop {run.id[:9]}")
    gated("gate.set()")
    assert ended(gated, run) == "stopped"

    again = gated(f"%runs resume {run.id[:9]} --wait")
    view = views(gated)[run.id]
    assert isinstance(again, Run) and again is not run
    assert (again.id, again.status) == (run.id, "done")
    assert view.run is again and view.title == "triage"
    assert gated("better.run") is again
    assert gated("Gated.calls") <= 2 + 2 + 4 + 1  # one may have been under way when it was stopped
    assert [kept.id for kept in runs()] == [run.id]


def test_a_paused_run_goes_on_where_it_is(gated):
    run = gated(f"run = {COMPILE} --as better\nrun")
    gated("assert asked.wait(10)")
    gated(f"%runs pause {run.id}")
    assert run.status == "paused"
    gated("gate.set()")

    assert gated(f"%runs resume {run.id}") is run
    assert ended(gated, run) == "done"


def test_a_run_that_was_interrupted_is_begun_again_by_its_line(gated):
    run = gated(f"run = {COMPILE}\nrun")
    gated("assert asked.wait(10)")
    run.stop()
    gated("gate.set()")
    ended(gated, run)
    store = run.store
    store.runs.update(dataclasses.replace(store.runs.get(run.id), status="running"))
    views(gated).pop(run.id)

    assert runs()[run.id].status == "interrupted"
    again = gated(f"%runs resume {run.id} --wait")
    assert (again.id, again.status) == (run.id, "done")


def test_what_changed_since_is_named(triage):
    run = triage(f"{COMPILE} --budget 1calls --wait")
    assert run.status == "stopped"
    triage("%%metric right\nexample.team == prediction.team and 1.0")

    (error,) = triage.error(f"%runs resume {run.id}")
    assert f"`{run.id}` cannot go on: the metric changed since" in error


def test_options_behind_come_after_those_of_the_line(triage):
    run = triage(f"{COMPILE} --budget 1calls --wait")
    again = triage(f"%runs resume {run.id} --budget 500calls")

    assert (again.id, ended(triage, again)) == (run.id, "done")


def test_a_run_of_another_process_is_told_what_to_do(cell, elsewhere):
    id_, process = elsewhere

    cell(f"%runs pause {id_}")
    assert f"`{id_}` is told to pause" in cell.seen.out
    while runs()[id_].status != "paused":
        assert process.poll() is None
    assert id_ in tab(cell, "%runs resume run-")
    cell(f"%runs resume {id_}")
    assert f"`{id_}` is told to go on" in cell.seen.out
    (error,) = cell.error(f"%runs delete {id_}")
    assert "is under way, here or in another process" in error
    cell(f"%stop {id_}")
    assert process.stdout.read() == "stopped stopped from another process\n"
    (error,) = cell.error(f"%runs resume {id_}")
    assert "was not begun by `%compile`: run its `compile(...)` call again" in error


def test_two_runs_are_compared(triage):
    a, b = triage(f"{COMPILE} --wait"), triage(f"{COMPILE} --seed 1 --wait")
    found = triage(f"%runs compare {a.id} {b.id}")

    assert isinstance(found, RunDiff)
    html = triage.html(found)
    for shown in (a.id, b.id, "seed", "best on validation", "second - first: +0.000"):
        assert shown in html


def test_a_run_is_named_by_the_variable_of_its_program_or_by_its_own(triage, tmp_path):
    run = triage(f"{COMPILE} --as better --wait")
    other = triage(f"{COMPILE} --as other --seed 1 --wait")
    triage("import dspnb\nfound = dspnb.runs()[0]")

    difference = triage("%runs compare found other")
    file = triage(f"%runs export better {tmp_path / 'better.jsonl'}")
    triage("%runs delete other")

    assert (difference.a.id, difference.b.id) == (run.id, other.id)
    assert json.loads(file.read_text().splitlines()[0])["id"] == run.id
    assert [kept.id for kept in runs()] == [run.id]
    assert triage("%runs open better") is run


def test_a_run_is_written_out_and_deleted(triage, tmp_path):
    run = triage(f"{COMPILE} --wait")

    file = triage(f"%runs export {run.id} {tmp_path / 'run.jsonl'}")
    assert json.loads(file.read_text().split("\n")[0])["id"] == run.id
    triage(f"%runs delete {run.id[:11]}")
    assert f"`{run.id}` is deleted" in triage.seen.out
    assert len(triage("%runs")) == 0
    assert "There is no run" in triage.error(f"%runs open {run.id}")[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%runs opne x", "`%runs` cannot `opne`; did you mean `open`?"),
        ("%runs compare x", "It is written `%runs compare ID ID`."),
        ("%runs export run-", "It is written `%runs export ID FILE`."),
        ("%runs open zzz", "There is no run `zzz`"),
        ("%runs resume run-", "cannot go on: it is done"),
        ("%runs pause run-", "is not under way: it is done"),
        ("%stop run-", "is not under way: it is done"),
        ("%stop a b", "`%stop` takes one run at most"),
        (f"{COMPILE} --resume zzz", "There is no run `zzz`"),
        (f"{COMPILE} --max-error-rate 3", "`max_error_rate` is between 0 and 1"),
    ],
)
def test_a_mistake_is_one_line(triage, line, said):
    triage(f"{COMPILE} --wait")

    assert said in triage.error(line)[0]


def test_a_new_run_begins_when_asked(triage):
    stopped = triage(f"{COMPILE} --budget 1calls --wait")

    assert triage(f"{COMPILE} --budget 1calls --wait").id == stopped.id
    assert triage(f"{COMPILE} --budget 1calls --wait --resume never").id != stopped.id


def test_the_best_one_is_returned_even_if_it_may_be_luck_when_asked(triage):
    assert triage(f"{COMPILE} --wait").plan.never_worse
    run = triage(f"{COMPILE} --always-best --max-error-rate 0.5 --wait")

    assert not run.plan.never_worse
    assert run.plan.max_error_rate == 0.5


def test_tab_knows_ids_and_what_can_be_done_with_them(triage):
    done = triage(f"{COMPILE} --wait")
    stopped = triage(f"{COMPILE} --budget 1calls --seed 1 --wait")

    assert tab(triage, "%runs re") == {"resume"}
    assert tab(triage, "%runs open run-") == {done.id, stopped.id}
    assert tab(triage, "%runs resume run-") == {stopped.id}
    assert tab(triage, f"%runs compare {done.id} ru") == {stopped.id}
    assert tab(triage, "%compile triage --resume run-") == {done.id, stopped.id}
    assert tab(triage, "%compile triage --always") == {"--always-best"}


def test_a_dry_run_names_the_examples_that_stand_in_two_sets(triage):
    dry = triage("%compile triage --train tickets.train --val tickets.train --metric right --dry")

    assert "4 of 4 val examples are also in train" in repr(dry)
    assert "4 of 4 val examples are also in train" in triage.html(dry)


def test_on_a_terminal_a_run_that_is_waited_for_is_watched(tmp_path):
    pty = pytest.importorskip("pty")
    (tmp_path / "cells.ipy").write_text(ON_A_TERMINAL)
    command = [sys.executable, "-m", "IPython", "--no-banner", "--simple-prompt", "cells.ipy"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm", "IPYTHONDIR": str(tmp_path), "PYTHONPATH": ROOT},
    ) as process:
        os.close(theirs)
        shown = b"".join(iter(functools.partial(_read, ours), b"")).decode()
        os.close(ours)

    assert process.returncode == 0, shown
    assert "scoring" in shown  # while it went on
    assert "spent: " in shown
    assert "LabeledFewShot: " not in shown  # the dashboard as a text, which stands still


def test_a_dry_run_tells_calls_tokens_and_dollars_and_begins_nothing(triage):
    triage("%lm offline price=(1,2)")
    dry = triage(f"{COMPILE} --dry --as never")

    bundle = triage.bundle(dry)
    text = bundle["text/plain"]
    assert "about 8 runs of the program, 8 model calls, " in text and " tokens, $0.00" in text
    assert "comparing on held-out examples: 4 runs" in text
    assert "comparing on held-out examples" in bundle["text/html"]
    assert "never" not in triage.names()
    assert len(runs()) == 0 and not os.path.exists(os.environ["DSPNB_HOME"])


def _read(descriptor):
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says so that the other end is closed
        return b""
