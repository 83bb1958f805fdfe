"""What is known of each run."""

import contextlib
import sqlite3
import threading

import pytest

from dspnb import Example, Score, UsageError
from dspnb.events import Event, EventLog, Phase
from dspnb.lm.base import Completion
from dspnb.module import Setting
from dspnb.report import Row
from dspnb.store import Evaluation, Record, Store

STATE = {"self": Setting("Do it.", (Example(q="a"),))}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "runs.sqlite"


@pytest.fixture
def store(file):
    made = Store(file)
    yield made
    made.close()


def record(name, **more):
    return Record(f"run-{name}", 5.0, "f", {"the seed": "0"}, {"model": "m"}, **more)


def change(file, text, *values):
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute(text, values)
        connection.commit()


def filled(store, name="a"):
    runs = store.runs
    runs.begin(record(name))
    runs.write(
        runs.add_event(f"run-{name}", Event(0, 0.0, Phase("searching"))),
        runs.add_event(f"run-{name}", Event(1, 0.5, Phase("ending"))),
        runs.add_candidate(f"run-{name}", 0, None, "as it is", STATE),
        runs.add_evaluation(f"run-{name}", Evaluation(0, "val", [b"1" * 16, b"2" * 16])),
    )


def test_a_run_is_there_in_another_session_with_all_that_it_left(store, file):
    filled(store)
    ended = record("a", status="done", reason="half \ud83d", spent={"calls": 3}, result={"n": 1})
    store.runs.update(ended)
    store.close()
    runs = Store(file).runs

    (found,) = runs.all()
    assert (found.id, found.status, found.reason) == ("run-a", "done", "half \\ud83d")
    assert (found.parts, found.settings, found.spent, found.result) == (
        {"the seed": "0"}, {"model": "m"}, {"calls": 3}, {"n": 1},
    )  # fmt: skip
    assert found.over
    assert [event["name"] for event in runs.events("run-a")] == ["searching", "ending"]
    assert [candidate.state for candidate in runs.candidates("run-a")] == [STATE]
    assert [one.keys for one in runs.evaluations("run-a")] == [[b"1" * 16, b"2" * 16]]


def test_a_run_that_is_done_leaves_no_answers_of_unfinished_rows(store):
    filled(store)
    answers = store.answers("run-a")
    answers.write(answers.statement(b"k", Completion("a")))
    store.runs.update(record("a", status="stopped"))
    assert store.answers("run-a").any

    store.runs.update(record("a", status="done"))
    assert not store.answers("run-a").any


def test_runs_are_told_in_the_order_in_which_they_began_whatever_the_clock_said(store):
    for name, began in (("a", 9e9), ("b", 1.0), ("c", 5.0)):
        store.runs.begin(Record(f"run-{name}", began, "f", {}, {}))
    store.runs.begin(Record("run-a", 9e9, "f", {}, {}))  # goes on

    assert [one.id for one in store.runs.all()] == ["run-a", "run-b", "run-c"]
    assert [one.id for one in store.runs.alike("f")] == ["run-a", "run-b", "run-c"]


def test_a_run_is_found_by_the_beginning_of_its_name(store):
    for name in ("abc", "abd", "b%_"):
        store.runs.begin(record(name))

    assert store.runs.get("abc").id == store.runs.get("run-abc").id == "run-abc"
    assert store.runs.get("b").id == "run-b%_"
    for wrong, said in (
        ("ab", "Several runs begin with `ab`: run-abc, run-abd"),
        ("x", "no run `x`"),
        ("", "Several runs"),
        ("%", "Several runs"),
        ("' OR 1=1 --", "There is no run"),
    ):
        with pytest.raises(UsageError, match=said.replace("`", ".")):
            store.runs.get(wrong)


def test_a_run_that_goes_on_forgets_what_is_told_again_and_what_others_wanted_of_it(store):
    filled(store)
    with store.runs.lock("run-a"):
        store.runs.command("run-a", "stop")
    store.runs.begin(record("a"))

    assert list(store.runs.events("run-a")) == []
    assert store.runs.candidates("run-a") == store.runs.evaluations("run-a") == []
    assert store.runs.commanded("run-a") == ""


def test_a_command_is_seen_once_and_only_by_a_run_that_is_under_way(store, file):
    filled(store)
    with pytest.raises(UsageError, match="not under way"):
        store.runs.command("run-a", "pause")

    with store.runs.lock("run-a"):
        Store(file).runs.command("run-a", "pause")
        assert [store.runs.commanded("run-a") for _ in range(2)] == ["pause", ""]


def test_a_run_is_driven_by_one_at_a_time(store, file):
    with store.runs.lock("run-a"):
        assert store.runs.under_way("run-a")
        assert not store.runs.under_way("run-b")
        with pytest.raises(UsageError, match="under way, here or in another process"):
            Store(file).runs.lock("run-a").take()
    assert not store.runs.under_way("run-a")


def test_locks_leave_no_files_behind(store, file):
    for i in range(20):
        with store.runs.lock(f"run-{i}"):
            pass
        assert not store.runs.under_way(f"run-{i}")

    assert [path.name for path in (file.parent / "locks").iterdir()] == ["all.lock"]


def test_many_that_want_to_drive_a_run_never_do_so_together(store, file):
    inside, most, times = [], [], []

    def drive(_):
        runs = Store(file).runs
        while len(times) < 150:
            with contextlib.suppress(UsageError), runs.lock("run-a"):
                inside.append(1)
                runs.begin(record("a"))  # takes a while
                most.append(len(inside))
                inside.pop()
                times.append(1)

    threads = [threading.Thread(target=drive, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(most) == {1}


def test_held_out_examples_are_counted_by_the_different_runs_that_looked_at_them(store):
    counts = [
        store.runs.open_test(examples, fingerprint, "run-a")
        for examples, fingerprint in (("x", "f"), ("x", "f"), ("x", "g"), ("y", "f"))
    ]

    assert counts == [1, 1, 2, 1]


def test_a_deleted_run_takes_with_it_what_no_other_shows(store, file):
    filled(store)
    filled(store, "b")  # shows the same two cells
    for key in (b"1" * 16, b"3" * 16):
        store.cells.keep(key, "run-a", Row(Example(), None, Score(0.0)))
    store.runs.open_test("x", "f", "run-a")
    with store.runs.lock("run-a"), pytest.raises(UsageError, match="under way"):
        store.runs.delete("run-a")
    store.runs.delete("run-a")

    assert [one.id for one in store.runs.all()] == ["run-b"]
    assert store.cells.find([b"1" * 16, b"3" * 16]).keys() == {b"1" * 16}
    assert list(store.runs.events("run-a")) == []
    assert store.runs.open_test("x", "g", "run-b") == 2


GARBAGE = ["", "{", "[]", "7", "null", "[" * 99_999, b"\xff\xfe"]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(7))
@pytest.mark.parametrize("column", ["status", "parts", "settings", "spent", "result"])
def test_a_damaged_record_counts_as_failed_and_the_others_are_shown(store, file, column, garbage):
    filled(store)
    filled(store, "b")
    change(file, f"UPDATE runs SET {column} = ? WHERE id = 'run-a'", garbage)

    damaged, other = store.runs.all()
    assert (damaged.id, damaged.status) == ("run-a", "failed")
    assert damaged.reason == "its record is damaged in the store"
    assert other == record("b")


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(7))
def test_a_damaged_event_or_candidate_is_named(store, file, garbage):
    filled(store)
    change(file, "UPDATE events SET body = ? WHERE seq = 0", garbage)
    change(file, "UPDATE candidates SET state = ?", garbage)

    first, second = store.runs.events("run-a")
    assert first["message"] == "Event 0 of `run-a` is damaged in the store."
    assert second["name"] == "ending"
    with pytest.raises(UsageError, match="Candidate 0 of `run-a` is damaged"):
        store.runs.candidates("run-a")


def test_a_log_writes_what_it_is_told_to(store):
    log = EventLog(on_event=lambda event: store.runs.write(store.runs.add_event("r", event)))
    log.append(Phase("searching"))

    assert [event["name"] for event in store.runs.events("r")] == ["searching"]
