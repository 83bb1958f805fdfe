import contextlib
import itertools
import json
from typing import get_args

import pytest
from servers import offline_over_http
from servers.offline_over_http import KEY

from dspnb import (
    LM,
    ChainOfThought,
    ChatAdapter,
    Completion,
    DspnbError,
    Example,
    History,
    Image,
    JSONAdapter,
    Module,
    Predict,
    Prediction,
    Tool,
    UsageError,
    preview,
    use,
)
from dspnb.lm.endpoints import Kind
from dspnb.testing import Scripted


@pytest.fixture(scope="module")
def running():
    with offline_over_http.running() as server:
        yield server


@pytest.fixture
def server(running):
    running.requests.clear()
    return running


class Two(Module):
    def __init__(self):
        self.first = ChainOfThought("q -> draft", demos=[Example(q="a", draft="b")])
        self.second = ChainOfThought("draft -> a")

    def forward(self, q):
        return self.second(draft=self.first(q=q).draft)


def test_it_is_the_prompt_that_would_be_sent_first():
    lm = Scripted(lambda prompt: "[[ ## reasoning ## ]] r [[ ## draft ## ]] d [[ ## a ## ]] a")
    with use(lm=lm):
        shown = preview(Two(), q="Why?")
        assert lm.calls == []
        Two()(q="Why?")

    assert shown.messages == lm.calls[0]
    assert shown.path == "first.predict"
    assert 0 < shown.tokens < 500
    assert shown.text() in str(shown)


def test_no_model_needs_to_be_set():
    with use(lm=None):
        assert "Why?" in str(preview(Two(), q="Why?"))


def test_inputs_that_do_not_fit_are_said():
    with pytest.raises(UsageError, match="takes no input `x`"):
        preview(ChainOfThought("q -> a"), x=1)
    with pytest.raises(UsageError, match="needs the input `why`"):
        preview(ChainOfThought("q, why -> a"), q="?")


def test_a_program_that_calls_no_model_has_no_prompt():
    class Plain(Module):
        def forward(self, x):
            return Prediction(y=x)

    with pytest.raises(UsageError, match="made no model call"):
        preview(Plain(), x=1)


def search(query: str) -> str:
    "Find passages."
    return query


PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def test_it_has_the_parameters_that_the_model_would_be_called_with():
    lm = Scripted(lambda _: Completion("[[ ## answer ## ]]\nx"), supports={"tools", "reasoning"})
    program = Predict(
        "question, tools: list[Tool] -> thought: Reasoning, calls: ToolCalls, answer",
        temperature=0.3,
    )
    with use(lm=lm):
        shown = preview(program, question="Why?", tools=[Tool(search)])
        program(question="Why?", tools=[Tool(search)])

    assert shown.params == lm.params[0]
    assert set(shown.params) == {"temperature", "tools", "reasoning_effort"}
    assert shown.messages == lm.calls[0]
    assert shown.model == "scripted"


def test_it_has_the_response_format_of_the_layout_in_use():
    lm = Scripted(lambda _: '{"n": 4}', supports={"json_schema"})
    program = Predict("question -> n: int")
    with use(lm=lm, adapter=JSONAdapter()):
        shown = preview(program, question="2 + 2")
        program(question="2 + 2")

    assert shown.params == lm.params[0]
    assert shown.params["response_format"]["type"] == "json_schema"
    assert shown.counts["response_format"] > 0


def test_parameters_of_the_model_itself_are_in_it_but_no_key_or_address():
    lm = LM("openai/gpt-4o-mini", temperature=0.5, api_key="sk-secret", extra_headers={"X": "y"})
    with use(lm=lm):
        shown = preview(Predict("q -> a", max_tokens=9), q="?")

    assert shown.params == {"temperature": 0.5, "max_tokens": 9}
    assert "secret" not in f"{shown}{shown.markdown()}{shown.openai()}"


def test_a_predictor_with_a_model_of_its_own_is_caught_too():
    own = Scripted([], supports={"tools"})
    own_model = Predict("q, tools: list[Tool] -> calls: ToolCalls", lm=own)

    shown = preview(own_model, q="?", tools=[Tool(search)])

    assert own.calls == []
    assert (shown.model, "tools" in shown.params) == ("scripted", True)


def test_tokens_are_counted_by_origin_and_attachments_apart():
    demo = Example(q="b", picture=Image(PNG), a="c")
    shown = preview(Predict("q, picture: Image -> a", demos=[demo]), q="?", picture=Image(PNG))

    assert list(shown.counts) == ["fields", "format", "instructions", "demo", "input"]
    assert all(tokens > 0 for tokens in shown.counts.values())
    assert shown.tokens == sum(shown.counts.values())
    assert shown.attachments == {"image": 2}
    assert f"about {shown.tokens} tokens + 2 images" in str(shown)


def test_it_is_given_as_text_as_markdown_and_as_a_request():
    program = Predict("q, picture: Image -> a", temperature=0.3)
    shown = preview(program, q="```\ncode", picture=Image(PNG))

    assert "--- user ---" in shown.text()
    assert "<image 1>: [image: image/png, 108 B]" in shown.text()
    assert "| instructions |" in shown.markdown()
    assert "````\n[[ ## q ## ]]\n```\ncode" in shown.markdown()  # a longer fence than the input's
    request = json.loads(json.dumps(shown.openai()))
    assert request["temperature"] == 0.3
    assert [part["type"] for part in request["messages"][1]["content"]] == [
        "text",
        "image_url",
        "text",
    ]


PROGRAMS = {
    "plain": (Predict("q -> a", temperature=0.3, max_tokens=9), {"q": "Why “ünï”?"}),
    "demos": (Predict("q -> a", demos=[Example(q="b", a="c")]), {"q": "?"}),
    "picture": (Predict("q, picture: Image -> a"), {"q": "?", "picture": Image(PNG)}),
    "tools": (
        Predict("q, tools: list[Tool] -> calls: ToolCalls"),
        {"q": "?", "tools": [Tool(search)]},
    ),
    "schema": (Predict("q -> n: int, mood: Literal['happy', 'sad']"), {"q": "?"}),
    "samples": (Predict("q -> a", n=3), {"q": "?"}),
    "history": (
        Predict("history: History, q -> a"),
        {"q": "?", "history": History([{"q": "a", "a": "b"}])},
    ),
}


@pytest.mark.parametrize("adapter", [ChatAdapter(), JSONAdapter()], ids=["chat", "json"])
@pytest.mark.parametrize(
    ("name", "kind"),
    [pair for pair in itertools.product(PROGRAMS, get_args(Kind)) if pair != ("picture", "text")],
)
def test_the_request_that_is_shown_is_the_request_that_a_server_gets(server, name, kind, adapter):
    program, inputs = PROGRAMS[name]
    lm = LM(
        "openai/gpt-4o-mini",
        api_base=server.url, api_key=KEY, kind=kind, cache=False, retries=0, seed=7,
    )  # fmt: skip

    with use(lm=lm, adapter=adapter):
        shown = preview(program, **inputs).openai()
        with contextlib.suppress(DspnbError):  # of what the server answers
            program(**inputs)

    assert shown == server.requests[0]


def test_the_request_of_a_reasoning_model_is_shown_as_it_is_renamed(server):
    azure = LM("azure/o4-mini", api_base=server.url, api_key=KEY, cache=False)
    with use(lm=azure):
        shown = preview(Predict("q -> a", max_tokens=900), q="?").openai()
        Predict("q -> a", max_tokens=900)(q="?")

    assert shown == server.requests[0]
    assert shown["max_completion_tokens"] == 900


def test_a_model_that_litellm_reaches_is_shown_with_its_whole_name():
    with use(lm=LM("anthropic/claude-sonnet-4-5")):
        assert preview(Predict("q -> a"), q="?").openai()["model"] == "anthropic/claude-sonnet-4-5"


def test_a_program_that_catches_errors_or_asks_in_threads_is_caught_at_its_first_call():
    class Careful(Module):
        def __init__(self):
            self.ask = Predict("q -> a", n=3)

        def forward(self, q):
            try:
                return self.ask(q=q)
            except Exception:
                return Prediction(a="sorry")

    assert preview(Careful(), q="Why?").path == "ask"


def test_nothing_of_a_preview_gets_into_the_program_that_makes_it():
    class Curious(Module):
        def __init__(self):
            self.ask = Predict("q -> a")

        def forward(self, q):
            self.seen = preview(Two(), q=q)
            return self.ask(q=q)

    program = Curious()
    heard = []
    with use(lm=Scripted(["[[ ## a ## ]]\nyes"])):
        stream = program.stream(q="Why?")
        heard += [chunk.path for chunk in stream]

    assert program.seen.path == "first.predict"
    assert [call.path for call in stream.prediction.trace] == ["ask"]
    assert set(heard) == {"ask"}


def test_a_field_may_be_called_program():
    assert "Why?" in preview(Predict("program -> a"), program="Why?").text()


def test_a_program_that_goes_on_after_errors_is_previewed_too():
    class Careful(Module):
        def __init__(self):
            self.first, self.second = Predict("q -> a"), Predict("q -> b")

        def forward(self, q):
            try:
                return self.first(q=q)
            except Exception:
                return self.second(q=q)

    assert preview(Careful(), q="Why?").path == "first"
    assert preview(Predict("q -> a", n=3), q="Why?").path == "self"
