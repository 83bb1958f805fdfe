"""However a model fails, nothing of its error holds the key."""

import json
import traceback

import pytest
from servers.offline_over_http import FAULTS, KEY, running

from dspnb import LM, LMError
from dspnb.lm.failures import from_status, from_transport, not_json

TELLTALE = KEY.removeprefix("sk-")
STATUSES = [302, 400, 401, 402, 403, 404, 408, 413, 418, 422, 429, 500, 502, 503, 504, 529]


@pytest.fixture(scope="module")
def server():
    with running() as made:
        yield made


@pytest.fixture(autouse=True)
def _behaves(server):
    server.fault = ""


def failed(server, how, key=KEY):
    """The error of a model that is asked at the server."""
    lm = LM("openai/offline", api_base=server.url, api_key=key, retries=0)
    with pytest.raises(LMError) as caught:
        lm("hello") if how == "call" else lm.stream("hello", on_text=lambda text: None)
    return caught.value


def all_of(error):
    """Whatever of an error can be shown or kept, and of those behind it."""
    yield "".join(traceback.format_exception(error))
    yield from error._render_traceback_()
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        error = error.__cause__ or error.__context__


def assert_no_key(error):
    for text in all_of(error):
        assert TELLTALE not in text
        assert TELLTALE[:8] not in text


@pytest.mark.parametrize("how", ["call", "stream"])
@pytest.mark.parametrize("fault", ["hangs up", "wrong key", *FAULTS])
def test_a_fault_shows_no_key(server, fault, how):
    server.fault = fault

    assert_no_key(failed(server, how, f"{KEY}-not" if fault == "wrong key" else KEY))


@pytest.mark.parametrize("how", ["call", "stream"])
@pytest.mark.parametrize("status", [200, *STATUSES])
def test_a_provider_that_repeats_the_key_is_not_repeated(server, status, how, monkeypatch):
    said = {"error": {"message": f"you sent {KEY}", "code": KEY, "type": KEY, "param": KEY}}
    monkeypatch.setitem(FAULTS, "repeats", (status, json.dumps(said), {"X-Key": KEY}))
    server.fault = "repeats"

    assert_no_key(failed(server, how))


@pytest.mark.parametrize("kind", ["chat", "responses", "text"])
@pytest.mark.parametrize(
    "event",
    [
        {"error": {"message": f"you sent {KEY}"}},
        {"type": "error", "message": KEY},
        {"type": "response.failed", "response": {"error": {"message": KEY}}},
        {"choices": KEY},
    ],
)
def test_an_event_that_repeats_the_key_is_not_repeated(server, kind, event, monkeypatch):
    body = f"data: {json.dumps(event)}\n\n"
    monkeypatch.setitem(FAULTS, "repeats", (200, body, {"Content-Type": "text/event-stream"}))
    server.fault = "repeats"
    lm = LM("openai/offline", api_base=server.url, api_key=KEY, retries=0, kind=kind)
    with pytest.raises(LMError) as caught:
        lm.stream("hello", on_text=lambda text: None)

    assert_no_key(caught.value)


@pytest.mark.parametrize("how", ["call", "stream"])
def test_a_server_that_is_not_there_shows_no_key(how):
    with running() as gone:
        pass

    assert_no_key(failed(gone, how))


@pytest.mark.parametrize("status", [200, *STATUSES])
@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": f"you sent {KEY}", "code": KEY, "type": KEY, "param": KEY}},
        {"error": f"Bearer {KEY}"},
        {"detail": [{"loc": ["header", KEY], "msg": f"wrong: {KEY}", "input": KEY}]},
        f"you sent {KEY}",
        f"<html><title>no {KEY}</title>",
        f"you sent {KEY[:14]}***{KEY[-4:]}",
    ],
)
def test_an_answer_shows_no_key(status, body):
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    headers = {"Location": f"https://me:{KEY}@example.com/{KEY}?key={KEY}"}
    about = {"model": "m/x", "where": f"http://{KEY}@example.com/{KEY}", "secrets": [KEY]}

    assert_no_key(from_status(status, headers, data, params={}, **about))
    assert_no_key(not_json(headers, data, **about))


@pytest.mark.parametrize("kind", [ValueError, OSError, ConnectionResetError, TimeoutError])
def test_a_broken_connection_shows_no_key(kind):
    error = from_transport(kind(f"with {KEY}"), model="m/x", where=f"http://h/{KEY}", secrets=[KEY])

    assert_no_key(error)


def test_what_the_caller_was_handling_stays_behind_the_error(server):
    server.fault = "broken"

    own = KeyError("the caller's own")
    try:
        raise own
    except KeyError:
        error = failed(server, "call")
    assert error.__context__ is own
