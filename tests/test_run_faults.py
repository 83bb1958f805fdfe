"""Real runs in processes of their own, whose disk, clock or file plays tricks on them."""

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
from pathlib import Path

import pytest
from killing import Searching

from dspnb.store import Store
from dspnb.store.schema import VERSIONS

NAME = "rewriting"
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the search finds, and in how many calls."""
    searching = Searching(tmp_path_factory.mktemp("undisturbed"), NAME)
    return searching.finish(), searching.calls[0]


@pytest.fixture
def searching(tmp_path):
    return Searching(tmp_path / "calls", NAME, tmp_path / "home")


def store_of(searching):
    return searching.home / "runs.sqlite"


def sound(file):
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def trouble(found):
    return [said for said in found["said"] if "in memory only" in said]


def goes_on_in_memory(found, undisturbed, *said):
    """That the search ended like any other, with one warning."""
    assert found["outcome"] == undisturbed[0]["outcome"]
    (warning,) = trouble(found)
    for part in said:
        assert part in warning


# -- the disk --------------------------------------------------------------------------


@linux
def test_on_a_full_disk_a_run_goes_on_and_what_was_kept_is_used_by_the_next(searching, undisturbed):
    whole, total = undisturbed
    process = searching.until(searching.begin(), total // 2)
    size = store_of(searching).with_name("runs.sqlite-wal").stat().st_size
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))
    goes_on_in_memory(searching.end(process), undisturbed, "Free some space", "kept before is safe")
    assert searching.calls[0] == total
    assert sound(store_of(searching))

    again = searching.finish()
    assert again["resumed"]
    assert again["outcome"] == whole["outcome"]
    assert total < searching.calls[0] < 1.7 * total
    assert trouble(again) == []


# What is imported late must be there before: another user may not read all of this environment.
AS_NOBODY = """
import os, sys, killing
home = os.environ["DSPNB_HOME"]
os.environ["DSPNB_HOME"] = f"{home} before"
killing.search(sys.argv[1], os.devnull)
os.environ["DSPNB_HOME"] = home
os.setgid(65534)
os.setuid(65534)
"""
SLOWLY = "import killing; killing.CONCURRENCY = 1"
LINGERING = f"""
{SLOWLY}
import time
from pathlib import Path

own = 0

def pause(self, luck):
    global own
    own += 1
    end = time.monotonic() + 20
    while own == 60 and Path(self.file).read_bytes().count(b"<") == own and time.monotonic() < end:
        time.sleep(0.01)

killing.Counting.pause = pause
"""  # after 60 calls it waits for a call of another process


@pytest.fixture
def open_directory():
    """One that other users can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="needs root")
@pytest.mark.parametrize("read_only", ["directory", "file", "directory without a store"])
def test_what_may_not_be_written_is_read_at_most(open_directory, undisturbed, read_only):
    searching = Searching(open_directory / "calls", NAME, open_directory / "home")
    if read_only == "directory without a store":
        searching.home.mkdir()
    else:
        searching.finish()
    calls = searching.calls[0]
    searching.folder.chmod(0o777)
    if searching.file.exists():
        searching.file.chmod(0o666)
    searching.home.chmod(0o777 if read_only == "file" else 0o555)
    before = store_of(searching).read_bytes() if store_of(searching).exists() else None

    goes_on_in_memory(searching.finish(AS_NOBODY), undisturbed, "`DSPNB_HOME`")
    if before is not None:
        assert searching.calls[0] == calls  # what is there is used
        assert store_of(searching).read_bytes() == before
    else:
        assert list(searching.home.iterdir()) == []


def test_a_home_that_is_a_file_means_memory_alone(searching, undisturbed):
    searching.home.write_text("a file")

    goes_on_in_memory(searching.finish(), undisturbed, "`DSPNB_HOME`", str(searching.home))
    assert searching.home.read_text() == "a file"


def newer(file):
    Store(file).close()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {len(VERSIONS) + 1}")


def of_another_program(file):
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE runs (id)")


def garbage(file):
    Store(file).close()
    content = file.read_bytes()
    file.write_bytes(b"\xaa" * 200 + content[200:])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (newer, "pip install --upgrade dspnb"),
        (of_another_program, "Move it away"),
        (garbage, "Move it away"),
    ],
)
def test_a_file_that_is_no_good_is_left_alone_and_the_run_says_what_to_do(
    searching, undisturbed, make, said
):
    searching.home.mkdir()
    make(store_of(searching))
    before = store_of(searching).read_bytes()

    goes_on_in_memory(searching.finish(), undisturbed, said, str(store_of(searching)))
    assert store_of(searching).read_bytes() == before


def test_a_file_that_is_damaged_while_a_run_goes_on_does_not_end_it(searching, undisturbed):
    _, total = undisturbed
    Searching(searching.folder / "first", "bootstrap", searching.home).finish()
    process = searching.until(searching.begin(), total // 2)
    with open(store_of(searching), "r+b") as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(4096)
        file.write(b"\xaa" * (length - 4096))

    goes_on_in_memory(searching.end(process), undisturbed, "damaged")


def test_a_directory_that_is_removed_while_a_run_goes_on_is_not_missed(searching, undisturbed):
    _, total = undisturbed
    process = searching.until(searching.begin(), total // 2)
    shutil.rmtree(searching.home)

    goes_on_in_memory(searching.end(process), undisturbed, "it was removed")
    assert searching.calls[0] == total
    assert not searching.home.exists()


def test_rows_that_are_damaged_between_two_sessions_are_made_anew(searching, undisturbed):
    whole, total = undisturbed
    assert searching.kill(total * 3 // 4, 0)
    begun = searching.calls[0]
    with contextlib.closing(sqlite3.connect(store_of(searching))) as connection:
        for column, value in (("body", "{"), ("value", "x"), ("body", '{"score": 1}')):
            connection.execute(
                f"UPDATE cells SET {column} = ? WHERE id IN "
                "(SELECT id FROM cells WHERE length(body) > 50 ORDER BY random() LIMIT 4)",
                (value,),
            )
        connection.execute("UPDATE answers SET completion = '['")
        connection.execute("DELETE FROM texts WHERE id % 3 = 0")
        connection.commit()
    again = searching.finish()

    assert again["outcome"] == whole["outcome"]
    assert searching.calls[0] > total
    assert begun < total
    assert trouble(again) == []


# -- several processes -----------------------------------------------------------------


def test_the_same_search_in_a_second_process_is_another_run_that_shares_the_rows(
    searching, undisturbed
):
    whole, total = undisturbed
    first = searching.until(searching.begin(LINGERING), total // 6)
    second = searching.begin()
    found = [searching.end(first), searching.end(second)]

    assert [one["outcome"] for one in found] == [whole["outcome"]] * 2
    assert found[0]["run"] != found[1]["run"]
    assert any("is under way already" in said for said in found[1]["said"])
    assert found[1]["calls"] < total
    assert searching.calls[0] < 2 * total
    assert [path.name for path in (searching.home / "locks").iterdir()] == ["all.lock"]


@pytest.mark.slow
def test_four_searches_at_once_harm_each_other_not_even_when_one_is_killed(tmp_path):
    names = ["labeled", "bootstrap", "bootstrap-rs", "chain"]
    alone = [Searching(tmp_path / "alone" / name, name).finish() for name in names]
    together = [Searching(tmp_path / "calls" / name, name, tmp_path / "home") for name in names]
    processes = [one.begin() for one in together]
    together[-1].until(processes[-1], 60).send_signal(signal.SIGKILL)
    processes[-1].communicate()
    found = [one.end(process) for one, process in zip(together[:-1], processes[:-1], strict=True)]
    found.append(together[-1].finish())

    assert [one["outcome"] for one in found] == [one["outcome"] for one in alone]
    assert [trouble(one) for one in found] == [[]] * 4
    assert found[-1]["resumed"]
    assert sound(tmp_path / "home" / "runs.sqlite")
    assert len(Store(tmp_path / "home" / "runs.sqlite").runs.all()) == 4
    assert [path.name for path in (tmp_path / "home" / "locks").iterdir()] == ["all.lock"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_in_the_middle_of_a_run_harms_neither(searching, undisturbed):
    fork = """
import killing, multiprocessing, threading, time, warnings
from dspnb.store import opened, Record, store

warnings.filterwarnings("ignore", ".*multi-threaded.*", DeprecationWarning)

def child():
    store = opened()
    store.runs.begin(Record("run-child", 1.0, "", {}, {}, "done"))
    with store.runs.lock("run-child"):
        pass
    assert store.trouble == "", store.trouble

def fork():
    while not store._stores:
        time.sleep(0.005)
    for _ in range(3):
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join(20)
        assert process.exitcode == 0

threading.Thread(target=fork).start()
"""
    whole, total = undisturbed
    found = searching.finish(fork)

    assert found["outcome"] == whole["outcome"]
    assert trouble(found) == []
    assert searching.calls[0] == total
    assert {one.id for one in Store(store_of(searching)).runs.all()} == {found["run"], "run-child"}


# -- the clock -------------------------------------------------------------------------

CLOCK = """
import itertools, time
real, year = time.time, 365 * 86400
jumps = itertools.cycle([{jumps}])
time.time = lambda: real() + next(jumps) * year
"""


@pytest.mark.slow
def test_a_clock_that_jumps_changes_neither_the_search_nor_the_order_of_runs(
    searching, undisturbed
):
    whole, total = undisturbed
    process = searching.until(searching.begin(CLOCK.format(jumps="1, -1, 0, 5")), total // 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    resumed = searching.finish(CLOCK.format(jumps="-1"))
    last = searching.finish(CLOCK.format(jumps="-2, -3"))

    assert [one["outcome"] for one in (resumed, last)] == [whole["outcome"]] * 2
    assert resumed["resumed"]
    assert searching.calls[0] <= total + 6
    runs = Store(store_of(searching)).runs.all()
    assert [one.id for one in runs] == [resumed["run"], last["run"]]
    assert runs[0].began > runs[1].began
    assert 0 < runs[0].spent["seconds"] < 60
