"""A run that was killed goes on: to the same end, and without paying twice."""

import random

import pytest
from killing import CONCURRENCY, OPTIMIZERS, Searching, kill_and_resume

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
