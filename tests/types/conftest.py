"""Pictures and recordings that tests of several types use, and a server that holds some."""

import base64
import io
import sys
import threading
import time
import wave
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


@pytest.fixture
def png():
    """A picture of one pixel."""
    return PNG


@pytest.fixture
def wav():
    """A tenth of a second of silence."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
    return written.getvalue()


@pytest.fixture(scope="module")
def web():
    """The address of a server with a picture, and with what may go wrong."""
    over = threading.Event()

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self):
            match self.path:
                case "/cat.png":
                    self.answer(200, PNG)
                case "/moved.png":
                    self.answer(302, b"", Location="/cat.png")
                case "/to-a-file":
                    self.answer(302, b"", Location="file:///etc/hostname")
                case "/to-ftp":
                    self.answer(302, b"", Location="ftp://127.0.0.1/cat.png")
                case "/round":
                    self.answer(302, b"", Location="/round")
                case "/page":
                    self.answer(200, b"<!doctype html><p>Not a picture")
                case "/empty":
                    self.answer(200, b"")
                case "/cut":
                    self.answer(200, PNG[:20], **{"Content-Length": str(len(PNG))})
                case "/endless":
                    self.endless(bytes(1 << 20), pause=0)
                case "/slow":
                    self.endless(b"x", pause=0.02)
                case "/silent":
                    over.wait(20)
                case _:
                    self.answer(404, b"nothing here")

        def answer(self, status, body, **headers):
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def endless(self, piece, pause):
            self.send_response(200)
            self.end_headers()
            try:
                while not over.is_set():
                    self.wfile.write(piece)
                    time.sleep(pause)
            except OSError:
                pass  # the reader has had enough

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def shut_off():
    """A guard inside which nothing may open a file or a connection, as Python itself reports it."""
    watched, opened = set(), []

    def audit(event, args):
        if threading.get_ident() in watched and event.startswith(("open", "socket.", "urllib.")):
            opened.append(event)

    @contextmanager
    def guard():
        watched.add(threading.get_ident())
        try:
            yield
        finally:
            watched.clear()
        found = opened.copy()
        opened.clear()
        assert found == []

    sys.addaudithook(audit)
    return guard
