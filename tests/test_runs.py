"""The runs of a project as a table: found by id, deleted, and told what to do."""

import contextlib
import dataclasses
import sqlite3
import threading

import pytest

from dspnb import Example, KeptRuns, LabeledFewShot, Predict, UsageError, compile, runs, use
from dspnb.lm.base import Completion
from dspnb.testing import Scripted

ROWS = [Example(q=str(i), a=str(i % 2)).with_inputs("q") for i in range(20)]


def start(seed=0, lm=None):
    with use(lm=lm or Scripted(lambda prompt: "[[ ## a ## ]]\n1")):
        return compile(
            Predict("q -> a"), LabeledFewShot(2), metric=lambda e, p: e.a == p.a,
            train=ROWS[:5], val=ROWS[5:10], test=ROWS[10:], seed=seed,
        )  # fmt: skip


class Gate:
    """A model that says when it is asked, and answers once it may."""

    model = "gate"

    def __init__(self):
        self.asked, self.open, self.calls = threading.Event(), threading.Event(), 0

    def __call__(self, messages, **params):
        self.calls += 1
        self.asked.set()
        self.open.wait(20)
        return Completion("[[ ## a ## ]]\n1")


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.open.set()


def test_runs_are_found_by_place_and_by_how_their_ids_begin():
    a, b = (start(seed).wait() for seed in (0, 1))
    kept = runs()

    assert isinstance(kept, KeptRuns)
    assert [run.id for run in kept] == [kept[0].id, kept[-1].id] == [a.id, b.id]
    assert [run.id for run in kept[1:]] == [b.id]
    assert kept[a.id].id == kept[a.id[:14]].id == kept[a.id[4:14]].id == a.id
    with pytest.raises(UsageError, match="Several runs begin with `run-`: "):
        kept["run-"]


def test_a_table_of_many_is_quick_and_fits_whatever_is_in_it():
    run = start().wait()
    store = run.store
    record = store.runs.get(run.id)
    settings = {**record.settings, "model": "m" * 300, "metric": "e\x1b[1m" * 50, "name": "O" * 90}
    for i in range(200):
        store.runs.update(dataclasses.replace(record, id=f"run-x{i:03}", settings=settings))

    lines = str(runs()).splitlines()
    assert len(lines) == 202
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in "".join(lines)


def test_a_table_that_was_made_before_the_first_run_finds_it_by_its_id():
    kept = runs()
    run = start().wait()

    assert len(kept) == 0
    assert kept[run.id].status == "done"


def test_a_deleted_run_is_gone_and_others_keep_what_they_show():
    a, b = (start(seed).wait() for seed in (0, 1))
    kept = runs()

    assert kept.delete(a.id[:12]) == a.id
    assert [run.id for run in kept] == [run.id for run in runs()] == [b.id]
    assert kept[b.id].candidates[0].report.rows[3].example == ROWS[8]
    with pytest.raises(UsageError, match="There is no run"):
        kept[a.id]


def test_a_run_of_this_process_hears_too(gate):
    run = start(lm=gate)
    assert gate.asked.wait(10)

    with pytest.raises(UsageError, match="is under way"):
        runs().delete(run.id)
    runs().stop(run.id)
    heard = (e.body for e in run.events() if e.body.kind == "status")
    assert "stopping" in (body.status for body in heard)
    gate.open.set()
    run.join(10)
    assert (run.status, run.reason) == ("stopped", "stopped from another process")


@pytest.mark.parametrize("command", ["stop", "pause", "resume"])
def test_a_run_that_is_over_takes_no_command(command):
    run = start().wait()

    with pytest.raises(UsageError, match=r"is not under way: it is done\."):
        getattr(runs(), command)(run.id)


def test_what_is_not_kept_in_a_file_is_said(tmp_path, monkeypatch):
    (tmp_path / "runs.sqlite").write_text("no database" * 100)
    monkeypatch.setenv("DSPNB_HOME", str(tmp_path))

    assert "is damaged" in runs().trouble
    assert "is damaged" in repr(runs())


def test_of_a_file_that_can_only_be_read_all_is_shown_and_nothing_claimed(tmp_path):
    run = start().wait()
    copied = tmp_path / "runs.sqlite"
    with (
        contextlib.closing(sqlite3.connect(run.store.file)) as source,
        contextlib.closing(sqlite3.connect(copied)) as copy,
    ):
        source.backup(copy)
        copy.execute("UPDATE runs SET status = 'running'")
        copy.commit()
        copy.execute("PRAGMA journal_mode = DELETE")
    (tmp_path / "runs.sqlite-wal").mkdir()  # as root too it cannot be written now

    kept = KeptRuns(copied)
    assert "could not be used" in kept.trouble
    assert kept[run.id].status == "running"
    assert kept[run.id].candidates[0].report.scores == run.candidates[0].report.scores
    for act in (kept.delete, kept.stop, kept.pause, kept.resume):
        with pytest.raises(UsageError, match="Nothing can be written down"):
            act(run.id)
