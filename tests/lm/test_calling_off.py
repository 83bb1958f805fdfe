"""Requests that nobody waits for any longer are ended: by an interrupt, a stop, or their task."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from servers import faulty

import dspnb
from dspnb import (
    LM,
    BootstrapFewShot,
    Budget,
    ChainOfThought,
    Example,
    Module,
    Predict,
    Prediction,
    UsageError,
    compile,
    use,
)
from dspnb.cancellation import Cancellation, Cancelled, cancellation
from dspnb.lm import Usage
from dspnb.lm.cache import Cache
from dspnb.lm.ledger import ledger
from dspnb.lm.loop import network

LATE = 5.0  # seconds before the server answers: longer than any of these tests takes
INTERRUPTED = Path(__file__).with_name("interrupted.py")
OFTEN = Path(__file__).with_name("interrupted_often.py")


@pytest.fixture
def server():
    with faulty.running(latency=LATE) as made:
        yield made


def model(server, **options):
    return LM("openai/echo", api_base=server.url, **{"price": (0, 0), "cache": False, **options})


def environment():
    """Of a process that uses the same dspnb as this one."""
    return {**os.environ, "PYTHONPATH": str(Path(dspnb.__file__).parents[1])}


def examples(n):
    return [Example(thing=f"thing {i}", color="red").with_inputs("thing") for i in range(n)]


def search(lm, n=32, program=None, **options):
    with use(lm=lm):
        return compile(
            program or Predict("thing -> color"), BootstrapFewShot(),
            metric=lambda example, prediction: True, train=examples(n), val=examples(n),
            concurrency=n, **options,
        )  # fmt: skip


@pytest.mark.parametrize("then", ["stay", "leave"])
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT can be sent to a child there")
def test_an_interrupt_ends_an_evaluation_and_its_requests_at_once(server, then):
    command = [sys.executable, str(INTERRUPTED), server.url, then]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, **pipes, text=True, env=environment()) as process:
        server.until(lambda server: server.in_flight == 128)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        back, name, rows = process.stdout.readline().split()
        server.until(lambda server: len(server.left) == 128)
        figures = {"back": float(back) - sent, "gone": max(server.left) - sent}
        assert (name, rows) == ("Interrupted", "0")
        if then == "stay":
            server.latency = 0.0
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "You said: Still there? 1 0\n"
            sent = time.monotonic()
        said = process.stderr.read()
        process.wait()
        figures["exit"] = time.monotonic() - sent

    assert figures["back"] < 0.5 and figures["gone"] < 1.0 and figures["exit"] < 1.5, figures
    assert ("Interrupted: interrupted after 0 of 1000 examples" in said) == (then == "leave")
    assert len(server.asked) == 128 + (then == "stay")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no timer sends signals there")
def test_an_interrupt_at_any_moment_of_a_call_stands_in_the_way_of_no_later_one(server):
    server.latency = 0.0
    command = [sys.executable, str(OFTEN), server.url, "5"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment()
    )

    assert done.stderr == ""
    answered, interrupts = map(int, done.stdout.split())
    assert answered > 100 and interrupts > 100


def test_a_call_that_is_called_off_before_it_begins_holds_up_no_other(server):
    server.latency = 0.0
    lm, scope, ends = model(server), Cancellation(), []
    busy = threading.Event()
    network().loop.call_soon_threadsafe(busy.wait)  # so that no call begins yet

    def called_off():
        cancellation.set(scope)
        with pytest.raises(Cancelled):
            lm("Never asked")

    def asked():
        ends.append(lm("Hello").text)

    threads = [threading.Thread(target=called_off), threading.Thread(target=asked)]
    threads[0].start()
    while not scope._ends:
        time.sleep(0.001)
    scope.cancel()
    threads[1].start()
    busy.set()
    for thread in threads:
        thread.join(10)

    assert ends == ["You said: Hello"]
    assert [prompt for _, prompt in server.asked] == ["Hello"]


def test_a_stopped_run_ends_its_requests(server):
    lm = model(server)
    run = search(lm)
    server.until(lambda server: server.in_flight == 32)

    stopped = time.monotonic()
    run.stop()
    run.wait()
    ended = time.monotonic() - stopped
    server.until(lambda server: len(server.left) == 32)

    assert run.status == "stopped"
    assert ended < 0.5 and max(server.left) - stopped < 1.0
    assert (len(server.asked), lm.usage) == (32, Usage())


def test_a_stop_wakes_those_who_wait_to_ask_again(server):
    server.latency, server.faults, server.retry_after = 0.0, {"busy": 1.0}, "60"
    run = search(model(server))
    server.until(lambda server: len(server.asked) == 32 and not server.in_flight)

    stopped = time.monotonic()
    run.stop()
    run.wait()

    assert time.monotonic() - stopped < 0.5
    assert len(server.asked) == 32


def test_a_spent_budget_of_seconds_ends_requests(server):
    run = search(model(server), budget=Budget(seconds=0.5))
    run.wait()
    server.until(lambda server: len(server.left) == 32)

    assert run.reason == "budget of 0.5 s spent"
    assert max(server.left) - server.asked[0][0] < 2.0


class Twice(Module):
    """Asks two questions at the same time."""

    def __init__(self):
        self.first, self.second = Predict("thing -> color"), Predict("thing, place -> color")

    async def forward(self, thing):
        await asyncio.gather(
            self.first.acall(thing=thing), self.second.acall(thing=thing, place="here")
        )
        return Prediction(color="red")


def test_a_stop_ends_the_requests_of_an_asynchronous_program(server):
    run = search(model(server), n=4, program=Twice())
    server.until(lambda server: server.in_flight == 8)

    stopped = time.monotonic()
    run.stop()
    run.wait()
    server.until(lambda server: len(server.left) == 8)

    assert max(server.left) - stopped < 1.0


def test_a_budget_of_calls_ends_a_run_of_an_asynchronous_program_at_its_number(server):
    server.latency = 0.0
    thing = "[[ ## color ## ]]\nred\n\n[[ ## completed ## ]]"  # which the server says again
    data = [Example(thing=f"{i} {thing}", color="red").with_inputs("thing") for i in range(8)]
    lm = model(server)
    with use(lm=lm):
        run = compile(
            Twice(), BootstrapFewShot(), metric=lambda example, prediction: False,
            train=data, val=data, budget=Budget(calls=27),
        ).wait()  # fmt: skip

    assert run.reason == "budget of 27 calls spent"
    assert run.spending.usage.calls == len(server.answered) == lm.usage.calls == 27


@pytest.mark.parametrize("make", [
    lambda lm: lm.acall("Hello"),
    lambda lm: lm.acall("Hello", on_text=print),
    lambda lm: Predict("question -> answer", lm=lm).acall(question="Hello"),
    lambda lm: ChainOfThought("question -> answer", lm=lm).acall(question="Hello"),
])  # fmt: skip
@pytest.mark.parametrize("waits", ["for an answer", "to ask again"])
def test_a_cancelled_task_ends_its_request_and_leaves_no_trace(server, make, waits):
    if waits == "to ask again":
        server.latency, server.faults, server.retry_after = 0.0, {"busy": 1.0}, "60"
    cache, mark = Cache(), len(ledger)
    lm = model(server, cache=cache)

    async def cancelled():
        task = asyncio.create_task(make(lm))
        await asyncio.to_thread(server.until, lambda server: server.asked)
        await asyncio.to_thread(
            server.until, lambda server: server.in_flight == bool(server.latency)
        )
        task.cancel()
        start = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - start

    assert asyncio.run(cancelled()) < 0.2
    server.until(lambda server: not server.in_flight)
    assert len(server.asked) == 1
    assert (lm.usage, len(ledger) - mark, len(cache)) == (Usage(), 0, 0)

    server.latency, server.faults = 0.0, {}
    assert lm("Hello").text == "You said: Hello"


def test_a_timeout_around_a_task_ends_its_request(server):
    async def late():
        async with asyncio.timeout(0.1):
            await model(server).acall("Hello")

    with pytest.raises(TimeoutError):
        asyncio.run(late())
    server.until(lambda server: len(server.left) == 1)


def test_two_hundred_tasks_take_no_thread_each(server):
    server.latency = 3.0
    lm, threads = model(server), []
    program = ChainOfThought("question -> answer", lm=lm)

    async def all_at_once():
        asks = [lm.acall(f"call {i}") for i in range(200)]
        programs = [program.acall(question=f"call {i}") for i in range(200)]
        tasks = [asyncio.create_task(ask) for ask in (*asks, *programs)]
        await asyncio.to_thread(server.until, lambda server: server.in_flight == 400)
        threads.append(threading.active_count())
        return await asyncio.gather(*tasks, return_exceptions=True)

    before = threading.active_count()
    answers = asyncio.run(all_at_once())

    assert [answer.text for answer in answers[:200]] == [f"You said: call {i}" for i in range(200)]
    assert threads[0] - before <= 3  # the network's, and that of the wait above


def test_who_waits_for_the_same_answer_asks_for_himself_when_the_first_is_called_off(server):
    joined = threading.Event()

    class Told(Cache):
        def claim(self, key):
            found = super().claim(key)
            if found is not None:
                joined.set()
            return found

    lm, scope, ends = model(server, cache=Told()), Cancellation(), []

    def lead():
        cancellation.set(scope)
        try:
            lm("Hello")
        except Cancelled as error:
            ends.append(error)

    leader = threading.Thread(target=lead)
    follower = threading.Thread(target=lambda: ends.append(lm("Hello").text))
    leader.start()
    server.until(lambda server: server.in_flight == 1)
    follower.start()
    joined.wait()
    server.latency = 0.0
    scope.cancel()
    leader.join()
    follower.join()

    assert isinstance(ends[0], Cancelled)
    assert ends[1] == "You said: Hello"
    assert (len(server.asked), lm.usage.calls, lm.usage.failed) == (2, 1, 0)


def test_fields_arrive_on_an_event_loop_while_the_model_writes(server):
    server.latency, server.faults = 0.0, {"slow": 1.0}
    program = Predict("question -> answer", lm=model(server))
    asked = "[[ ## answer ## ]]\nblue and green\n\n[[ ## completed ## ]]"

    async def heard():
        stream = program.stream(question=asked)
        return [chunk async for chunk in stream], stream.prediction

    chunks, prediction = asyncio.run(heard())

    assert len(chunks) > 1 and {chunk.field for chunk in chunks} == {"answer"}
    assert "".join(chunk.text for chunk in chunks).strip() == prediction.answer


# Half a second when slow.
LONG = f"[[ ## answer ## ]]\n{'blue and green ' * 20}\n\n[[ ## completed ## ]]"


def break_off(stream):
    for _ in stream:
        break


def raise_in_the_loop(stream):
    def read():
        for chunk in stream:
            raise KeyError(chunk)

    with pytest.raises(KeyError):
        read()


def break_off_on_a_loop(stream):
    async def read():
        async for _ in stream:
            break
        await asyncio.sleep(0.1)

    asyncio.run(read())


def cancel_the_task(stream):
    async def read(heard):
        async for _ in stream:
            heard.set()

    async def cancelled():
        heard = asyncio.Event()
        task = asyncio.create_task(read(heard))
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())


@pytest.mark.parametrize(
    "leave", [break_off, raise_in_the_loop, break_off_on_a_loop, cancel_the_task]
)
def test_a_stream_that_is_left_early_ends_its_request(server, leave):
    server.latency, server.faults = 0.0, {"slow": 1.0}
    lm = model(server)
    stream = Predict("question -> answer", lm=lm).stream(question=LONG)
    leave(stream)
    server.until(lambda server: len(server.left) == 1)

    with pytest.raises(UsageError, match="the stream was left before its end"):
        _ = stream.prediction
    assert (len(server.asked), lm.usage) == (1, Usage())


def test_a_stream_whose_task_is_cancelled_before_anything_came_ends_its_request(server):
    program = Predict("question -> answer", lm=model(server))

    async def late():
        async with asyncio.timeout(0.2):
            async for _ in program.stream(question="?"):
                raise AssertionError

    with pytest.raises(TimeoutError):
        asyncio.run(late())
    server.until(lambda server: len(server.left) == 1)


def test_a_stream_ends_with_what_it_was_begun_for(server):
    scope = Cancellation()
    program = Predict("question -> answer", lm=model(server))
    token = cancellation.set(scope)
    stream = program.stream(question="?")
    cancellation.reset(token)
    server.until(lambda server: server.in_flight == 1)
    scope.cancel()

    with pytest.raises(Cancelled):
        list(stream)
    server.until(lambda server: len(server.left) == 1)


def test_a_stream_that_is_only_waited_for_or_read_to_its_end_is_whole(server):
    server.latency = 0.0
    program = Predict("question -> answer", lm=model(server))
    asked = "[[ ## answer ## ]]\nblue\n\n[[ ## completed ## ]]"

    for _ in (stream := program.stream(question=asked)):
        pass
    assert stream.prediction == program.stream(question=asked).prediction
    assert server.left == []
