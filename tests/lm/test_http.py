"""The HTTP client against servers on loopback that say what servers and proxies say."""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import threading
import time

import pytest
from servers.loopback import chunked, completion, request, reset, response, serving

from dspnb import LM, UsageError
from dspnb.errors import ConnectionLost, ServerFailed, TimedOut, Unreachable
from dspnb.lm.http import Broken, Client, NoHTTP, Post

LOOPS = ["asyncio", "uvloop"]
OK = response(b"{}")
PROXIES = [f"{name}_proxy" for name in ("http", "https", "all", "no")]


@pytest.fixture(params=LOOPS)
def run(request):
    """Runs a coroutine, on each kind of loop."""

    def run(coroutine):
        loops = pytest.importorskip(request.param)
        with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
            return runner.run(coroutine)

    return run


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def saying(*answers, keeps=True):
    """Answers one request after the other on each connection; `handle.seen` has what was asked."""

    async def handle(reader, writer):
        handle.connections += 1
        for answer in answers if not keeps else endless(answers):
            handle.seen.append(await request(reader))
            for piece in [answer] if isinstance(answer, bytes) else answer:
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                else:
                    writer.write(piece)

    handle.connections, handle.seen = 0, []
    return handle


def endless(answers):
    while True:
        yield from answers


async def asked(
    port, *, times=1, url="http://127.0.0.1:{}/v1", timeout=5.0, on_data=None, **headers
):
    """The answers to some requests, one after the other."""
    client, post = Client(), Post.to(url.format(port), headers)
    try:
        return [
            await client.send(post, b'{"a": 1}', timeout=timeout, on_data=on_data)
            for _ in range(times)
        ]
    finally:
        client.close()
        await asyncio.sleep(0)


# -- connections -------------------------------------------------------------------------


def test_one_connection_serves_fifty_calls(run):
    handle = saying(OK)
    with serving(handle) as port:
        answers = run(asked(port, times=50))

    assert [answer.body for answer in answers] == [b"{}"] * 50
    assert handle.connections == 1
    first, headers, body = handle.seen[0]
    assert first == "POST /v1 HTTP/1.1" and body == b'{"a": 1}'
    assert headers["host"] == f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    "answer",
    [
        response(b"{}", "Connection: close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        OK + OK,  # two answers to one request
        OK + b"HTTP/1.1 2",
        OK + b"what is this?",
    ],
)
def test_a_connection_that_cannot_be_trusted_further_is_not_kept(run, answer):
    handle = saying(answer)
    with serving(handle) as port:
        answers = run(asked(port, times=3))

    assert [answer.body for answer in answers] == [b"{}"] * 3
    assert handle.connections == 3


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("when", ["before the next request", "at the next request"])
def test_a_connection_that_was_closed_while_idle_is_opened_anew(run, end, when):
    connections = []

    async def handle(reader, writer):
        connections.append(1)
        await request(reader)
        writer.write(OK)
        if when == "at the next request":
            await request(reader)
        if end == "reset":
            reset(writer)

    with serving(handle) as port:
        answers = run(asked(port, times=3))

    assert len(answers) == len(connections) == 3


def test_a_server_that_closes_each_connection_is_asked_once(run):
    handle = saying(keeps=False)
    with serving(handle) as port, pytest.raises(Broken, match="closed"):
        run(asked(port))
    assert handle.connections == 1


def test_a_connection_is_not_asked_again_once_it_has_begun_to_answer(run):
    handle = saying(OK, b"HTTP/1.1 200", keeps=False)
    with serving(handle) as port, pytest.raises(Broken):
        run(asked(port, times=2))
    assert len(handle.seen) == 2


def test_connections_of_a_burst_are_closed_when_they_are_idle_for_long(run, monkeypatch):
    gone = []

    async def handle(reader, writer):
        await request(reader)
        await asyncio.sleep(0.05)
        writer.write(OK)
        while await reader.read(1000):
            writer.write(OK)
        gone.append(1)

    async def burst_and_then_one_by_one(port):
        client, post = Client(), Post.to(f"http://127.0.0.1:{port}/", {})
        asks = (client.send(post, b"{}", timeout=5) for _ in range(20))
        await asyncio.gather(*asks)
        while len(gone) < 19:
            await client.send(post, b"{}", timeout=5)
        client.close()
        await asyncio.sleep(0)

    monkeypatch.setattr("dspnb.lm.http.IDLE", 0.2)
    with serving(handle) as port:
        run(asyncio.wait_for(burst_and_then_one_by_one(port), 10))


# -- answers -----------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\n"
BODIES = {
    "length": HEAD + b"Content-Length: 9\r\n\r\nsome text",
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunked(b"some", b" text")),
    "chunked with more": HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    b"4;name=value\r\nsome\r\n5\r\n text\r\n0\r\nX-Trailer: 1\r\n\r\n",
    "open-ended": HEAD + b"Content-Type: text/plain\r\n\r\nsome text",
    "after signs of life": b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HEAD + b"Content-Length: 9\r\n\r\nsome text",
    "lines without returns": b"HTTP/1.1 200 OK\r\ncontent-LENGTH:9\r\n\r\nsome text",
}  # fmt: skip


@pytest.mark.parametrize("pieces", ["whole", "byte by byte"])
@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize("body", BODIES)
def test_a_body_is_read_however_it_is_told_and_cut(run, body, heard, pieces):
    parts = []
    whole = BODIES[body]

    async def handle(reader, writer):
        await request(reader)
        for i in range(len(whole) if pieces == "byte by byte" else 0):
            writer.write(whole[i : i + 1])
            await asyncio.sleep(0)
        if pieces == "whole":
            writer.write(whole)

    with serving(handle) as port:
        (answer,) = run(asked(port, on_data=parts.append if heard else None))

    assert answer.status == 200 and "link" not in answer.headers
    assert (answer.body, b"".join(parts)) == ((b"", b"some text") if heard else (b"some text", b""))


@pytest.mark.parametrize(
    "answer",
    [HEAD + b"Content-Length: 99\r\n\r\nsome text",
     HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n",
     HEAD + b"Content-Le",
     b"HTTP/1.1 100 Continue\r\n\r\n",
     b""],
)  # fmt: skip
@pytest.mark.parametrize("end", ["close", "reset"])
def test_an_answer_that_breaks_off_is_no_answer(run, answer, end):
    async def handle(reader, writer):
        await request(reader)
        writer.write(answer)
        if end == "reset":
            await writer.drain()
            reset(writer)

    with serving(handle) as port, pytest.raises(Broken):
        run(asked(port))


def test_an_open_ended_body_that_is_reset_is_no_answer(run):
    async def handle(reader, writer):
        await request(reader)
        writer.write(HEAD + b"\r\nsome text")
        await asyncio.sleep(0.05)
        reset(writer)

    with serving(handle) as port, pytest.raises(Broken):
        run(asked(port))


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x15\x03\x01\x00\x02\x02\x16", b"\x00" * 100,
     b"HTTP/9.9 x\r\n\r\n",
     b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nPRI",
     HEAD + b"Content-Length: nine\r\n\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"],
)  # fmt: skip
def test_what_is_no_http_is_said_at_once(run, answer):
    with serving(saying([answer, 60.0])) as port, pytest.raises(NoHTTP):
        run(asked(port))


def test_long_headers_and_bodies_are_read(run):
    names = [f"X-Header-{i}: {'x' * 1000}" for i in range(1000)]
    with serving(saying(response(b"y" * 5_000_000, *names))) as port:
        (answer,) = run(asked(port))

    assert len(answer.body) == 5_000_000
    assert answer.headers["x-header-999"] == "x" * 1000


# -- time --------------------------------------------------------------------------------


def test_silence_is_a_timeout_and_closes_the_connection(run):
    closed = threading.Event()

    async def handle(reader, writer):
        await request(reader)
        writer.write(HEAD)
        if await reader.read(1) == b"":
            closed.set()

    with serving(handle) as port:
        with pytest.raises(TimeoutError, match=r"nothing came for 0\.1 s"):
            run(asked(port, timeout=0.1))
        assert closed.wait(5)


@pytest.mark.parametrize("heard", [True, False])
def test_an_answer_that_keeps_moving_is_not_timed_out(run, heard):
    moving = [HEAD + b"Transfer-Encoding: chunked\r\n\r\n"]
    for piece in chunked(*[b" "] * 10, b"{}"):
        moving += [piece, 0.1]
    with serving(saying(moving)) as port:
        start = time.monotonic()
        (answer,) = run(asked(port, timeout=0.4, on_data=(lambda data: None) if heard else None))

    assert time.monotonic() - start > 0.8
    assert answer.status == 200


def test_a_cancelled_request_closes_its_connection_at_once(run):
    asking, closed = asyncio.Event(), threading.Event()

    async def handle(reader, writer):
        await request(reader)
        asking.set()
        if await reader.read(1) == b"":
            closed.set()

    async def cancelled(port):
        task = asyncio.create_task(asked(port))
        while not asking.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(closed.wait, 0.5)

    with serving(handle) as port:
        run(cancelled(port))


# -- addresses ---------------------------------------------------------------------------


def test_a_server_on_ipv6_is_asked(run):
    handle = saying(OK)
    with serving(handle, host="::1") as port:
        run(asked(port, url="http://[::1]:{}/v1"))

    assert handle.seen[0][1]["host"] == f"[::1]:{port}"


def test_an_address_is_sent_as_servers_read_it(run):
    handle = saying(OK)
    with serving(handle) as port:
        run(asked(port, url="http://me:p%40ss@127.0.0.1:{}/vé 1/x?q=ü&b=c%20d#part"))

    first, headers, _ = handle.seen[0]
    assert first == "POST /v%C3%A9%201/x?q=%C3%BC&b=c%20d HTTP/1.1"
    assert headers["authorization"] == "Basic bWU6cEBzcw=="  # me:p@ss


def test_a_key_goes_before_the_login_of_the_address(run):
    handle = saying(OK)
    with serving(handle) as port:
        run(asked(port, url="http://me:p@127.0.0.1:{}/", Authorization="Bearer 4711"))

    assert handle.seen[0][1]["authorization"] == "Bearer 4711"


def test_the_name_of_a_host_may_have_any_letters():
    post = Post.to("http://bücher.example/v1", {})

    assert post.address.host == "xn--bcher-kva.example"
    assert b"Host: xn--bcher-kva.example\r\n" in post.head


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "ftp://x/", "http://", "http://a..b/", f"http://{'a' * 64}.com/",
     "http://x:99999/", "http://[::1/", "http://x:y/"],
)  # fmt: skip
def test_what_is_no_address_is_said(url):
    with pytest.raises(ValueError, match=r".+"):
        Post.to(url, {})


def test_a_header_that_cannot_be_sent_is_said_without_its_value():
    with pytest.raises(ValueError, match="the header `X-Team` holds") as caught:
        Post.to("http://x/", {"X-Team": "a\r\nHost: secret"})
    assert "secret" not in str(caught.value)


# -- TLS ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate of `localhost` and `model.example`, with its key."""
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    key = file.with_name("key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
               "-subj", "/CN=localhost",
               "-addext", "subjectAltName=DNS:localhost,DNS:model.example",
               "-addext", "keyUsage=critical,digitalSignature,keyCertSign",
               "-keyout", str(key), "-out", str(file)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    file.write_text(file.read_text() + key.read_text())
    return file


@pytest.fixture
def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_in_the_users_file_is_trusted(run, tls, certificate, monkeypatch):
    handle = saying(OK)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(handle, tls=tls) as port:
        answers = run(asked(port, times=3, url="https://localhost:{}/v1"))

    assert len(answers) == 3 and handle.connections == 1


def test_a_model_whose_certificate_is_not_trusted_says_how_to_trust_it(
    tls, certificate, monkeypatch
):
    with serving(saying(completion("Hello.")), tls=tls) as port:
        lm = model(f"https://localhost:{port}/v1")
        with pytest.raises(Unreachable, match=r"not trusted here.*`SSL_CERT_FILE`"):
            lm("Hi")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # as the user reads, in the same cell

        assert lm("Hi").text == "Hello."


def test_a_certificate_of_another_host_is_not_trusted(tls, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(saying(OK), tls=tls, host="::1") as port, pytest.raises(Unreachable) as caught:
        model(f"https://[::1]:{port}/v1")("Hi")
    assert "certificate" in str(caught.value)


# -- proxies -----------------------------------------------------------------------------


class Proxy:
    """Passes all requests on to one port, whatever host they are for."""

    def __init__(self, to, status="200 Connection established"):
        self.to, self.status, self.seen = to, status, []

    async def handle(self, reader, writer):
        while not self.seen or not self.seen[-1][0].startswith("CONNECT"):
            if self.seen:
                writer.write(OK)
            self.seen.append((await request(reader))[:2])
        writer.write(f"HTTP/1.1 {self.status}\r\n\r\n".encode())
        if self.status.startswith("200"):
            inside = await asyncio.open_connection("127.0.0.1", self.to)
            try:
                ways = self.pass_on(reader, inside[1]), self.pass_on(inside[0], writer)
                await asyncio.gather(*ways)
            finally:
                inside[1].transport.abort()

    async def pass_on(self, reader, writer):
        while data := await reader.read(100_000):
            writer.write(data)
        writer.close()


def test_a_proxy_is_told_the_whole_address(run, monkeypatch):
    proxy = Proxy(0)
    with serving(proxy.handle) as port:
        monkeypatch.setenv("http_proxy", f"http://me:p%40ss@127.0.0.1:{port}")
        answers = run(asked(80, times=2, url="http://model.example:{}/v1?a=b"))

    assert len(answers) == 2
    first, headers = proxy.seen[1]
    assert first == "POST http://model.example/v1?a=b HTTP/1.1"
    assert headers["host"] == "model.example"
    assert headers["proxy-authorization"] == "Basic bWU6cEBzcw=="


@pytest.mark.parametrize("proxy_speaks_tls", [False, True])
def test_tls_goes_through_a_proxy(run, tls, certificate, monkeypatch, proxy_speaks_tls):
    handle = saying(OK)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(handle, tls=tls) as port:
        proxy = Proxy(port)
        with serving(proxy.handle, tls=tls if proxy_speaks_tls else None) as way:
            scheme = "https" if proxy_speaks_tls else "http"
            monkeypatch.setenv("https_proxy", f"{scheme}://me:secret@localhost:{way}")
            answers = run(asked(8443, times=2, url="https://model.example:{}/v1"))

    assert len(answers) == 2 and handle.connections == 1
    assert [first for first, _ in proxy.seen] == ["CONNECT model.example:8443 HTTP/1.1"]
    assert proxy.seen[0][1]["proxy-authorization"] == "Basic bWU6c2VjcmV0"
    assert "proxy-authorization" not in handle.seen[0][1]


def test_a_proxy_that_refuses_is_said_without_its_login(monkeypatch):
    with serving(Proxy(0, "407 Proxy Authentication Required").handle) as port:
        monkeypatch.setenv("https_proxy", f"http://me:secret@127.0.0.1:{port}")
        with pytest.raises(Unreachable, match="the proxy answers 407") as caught:
            model("https://model.example/v1")("Hi")

    assert "secret" not in str(caught.value)


def test_hosts_that_need_no_proxy_are_asked_directly(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "model.example,.internal")

    assert Post.to("http://other.example/v1", {}).proxy == "http://127.0.0.1:9"
    for host in ("model.example", "gpu.internal", "localhost", "127.0.0.1:8000", "[::1]"):
        post = Post.to(f"http://{host}/v1", {})
        assert post.proxy is None and post.head.startswith(b"POST /v1 HTTP/1.1\r\n")


def test_a_proxy_that_is_set_after_a_failure_is_used_by_the_same_model(monkeypatch):
    lm = model("https://127.0.0.2:9/v1")
    with pytest.raises(Unreachable):
        lm("Hi")
    with serving(Proxy(0, "403 Forbidden").handle) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        with pytest.raises(Unreachable, match="the proxy answers 403"):
            lm("Hi")


def test_a_proxy_of_another_kind_is_said(monkeypatch):
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:9")
    with pytest.raises(Unreachable, match="only proxies of http"):
        model("https://model.example/v1")("Hi")


# -- models ------------------------------------------------------------------------------


def model(url, **options):
    options = {
        "api_key": "sk-secret-4711",
        "price": (0, 0),
        "retries": 0,
        "cache": False,
        **options,
    }
    return LM("openai/some", api_base=url, **options)


def ask(*answers, **options):
    with serving(saying(*answers, keeps=False)) as port:
        return model(f"http://127.0.0.1:{port}/v1", **options)("Hi")


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (b"", ConnectionLost, "before the answer was whole"),
        (HEAD + b"Content-Length: 99\r\n\r\n{", ConnectionLost, "before the answer was whole"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", ServerFailed, "what came is no HTTP"),
        (response(b"", "Location: https://me:secret@a.example/v1", status="301 Moved"),
         ServerFailed, r"sends us elsewhere.*https://\*\*\*@a\.example/v1"),
        (response(b"", status="204 No Content"), ServerFailed, "sent an empty answer"),
    ],
)  # fmt: skip
def test_a_model_says_in_our_words_what_the_connection_did(answer, kind, said):
    with pytest.raises(kind, match=said):
        ask(answer)


def test_a_model_that_is_silent_has_timed_out():
    with pytest.raises(TimedOut, match=r"nothing came for 0\.1 s"):
        ask([HEAD, 60.0], timeout=0.1)


@pytest.mark.parametrize("url", ["http://a..b/v1", "http://x:99999/v1", "http://[::1/v1"])
def test_an_impossible_address_is_a_mistake_of_the_user(url):
    with pytest.raises(UsageError):
        model(url)("Hi")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/v1", "https://127.0.0.1:9/v1", "http://no-such-host.invalid/v1",
     "http://[::1]:9/v1"],
)  # fmt: skip
def test_where_nobody_answers_is_unreachable(url):
    with pytest.raises(Unreachable):
        model(url)("Hi")


def test_https_where_there_is_only_http_is_said():
    async def handle(reader, writer):
        await reader.read(1000)
        writer.write(response(b"what?", status="400 Bad Request"))

    with serving(handle) as port, pytest.raises(Unreachable, match="or only `http://`"):
        model(f"https://127.0.0.1:{port}/v1")("Hi")


def test_http_where_there_is_only_https_is_said(tls):
    with serving(saying(OK), tls=tls) as port, pytest.raises((ConnectionLost, ServerFailed)):
        model(f"http://127.0.0.1:{port}/v1")("Hi")


def test_a_server_that_cannot_stream_gives_its_answer_whole():
    parts = []
    with serving(saying(completion("Hello there."))) as port:
        answer = model(f"http://127.0.0.1:{port}/v1").stream("Hi", on_text=parts.append)

    assert (answer.text, parts, answer.tokens_in) == ("Hello there.", ["Hello there."], 3)


def test_a_refused_stream_is_the_same_error_as_a_refused_answer():
    refused = response(b'{"error": {"message": "fell over"}}', status="503 Service Unavailable")
    with serving(saying(refused)) as port:
        lm = model(f"http://127.0.0.1:{port}/v1")
        with pytest.raises(ServerFailed, match="fell over"):
            lm.stream("Hi", on_text=lambda text: None)


# -- processes ---------------------------------------------------------------------------

ALONE = """
import os, sys, threading
{before}
from dspnb import LM
lm = LM("openai/some", api_base=sys.argv[1], price=(0, 0), cache=False, concurrency=1)
{calls}
"""
CALLS = """
print(lm("Hi").text)
import asyncio
print(asyncio.run(lm.acall("Hi")).text)
threading.Thread(target=lm, args=("hangs",), daemon=True).start()
sys.stdin.readline()
"""
FORKED = """
print(lm("Hi").text, flush=True)
threading.Thread(target=lm, args=("hangs",), daemon=True).start()
sys.stdin.readline()  # so that the only place of the model is taken
child = os.fork()
if not child:
    print(lm("Hi").text, flush=True)
    sys.exit()
print(os.waitpid(child, 0)[1])
"""


def alone(calls, before=""):
    """What a process of its own prints, while a request of it hangs at the end."""
    hangs = asyncio.Event()

    async def handle(reader, writer):
        while True:
            if b"hangs" in (await request(reader))[2]:
                hangs.set()
                await reader.read(1)
                return
            writer.write(completion("Hello."))

    with serving(handle) as port:
        url, script = f"http://127.0.0.1:{port}/v1", ALONE.format(before=before, calls=calls)
        command = [sys.executable, "-X", "dev", "-W", "error", "-c", script, url]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        ) as process:
            while not hangs.is_set() and process.poll() is None:
                time.sleep(0.01)
            start = time.monotonic()
            try:
                said, errors = process.communicate("\n", timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # its child, too
                raise
            assert time.monotonic() - start < 5.0
    assert errors == ""
    return said


@pytest.mark.parametrize("before", ["", "sys.modules['uvloop'] = None"])
def test_a_process_ends_in_silence_with_and_without_uvloop(before):
    assert alone(CALLS, before) == "Hello.\nHello.\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("before", ["", "sys.modules['uvloop'] = None"])
def test_a_forked_child_asks_over_connections_of_its_own(before):
    assert alone(FORKED, before) == "Hello.\nHello.\n0\n"
