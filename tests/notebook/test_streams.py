"""A program's stream as the last value of a cell: in a real kernel, and in a terminal's shell."""

import pytest
from kernels import kernel

from dspnb import Predict, Prediction, use
from dspnb.notebook.stream_view import PAUSE, Arriving
from dspnb.streaming import Chunk
from dspnb.testing import Scripted

SLOW = """
import time
from dspnb.lm.base import Completion, pieces

class Slow:
    model = "slow"
    def __init__(self, text, fails=False):
        self.text, self.fails = text, fails
    def __call__(self, messages, *, rollout=0, **params):
        return Completion(self.text)
    def stream(self, messages, *, on_text, rollout=0, **params):
        for piece in pieces(self.text):
            time.sleep(0.02)
            on_text(piece)
        if self.fails:
            raise ValueError("the line broke")
        return Completion(self.text)

words = " ".join(f"word{i}" for i in range(40))
"""


@pytest.fixture(scope="module")
def running():
    with kernel() as started:
        started.run(SLOW)
        yield started


def shown(reply):
    """(time, message type, HTML) of each drawing of the stream's display."""
    return [
        (m["header"]["date"].timestamp(), m["msg_type"], m["content"]["data"].get("text/html", ""))
        for m in reply.messages
        if m["msg_type"] in ("display_data", "update_display_data")
    ]


@pytest.mark.kernels
def test_fields_are_drawn_as_they_arrive_in_one_display_that_ends_as_the_prediction(running):
    reply = running.run(
        "configure(lm=Slow('[[ ## answer ## ]]\\n' + words))\n"
        "Predict('question -> answer').stream(question='Why?')"
    )

    drawings = shown(reply)
    assert reply.status == "ok", reply.error
    assert [kind for _, kind, _ in drawings].count("display_data") == 1
    assert len({m["content"]["transient"]["display_id"] for m in reply.messages
                if "transient" in m["content"]}) == 1  # fmt: skip
    lengths = [len(html) for _, _, html in drawings[:-1]]
    assert len(set(lengths)) >= 3
    assert lengths == sorted(lengths)
    assert "word39" in drawings[-1][2]
    assert "1 call" in drawings[-1][2]
    times = [time for time, _, _ in drawings]
    assert len(times) <= (times[-1] - times[0]) / PAUSE + 3


@pytest.mark.kernels
def test_a_stream_that_fails_ends_the_cell_with_its_error_and_keeps_what_came(running):
    reply = running.run(
        "configure(lm=Slow('[[ ## answer ## ]]\\n' + words, fails=True))\n"
        "Predict('question -> answer').stream(question='Why?')"
    )

    last = shown(reply)[-1][2]
    assert reply.status == "error"
    assert "ValueError" in reply.error
    assert "the line broke" in reply.error
    assert "word39" in last
    assert "ended by ValueError: the line broke" in last


@pytest.mark.kernels
def test_an_error_of_ours_is_one_line(running):
    reply = running.run(
        "configure(lm=Slow('nonsense'))\nPredict('question -> n: int').stream(question='Why?')"
    )

    assert reply.status == "error"
    assert "ParseError: The answer could not be read" in reply.error
    assert len(reply.error.strip().splitlines()) == 1


def test_a_terminal_shows_the_prediction(cell):
    cell("from dspnb import Predict, configure\nfrom dspnb.testing import Scripted")
    cell("configure(lm=Scripted(['[[ ## answer ## ]]\\nyes']))")

    cell("Predict('question -> answer').stream(question='Why?')")

    assert "Prediction(answer='yes')" in cell.seen.out


def test_a_terminal_shows_the_error(cell):
    cell("from dspnb import Predict, configure\nfrom dspnb.testing import Scripted")
    cell("configure(lm=Scripted(lambda _: 'nonsense'))")

    lines = cell.error("Predict('question -> n: int').stream(question='Why?')")
    assert any("ParseError" in line for line in lines)


def test_a_stream_that_was_read_already_shows_its_prediction(cell):
    with use(lm=Scripted(["[[ ## answer ## ]]\nyes"])):
        stream = Predict("question -> answer").stream(question="Why?")
        assert list(stream)
    cell.shell.user_ns["stream"] = stream

    cell("stream")
    assert "Prediction(answer='yes')" in cell.seen.out
    assert isinstance(stream.prediction, Prediction)


def test_a_new_answer_of_a_predictor_takes_the_place_of_its_old_one():
    arriving = Arriving()
    for chunk in (
        Chunk("ask", "n", "nonsense", 0),
        Chunk("other", "m", "kept", 1),
        Chunk("ask", "n", "4", 2),
        Chunk("ask", "n", "2", 2),
    ):
        arriving.add(chunk)

    text = arriving.bundle()["text/plain"]
    assert "ask n: 42" in text
    assert "other m: kept" in text
    assert "nonsense" not in text


def test_what_arrives_is_text_never_markup():
    arriving = Arriving()
    arriving.add(Chunk("<b>", "<i>", "<script>alert(1)</script> $x$"))

    markup = arriving.bundle(end="<u>")["text/html"]
    assert not any(tag in markup for tag in ("<script", "<i>", "<u>", "<b><b>", "$x$"))
