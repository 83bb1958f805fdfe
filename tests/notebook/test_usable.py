"""Bare `%lm` before a model is set: what can be used here, as lines to paste."""

import contextlib
import json
import os
import re
import threading
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from notebook.test_completion import tab

from dspnb.lm import prices
from dspnb.lm.finding import Found, Server
from dspnb.lm.private import is_secret
from dspnb.notebook.completion import MODELS, candidates
from dspnb.notebook.usable import FIRST, Usable


@contextlib.contextmanager
def serving(*models):
    """A server that has these models, on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            told = {"object": "list", "data": [{"id": name} for name in models]}
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def bare(cell, monkeypatch):
    """A shell where nothing is found but what a test puts there."""
    for name in os.environ:
        if is_secret(name):
            monkeypatch.delenv(name)
    listening(cell)
    return cell


def listening(cell, *ports):
    session = cell.shell.magics_manager.registry["RunMagics"].session
    session.servers = [Server("ollama", port, "Ollama") for port in ports]


def lines(html):
    return [
        unescape(re.sub("<.*?>", "", line)) for line in re.findall(r"<code>(%lm.*?)</code>", html)
    ]


def test_without_anything_there_is_the_offline_model(bare):
    found = bare("%lm")

    assert repr(found) == (
        "No model is set. What can be used here:\n%lm offline  a small model inside of dspnb"
    )
    assert lines(bare.html(found)) == ["%lm offline"]
    assert bare("%lm offline").model == "offline"
    assert list(bare("%lm")) == ["main"]


def test_keys_are_found_by_the_names_of_their_variables_and_not_shown(bare, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-never-seen-anywhere")
    monkeypatch.setenv("NOVITA_API_KEY", "never-seen-anywhere")
    found = bare("%lm")

    assert repr(found).splitlines()[1:] == [
        "%lm openai/gpt-4o-mini  `OPENAI_API_KEY` is set",
        "%lm novita/MODEL        `NOVITA_API_KEY` is set",
        "%lm offline             a small model inside of dspnb",
    ]
    assert "<code>OPENAI_API_KEY</code> is set" in bare.html(found)
    assert "never-seen" not in bare.html(found) + repr(found)


def test_a_server_of_this_machine_is_found_and_its_line_works(bare):
    with serving("llama3.2", "qwen3:8b", "my model") as port:
        listening(bare, port)
        found = bare("%lm")
        shown = lines(bare.html(found))

        assert shown == [
            f"%lm ollama/llama3.2 api_base=http://127.0.0.1:{port}/v1",
            f"%lm ollama/qwen3:8b api_base=http://127.0.0.1:{port}/v1",
            f"%lm 'ollama/my model' api_base=http://127.0.0.1:{port}/v1",
            "%lm offline",
        ]
        assert f"Ollama answers on port {port}" in bare.html(found)
        assert [bare(line).model for line in shown] == [
            "ollama/llama3.2", "ollama/qwen3:8b", "ollama/my model", "offline",
        ]  # fmt: skip


def test_what_a_server_calls_its_models_is_shown_letter_for_letter(bare):
    wild = "<img src=x onerror=alert(1)> $x$ \"'`"
    with serving("<b>bold</b> $x$", wild) as port:
        listening(bare, port)
        html = bare.html(bare("%lm"))

    assert "&lt;b&gt;bold&lt;/b&gt; <span>$</span>x" in html
    assert "<img" not in html
    assert "onerror" not in html  # a name with both quotes in it cannot stand in a line


def test_many_models_are_folded(bare):
    with serving(*(f"m{i}" for i in range(12))) as port:
        listening(bare, port)
        found = bare("%lm")

    html = bare.html(found)
    assert html.index("%lm offline") < html.index("<details><summary>7 more</summary>")
    assert len(lines(html)) == 13
    assert "and 7 more of `ollama/...`" in repr(found)


def test_tab_offers_what_was_found(bare):
    with serving("llama9", "my model", "qwen3:8b") as port:
        listening(bare, port)
        assert "ollama/llama9" not in tab(bare, "%lm olla")
        bare("%lm")

    assert tab(bare, "%lm ollama/llama9") == {"ollama/llama9"}
    assert tab(bare, "%lm ollama/qw") == {"ollama/qwen3:8b"}
    assert tab(bare, "%lm off") == {"offline"}
    assert candidates("%lm ", {}) == MODELS


def test_models_to_begin_with_are_known_models():
    named = [f"{provider}/{name}" for provider, name in FIRST.items()]

    assert [model for model in [*named, *MODELS[1:3]] if prices.features(model) is None] == []


def test_a_server_without_models_is_shown_too():
    found = Usable([Found("ollama/...", "Ollama answers on port 11434", local=True)])

    assert "%lm ollama/MODEL  Ollama answers on port 11434" in repr(found)
