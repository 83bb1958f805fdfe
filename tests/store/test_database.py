"""A file that threads, processes and forks write together, and what happens when it is no good."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from dspnb.store import Database
from dspnb.store.schema import VERSIONS

ROOT = Path(__file__).parent.parent.parent
OPEN = "INSERT INTO openings VALUES (?, ?, ?)"
NEXT = "CREATE TABLE notes (text TEXT NOT NULL);\nALTER TABLE runs ADD COLUMN note TEXT;\n"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep" / "runs.sqlite"


@pytest.fixture
def database(file):
    made = Database(file)
    yield made
    made.close()


def opening(name):
    return OPEN, (name, "f", "r")


def names(database):
    return [name for (name,) in database.read("SELECT examples FROM openings ORDER BY examples")]


def in_threads(count, work):
    """Start them together, and wait for all."""
    barrier = threading.Barrier(count)

    def begin(i):
        barrier.wait()
        work(i)

    threads = [threading.Thread(target=begin, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def sound(file):
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def run(code, *arguments):
    """What a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


# -- threads ---------------------------------------------------------------------------


def test_what_many_threads_write_at_once_is_all_there(database, file):
    def write(thread):
        for i in range(40):
            database.write(opening(f"{thread:02} {i:02}"))
            assert database.read(
                "SELECT 1 FROM openings WHERE examples = ?", (f"{thread:02} {i:02}",)
            )

    in_threads(32, write)
    expected = [f"{thread:02} {i:02}" for thread in range(32) for i in range(40)]

    assert names(database) == expected
    assert names(Database(file)) == expected
    assert database.trouble == ""


def test_a_statement_that_cannot_be_done_is_an_error_for_its_thread_alone(database):
    bad = (OPEN, ("twice", "f", "r")), (OPEN, ("twice", "f", "r"))
    worse = ("INSERT INTO nowhere VALUES (1)", ())
    unwritable = opening("half \ud83d")
    refused = []

    def write(thread):
        for i in range(20):
            statements = {0: bad, 1: (opening("lost"), worse), 2: (unwritable,)}.get(thread)
            try:
                database.write(*(statements or (opening(f"{thread:02} {i:02}"),)))
            except (sqlite3.Error, UnicodeError):
                refused.append(thread)

    in_threads(32, write)

    assert sorted(refused) == [0] * 20 + [1] * 20 + [2] * 20
    assert names(database) == [f"{t:02} {i:02}" for t in range(3, 32) for i in range(20)]
    assert database.trouble == ""


def test_statements_of_one_write_are_done_all_or_none(database):
    with pytest.raises(sqlite3.IntegrityError):
        database.write(opening("a"), opening("b"), opening("a"))
    database.write(opening("c"))

    assert names(database) == ["c"]


def test_a_query_that_cannot_be_done_is_no_trouble_of_the_file(database):
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        database.read("SELECT 1 FROM nowhere")
    with pytest.raises(sqlite3.Error):
        database.read("SELECT 1 FROM openings WHERE examples = ?", ([],))

    assert database.trouble == ""


def test_a_text_that_is_no_utf_8_is_read_with_the_others(database):
    database.write(
        opening("a"), ("INSERT INTO openings VALUES (cast(x'ff62' AS TEXT), '', '')", ())
    )

    assert sorted(names(database)) == ["a", "\ufffdb"]
    assert database.trouble == ""


# -- processes -------------------------------------------------------------------------

WRITING = """
import sys
from pathlib import Path
from dspnb.store import Database

sys.stdin.readline()
database = Database(Path(sys.argv[1]))
for i in range(100):
    database.write(("INSERT INTO openings VALUES (?, '', '')", (f"{sys.argv[2]} {i:02}",)))
    print(database.trouble or ".", end="", flush=True)
"""


def test_processes_that_make_the_file_at_once_share_it_and_a_killed_one_harms_none(file):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITING, str(file), str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=ROOT,
        )
        for number in range(4)
    ]  # fmt: skip
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    acknowledged = processes[0].stdout.read(20)
    processes[0].kill()
    told = [process.communicate(timeout=60) for process in processes]
    acknowledged += told[0][0]

    assert told[1:] == [("." * 100, "")] * 3
    there = names(Database(file))
    assert [name for name in there if name[0] != "0"] == [
        f"{n} {i:02}" for n in (1, 2, 3) for i in range(100)
    ]
    assert len(acknowledged) <= sum(name[0] == "0" for name in there)
    assert sound(file)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forks_while_threads_write_lose_and_damage_nothing(file):
    told = run(
        """
        import os, signal, sys, threading, warnings
        from pathlib import Path
        from dspnb.store import Database

        warnings.filterwarnings("ignore", ".*multi-threaded.*", DeprecationWarning)
        database = Database(Path(sys.argv[1]))
        over, counts = threading.Event(), [0] * 4

        def write(name):
            database.write(("INSERT INTO openings VALUES (?, '', '')", (name,)))
            assert database.read("SELECT 1 FROM openings WHERE examples = ?", (name,))

        def work(thread):
            while not over.is_set():
                write(f"{thread} {counts[thread]}")
                counts[thread] += 1

        threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(4)]
        for thread in threads:
            thread.start()
        children = []
        for child in range(8):
            children.append(os.fork())
            if children[-1] == 0:
                signal.alarm(30)  # kills it if it waits for ever
                for i in range(25):
                    write(f"child {child} {i}")
                os._exit(bool(database.trouble))
        assert all(os.waitpid(child, 0)[1] == 0 for child in children)
        over.set()
        for thread in threads:
            thread.join()
        assert database.trouble == ""
        print(sum(counts))
        """,
        file,
    )

    assert len(names(Database(file))) == int(told) + 8 * 25
    assert sound(file)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_while_the_store_is_opened_can_open_it_too(tmp_path):
    told = run(
        """
        import os, signal, sys, threading, warnings
        from pathlib import Path
        from dspnb.store import opened
        from dspnb.store import store as module

        warnings.filterwarnings("ignore", ".*multi-threaded.*", DeprecationWarning)
        held = threading.Event()
        go = threading.Event()

        class Slow(module.Store):
            def __init__(self, file=None):
                held.set()
                go.wait(30)
                super().__init__(file)

        module.Store, store = Slow, module.Store
        thread = threading.Thread(target=opened, args=(Path(sys.argv[1]),))
        thread.start()
        held.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            module.Store = store
            os._exit(bool(opened(Path(sys.argv[1])).trouble))
        print(os.waitpid(child, 0)[1])
        go.set()
        thread.join()
        """,
        tmp_path / "runs.sqlite",
    )

    assert told == "0\n"


# -- files that are no good ------------------------------------------------------------


def left_alone(file, *said, **options):
    """That a file is not changed, that something is said, and that memory stands in."""
    before = file.read_bytes()
    database = Database(file, **options)
    for part in (str(file), *said):
        assert part in database.trouble
    database.write(opening("z"))
    assert "z" in names(database)
    database.close()
    assert file.read_bytes() == before


def filled(file, count=3, **options):
    database = Database(file, **options)
    for i in range(count):
        database.write(opening(f"{i:03} {'x' * 200}"))
    database.close()
    return file


def test_a_file_of_something_else_is_left_alone(file):
    file.parent.mkdir()
    file.write_text("Dear diary, " * 1000)

    left_alone(file, "not a database", "Move it away")


def test_a_database_of_something_else_is_left_alone(file):
    file.parent.mkdir()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE cells (key, body)")
        connection.commit()

    left_alone(file, "a database of something else", "Move it away")


def test_a_file_of_a_newer_version_is_left_alone(file):
    filled(file, versions=(*VERSIONS, NEXT))

    left_alone(file, "a newer dspnb", "pip install --upgrade")


def test_a_file_with_garbage_at_its_start_is_left_alone(file):
    content = filled(file).read_bytes()
    file.write_bytes(os.urandom(100) + content[100:])

    left_alone(file, "Move it away")


def test_a_file_with_garbage_in_its_middle_is_left_alone(file):
    content = filled(file).read_bytes()
    file.write_bytes(content[:100] + b"\xaa" * (len(content) - 100))

    left_alone(file, "damaged")


def test_garbage_that_comes_while_the_file_is_used_is_noticed(file):
    filled(file, 500)
    database = Database(file)
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xaa" * (len(content) - 4096))
    found = names(database)
    database.write(opening("z"))

    assert found == []
    assert names(database) == ["z"]
    assert "damaged" in database.trouble


def test_a_file_in_the_place_of_the_directory_is_left_alone(tmp_path):
    (tmp_path / "home").write_text("a file")
    database = Database(tmp_path / "home" / "runs.sqlite")
    database.write(opening("a"))

    assert names(database) == ["a"]
    assert "`DSPNB_HOME`" in database.trouble
    assert (tmp_path / "home").read_text() == "a file"


def test_a_file_that_is_removed_while_it_is_used_is_still_read(file):
    database = Database(filled(file))
    before = names(database)
    file.unlink()
    database.write(opening("z"))

    assert names(database) == [*before, "z"]
    assert "it was removed" in database.trouble
    assert not file.exists()


def test_a_file_that_another_takes_the_place_of_is_noticed(file):
    database = Database(filled(file))
    file.rename(file.with_name("old.sqlite"))
    other = Database(filled(file, 1))
    database.write(opening("z"))

    assert "another was put in its place" in database.trouble
    assert len(names(other)) == 1


def test_a_file_that_stays_locked_is_still_read(file):
    database = Database(filled(file), patience=0.05)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        database.write(opening("z"))
        other.execute("ROLLBACK")

    assert len(names(database)) == 4
    assert "Another process holds it" in database.trouble


def test_what_was_wrong_first_is_what_is_told(file):
    database = Database(filled(file))
    file.unlink()
    database.write(opening("y"))
    first = database.trouble
    database.write(opening("z"))
    database.read("SELECT * FROM runs")

    assert database.trouble == first


# -- versions --------------------------------------------------------------------------


def test_a_file_of_an_older_version_is_brought_to_this_one(file):
    filled(file)
    database = Database(file, versions=(*VERSIONS, NEXT))
    database.write(("INSERT INTO notes VALUES ('new')", ()))

    assert database.trouble == ""
    assert len(names(database)) == 3
    assert database.read("SELECT text FROM notes") == [("new",)]


def test_a_change_of_version_that_fails_changes_nothing(file):
    filled(file)
    broken = f"{NEXT}INSERT INTO openings SELECT * FROM openings;\n"
    left_alone(
        file, "could not be brought to version 2", "Move it away", versions=(*VERSIONS, broken)
    )

    old = Database(file)
    assert old.trouble == ""
    assert len(names(old)) == 3


def test_two_that_change_the_version_at_once_both_use_it(file):
    filled(file)
    databases = []
    in_threads(2, lambda i: databases.append(Database(file, versions=(*VERSIONS, NEXT))))

    assert [database.trouble for database in databases] == ["", ""]
