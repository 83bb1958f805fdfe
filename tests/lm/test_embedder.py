"""Texts become vectors, in batches, once each, over a real server, a function or hashed words."""

import asyncio
import functools
import itertools
import math
import sys
import threading
from pathlib import Path

import pytest
from servers.offline_over_http import KEY, running

from dspnb import KNN, Embedder, Example, NearestDemos, Predict, UsageError, ledger, use
from dspnb.cancellation import Cancellation, Cancelled, cancellation
from dspnb.errors import LMError, RateLimited, WrongKey
from dspnb.lm.cache import Cache
from dspnb.lm.labels import labelled
from dspnb.testing import Scripted

SMALL = "openai/text-embedding-3-small"


@pytest.fixture(scope="module")
def running_server():
    with running() as made:
        yield made


@pytest.fixture
def server(running_server):
    running_server.fault, running_server.counts, running_server.latency = "", True, 0.0
    running_server.requests.clear()
    running_server.paths.clear()
    return running_server


def embedder(server, model=SMALL, key=KEY, retries=0, **settings):
    return Embedder(model, api_base=server.url, api_key=key, retries=retries, **settings)


def near(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


def asked(server):
    return [text for body in server.requests for text in body["input"]]


# -- a hosted model ------------------------------------------------------------------------


def test_a_text_has_a_vector_and_texts_have_a_list_of_them(server):
    embed = embedder(server, cache=False)

    one, both = embed("a red rose"), embed(["a red rose", "a blue whale"])
    assert both[0] == one
    assert [type(number) for number in one] == [float] * 8
    assert math.hypot(*one) == pytest.approx(1)
    assert embed([]) == []
    assert len(server.requests) == 2


def test_parameters_are_sent_and_the_model_is_named_as_the_server_knows_it(server):
    vector = embedder(server, dimensions=3, user="me")("hello")

    assert len(vector) == 3
    assert server.requests == [
        {"model": "text-embedding-3-small", "input": ["hello"], "dimensions": 3, "user": "me"}
    ]
    assert server.paths == ["/v1/embeddings"]


def test_vectors_that_are_sent_as_base64_are_the_same(server):
    packed = embedder(server, cache=False, encoding_format="base64")("a red rose")

    assert packed == embedder(server, cache=False)("a red rose")


def test_texts_are_asked_in_batches_and_equal_ones_once(server):
    texts = ["a", "b", "a", "c", "b", "d", "e"]
    vectors = embedder(server, batch_size=2)(texts)

    assert sorted(map(len, (body["input"] for body in server.requests))) == [1, 2, 2]
    assert sorted(asked(server)) == ["a", "b", "c", "d", "e"]
    assert vectors == [embedder(server, cache=False)(text) for text in texts]


def test_batches_are_asked_at_the_same_time(server):
    server.latency = 0.2
    embed, start = embedder(server, batch_size=1, cache=False), len(ledger)
    embed([f"{i}" for i in range(8)])

    took = [entry.seconds for entry in ledger.since(start)]
    assert len(took) == 8
    ends = [entry.when for entry in ledger.since(start)]
    assert max(ends) - min(ends) < 0.2 <= min(took)


def test_a_text_is_asked_once_by_all_embedders_of_the_model(server):
    first = embedder(server)(["a", "b"])
    again = embedder(server)
    third = embedder(server, model="openai/text-embedding-3-large")

    assert again(["b", "a"]) == first[::-1]
    assert (again.usage.calls, again.usage.cached) == (0, 1)
    assert again(["a", "c"])[0] == first[0]
    assert asked(server) == ["a", "b", "c"]
    third("a")
    embedder(server, dimensions=2)("a")
    assert asked(server) == ["a", "b", "c", "a", "a"]


def test_vectors_outlive_the_process_in_a_file(server, tmp_path):
    vectors = embedder(server, cache=Cache(tmp_path / "vectors.db"))(["a red rose"])

    assert embedder(server, cache=Cache(tmp_path / "vectors.db"))(["a red rose"]) == vectors
    assert len(server.requests) == 1


def test_without_a_cache_each_call_is_asked(server):
    embed = embedder(server, cache=False)
    embed("a")
    embed("a")

    assert len(server.requests) == 2


def test_threads_that_want_the_same_text_at_once_ask_once(server):
    server.latency = 0.2
    embed, got = embedder(server, batch_size=1), []
    threads = [
        threading.Thread(target=lambda i=i: got.append(embed(["same", f"{i}"])[0]))
        for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert asked(server).count("same") == 1
    assert len(got) == 8
    assert got == [got[0]] * 8


def test_on_an_event_loop_it_is_awaited(server):
    embed = embedder(server)

    async def several():
        return await asyncio.gather(embed.acall("a"), embed.acall(["a", "b"]))

    one, both = asyncio.run(several())
    assert both[0] == one
    assert sorted(asked(server)) == ["a", "b"]


def test_each_batch_is_in_the_ledger_with_its_tokens_and_its_price(server):
    start, embed = len(ledger), embedder(server, batch_size=2)
    with labelled(path="look_up"):
        embed(["four letters", "two", "and one more"])
    embed("two")

    *calls, known = sorted(ledger.since(start), key=lambda entry: entry.cached)
    assert sum(entry.tokens_in for entry in calls) == 3 + 1 + 3
    assert sum(entry.dollars for entry in calls) == pytest.approx(7 * 0.02e-6)
    assert {(entry.model, entry.path) for entry in calls} == {(SMALL, "look_up")}
    assert len(calls) == 2
    assert (known.cached, known.tokens_in, known.dollars) == (True, 0, 0.0)
    assert (embed.usage.calls, embed.usage.cached, embed.usage.tokens_in) == (2, 1, 7)


def test_a_price_that_nobody_knows_is_unknown_until_it_is_given(server):
    unknown = embedder(server, model="openai/made-up")
    unknown("hello")
    given = embedder(server, model="openai/made-up", price=2.0, cache=False)
    given("hello")

    assert (unknown.price, unknown.usage.unpriced) == (None, 1)
    assert given.usage.dollars == 2 * 2.0e-6


def test_a_failure_is_one_of_a_models_and_in_the_ledger(server):
    embed, start = embedder(server, key="sk-wrong-key-1234"), len(ledger)
    with pytest.raises(WrongKey, match=f"{SMALL}: the provider at .* does not accept the key"):
        embed("a")
    server.fault = "no json"
    with pytest.raises(LMError, match="a web page answered"):
        embedder(server)("a")

    assert [entry.error for entry in ledger.since(start)] == ["WrongKey", "ServerFailed"]


def test_what_came_before_a_failure_is_kept(server):
    embed = embedder(server, batch_size=1, concurrency=1)
    embed("a")
    server.fault = "overloaded"
    with pytest.raises(RateLimited):
        embed(["a", "b"])
    server.fault = ""
    embed(["a", "b"])

    assert asked(server) == ["a", "b", "b"]


def test_a_provider_that_is_busy_is_asked_again(server):
    server.fault = "broken"
    with pytest.raises(LMError):
        embedder(server, retries=1)("a")

    assert len(server.requests) == 2


def test_who_waits_for_a_text_of_another_caller_gets_its_error_or_asks_for_itself(server):
    server.latency, server.fault = 0.3, "forbidden"
    embed, got = embedder(server), []

    def ask():
        try:
            embed("a")
        except LMError as error:
            got.append(type(error).__name__)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 2
    assert len(server.requests) == 1


def test_a_stop_ends_what_is_being_asked_and_the_next_call_asks_again(server):
    server.latency = 5.0
    embed, scope = embedder(server), Cancellation()
    got = []

    def ask():
        cancellation.set(scope)  # of this thread only
        with pytest.raises(Cancelled):
            embed("a")
        got.append("called off")

    thread = threading.Thread(target=ask)
    thread.start()
    while thread.is_alive() and not server.requests:
        thread.join(0.01)
    server.latency = 0.0
    scope.cancel()
    thread.join(3)

    assert got == ["called off"]
    assert len(embed("a")) == 8


def interrupted_at(step, call):
    """Whether a call is interrupted at that line of an embedder; there may be fewer lines."""
    lines = itertools.count()

    def trace(frame, event, argument):
        if Path(frame.f_code.co_filename).name != "embedder.py":
            return None
        if event == "line" and next(lines) == step:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_an_interrupt_at_any_line_leaves_nobody_waiting(server):
    embed, step = embedder(server, cache=Cache()), 0
    while interrupted_at(step, functools.partial(embed, texts := [f"a {step}", f"b {step}"])):
        assert len(asyncio.run(asyncio.wait_for(embed.acall(texts), 5))) == 2
        step += 1

    assert step > 50


def test_other_providers_are_asked_by_way_of_litellm(server):
    embed = embedder(server, model="voyage/voyage-3")

    assert embed(["a red rose"]) == [embedder(server)("a red rose")]
    assert server.requests[0]["model"] == "voyage-3"
    assert embed.usage.dollars == pytest.approx(3 * 0.06e-6)
    with pytest.raises(WrongKey, match=r"voyage/voyage-3: .* does not accept the key"):
        embedder(server, model="voyage/voyage-3", key="sk-wrong")("b")


# -- a function ----------------------------------------------------------------------------


class Counts:
    """A function that counts two letters."""

    def __init__(self, kind=list):
        self.asked, self.kind = [], kind

    def __call__(self, texts):
        self.asked.append(texts)
        return self.kind([[text.count("p"), text.count("i")] for text in texts])


def test_a_function_of_the_users_is_batched_and_kept_too():
    counts = Counts()
    embed = Embedder(counts, batch_size=2)

    assert embed(["pip", "i", "pip", "pp"]) == [[2, 1], [0, 1], [2, 1], [2, 0]]
    assert embed("pip") == [2.0, 1.0]
    assert counts.asked == [["pip", "i"], ["pp"]]
    assert asyncio.run(embed.acall("ipi")) == [1.0, 2.0]
    assert (embed.usage.calls, embed.usage.unpriced) == (3, 3)
    assert Embedder(counts)("pip") == [2.0, 1.0]
    assert len(counts.asked) == 4


def test_a_function_may_give_an_array():
    numpy = pytest.importorskip("numpy")

    assert Embedder(Counts(numpy.array))(["pip"]) == [[2.0, 1.0]]


@pytest.mark.parametrize(
    ("gives", "said"),
    [
        ([[1.0]], r"for 2 texts this one gave 1, of the sizes \[1\]"),
        ([[1.0], [1.0, 2.0]], r"gave 2, of the sizes \[1, 2\]"),
        ([[], []], r"gave 2, of the sizes \[0\]"),
        (None, "this one gave None"),
        (["one", "two"], "this one gave "),
    ],
    ids=str,
)
def test_a_function_that_gives_no_vectors_is_said(gives, said):
    with pytest.raises(UsageError, match=said):
        Embedder(lambda texts: gives)(["a", "b"])


def test_an_error_of_the_function_is_the_users_own_and_in_the_ledger():
    def breaks(texts):
        raise ZeroDivisionError

    start, embed = len(ledger), Embedder(breaks)
    with pytest.raises(ZeroDivisionError):
        embed("a")

    (entry,) = ledger.since(start)
    assert (entry.model, entry.error) == ("breaks", "ZeroDivisionError")


# -- hashed words --------------------------------------------------------------------------


def test_the_offline_one_finds_texts_near_that_share_words():
    embed = Embedder("offline")
    parcel, same, invoice = embed(["my parcel is late", "the late parcel", "a wrong invoice"])

    assert near(parcel, same) > 0.9
    assert near(parcel, invoice) < 0.3
    assert len(parcel) == 256
    assert len(Embedder("offline", dimensions=12)("a")) == 12
    assert embed.usage.dollars == 0.0
    assert embed.usage.unpriced == 0


# -- where they are used -------------------------------------------------------------------

ROWS = [
    Example(text=text, topic=topic).with_inputs("text")
    for text, topic in [("my parcel is late", "post"), ("the invoice is wrong", "bank")]
]


def test_neighbours_are_found_by_it(server):
    for embed in (embedder(server), Embedder("offline"), Embedder(Counts())):
        assert KNN(1, ROWS, embed)(text="my late parcel") == ROWS[:1]
    assert server.requests[0]["input"] == ["my parcel is late", "the invoice is wrong"]


def test_demos_are_looked_up_by_it():
    lm = Scripted(lambda prompt: "[[ ## topic ## ]]\npost\n\n[[ ## completed ## ]]")
    program = NearestDemos(Predict("text -> topic"), ROWS, 1, Embedder("offline"))
    with use(lm=lm):
        program.with_state(program.state)(text="a wrong invoice")

    assert "the invoice is wrong" in "".join(message.content for message in lm.calls[0])


# -- mistakes ------------------------------------------------------------------------------


async def later(texts):
    return []


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Embedder(7), "made of a model's name, .* or a function of a list of texts; got 7"),
        (lambda: Embedder("text-embedding-3-small"), "A model is written `provider/name`"),
        (lambda: Embedder(SMALL, batch_size=0), "`batch_size` of an embedder is a number above 0"),
        (lambda: Embedder(SMALL, dimensions=1.5), "`dimensions` of an embedder is .*; got 1.5"),
        (lambda: Embedder(SMALL, concurrency=0), "`concurrency` of an embedder"),
        (lambda: Embedder(SMALL, retries=-1), "`retries` is how often"),
        (lambda: Embedder(SMALL, price=-1), "`price` is what a million tokens cost"),
        (lambda: Embedder(SMALL, cache="yes"), "`cache` is True, False or a `Cache"),
        (lambda: Embedder(len, cache=Cache()), "What a function gives is kept in memory only"),
        (lambda: Embedder(len, dimensions=3), "`dimensions` is for a model of a provider; .*`len`"),
        (lambda: Embedder("offline", api_key="k"), "`api_key` is for a model of a provider"),
        (lambda: Embedder(later), "called without `await`; `later` is `async`"),
        (lambda: Embedder("offline")(["a", 7]), "takes a text or a list of texts; got 7"),
        (lambda: Embedder(SMALL, mine=object(), api_key="k")("a"), "`mine` cannot be sent"),
    ],
)
def test_a_mistake_is_said(make, said):
    with pytest.raises(UsageError, match=said):
        make()


def test_it_shows_its_model_and_parameters_and_no_key():
    shown = repr(Embedder(SMALL, api_key=KEY, dimensions=8))

    assert shown == f"Embedder({SMALL!r}, dimensions=8)"
