import contextlib
import queue
import subprocess
import sys
import threading
from contextvars import ContextVar

import pytest

from dspnb.pool import finished

VARIABLE = ContextVar("variable", default="outside")


def test_every_result_comes_with_its_index():
    assert dict(finished([lambda i=i: i * i for i in range(30)], 4)) == {
        i: i * i for i in range(30)
    }


def test_jobs_run_in_a_copy_of_the_callers_context():
    token = VARIABLE.set("inside")

    def job():
        seen = VARIABLE.get()
        VARIABLE.set("changed by the job")
        return seen

    assert set(dict(finished([job] * 3, 1)).values()) == {"inside"}
    assert VARIABLE.get() == "inside"
    VARIABLE.reset(token)


def test_what_a_job_raises_ends_it_and_no_further_job_starts():
    started, let_go = [], threading.Event()

    def job(i):
        started.append(i)
        if i == 2:
            raise ValueError("two")
        if i == 3:
            let_go.wait(20)

    jobs = [lambda i=i: job(i) for i in range(50)]
    with pytest.raises(ValueError, match="two"):
        list(finished(jobs, 1))
    let_go.set()
    assert started in ([0, 1, 2], [0, 1, 2, 3])


def test_left_early_it_does_not_wait_for_jobs_in_flight():
    let_go, ended = threading.Event(), threading.Event()

    def hanging():
        let_go.wait(20)
        ended.set()

    with contextlib.closing(finished([lambda: 1, hanging], 2)) as done:
        assert next(done) == (0, 1)

    assert not ended.is_set()
    let_go.set()
    assert ended.wait(10)


def test_left_early_no_further_job_starts():
    let_go, workers, late = threading.Event(), queue.SimpleQueue(), []

    def hanging():
        workers.put(threading.current_thread())
        let_go.wait(20)

    with contextlib.closing(finished([lambda: 1, hanging, lambda: late.append(1)], 1)) as done:
        next(done)
        worker = workers.get(timeout=20)
    let_go.set()
    worker.join(20)

    assert late == []


def test_the_caller_can_leave_while_all_jobs_hang():
    let_go, looks = threading.Event(), []

    class Enough(Exception):
        pass

    def look():
        looks.append(1)
        if len(looks) == 3:
            raise Enough

    with pytest.raises(Enough):
        list(finished([lambda: let_go.wait(20)], 1, look))
    let_go.set()


def test_as_many_jobs_as_allowed_are_under_way_and_no_more():
    together, lock, running, most = threading.Barrier(3), threading.Lock(), [0], [0]

    def job():
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        together.wait(10)  # breaks unless three are under way
        with lock:
            running[0] -= 1

    list(finished([job] * 9, 3))

    assert most == [3]


def test_no_job_gives_no_result():
    assert list(finished([], 4)) == []


def test_a_process_can_end_though_a_job_hangs():
    code = (
        "import threading, dspnb.pool as pool\n"
        "jobs = [threading.Event().wait] * 2 + [lambda: 'done']\n"
        "print(next(pool.finished(jobs, 3)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)

    assert done.stdout == "(2, 'done')\n"
