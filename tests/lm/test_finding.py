"""What can be used here is found without waiting, and without believing what a server says."""

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from servers.offline_over_http import running

from dspnb.lm.endpoints import endpoint_of
from dspnb.lm.finding import SERVERS, Found, Server, usable

OFFLINE = Found("offline", "a small model inside of dspnb", local=True)


def listed(*names):
    return json.dumps({"object": "list", "data": [{"id": name} for name in names]})


@contextlib.contextmanager
def saying(body, status=200, **headers):
    """A server that says the same to everyone; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body if isinstance(body, bytes) else body.encode())

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def asked(*ports, timeout=2.0, environ=()):
    servers = [Server("ollama", port, "Ollama") for port in ports]
    *found, last = usable(timeout, servers=servers, getenv=dict(environ).get)
    assert last == OFFLINE
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_server_that_answers_is_found_with_its_models():
    with saying(listed("llama3:8b", "qwen")) as port:
        (found,) = asked(port)

    assert found.models == ("ollama/llama3:8b", "ollama/qwen")
    assert found.local
    assert found.api_base == f"http://127.0.0.1:{port}/v1"
    assert str(found) == f"ollama/...  Ollama answers on port {port}: ollama/llama3:8b, ollama/qwen"


def test_a_server_of_the_protocol_is_found():
    with running() as server:
        (found,) = asked(server.server_address[1])

    assert found.models == ("ollama/offline",)


def test_several_servers_are_asked_and_those_that_are_not_there_are_left_out():
    with saying(listed("a")) as one, saying(listed("b")) as two:
        found = asked(one, free_port(), two)

    assert [way.models for way in found] == [("ollama/a",), ("ollama/b",)]


def test_a_server_without_models_is_found_too():
    with saying('{"object": "list", "data": null}') as none, saying(listed()) as empty:
        assert [way.models for way in asked(none, empty)] == [(), ()]


@pytest.mark.parametrize(
    "body",
    [
        "<html>a login page</html>",
        "",
        "[]",
        "7",
        '{"data": "x"}',
        '{"data": null}',
        '{"error": "no"}',
        b"\xff\xfe",
        "[" * 100_000,
    ],
)
def test_what_does_not_speak_the_protocol_is_left_out(body):
    with saying(body) as port:
        assert asked(port) == []


def test_other_statuses_and_redirections_are_no_answer():
    with saying(listed("a")) as real:
        there = {"Location": f"http://127.0.0.1:{real}/v1/models", "Content-Length": "0"}
        with saying("", 302, **there) as moved, saying(listed("a"), 404) as missing:
            assert asked(moved, missing) == []


def test_what_a_server_calls_its_models_is_not_believed():
    told = ["fine", "", "\x1b[31mred", "a\nb", "\u202eevil", 7, None, "x" * 5000]
    body = json.dumps({"data": [*({"id": name} for name in told), "odd", {"name": "y"}]})

    with saying(body) as port:
        (found,) = asked(port)

    assert found.models == ("ollama/fine", f"ollama/{'x' * 200}")


def test_only_some_models_of_a_long_list_are_kept():
    with saying(listed(*map(str, range(5000)))) as port:
        (found,) = asked(port)

    assert len(found.models) == 200
    assert str(found).endswith(": ollama/0, ollama/1, ollama/2 and 197 more")


def test_an_endless_answer_is_left_out():
    with saying(listed("a") + " " * 2_000_000) as port:
        assert asked(port) == []


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)

    with saying(listed("a")) as port:
        assert len(asked(port)) == 1


def test_who_never_answers_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as silent, saying(listed("a")) as port:
        before, start = set(threading.enumerate()), time.monotonic()
        found = asked(*[silent.getsockname()[1]] * 5, port, timeout=0.5)
        took = time.monotonic() - start

        assert [way.models for way in found] == [("ollama/a",)]
        assert took < 1.5
        for thread in set(threading.enumerate()) - before:
            thread.join(10)
            assert not thread.is_alive()


def test_who_answers_drop_by_drop_is_not_waited_for():
    def drip():
        client, _ = slow.accept()
        with client, contextlib.suppress(OSError):
            for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000:
                client.send(bytes([byte]))
                time.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as slow:
        thread = threading.Thread(target=drip)
        thread.start()
        start = time.monotonic()

        assert asked(slow.getsockname()[1], timeout=0.3) == []
        assert time.monotonic() - start < 1.5
        thread.join(10)
        assert not thread.is_alive()  # it was hung up on


# The environment


def ways(**environ):
    return {found.model: found.why for found in usable(servers=(), getenv=environ.get)}


def test_keys_are_found_by_the_names_of_their_variables():
    found = ways(OPENAI_API_KEY="sk-secret", ANTHROPIC_API_KEY="sk-secret", GROQ_API_KEY="")

    assert found == {
        "openai/...": "`OPENAI_API_KEY` is set",
        "anthropic/...": "`ANTHROPIC_API_KEY` is set",
        "offline": OFFLINE.why,
    }


def test_the_address_of_a_server_is_found_once():
    assert list(ways(OLLAMA_HOST="gpu:80", HOSTED_VLLM_API_BASE="http://gpu/v1")) == [
        "hosted_vllm/...",
        "ollama/...",
        "offline",
    ]


def test_a_server_that_answers_is_not_named_again_for_its_variable():
    with saying(listed("a")) as port:
        (found,) = asked(port, environ={"OLLAMA_HOST": "127.0.0.1"})

    assert found.models == ("ollama/a",)


def test_with_nothing_there_is_the_offline_model():
    assert usable(servers=(), getenv={}.get) == [OFFLINE]
    assert str(OFFLINE) == "offline  a small model inside of dspnb"


def test_a_model_at_its_usual_port_needs_no_base():
    for server in SERVERS:
        endpoint = endpoint_of(f"{server.provider}/x", getenv={}.get)
        assert endpoint.base.endswith(f":{server.port}/v1")
