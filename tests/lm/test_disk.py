"""Texts in a file that several processes share, and what happens when the file is no good."""

import contextlib
import gc
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import pytest
from lm.cache_under_load import answer_of

from dspnb.errors import CacheWarning, UsageError
from dspnb.lm.disk import Disk
from dspnb.lm.places import file_system
from dspnb.lm.written import from_json

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep" / "down" / "answers.sqlite"


def filled(file, *, keys=3):
    """A file with texts in it that nobody has open."""
    disk = Disk(file)
    for i in range(keys):
        disk.put(f"key {i}", f"text {i}")
    disk.close()
    return file


def files_around(file):
    return {path.name: path.read_bytes() for path in file.parent.iterdir()}


def unusable(file, reason):
    """That a file is left as it is, with one warning."""
    before = files_around(file)
    disk = Disk(file)
    with pytest.warns(CacheWarning, match=reason) as caught:
        found = used_in_every_way(disk)
    disk.close()
    assert found == [None, None, 0]
    assert len(caught) == 1
    assert str(file) in str(caught[0].message)
    assert files_around(file) == before


def used_in_every_way(disk):
    found = [disk.get("key 1")]
    put_twice(disk)
    found += [disk.get("a"), len(disk)]
    disk.clear()
    return found


def put_twice(disk):
    disk.put("a", "text")
    disk.put("b", "text")


def run(code, *arguments, **options):
    """What a process of its own prints; each warning in it is an error unless caught there."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        **options,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


# -- there and back -------------------------------------------------------------------


def test_what_is_put_is_found_again_and_by_others(file):
    disk = Disk(file)
    disk.put("a", "Grüße, 東京 \x00")

    assert disk.get("a") == "Grüße, 東京 \x00"
    assert disk.get("b") is None
    assert Disk(file).get("a") == "Grüße, 東京 \x00"


def test_the_last_put_counts(file):
    disk = Disk(file)
    disk.put("a", "one")
    disk.put("a", "two")

    assert (disk.get("a"), len(disk)) == ("two", 1)


def test_nothing_is_made_before_something_is_put(file):
    disk = Disk(file)

    assert (disk.get("a"), len(disk)) == (None, 0)
    disk.clear()
    assert not file.parent.parent.exists()

    disk.put("a", "text")
    assert file.exists()


def test_what_another_process_puts_later_is_found(file):
    disk = Disk(file)
    assert disk.get("a") is None

    filled(file)
    assert disk.get("key 1") == "text 1"


def test_a_closed_one_opens_again(file):
    disk = Disk(filled(file))
    assert disk.get("key 1") == "text 1"

    disk.close()
    disk.close()
    assert not file.with_name("answers.sqlite-wal").exists()
    assert disk.get("key 1") == "text 1"


def test_a_forgotten_one_lets_go_of_its_file(file):
    disk = Disk(file)
    disk.put("a", "text")
    assert file.with_name("answers.sqlite-wal").exists()

    del disk
    gc.collect()
    assert not file.with_name("answers.sqlite-wal").exists()


def test_at_the_end_of_a_process_the_file_is_whole(file):
    run(
        """
        import sys
        from pathlib import Path
        from dspnb.lm.disk import Disk

        disk = Disk(Path(sys.argv[1]))
        disk.put("a", "text")
        """,
        file,
    )

    assert [path.name for path in file.parent.iterdir()] == ["answers.sqlite"]
    assert Disk(file).get("a") == "text"


def test_clear_drops_all_for_all_and_gives_back_the_room(file):
    disk, other = Disk(file), Disk(file)
    for i in range(300):
        disk.put(f"key {i}", "x" * 5000)
    assert other.get("key 7") == "x" * 5000

    disk.clear()
    assert (len(disk), len(other), other.get("key 7")) == (0, 0, None)
    disk.close()
    other.close()
    assert file.stat().st_size < 50_000


def test_a_name_with_signs_of_a_uri_is_a_name(tmp_path):
    file = tmp_path / "a?mode=memory&b#c %20.sqlite"
    filled(file)

    assert file.exists()
    assert Disk(file).get("key 0") == "text 0"


def test_another_working_directory_is_not_another_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    disk = Disk(Path("answers.sqlite"))
    disk.put("a", "text")
    disk.close()

    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert disk.get("a") == "text"


# -- how large it gets ----------------------------------------------------------------


def test_what_was_put_first_is_dropped_when_the_file_is_full(file):
    disk = Disk(file, max_bytes=400_000)
    for i in range(2000):
        disk.put(f"key {i}", "x" * 1000)

    kept = [i for i in range(2000) if disk.get(f"key {i}") is not None]
    assert kept == list(range(2000 - len(kept), 2000))
    assert 150 < len(kept) < 400
    assert file.stat().st_size < 500_000


def test_short_texts_are_bounded_too(file):
    disk = Disk(file, max_bytes=400_000)
    for i in range(8000):
        disk.put(f"{i:040}", "x" * 10)

    disk.close()
    assert file.stat().st_size < 500_000


def test_many_short_processes_do_not_outgrow_the_bound(file):
    for i in range(60):
        disk = Disk(file, max_bytes=400_000)
        disk.put(f"key {i}", "x" * 12_000)
        disk.close()

    assert file.stat().st_size < 500_000


def test_a_text_that_would_drop_most_others_is_not_kept(file):
    disk = Disk(file, max_bytes=400_000)
    disk.put("a", "text")
    disk.put("b", "x" * 30_000)

    assert (disk.get("a"), disk.get("b")) == ("text", None)


# -- files that are no good -----------------------------------------------------------


def test_a_file_of_something_else_is_left_alone(file):
    file.parent.mkdir(parents=True)
    file.write_text("Dear diary, " * 1000)

    unusable(file, "not a database")


def test_a_database_of_something_else_is_left_alone(file):
    file.parent.mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE answers (question, answer)")
        connection.commit()

    unusable(file, "a database of something else")


def test_a_file_of_a_newer_version_is_left_alone(file):
    with contextlib.closing(sqlite3.connect(filled(file))) as connection:
        connection.execute("PRAGMA user_version = 2")

    unusable(file, "a newer version")


def test_a_damaged_file_is_left_alone(file):
    content = bytearray(filled(file, keys=200).read_bytes())
    content[4096:] = b"\xaa" * (len(content) - 4096)
    file.write_bytes(content)

    unusable(file, "malformed")


def test_a_file_in_the_place_of_the_directory_is_left_alone(tmp_path):
    (tmp_path / "deep").write_text("a file")
    disk = Disk(tmp_path / "deep" / "answers.sqlite")

    assert disk.get("a") is None
    with pytest.warns(CacheWarning, match="deep") as caught:
        put_twice(disk)
    assert len(caught) == 1
    assert disk.get("a") is None


def test_a_directory_in_the_place_of_the_file_is_left_alone(file):
    file.mkdir(parents=True)

    unusable_directory = Disk(file)
    with pytest.warns(CacheWarning, match="unable to open"):
        assert unusable_directory.get("a") is None


def test_an_empty_file_is_a_new_one(file):
    file.parent.mkdir(parents=True)
    file.touch()

    assert Disk(filled(file)).get("key 1") == "text 1"


@contextlib.contextmanager
def another_writes(file, begin="BEGIN IMMEDIATE", locking_mode="NORMAL"):
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute(f"PRAGMA locking_mode = {locking_mode}")
        other.execute(begin)
        other.execute("DELETE FROM answers WHERE key = 'none'")
        yield
        other.execute("COMMIT")


def test_a_file_that_stays_locked_is_still_read(file):
    disk = Disk(filled(file), patience=0.05)
    with another_writes(file), pytest.warns(CacheWarning, match="locked") as caught:
        put_twice(disk)

    assert len(caught) == 1
    assert (disk.get("a"), disk.get("key 1")) == (None, "text 1")


def test_a_file_that_one_process_keeps_to_itself_is_not_read(file):
    disk = Disk(filled(file), patience=0.05)
    with (
        another_writes(file, "BEGIN EXCLUSIVE", "EXCLUSIVE"),
        pytest.warns(CacheWarning, match="locked"),
    ):
        assert disk.get("key 1") is None


def test_a_file_that_is_locked_for_a_moment_is_waited_for(file):
    disk = Disk(filled(file))
    with another_writes(file):
        late = threading.Thread(target=disk.put, args=("a", "text"))
        late.start()
    late.join()

    assert disk.get("a") == "text"


def test_clear_says_that_it_could_not(file):
    disk = Disk(filled(file), patience=0.05)
    with another_writes(file), pytest.raises(UsageError, match=r"could not be cleared.*locked"):
        disk.clear()


AS_NOBODY = """
import os, sys, warnings
from pathlib import Path
from dspnb.lm.disk import Disk

if os.getuid() == 0:  # whom no permission binds
    os.setuid(65534)
disk = Disk(Path(sys.argv[1]))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(disk.get("key 1"), len(caught))
    disk.put("key 1", "new")
    disk.put("key 2", "new")
    print(disk.get("key 1"), len(disk), *(warning.message for warning in caught))
"""


@pytest.fixture
def open_directory():
    """One that other users can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)
        os.chmod(name, 0o755)


def test_a_file_in_a_directory_that_may_not_be_written_is_read(open_directory):
    file = filled(open_directory / "answers.sqlite")
    os.chmod(open_directory, 0o555)
    before = files_around(file)

    first, second = run(AS_NOBODY, file).splitlines()
    assert first == "text 1 0"
    assert second.startswith(f"text 1 3 New answers are kept in memory only, not in `{file}`: ")
    assert second.count("New answers") == 1
    assert files_around(file) == before


def test_a_file_that_another_user_is_writing_is_read(open_directory):
    owner = Disk(open_directory / "answers.sqlite")
    owner.put("key 1", "text 1")

    assert run(AS_NOBODY, owner.file).startswith("text 1 0\ntext 1 1 New answers")
    owner.put("key 1", "changed")
    assert run(AS_NOBODY, owner.file).startswith("changed 0\nchanged 1 New answers")


def test_a_directory_that_may_not_be_written_means_memory_alone(open_directory):
    os.chmod(open_directory, 0o555)

    first, second = run(AS_NOBODY, open_directory / "deep" / "answers.sqlite").splitlines()
    assert first == "None 0"
    assert second.startswith("None 0 New answers are kept in memory only")
    assert "Permission denied" in second
    assert list(open_directory.iterdir()) == []


def test_a_full_disk_can_still_be_read(file):
    told = run(
        """
        import resource, sys, warnings
        from pathlib import Path
        from dspnb.lm.disk import Disk

        disk = Disk(Path(sys.argv[1]))
        disk.put("before", "text")
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for i in range(100):
                disk.put(f"key {i}", "x" * 10_000)
        for i in range(100):
            assert disk.get(f"key {i}") in (None, "x" * 10_000)
        print(disk.get("before"), disk.get("key 0") is not None, disk.get("key 99") is not None)
        print(len(caught), caught[0].message)
        """,
        filled(file),
    )

    assert told.startswith("text True False\n1 New answers are kept in memory only")
    assert Disk(file).get("key 1") == "text 1" or Disk(file).get("key 1") == "x" * 10_000
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_kind_of_a_file_system_is_known(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/vda / ext4 rw 0 0\n"
        f"server:/homes {tmp_path.parent} nfs4 rw 0 0\n"
        f"tmpfs {tmp_path}/a\\040b tmpfs rw 0 0\n"
        "proc /proc proc rw 0 0\n"
    )

    assert file_system(tmp_path / "x", mounts) == "nfs4"
    assert file_system(tmp_path / "a b" / "x", mounts) == "tmpfs"
    assert file_system(Path("/elsewhere"), mounts) == "ext4"
    assert file_system(tmp_path, tmp_path / "none") == ""


# -- threads, forks, processes --------------------------------------------------------


def test_sixteen_threads_put_and_get_at_once(file):
    disk = Disk(file)
    wrong = []

    def work(thread):
        for i in range(50):
            disk.put(f"{thread} {i}", f"text {thread} {i}")
            if disk.get(f"{thread} {i // 2}") != f"text {thread} {i // 2}":
                wrong.append((thread, i))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(disk) == 16 * 50


def test_processes_that_make_the_file_at_the_same_time_share_it(file):
    code = """
    import sys
    from pathlib import Path
    from dspnb.lm.disk import Disk

    disk = Disk(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    disk.put(sys.argv[2], "text")
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(code), str(file), f"key {i}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for i in range(6)
    ]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()

    assert [process.communicate()[1] for process in processes] == [""] * 6
    assert len(Disk(file)) == 6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forks_in_the_middle_lose_and_damage_nothing(file):
    told = run(
        """
        import os, signal, sys, threading, warnings
        from pathlib import Path
        from dspnb.lm.disk import Disk

        warnings.filterwarnings("ignore", ".*multi-threaded.*", DeprecationWarning)
        disk = Disk(Path(sys.argv[1]))
        over, counts = threading.Event(), [0] * 4

        def work(thread):
            while not over.is_set():
                i = counts[thread]
                disk.put(f"{thread} {i}", f"text {i}")
                assert disk.get(f"{thread} {i // 2}") == f"text {i // 2}"
                counts[thread] += 1

        threads = [
            threading.Thread(target=work, args=(i,), daemon=True) for i in range(4)
        ]
        for thread in threads:
            thread.start()
        children = []
        for child in range(10):
            children.append(os.fork())
            if children[-1] == 0:
                signal.alarm(30)  # kills it if it waits for ever
                for i in range(50):
                    disk.put(f"child {child} {i}", "text")
                    assert disk.get(f"child {child} {i // 2}") == "text"
                disk.close()
                os._exit(0)
        assert all(os.waitpid(child, 0)[1] == 0 for child in children)
        over.set()
        for thread in threads:
            thread.join()
        print(sum(counts))
        """,
        file,
    )

    disk = Disk(file)
    assert len(disk) == int(told) + 10 * 50
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_what_a_forked_process_puts_outlives_its_parents_use_of_the_file(file):
    told = run(
        """
        import os, sys
        from pathlib import Path
        from dspnb.lm.disk import Disk

        disk = Disk(Path(sys.argv[1]))
        disk.put("parent", "text")
        wait, go_on = os.pipe()
        child = os.fork()
        if child == 0:
            os.read(wait, 1)
            disk.put("child", "text")
            os._exit(0)
        disk.close()  # with nobody else there it clears away the log
        os.write(go_on, b"!")
        os.waitpid(child, 0)
        print(disk.get("parent"), disk.get("child"))
        """,
        file,
    )

    assert told == "text text\n"


def _lines(log):
    return log.read_text().count("\n") if log.exists() else 0


@pytest.mark.slow
def test_a_process_that_is_killed_loses_and_damages_nothing(file, tmp_path):
    seconds = float(os.environ.get("DSPNB_LOAD_SECONDS", "8"))
    file.parent.mkdir(parents=True)
    logs = [tmp_path / "first.log", tmp_path / "second.log"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "lm.cache_under_load", file, log, str(seconds), log.stem],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for log in logs
    ]
    kill_at, largest_log = time.monotonic() + seconds / 2, 0
    while processes[1].poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            processes[1].wait(timeout=0.1)
        with contextlib.suppress(FileNotFoundError):
            largest_log = max(largest_log, file.with_name(f"{file.name}-wal").stat().st_size)
        if time.monotonic() > kill_at and _lines(logs[0]) > 200:  # it may be slow to begin
            processes[0].kill()

    told = [process.communicate()[1] for process in processes]
    assert told == ["", ""]
    assert [process.returncode for process in processes] == [-signal.SIGKILL, 0]
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = dict(connection.execute("SELECT key, answer FROM answers"))
    acknowledged = [log.read_text().splitlines() for log in logs]
    assert min(map(len, acknowledged)) > 200
    assert largest_log < 50_000_000
    assert set().union(*acknowledged) <= set(kept)
    assert all(from_json(text) == answer_of(key) for key, text in kept.items())
