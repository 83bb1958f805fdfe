"""Rows that are not in the file yet, and those under way, are never more than may be in flight."""

import threading

import pytest

from dspnb import Example, Prediction, Score
from dspnb.in_flight import MANY, InFlight
from dspnb.lm.usage import Usage
from dspnb.report import Row
from dspnb.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "runs.sqlite")
    yield store
    store.close()


def keep(in_flight, number, *, paid=True, begun=True):
    row = Row(Example(a=1).with_inputs("a"), Prediction(b=2), Score(1.0))
    in_flight.keep(key(number), "run", row, Usage(), (), begun=begun, paid=paid)


def key(number):
    return number.to_bytes(16, "big")


def there(store, count=200):
    """How many of the rows the file has."""
    return len(store.cells.find([key(i) for i in range(count)]))


def test_a_row_is_held_back_as_long_as_fewer_are_under_way_than_may_be(store):
    in_flight = InFlight(3, store.cells)
    for number in range(3):
        in_flight.begin()
        keep(in_flight, number)
    assert there(store) == 0

    in_flight.begin()  # this and three held back are more than three
    assert there(store) == 3


def test_with_all_places_taken_each_row_is_written_at_once(store):
    in_flight = InFlight(3, store.cells)
    for _ in range(3):
        in_flight.begin()
    keep(in_flight, 0)
    in_flight.begin()
    assert there(store) == 1

    keep(in_flight, 1)
    in_flight.begin()
    assert there(store) == 2


def test_rows_that_cost_nothing_go_to_the_file_many_at_a_time(store):
    in_flight = InFlight(1, store.cells)
    for number in range(MANY - 1):
        in_flight.begin()
        keep(in_flight, number, paid=False)
    assert there(store) == 0

    keep(in_flight, MANY, paid=False, begun=False)
    assert there(store) == MANY


def test_what_another_thread_writes_is_waited_for(store):
    writing, go_on, passed = threading.Event(), threading.Event(), threading.Event()

    class Slow:
        statements = store.cells.statements

        def write(self, statements):
            writing.set()
            assert go_on.wait(10)
            store.cells.write(statements)

    def begin():
        in_flight.begin()
        passed.set()

    in_flight = InFlight(1, Slow())
    in_flight.begin()
    keep(in_flight, 0)
    first = threading.Thread(target=in_flight.flush)
    first.start()
    assert writing.wait(10)
    second = threading.Thread(target=begin)
    second.start()

    assert not passed.wait(0.1)  # else a kill would lose the row and the call
    go_on.set()
    assert passed.wait(10)
    assert there(store) == 1
    first.join(), second.join()


def test_what_is_flushed_is_there(store):
    in_flight = InFlight(9, store.cells)
    keep(in_flight, 0)
    in_flight.flush()

    assert there(store) == 1
