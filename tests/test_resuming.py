"""A run that was killed goes on: to the same end, and without paying twice."""

import dataclasses
import random

import pytest
from killing import CONCURRENCY, OPTIMIZERS, Searching, kill_and_resume

from dspnb.store import Store

KILLS = 10


@pytest.fixture(scope="module", params=sorted(OPTIMIZERS))
def undisturbed(request, tmp_path_factory):
    """The name of an optimizer, what it finds, and in how many calls."""
    searching = Searching(tmp_path_factory.mktemp(request.param), request.param)
    found = searching.finish()
    return request.param, found, searching.calls[0]


@pytest.mark.slow
def test_a_killed_run_ends_like_an_undisturbed_one(undisturbed, tmp_path):
    name, whole, total = undisturbed
    luck = random.Random(f"{name} 1")

    for kill in range(-(-KILLS // len(OPTIMIZERS))):
        killed = kill_and_resume(tmp_path / str(kill), name, whole, total, luck)

        assert killed.same, killed
        assert 0 <= killed.twice <= CONCURRENCY, killed


@pytest.mark.slow
def test_a_run_that_is_done_is_walked_through_again_without_a_call(tmp_path):
    searching = Searching(tmp_path, "rewriting")
    first = searching.finish()
    calls = searching.calls
    second = searching.finish()

    assert searching.calls == calls
    assert second["run"] != first["run"]
    assert second["outcome"] == first["outcome"]
    assert (first["calls"], second["calls"]) == (calls[0], 0)


@pytest.mark.slow
@pytest.mark.slow
def test_a_run_killed_with_sixteen_at_a_time_goes_on_with_one(tmp_path):
    whole = Searching(tmp_path / "whole", "rewriting").finish()
    searching = Searching(tmp_path / "killed", "rewriting")
    process = searching.until(searching.begin("import killing; killing.CONCURRENCY = 16"), 90)
    process.kill()
    process.communicate()
    begun = searching.calls[0]
    found = searching.finish("import killing; killing.CONCURRENCY = 1")

    assert found["outcome"] == whole["outcome"]
    assert found["resumed"]
    assert searching.calls[0] <= whole["calls"] + 16
    assert begun < whole["calls"]


FRESH = """
import killing
compile = killing.compile
killing.compile = lambda *args, **options: compile(*args, resume="never", **options)
"""


@pytest.mark.slow
def test_a_run_that_asked_all_anew_and_was_killed_goes_on_with_its_own_answers(tmp_path):
    searching = Searching(tmp_path, "rewriting")
    whole = searching.finish()
    total = searching.calls[0]
    process = searching.until(searching.begin(FRESH), total + total // 2)
    process.kill()
    process.communicate()
    found = searching.finish()

    assert found["resumed"]
    assert found["run"] != whole["run"]
    assert found["outcome"] == whole["outcome"]
    assert 2 * total <= searching.calls[0] <= 2 * total + CONCURRENCY


@pytest.mark.slow
def test_a_run_that_goes_on_is_told_as_running_and_one_that_ended_is_not_taken_up(tmp_path):
    file = tmp_path / "runs.sqlite"
    searching = Searching(tmp_path, "rewriting")
    process = searching.until(searching.begin(), 60)
    process.kill()
    process.communicate()
    store = Store(file)
    (record,) = store.runs.all()
    store.runs.update(dataclasses.replace(record, status="stopped", reason="by me"))
    process = searching.until(searching.begin(), searching.calls[0] + 5)

    (told,) = store.runs.all()
    assert (told.status, told.reason) == ("running", "")
    assert store.runs.under_way(told.id)
    assert searching.end(process)["run"] == record.id
    assert store.runs.get(record.id).status == "done"
    assert searching.finish()["run"] != record.id
