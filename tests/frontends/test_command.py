"""The command `dspnb`: runs of this and other processes, in a terminal."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dspnb import Example, LabeledFewShot, Predict, compile, runs, use
from dspnb.frontends.command import main
from dspnb.testing import Scripted

SLOW = Path(__file__).parent / "slow_run.py"
ROWS = [Example(q=str(i), a=str(i % 2)).with_inputs("q") for i in range(20)]


def right(example, prediction):
    return example.a == prediction.a


def finished(seed=0, **options):
    """A run that has ended, in this process."""
    given = {"train": ROWS[:5], "val": ROWS[5:10], "test": ROWS[10:], **options}
    with use(lm=Scripted(lambda prompt: "[[ ## a ## ]]\n1")):
        return compile(
            Predict("q -> a"), LabeledFewShot(2), metric=right, seed=seed, **given
        ).wait()


@pytest.fixture
def dspnb(capsys):
    """The command in this process: its exit code, and the lines of stdout and stderr."""

    def command(*arguments):
        capsys.readouterr()
        code = main(arguments)
        shown = capsys.readouterr()
        return code, shown.out.splitlines(), shown.err.splitlines()

    return command


def terminal(*arguments, module=("-m", "dspnb"), **options):
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, *module, *arguments],
        capture_output=True, text=True, check=False, timeout=60, **options,
    )  # fmt: skip


def until(holds, seconds=30):
    """Wait for what another process does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


class Elsewhere:
    """A run under way in a process of its own."""

    def __init__(self, calls, seconds, **options):
        self.calls = calls
        self.process = subprocess.Popen(
            [sys.executable, SLOW, calls, str(seconds)],
            stdout=subprocess.PIPE, text=True, **options,
        )  # fmt: skip
        self.id = self.process.stdout.readline().strip()
        until(lambda: self.ended >= 3)

    @property
    def begun(self):
        return self._noted.count("begun")

    @property
    def ended(self):
        return self._noted.count("ended")

    @property
    def _noted(self):
        return self.calls.read_text().split() if self.calls.exists() else []


@pytest.fixture
def elsewhere(tmp_path):
    started = []

    def start(seconds=0.02, **options):
        started.append(Elsewhere(tmp_path / "calls", seconds, **options))
        return started[-1]

    yield start
    for run in started:
        run.process.kill()
        run.process.wait()
        run.process.stdout.close()


# -- runs that have ended ----------------------------------------------------------------


def test_runs_are_listed_in_a_hundred_columns(dspnb):
    first, second = finished(), finished(seed=1)

    code, lines, errors = dspnb("runs")
    assert (code, errors) == (0, [])
    assert lines[0].split() == [
        "id", "began", "optimizer", "metric", "model", "status", "score", "calls", "cost",
    ]  # fmt: skip
    assert [line.split()[0] for line in lines[1:]] == [first.id[:10], second.id[:10]]
    assert "0.50 [0.24, 0.76] test" in lines[1] and "done" in lines[1]
    assert max(map(len, lines)) <= 100
    assert dspnb() == (code, lines, errors)


def test_without_runs_it_says_so_and_makes_no_file(dspnb, tmp_path, monkeypatch):
    monkeypatch.setenv("DSPNB_HOME", str(tmp_path / "new"))

    assert dspnb("runs") == (0, ["No run is kept in this project yet."], [])
    assert list(tmp_path.iterdir()) == []


def test_a_run_shows_what_it_was_given_found_and_took(dspnb):
    run = finished()

    code, lines, _ = dspnb("runs", "show", run.id[4:8])
    text = "\n".join(lines)
    assert code == 0
    for shown in (
        f"run       {run.id}", "LabeledFewShot(k=2, sample=True)", "5 train, 5 val, 10 test",
        "as it is", "final", "held out: ", "nothing beat the program as it was", "test opened once",
        f"{run.spending.usage.calls} calls",
    ):  # fmt: skip
        assert shown in text
    assert max(map(len, lines)) <= 100


def test_what_a_model_or_program_wrote_does_nothing_to_the_terminal(dspnb):
    run = finished(settings={"line": "\x1b[2Jx\ny"})

    assert r"line      \x1b[2Jx y" in dspnb("runs", "show", run.id)[1]


def test_two_runs_are_compared_on_the_same_held_out_examples(dspnb):
    a, b = finished(), finished(seed=1)

    code, lines, _ = dspnb("runs", "compare", a.id, b.id)
    assert code == 0
    assert ["seed", "0", "1"] in [line.split() for line in lines]
    assert "differs: the seed" in lines
    assert lines[-1].startswith("second - first: +0.000 [")
    assert max(map(len, lines)) <= 100


def test_a_run_is_written_out_but_not_over_another_file(dspnb, tmp_path, monkeypatch):
    run = finished()
    monkeypatch.chdir(tmp_path)

    assert dspnb("runs", "export", run.id[:10]) == (0, [f"written to {run.id}.jsonl"], [])
    code, _, (error,) = dspnb("runs", "export", run.id[:10])
    assert code == 1 and "is there already" in error
    assert dspnb("runs", "export", run.id, "--overwrite")[0] == 0
    assert json.loads(Path(f"{run.id}.jsonl").read_text().splitlines()[0])["id"] == run.id


def test_a_deleted_run_is_gone(dspnb):
    a, b = finished(), finished(seed=1)

    assert dspnb("runs", "delete", a.id) == (0, [f"{a.id} is deleted."], [])
    assert [run.id for run in runs()] == [b.id]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("runs", "show", "zzz"), 1, "There is no run `zzz`; known: "),
        (("runs", "stop", "run-"), 1, "is not under way: it is done."),
        (("runs", "resume", "run-"), 1, "is not under way: it is done."),
        (("runs", "compare", "run-", "run-"), 1, "cannot be compared with itself"),
        (("runs", "export", "run-", "/no/such/place"), 1, "could not be written to"),
        (("runs", "stop"), 2, "the following arguments are required: ID"),
        (("runs", "shwo"), 2, "invalid choice: 'shwo'"),
        (("walks",), 2, "invalid choice: 'walks'"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(dspnb, arguments, code, said):
    finished()

    given, lines, (error,) = dspnb(*arguments)
    assert (given, lines) == (code, [])
    assert error.startswith("dspnb: ") and said in error


def test_a_damaged_store_is_one_line(dspnb, tmp_path, monkeypatch):
    (tmp_path / "runs.sqlite").write_text("no database" * 100)
    monkeypatch.setenv("DSPNB_HOME", str(tmp_path))

    code, lines, (error,) = dspnb("runs")
    assert (code, lines) == (1, [])
    assert "is damaged, or not a file of dspnb" in error


# -- in a process of its own -------------------------------------------------------------


def test_it_starts_without_what_only_models_need_and_its_code_is_that_of_the_process():
    done = terminal("runs", "show", "zzz")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("dspnb: There is no run `zzz`")

    code = (
        "import sys; from dspnb.frontends.command import main; main(['runs']); "
        "assert not {'litellm', 'IPython', 'matplotlib', 'certifi'} & set(sys.modules)"
    )
    assert terminal(module=("-c", code)).stderr == ""


def test_a_reader_that_leaves_early_is_no_error():
    finished()
    process = subprocess.Popen(
        [sys.executable, "-m", "dspnb", "runs"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()

    with process:
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_any_directory_of_a_project_will_do(tmp_path, elsewhere):
    project = tmp_path / "project"
    (project / "deep" / "inside").mkdir(parents=True)
    (project / "pyproject.toml").touch()
    env = {name: value for name, value in os.environ.items() if name != "DSPNB_HOME"}
    run = elsewhere(cwd=project, env=env)

    listed = terminal("runs", cwd=project / "deep" / "inside", env=env)
    assert run.id[:10] in listed.stdout and "under way" in listed.stdout
    assert (project / ".dspnb" / "runs.sqlite").exists()


def test_a_run_of_another_process_is_paused_resumed_and_stopped(elsewhere):
    run = elsewhere()

    assert terminal("runs", "pause", run.id).stdout.startswith(f"{run.id} is told to pause")
    until(lambda: runs()[run.id].status == "paused" and run.begun == run.ended)
    before = run.begun
    shown = terminal("runs", "show", run.id).stdout  # takes as long as many calls would
    assert "status    paused" in shown
    assert run.begun == before

    assert terminal("runs", "resume", run.id).returncode == 0
    until(lambda: run.ended > before)
    assert terminal("runs", "delete", run.id).stderr.startswith(f"dspnb: `{run.id}` is under way")

    assert terminal("runs", "stop", run.id[:10]).returncode == 0
    assert run.process.stdout.read() == "stopped stopped from another process\n"
    assert runs()[run.id].status == "stopped"


def test_a_run_whose_process_was_killed_is_interrupted(elsewhere):
    run = elsewhere()
    assert runs()[run.id].status == "under way"

    run.process.kill()
    run.process.wait()
    assert "interrupted" in terminal("runs").stdout
    done = terminal("runs", "resume", run.id)
    assert done.returncode == 1
    assert "it is interrupted; to go on with it, run its `%compile` line or" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_command_that_comes_too_late_does_not_stop_the_run_when_it_goes_on(elsewhere):
    run = elsewhere()
    run.process.send_signal(signal.SIGSTOP)  # it obeys no command any more
    runs().stop(run.id)
    run.process.kill()
    run.process.wait()

    again = elsewhere()
    assert again.id == run.id
    calls = again.ended
    until(lambda: again.ended > calls + 20)
    assert again.process.poll() is None
