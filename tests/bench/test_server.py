"""The bench's server counts who asks, and who leaves before the answer."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
from bench.server import ANSWER, WORDS, Server, reset, stats


@pytest.fixture(scope="module")
def server():
    """Its address."""
    with Server() as running:
        yield running.url


def asked(url, **body):
    """A connection that waits for its answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request("POST", "/v1/chat/completions", json.dumps(body))
    return connection


def until(url, name, count):
    """Wait until the server has counted so many."""
    while stats(url)[name] != count:
        pass


def test_it_answers_and_counts(server):
    reset(server, latency=0)

    for _ in range(2):
        connection = asked(server)
        told = json.loads(connection.getresponse().read())
        connection.close()
        assert told["choices"][0]["message"]["content"] == ANSWER.format("Paris")

    assert stats(server)["total"] == 2 and stats(server)["in_flight"] == 0


def test_it_counts_those_in_flight_and_those_who_leave(server):
    reset(server, latency=60)
    connections = [asked(server) for _ in range(3)]
    until(server, "in_flight", 3)

    connections[0].close()

    until(server, "in_flight", 2)
    assert stats(server)["left"] == 1 and stats(server)["peak"] == 3
    for connection in connections:
        connection.close()


def test_it_streams_two_hundred_words(server):
    reset(server, latency=0)
    connection = asked(server, stream=True)
    lines = connection.getresponse().read().decode().split("\n\n")
    connection.close()

    events = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    pieces = [choice["delta"]["content"] for event in events for choice in event["choices"]]
    assert lines[-2] == "data: [DONE]" and events[-1]["usage"]["prompt_tokens"] == 100
    assert "".join(pieces) == ANSWER.format(WORDS) and len(pieces) > 200
