"""Fields as they arrive: in a loop, awaited, from any program, and when a call fails."""

import asyncio
import threading

import pytest

from dspnb import LM, ChainOfThought, JSONAdapter, Module, ParseError, Predict, UsageError, use
from dspnb.lm.base import Completion
from dspnb.testing import Scripted

ANSWER = (
    "[[ ## reasoning ## ]]\nIt is  red.\n\n[[ ## answer ## ]]\nMars [4]\n\n[[ ## completed ## ]]"
)


def joined(chunks):
    """Field -> its pieces, joined."""
    texts = {}
    for chunk in chunks:
        texts[chunk.field] = texts.get(chunk.field, "") + chunk.text
    return texts


class Letters:
    """A model that streams letter by letter, and waits before the last one."""

    model = "letters"

    def __init__(self, text):
        self.text, self.go_on = text, threading.Event()

    def __call__(self, messages, *, rollout=0, **params):
        return Completion(self.text, self.model)

    def stream(self, messages, *, on_text, rollout=0, **params):
        for letter in self.text[:-1]:
            on_text(letter)
        assert self.go_on.wait(10)
        on_text(self.text[-1])
        return Completion(self.text, self.model)


def test_fields_arrive_before_the_answer_is_over():
    lm = Letters(ANSWER)
    with use(lm=lm):
        stream = ChainOfThought("question -> answer").stream(question="?")
    chunks = iter(stream)
    seen = [next(chunks) for _ in range(4)]

    assert "It is  red.".startswith(joined(seen)["reasoning"])
    assert {chunk.path for chunk in seen} == {"predict"}
    lm.go_on.set()
    assert joined([*seen, *chunks]) == {"reasoning": "It is  red.", "answer": "Mars [4]"}
    assert dict(stream.prediction) == {"reasoning": "It is  red.", "answer": "Mars [4]"}
    assert len(stream.prediction.trace) == 1


def test_a_stream_can_be_awaited():
    lm = Letters(ANSWER)
    lm.go_on.set()

    async def ask():
        with use(lm=lm):
            stream = ChainOfThought("question -> answer").stream(question="?")
        return [chunk async for chunk in stream], stream.prediction

    chunks, prediction = asyncio.run(ask())

    assert joined(chunks)["answer"] == prediction.answer == "Mars [4]"


def test_every_predictor_of_a_program_is_heard_under_its_path():
    class Two(Module):
        def __init__(self):
            self.draft = Predict("question -> draft")
            self.answer = Predict("draft -> answer")

        def forward(self, question):
            return self.answer(draft=self.draft(question=question).draft)

    with use(lm=Scripted(["[[ ## draft ## ]] Mars it is", "[[ ## answer ## ]] Mars"])):
        chunks = list(Two().stream(question="?"))

    assert chunks[0].path == "draft"
    assert joined(chunks) == {"draft": "Mars it is", "answer": "Mars"}
    assert {chunk.call for chunk in chunks} == {0, 1}


def test_an_answer_that_is_asked_again_begins_anew():
    with use(lm=Scripted(["[[ ## n ## ]]\nfour", "[[ ## n ## ]]\n4"])):
        stream = Predict("q -> n: int").stream(q="2 + 2?")

    assert [(chunk.call, chunk.text) for chunk in stream] == [(0, "four"), (1, "4")]
    assert stream.prediction.n == 4


def test_an_answer_from_the_cache_comes_too():
    lm, program = LM("offline"), Predict("question -> answer")
    with use(lm=lm):
        first = program(question="The moon is old. It is grey.")
        chunks = list(program.stream(question="The moon is old. It is grey."))

    assert joined(chunks) == {"answer": first.answer}


def test_other_layouts_stream_as_well():
    with use(lm=Scripted(['{"answer": "Mars\\n4", "n": 12}']), adapter=JSONAdapter()):
        chunks = list(Predict("q -> answer, n: int").stream(q="?"))

    assert joined(chunks) == {"answer": "Mars\n4", "n": "12"}


def test_a_call_that_fails_raises_where_the_stream_is_read():
    with use(lm=Scripted(["no", "no"])):
        stream = Predict("q -> n: int, m").stream(q="?")

    with pytest.raises(ParseError):
        list(stream)
    with pytest.raises(ParseError):
        _ = stream.prediction


def test_a_stream_is_read_once():
    with use(lm=Scripted(["[[ ## a ## ]] x"])):
        stream = Predict("q -> a").stream(q="?")
    list(stream)

    with pytest.raises(UsageError, match="A stream is read once"):
        list(stream)


def test_a_stream_that_is_not_read_to_its_end_disturbs_nothing():
    with use(lm=Scripted(lambda prompt: "[[ ## a ## ]] one two three")):
        program = Predict("q -> a")
        for _ in program.stream(q="?"):
            break

        assert program(q="?").a == "one two three"
