"""Each face of the protocol through `LM`, against a server that answers with the offline model."""

import asyncio

import pytest
from servers.offline_over_http import KEY, running

from dspnb import LM, Predict, use
from dspnb.lm.cache import Cache
from dspnb.lm.ledger import ledger

KINDS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "text": "/v1/completions"}


@pytest.fixture
def server():
    with running() as made:
        made.keeps = True
        yield made


def model(server, **options):
    options = {"price": (1, 2), "cache": Cache(), "retries": 0, **options}
    return LM("openai/offline", api_base=server.url, api_key=KEY, **options)


def booked():
    """Calls in the ledger, without those of the model inside the server."""
    return sum(entry.model == "openai/offline" for entry in ledger)


def asked(lm, how, prompt="Say something.", **params):
    match how:
        case "call":
            return lm(prompt, **params)
        case "stream":
            parts = []
            completion = lm.stream(prompt, on_text=parts.append, **params)
            assert "".join(parts) == completion.text
            return completion
        case "acall":
            return asyncio.run(lm.acall(prompt, **params))


@pytest.mark.parametrize("how", ["call", "stream", "acall"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_asked_at_its_own_path_and_counted(server, kind, how):
    lm, said = model(server, kind=kind), LM("offline")("Say something.").text
    first, second = asked(lm, how), asked(lm, how)

    assert first.text == second.text == said
    assert (first.cached, second.cached) == (False, True)
    assert server.paths == [KINDS[kind]]
    assert (lm.usage.calls, lm.usage.cached) == (1, 1)
    assert lm.usage.dollars == pytest.approx((first.tokens_in + 2 * first.tokens_out) / 1e6)


def test_kinds_do_not_answer_for_each_other_from_a_common_cache(server):
    cache = Cache()
    for kind in KINDS:
        assert not model(server, kind=kind, cache=cache)("Say something.").cached


@pytest.mark.parametrize("how", ["call", "stream", "acall"])
@pytest.mark.parametrize("kind", ["chat", "text"])
def test_several_samples_are_one_call(server, kind, how):
    server.replies += [{"content": "red"}, {"content": "green"}, {"content": "blue"}]
    lm, before = model(server, kind=kind), booked()
    completion, again = asked(lm, how, n=3), asked(lm, how, n=3)

    assert [sample.text for sample in completion.samples] == ["red", "green", "blue"]
    assert completion.text == "red"
    assert [sample.text for sample in again.samples] == ["red", "green", "blue"]
    assert len(server.requests) == 1 and server.requests[0]["n"] == 3
    assert booked() - before == 2
    assert (lm.usage.calls, lm.usage.tokens_in, lm.usage.tokens_out) == (
        1, completion.tokens_in, completion.tokens_out,
    )  # fmt: skip


@pytest.mark.parametrize("how", ["call", "stream", "acall"])
@pytest.mark.parametrize("kind", ["chat", "text"])
def test_probabilities_of_tokens_come_with_the_answer(server, kind, how):
    server.replies += [{"content": "one two"}]
    completion = asked(model(server, kind=kind), how, logprobs=2 if kind == "text" else True)

    if kind == "chat":
        told = [token["token"] for token in completion.logprobs["content"]]
    else:
        told = completion.logprobs["tokens"]
    assert told == ["one ", "two"]


# -- several samples of a program ----------------------------------------------------------

COLORS = ["red", "green", "blue", "pink", "grey"]


def written(color):
    return {"content": f"[[ ## color ## ]]\n{color}\n\n[[ ## completed ## ]]"}


@pytest.mark.parametrize("awaited", [False, True])
def test_samples_of_a_program_are_one_request_where_the_provider_draws_them(server, awaited):
    server.replies += map(written, COLORS)
    lm, before = model(server, supports={"samples"}), booked()
    program = Predict("thing -> color", n=5)
    with use(lm=lm):
        if awaited:
            prediction = asyncio.run(program.acall(thing="a thing"))
        else:
            prediction = program(thing="a thing")

    assert [one.color for one in prediction.completions] == COLORS
    assert len(server.requests) == 1 and server.requests[0]["n"] == 5
    assert (lm.usage.calls, booked() - before) == (1, 1)
    assert sum(call.tokens_in for call in prediction.trace) == lm.usage.tokens_in
    assert sum(call.tokens_out for call in prediction.trace) == lm.usage.tokens_out
    assert sum(call.dollars for call in prediction.trace) == pytest.approx(lm.usage.dollars)


def test_samples_that_are_known_cost_nothing_again(server):
    server.replies += map(written, COLORS)
    with use(lm=model(server, supports={"samples"})):
        program = Predict("thing -> color", n=5)
        program(thing="a thing")
        again = program(thing="a thing")

    assert [one.color for one in again.completions] == COLORS
    assert all(call.completion.cached and call.dollars == 0.0 for call in again.trace)
    assert len(server.requests) == 1


def test_without_that_each_sample_is_a_request(server):
    server.replies += map(written, COLORS)
    with use(lm=model(server, supports=())):
        prediction = Predict("thing -> color", n=5)(thing="a thing")

    assert sorted(one.color for one in prediction.completions) == sorted(COLORS)
    assert len(server.requests) == 5 and not any("n" in body for body in server.requests)


def test_a_sample_that_cannot_be_read_is_asked_for_again_alone(server):
    server.replies += map(written, COLORS[:2])
    server.replies += [{"content": "[[ ## colour ## ]]\nblue"}, written("blue")]
    with use(lm=model(server, supports={"samples"})):
        prediction = Predict("thing -> color", n=3)(thing="a thing")

    assert sorted(one.color for one in prediction.completions) == ["blue", "green", "red"]
    assert [body.get("n", 1) for body in server.requests] == [3, 1]
