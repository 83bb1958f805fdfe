import asyncio
import contextlib
import threading
from contextvars import ContextVar

import pytest

from dspnb.cancellation import Cancellation, Cancelled, cancellation
from dspnb.lm.loop import network
from dspnb.tasks import finished

VARIABLE = ContextVar("variable", default="outside")


class Job:
    """Asks for a number, and then squares it."""

    def __init__(self, i):
        self.i = i

    async def ask(self):
        await asyncio.sleep(0)
        return self.i

    def then(self, answer, error):
        return answer * answer


class Gauge:
    """How many are inside at once, and the most that ever were."""

    def __init__(self):
        self._lock = threading.Lock()
        self.now = self.most = 0

    def __enter__(self):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *error):
        with self._lock:
            self.now -= 1


def threads_of_jobs():
    return [thread for thread in threading.enumerate() if thread.name == "dspnb"]


@pytest.mark.parametrize("concurrency", [1, 4, 64])
def test_every_result_comes_with_its_index(concurrency):
    jobs = [Job(i) for i in range(200)]

    assert dict(finished(jobs, concurrency)) == {i: i * i for i in range(200)}
    assert dict(finished([], concurrency)) == {}


def test_both_steps_run_in_copies_of_the_callers_context():
    class Sees(Job):
        async def ask(self):
            return VARIABLE.get()

        def then(self, answer, error):
            seen = VARIABLE.get()
            VARIABLE.set("changed by the job")
            return answer, seen

    token = VARIABLE.set("inside")
    assert set(dict(finished([Sees(i) for i in range(9)], 3)).values()) == {("inside", "inside")}
    assert VARIABLE.get() == "inside"
    VARIABLE.reset(token)


def test_no_more_are_asked_at_once_than_there_are_places():
    gauge = Gauge()

    class Counted(Job):
        async def ask(self):
            with gauge:
                await asyncio.sleep(0.001)
            return self.i

    assert len(dict(finished([Counted(i) for i in range(60)], 7))) == 60
    assert gauge.most == 7


def test_what_follows_is_done_in_one_thread_while_it_takes_no_time():
    seen = set()

    class Told(Job):
        def then(self, answer, error):
            seen.add(threading.current_thread())

    assert len(dict(finished([Told(i) for i in range(300)], 16))) == 300
    assert len(seen) == 1
    assert network().loop is not None
    assert threading.current_thread() not in seen


def test_what_waits_for_something_gets_as_many_threads_as_there_are_places():
    gauge, all_inside = Gauge(), threading.Barrier(8)

    class Judged(Job):
        def then(self, answer, error):
            with gauge:
                all_inside.wait(20)  # for seven others, or it fails
            return self.i

    assert dict(finished([Judged(i) for i in range(32)], 8)) == {i: i for i in range(32)}
    assert gauge.most == 8


def test_while_what_follows_takes_long_no_further_job_begins():
    gauge, never = Gauge(), threading.Event()

    class Judged(Job):
        async def ask(self):
            if self.i == 60:  # at first it is not known how long it takes
                gauge.most = 0
            gauge.__enter__()
            await asyncio.sleep(0.002)

        def then(self, answer, error):
            never.wait(0.02)
            gauge.__exit__()

    assert len(dict(finished([Judged(i) for i in range(100)], 4))) == 100
    assert gauge.most == 4


def test_an_error_of_the_first_step_goes_to_the_second():
    class Fails(Job):
        async def ask(self):
            if self.i == 1:
                raise ValueError("one")
            return self.i

        def then(self, answer, error):
            return repr(error)

    results = dict(finished([Fails(i) for i in range(3)], 2))
    assert results == {0: "None", 1: "ValueError('one')", 2: "None"}


class Unwound(BaseException):
    """Nothing that catches errors swallows it."""


class UnwindsFirst(Job):
    async def ask(self):
        if self.i == 2:
            raise Unwound
        await asyncio.sleep(0 if self.i < 2 else 20)


class FailsThen(UnwindsFirst):
    async def ask(self):
        await asyncio.sleep(0 if self.i < 3 else 20)

    def then(self, answer, error):
        if self.i == 2:
            raise ValueError("two")


@pytest.mark.parametrize(("kind", "error"), [(UnwindsFirst, Unwound), (FailsThen, ValueError)])
def test_what_the_first_step_unwinds_with_or_the_second_raises_ends_it(kind, error):
    asked = []

    class Noted(kind):
        async def ask(self):
            asked.append(self.i)
            return await super().ask()

    with pytest.raises(error):
        list(finished([Noted(i) for i in range(50)], 4))
    assert max(asked) < 10


def test_left_early_what_is_asked_is_cancelled_and_no_further_job_begins():
    begun, cancelled, asked = threading.Semaphore(0), threading.Semaphore(0), []

    class Waits(Job):
        async def ask(self):
            asked.append(self.i)
            begun.release()
            if self.i == 0:
                return 0
            try:
                await asyncio.sleep(20)
            except asyncio.CancelledError:
                cancelled.release()
                raise

    with contextlib.closing(finished([Waits(i) for i in range(50)], 5)) as done:
        assert next(done) == (0, 0)
        assert [begun.acquire(timeout=10) for _ in range(6)] == [True] * 6
    assert [cancelled.acquire(timeout=10) for _ in range(5)] == [True] * 5
    assert sorted(asked) == list(range(6))


def test_left_early_it_does_not_wait_for_what_follows():
    let_go, ended = threading.Event(), threading.Event()

    class Hangs(Job):
        def then(self, answer, error):
            if self.i:
                let_go.wait(20)
                ended.set()
            return self.i

    with contextlib.closing(finished([Hangs(0), Hangs(1)], 2)) as done:
        assert next(done) == (0, 0)
    assert not ended.is_set()
    let_go.set()
    assert ended.wait(10)


def test_its_threads_end_with_it():
    before = set(threads_of_jobs())
    assert len(dict(finished([Job(i) for i in range(20)], 4))) == 20

    for thread in set(threads_of_jobs()) - before:
        thread.join(10)
    assert set(threads_of_jobs()) <= before


def test_the_caller_is_asked_again_and_again_while_it_waits():
    asked = threading.Semaphore(0)

    class Waits(Job):
        async def ask(self):
            while not asked.acquire(blocking=False):
                await asyncio.sleep(0.005)
            while not asked.acquire(blocking=False):
                await asyncio.sleep(0.005)
            return self.i

    assert dict(finished([Waits(3)], 1, asked.release)) == {0: 9}


def test_what_the_caller_raises_meanwhile_ends_it():
    class Waits(Job):
        async def ask(self):
            await asyncio.sleep(20)

    def stop():
        raise Unwound

    with pytest.raises(Unwound):
        list(finished([Waits(i) for i in range(3)], 2, stop))


def test_called_off_from_outside_it_ends_at_once():
    scope, begun, raised = Cancellation(), threading.Semaphore(0), []

    class Waits(Job):
        async def ask(self):
            begun.release()
            await asyncio.sleep(20)

    def evaluated():
        cancellation.set(scope)
        try:
            list(finished([Waits(i) for i in range(9)], 3))
        except Cancelled as error:
            raised.append(error)

    thread = threading.Thread(target=evaluated)
    thread.start()
    assert [begun.acquire(timeout=10) for _ in range(3)] == [True] * 3
    scope.cancel()
    thread.join(10)
    assert len(raised) == 1
