"""litellm over real HTTP, to a server on loopback that answers or misbehaves."""

import re
import socket
import subprocess
import sys
import time
import traceback

import pytest
from servers.offline_over_http import KEY, running

from dspnb import LM, Predict, UsageError, compile, data, evaluate, metrics, split, use
from dspnb.errors import (
    ConnectionLost,
    ContextTooLong,
    RateLimited,
    ServerFailed,
    UnknownModel,
    Unreachable,
    WrongKey,
)
from dspnb.optimizers import LabeledFewShot

WRONG = "sk-" + "wrong" * 4  # never in one piece in a source line, which a traceback would show
TEAM = (
    "ticket -> team: Literal['logistics', 'finance', 'hardware', 'software', 'identity', "
    "'aftersales', 'sales', 'trust']"
)


@pytest.fixture(scope="module")
def server():
    with running() as made:
        yield made


@pytest.fixture(autouse=True)
def _behaves(server):
    server.fault, server.counts, server.latency = "", True, 0.0
    server.requests.clear()
    server.replies.clear()
    server.left.clear()


def model(server, key=KEY, retries=0, **params):
    return LM("openai/offline", api_base=server.url, api_key=key, retries=retries, **params)


def test_litellm_is_imported_by_the_first_call_and_not_before():
    code = (
        "import sys, dspnb; lm = dspnb.LM('openai/gpt-4o-mini', api_key='k', api_base='http://x')\n"
        "assert 'litellm' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_program_is_answered_over_http_and_its_use_counted(server):
    lm = model(server, temperature=0.5)
    with use(lm=lm):
        prediction = Predict(TEAM)(ticket="Where is my parcel?")

    (call,) = prediction.trace
    assert prediction.team in TEAM
    assert call.tokens_in > 50
    assert call.tokens_out > 0
    assert lm.usage.calls == 1
    assert server.requests[0]["temperature"] == 0.5
    assert "rollout" not in server.requests[0]


def test_the_same_prompt_is_answered_from_memory_another_rollout_is_not(server):
    lm = model(server)
    lm("one")
    lm("one")
    lm("one", rollout=1)

    assert len(server.requests) == 2
    assert (lm.usage.calls, lm.usage.cached) == (2, 1)


def test_it_answers_as_the_offline_model_itself_does(server):
    rows = split(data.tickets(), "50/50").val[:20]
    program = Predict(TEAM, demos=data.tickets()[:16])

    with use(lm=LM("offline")):
        here = evaluate(program, rows, metrics.exact("team"))
    with use(lm=model(server)):
        there = evaluate(program, rows, metrics.exact("team"))
    assert there.causes() == []
    assert here.scores == there.scores


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        ("overloaded", RateLimited, "too many requests"),
        ("broken", ServerFailed, "it fell over"),
        ("no model", UnknownModel, "there is no such model at http://127.0.0.1"),
        ("too long", ContextTooLong, "the prompt is too long"),
        ("forbidden", WrongKey, "does not accept the key"),
        ("no json", ServerFailed, "openai/offline: "),
        ("no choices", ServerFailed, "openai/offline: the provider sent an answer without text"),
        ("hangs up", ConnectionLost, "openai/offline: "),
    ],
)
def test_a_fault_is_one_request_and_one_typed_error(server, fault, kind, said):
    server.fault = fault

    with pytest.raises(kind) as caught:
        model(server)("hello")
    assert said in str(caught.value)
    assert not isinstance(caught.value, Unreachable)
    assert len(server.requests) == 1  # retrying is not for litellm to decide


def test_a_provider_that_is_overloaded_says_how_long_to_wait(server):
    server.fault = "overloaded"

    with pytest.raises(RateLimited) as caught:
        model(server)("hello")
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("openai/gpt-4o-mini", "`openai` wants a key, and there is none. Set the environment"),
        ("anthropic/claude-3-5-haiku-20241022", "the provider wants a key. Set the provider's"),
    ],
)
def test_a_missing_key_says_what_to_set(name, said, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)

    with pytest.raises(WrongKey, match=re.escape(said)):
        LM(name)("hello")


def test_a_wrong_key_says_what_to_set_and_never_shows_the_key(server):
    with pytest.raises(WrongKey) as caught:
        model(server, key=WRONG)("hello")

    assert "does not accept the key" in str(caught.value)
    assert "OPENAI_API_KEY" in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value))
    assert WRONG not in shown
    assert WRONG not in repr(model(server, key=WRONG))


def test_an_unreachable_server_is_said_soon():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    start = time.monotonic()

    with pytest.raises(Unreachable, match=f"nobody answers at http://127.0.0.1:{port}"):
        LM("openai/offline", api_base=f"http://127.0.0.1:{port}/v1", api_key=KEY)("hello")
    assert time.monotonic() - start < 10


def test_a_server_that_is_down_ends_a_run_at_once_and_is_named():
    with running() as gone:
        lm = model(gone)
    with use(lm=lm):
        rows = data.tickets()[:30]
        run = compile(Predict(TEAM), LabeledFewShot(4), metric=metrics.exact("team"), train=rows)
        run.join(10)

    assert run.status == "failed"
    assert run.reason.startswith(f"Unreachable: openai/offline: nobody answers at {gone.url}")


def test_an_unknown_provider_is_said():
    with pytest.raises(UnknownModel, match="no such provider"):
        LM("opnai/gpt-4o-mini", api_key=KEY)("hello")


@pytest.mark.parametrize("name", ["gpt-4o-mini", "", "offlin"])
def test_a_model_without_a_provider_is_said_at_once(name):
    with pytest.raises(UsageError, match="written `provider/name`"):
        LM(name)


def test_a_wrong_key_ends_a_run_at_once(server):
    rows = data.tickets()[:30]
    with use(lm=model(server, key=WRONG)):
        run = compile(Predict(TEAM), LabeledFewShot(4), metric=metrics.exact("team"), train=rows)
        run.join()

    assert run.status == "failed"
    assert run.reason.startswith("WrongKey: openai/offline: the provider")
    assert len(server.requests) <= 16  # those that were under way
    with pytest.raises(WrongKey):
        run.wait()
