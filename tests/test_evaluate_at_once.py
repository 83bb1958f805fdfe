"""Programs that only await are evaluated on the network's own loop."""

import threading
import time

import pytest
from servers import faulty

from dspnb import (
    LM,
    BootstrapFewShot,
    ChainOfThought,
    Example,
    Predict,
    compile,
    evaluate,
    use,
)
from dspnb.errors import WrongKey
from dspnb.lm.ledger import ledger


@pytest.fixture
def server():
    with faulty.running(latency=0.05) as made:
        yield made


def model(server, **options):
    return LM("openai/echo", api_base=server.url, **{"price": (0, 0), "cache": False, **options})


def examples(n):
    return [Example(q=f"question {i}", a=i).with_inputs("q") for i in range(n)]


def threads():
    return sum(thread.name == "dspnb" for thread in threading.enumerate())


def test_a_hundred_calls_at_once_take_no_thread_each(server):
    server.latency, before, most = 0.5, threads(), []

    def metric(example, prediction):
        most.append(threads())
        return f"question {example.a}\n" in prediction.trace[0].completion.text

    mark = len(ledger)
    with use(lm=model(server)):
        report = evaluate(Predict("q -> a"), examples(300), metric, concurrency=100)

    assert (report.mean, server.peak) == (1.0, 100)
    assert max(most) <= before + 1
    assert [row.example.a for row in report.rows] == list(range(300))
    assert {(e.example, e.path) for e in ledger.since(mark)} == {(i, "self") for i in range(300)}


def test_a_metric_that_asks_a_model_itself_is_asked_many_times_at_once(server):
    judge = model(server)

    def metric(example, prediction):
        return prediction.a[-5:] in judge(f"Is it {prediction.a[-5:]}?").text

    start = time.monotonic()
    with use(lm=model(server)):
        report = evaluate(ChainOfThought("q -> a"), examples(160), metric, concurrency=16)

    assert report.mean == 1.0
    assert judge.usage.calls == 160
    assert time.monotonic() - start < 160 * 0.1 / 4  # a quarter of one after the other
    assert server.peak <= 32


def test_errors_of_rows_are_kept_and_those_of_all_rows_end_it(server, monkeypatch):
    server.faults = {"broken": 1.0}
    with use(lm=model(server, retries=0)):
        report = evaluate(Predict("q -> a"), examples(20), lambda *_: True, concurrency=8)
    assert len(report.errors) == 20
    assert "ServerFailed" in report.rows[3].error

    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    with use(lm=LM("groq/x", cache=False)), pytest.raises(WrongKey):
        evaluate(Predict("q -> a"), examples(20), lambda *_: True, concurrency=8)


def test_a_paused_run_holds_up_nobody_else(server):
    with use(lm=model(server)):
        run = compile(
            Predict("q -> a"), BootstrapFewShot(), metric=lambda *_: True,
            train=examples(40), val=examples(40), concurrency=4,
        )  # fmt: skip
        server.until(lambda server: server.asked)
        run.pause()
        while run.status != "paused" or server.in_flight:
            time.sleep(0.01)
        asked = len(server.asked)

        assert model(server)("Hello").text == "You said: Hello"
        assert len(server.asked) == asked + 1
        run.resume()
        run.wait()
    assert run.status == "done"
