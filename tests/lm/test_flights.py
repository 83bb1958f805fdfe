"""Equal requests at the same time are asked once."""

import asyncio
import os
import threading

import pytest

from dspnb import Completion
from dspnb.errors import RateLimited
from dspnb.lm.flights import Flights

ANSWER = Completion("Hello.")


def in_threads(count, work):
    """What `count` threads return that start at the same time."""
    barrier, results = threading.Barrier(count), [None] * count

    def run(i):
        barrier.wait()
        results[i] = work()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_64_threads_one_asks():
    flights, asked, all_there = Flights(), [], threading.Barrier(64)

    def work():
        future = flights.lead("a")
        all_there.wait()
        if future is not None:
            return future.result()
        asked.append(1)
        flights.land("a", ANSWER)
        return ANSWER

    assert in_threads(64, work) == [ANSWER] * 64
    assert len(asked) == 1


def test_other_keys_do_not_wait():
    flights = Flights()

    assert flights.lead("a") is None
    assert flights.lead("b") is None


def test_after_the_landing_the_next_one_leads():
    flights = Flights()
    assert flights.lead("a") is None
    flights.land("a", ANSWER)

    assert flights.lead("a") is None


def test_the_leaders_error_is_everybodys_each_has_its_own():
    flights = Flights()
    flights.lead("a")
    futures = [flights.lead("a"), flights.lead("a")]
    error = RateLimited("slow down", model="m", retry_after=3.0)
    error.__cause__ = OSError("line")
    flights.fail("a", error)

    errors = [future.exception() for future in futures]
    assert [type(one) for one in errors] == [RateLimited, RateLimited]
    assert len({id(one) for one in [error, *errors]}) == 3
    for one in errors:
        assert (str(one), one.model, one.retry_after) == ("m: slow down", "m", 3.0)
        assert one.__cause__ is error.__cause__


def test_an_error_of_another_kind_is_passed_on():
    flights, error = Flights(), ZeroDivisionError("by zero")
    flights.lead("a")
    future = flights.lead("a")
    flights.fail("a", error)

    assert future.exception() is error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()])
def test_when_the_leader_is_called_off_the_others_ask_for_themselves(error):
    flights, calls = Flights(), []
    assert flights.lead("a") is None
    all_there = threading.Barrier(9)

    def work():
        future = flights.lead("a")
        all_there.wait()
        while future is not None:
            completion = future.result()
            if completion is not None:
                return completion
            future = flights.lead("a")
        calls.append(1)
        flights.land("a", ANSWER)
        return ANSWER

    def call_off():
        all_there.wait()
        flights.fail("a", error)

    stopper = threading.Thread(target=call_off)
    stopper.start()
    assert in_threads(8, work) == [ANSWER] * 8
    stopper.join()
    assert 1 <= len(calls) <= 8


def test_tasks_and_threads_wait_for_each_other():
    flights = Flights()
    assert flights.lead("a") is None  # in this thread

    async def wait():
        return await asyncio.wrap_future(flights.lead("a"))

    async def all_of_them():
        tasks = [asyncio.create_task(wait()) for _ in range(64)]
        await asyncio.sleep(0)  # so that all of them wait
        threading.Thread(target=flights.land, args=("a", ANSWER)).start()
        return await asyncio.gather(*tasks)

    assert asyncio.run(all_of_them()) == [ANSWER] * 64


def test_a_task_that_is_cancelled_while_it_waits_disturbs_nobody():
    flights = Flights()
    assert flights.lead("a") is None

    async def wait():
        return await asyncio.wrap_future(flights.lead("a"))

    async def one_is_cancelled():
        impatient, patient = asyncio.create_task(wait()), asyncio.create_task(wait())
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.wait([impatient])
        flights.land("a", ANSWER)
        return impatient.cancelled(), await patient

    assert asyncio.run(one_is_cancelled()) == (True, ANSWER)


def test_what_nobody_asks_for_may_land():
    flights = Flights()
    flights.land("a", ANSWER)
    flights.fail("a", ValueError())

    assert flights.lead("a") is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_its_parents_threads():
    flights = Flights()
    assert flights.lead("a") is None

    child = os.fork()
    if child == 0:
        os._exit(0 if flights.lead("a") is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert flights.lead("a") is not None
