"""The formats against a server on loopback that answers with the offline model."""

import http.client
import json

import pytest
from servers.offline_over_http import KEY, running

from dspnb import LM
from dspnb.errors import ConnectionLost, ServerFailed
from dspnb.lm.base import Message, ToolCall
from dspnb.lm.formats import Chat, Events, Responses, Text, embeddings
from dspnb.lm.request import Request

ASKED = (
    Message.of("system", "Your input fields are `q`. Your output fields are `a`."),
    Message.of("user", "[[ ## q ## ]]\nWhat is four and five?\n\nRespond with `[[ ## a ## ]]`."),
)
CALL = {"id": "id1", "type": "function", "function": {"name": "add", "arguments": '{"a": 4}'}}
FORMATS = [Chat(), Responses(), Text()]


@pytest.fixture(scope="module")
def running_server():
    with running() as server:
        yield server


@pytest.fixture
def server(running_server):
    running_server.fault, running_server.counts, running_server.keeps = "", True, False
    running_server.replies.clear()
    running_server.requests.clear()
    running_server.paths.clear()
    return running_server


def connect(server):
    return http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)


def post(server, path, body, connection=None):
    connection = connection or connect(server)
    connection.request("POST", f"/v1{path}", body, {"Authorization": f"Bearer {KEY}"})
    return connection.getresponse()


def answer(server, format, messages=ASKED, **params):
    request = Request(tuple(messages), params)
    response = post(server, format.path, format.body("offline", request, stream=False))
    return format.read(json.loads(response.read()), "openai/offline", request)


def stream(server, format, messages=ASKED, **params):
    request = Request(tuple(messages), params)
    response = post(server, format.path, format.body("offline", request, stream=True))
    heard, events = [], Events()
    reader = format.reader("openai/offline", heard.append, request)
    try:
        while data := response.read1(100):
            for event in events.feed(data):
                reader.feed(json.loads(event))
    except (http.client.IncompleteRead, ConnectionError):
        pass
    for event in events.close():
        reader.feed(json.loads(event))
    return reader.close(done=events.done), heard


@pytest.mark.parametrize("format", FORMATS)
def test_a_stream_gives_what_a_whole_answer_gives(server, format):
    whole = answer(server, format)
    streamed, heard = stream(server, format)

    assert whole.text and whole.tokens_in and whole.tokens_out
    assert streamed == whole
    assert "".join(heard) == whole.text and len(heard) > 1
    assert server.paths == [f"/v1{format.path}"] * 2


@pytest.mark.parametrize("format", [Chat(), Responses()])
def test_the_offline_model_reads_the_same_messages(server, format):
    assert answer(server, format).text == LM("offline")(ASKED).text


@pytest.mark.parametrize("format", [Chat(), Responses()])
def test_thinking_and_calls_of_tools_come_over(server, format):
    told = {"content": "Well.", "reasoning_content": "Hm, hm.", "tool_calls": [CALL]}
    server.replies += [told, told]

    whole, (streamed, _) = answer(server, format), stream(server, format)

    assert whole.tool_calls == (ToolCall("add", {"a": 4}, "id1"),)
    assert (whole.reasoning, whole.text, whole.finish) == ("Hm, hm.", "Well.", "tool_calls")
    assert streamed == whole


@pytest.mark.parametrize("format", [Chat(), Text()])
def test_several_samples_and_their_probabilities_come_over(server, format):
    server.replies += [{"content": "one two"}, {"content": "three"}] * 2

    whole = answer(server, format, n=2, logprobs=True, top_logprobs=1)
    streamed, heard = stream(server, format, n=2, logprobs=True, top_logprobs=1)

    assert [sample.text for sample in whole.samples] == ["one two", "three"]
    assert all(sample.logprobs for sample in whole.samples)
    assert streamed == whole
    assert heard == ["one ", "two"]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("fault", ["cut", "ends early"])
def test_a_stream_that_breaks_is_a_lost_connection(server, format, fault):
    server.fault = fault

    with pytest.raises(ConnectionLost):
        stream(server, format)


@pytest.mark.parametrize("format", FORMATS)
def test_an_error_in_a_stream_is_raised(server, format):
    server.fault = "breaks off"

    with pytest.raises(ServerFailed, match="it fell over"):
        stream(server, format)


@pytest.mark.parametrize("format", FORMATS)
def test_tokens_are_estimated_when_the_server_counts_none(server, format):
    server.counts = False

    whole, (streamed, _) = answer(server, format), stream(server, format)

    assert whole.tokens_in > 10 and whole.tokens_out > 1
    assert streamed == whole


def test_an_answer_without_choices_is_a_failure_of_the_server(server):
    server.fault = "no choices"

    with pytest.raises(ServerFailed):
        answer(server, Chat())


@pytest.mark.parametrize("params", [{}, {"encoding_format": "base64"}])
def test_texts_are_embedded(server, params):
    texts = ["red apple", "red pear", "apple red"]
    response = post(server, embeddings.Embeddings.path, embeddings.body("m", texts, params))

    found = embeddings.read(json.loads(response.read()), "openai/m", texts)

    assert [len(vector) for vector in found.vectors] == [8, 8, 8]
    assert found.vectors[0] == found.vectors[2] != found.vectors[1]
    assert found.tokens > 0


def test_a_kept_connection_serves_whole_answers_and_streams(server):
    server.keeps = True
    before, connection = server.connections, connect(server)
    for stream_it in (True, False, True):
        body = Chat().body("offline", Request(ASKED, {}), stream=stream_it)
        assert post(server, "/chat/completions", body, connection).read()

    assert server.connections == before + 1
    connection.close()


def test_another_path_is_not_there(server):
    assert post(server, "/nothing", "{}").status == 404
