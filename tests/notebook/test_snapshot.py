import gc
import json
import tracemalloc

import pytest

from dspnb.events import (
    BestChanged,
    Called,
    Evaluated,
    Phase,
    Proposed,
    Scored,
    StatusChanged,
    Warned,
)
from dspnb.notebook.live import PAUSE, RATE, RunView
from dspnb.notebook.snapshot import MOST_CANDIDATES, MOST_WARNINGS, Picture

from .runs import telling


def pictured(*bodies):
    picture = Picture(telling(*bodies), "triage")
    picture.catch_up()
    return picture


def of(picture, kind):
    return [event for event in picture.page_events() if event["kind"] == kind]


def candidates(ids):
    for id_ in ids:
        yield Proposed(id_, 0 if id_ else None, "note", {"self": "2 demos"})
        yield Evaluated(id_, "val", 0.5, 0.1, 0.9, 1, 0)
        yield BestChanged(id_, 0.5)


def test_a_run_of_any_length_makes_a_bounded_snapshot():
    picture = pictured(*candidates(range(5000)))

    kept = {event["candidate"] for event in of(picture, "proposed")}
    assert len(kept) == MOST_CANDIDATES
    assert {0, 4999} <= kept and 1 not in kept
    assert kept == {event["candidate"] for event in of(picture, "evaluated")}
    assert len(json.dumps(picture.snapshot())) < 500_000


def test_the_best_is_kept_however_old_it_is():
    picture = pictured(*candidates([0, 1]), *(Proposed(i, 0, "", {}) for i in range(2, 3000)))

    assert {0, 1, 2999} <= {event["candidate"] for event in of(picture, "proposed")}
    assert [event["candidate"] for event in of(picture, "best")] == [0, 1]


def test_a_score_on_fewer_examples_does_not_replace_one_on_more():
    picture = pictured(
        Evaluated(1, "val", 0.5, 0.4, 0.6, 100, 0), Evaluated(1, "val", 0.9, 0.1, 1.0, 10, 0)
    )

    assert [event["mean"] for event in of(picture, "evaluated")] == [0.5]


def test_of_many_warnings_the_newest_are_kept_and_of_phases_the_last():
    picture = pictured(*(body for i in range(500) for body in (Warned(str(i)), Phase(str(i)))))

    assert [int(e["message"]) for e in of(picture, "warned")] == [*range(500 - MOST_WARNINGS, 500)]
    assert [e["name"] for e in of(picture, "phase")] == ["499"]


def test_events_are_in_the_order_of_time():
    picture = pictured(
        *candidates([0]), StatusChanged("running"), StatusChanged("paused"), *candidates([1]),
        StatusChanged("running"), BestChanged(0, 0.6),
    )  # fmt: skip

    numbers = [event["seq"] for event in picture.page_events()]
    assert numbers == sorted(numbers)
    assert of(picture, "status")[-1]["status"] == "running"


def test_scores_are_counted_and_not_kept():
    run = telling(*(Scored(3, i, i % 4 / 4, "val") for i in range(100_000)))
    picture = Picture(run, "triage")
    gc.collect()
    tracemalloc.start()
    picture.catch_up()
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    progress = picture.progress()
    assert (progress.candidate, progress.done, progress.mean) == (3, 100_000, 0.375)
    assert picture.page_events() == []
    assert grown < 20_000  # bytes


def test_progress_begins_anew_with_each_candidate_and_set():
    picture = pictured(
        Scored(0, 1, 1.0, "val"), Scored(0, 1, 0.5, "test"), Scored(0, 2, 1.0, "test")
    )

    progress = picture.progress()
    assert (progress.split, progress.done, progress.mean) == ("test", 2, 0.75)


@pytest.mark.parametrize("length", [10, 2500], ids=["few candidates", "many candidates"])
def test_a_page_is_sent_no_more_than_it_can_take_however_much_happens(length, cell):
    run = telling()
    view = RunView(run, "triage")
    sent = {"events": [], "progress": []}
    view.observe(lambda change: sent[change["name"]].append(change["new"]), ["events", "progress"])

    for bodies in zip(*[iter(candidates(range(length)))] * 3, strict=True):
        for body in bodies:
            run.log.append(body)
        for i in range(100_000 // length):
            run.log.append(Scored(bodies[0].candidate, i, 1.0, "val"))
            run.log.append(Called(i, "self", 1, 1, None, 0.1, False))
    run.log.append(StatusChanged("done"))
    run.log.close()
    assert view.ended.wait(30)
    seconds = run.log.seconds

    assert len(sent["progress"]) <= seconds / PAUSE + 3
    events = sent["events"]
    assert sum(map(len, events[:-2])) <= RATE * seconds + len(events[-1])
    assert events[-1][-1]["status"] == "done"
    assert len(events[-1]) == 3 * min(length, MOST_CANDIDATES) + 1
    assert view.progress["events"] == len(events[-1])
