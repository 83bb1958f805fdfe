"""Thousands of calls to a server that breaks in every way: none is lost, none counted twice."""

import functools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from servers import faulty

from dspnb import LM, LMError
from dspnb.errors import ConnectionLost, RateLimited, ServerFailed, TimedOut
from dspnb.lm import patient, retry
from dspnb.lm.ledger import ledger
from dspnb.lm.limits import Limits

FAULTS = {"busy": 0.2, "broken": 0.1, "reset": 0.05, "truncated": 0.05, "hangs": 0.02, "slow": 0.1}


@pytest.fixture
def quick_retries(monkeypatch):
    monkeypatch.setattr(retry, "FIRST", 0.01)


@pytest.mark.parametrize("n", [500, pytest.param(5000, marks=pytest.mark.slow)])
def test_every_call_ends_with_its_own_answer_or_a_typed_error(n, quick_retries):
    with faulty.running(faults=FAULTS, seed=7) as server:
        lm = LM("openai/echo", api_base=server.url, retries=3, timeout=0.5, price=(1, 2))
        mark = len(ledger)

        def ask(i):
            parts = []
            try:
                if i % 3:
                    completion = lm(f"call {i}")
                else:
                    completion = lm.stream(f"call {i}", on_text=parts.append)
            except LMError as error:
                return error
            assert completion.text == f"You said: call {i}"
            assert not parts or "".join(parts) == completion.text
            return completion

        with ThreadPoolExecutor(64) as threads:
            ends = list(threads.map(ask, range(n)))
        server.until(lambda server: not server.in_flight and server.open <= 64)

        failed = [end for end in ends if isinstance(end, LMError)]
        good = len(ends) - len(failed)
        assert {type(end) for end in failed} <= {
            RateLimited, ServerFailed, ConnectionLost, TimedOut,
        }  # fmt: skip
        assert n > good > 0.8 * n
        asked_for = {f"call {i}" for i, end in enumerate(ends) if not isinstance(end, LMError)}
        assert asked_for <= {prompt for _, prompt in server.answered}
        entries = ledger.since(mark)
        assert len(entries) == n
        errors = Counter(entry.error for entry in entries)
        assert errors == Counter([*(type(end).__name__ for end in failed), *[""] * good])
        assert (lm.usage.calls, lm.usage.failed, lm.usage.cached) == (good, len(failed), 0)
        assert (lm.usage.tokens_in, lm.usage.tokens_out) == (20 * good, 10 * good)
        assert lm.usage.dollars == pytest.approx(good * (20 + 2 * 10) / 1e6)


@pytest.mark.parametrize(
    ("limit", "most", "of_each"),
    [("requests_per_minute", 60, 1), ("tokens_per_minute", 1800, 30)],
)
def test_a_model_keeps_to_its_limits_as_the_server_sees_it(
    limit, most, of_each, quick_retries, monkeypatch
):
    monkeypatch.setattr(patient, "Limits", functools.partial(Limits, minute=1.0))
    faults = {"busy": 0.1, "broken": 0.05, "slow": 0.1}
    with faulty.running(faults=faults, latency=0.005) as server:
        lm = LM(
            "openai/echo", api_base=server.url, retries=8, concurrency=8, max_tokens=10,
            price=(0, 0), **{limit: most},
        )  # fmt: skip
        with ThreadPoolExecutor(64) as threads:
            list(threads.map(lambda i: lm(f"call {i}"), range(150)))

        assert server.peak == 8
        seen = server.asked if of_each == 1 else server.answered
        times = [time for time, _ in seen]
        windows = [sum(start <= time < start + 0.8 for time in times) for start in times]
        assert max(windows) * of_each <= most
        assert max(windows) * of_each > most / 2  # and not much below them
