import io
import re
import signal
import threading

import pytest
from frontends.runs import small_run

from dspnb.events import (
    BestChanged,
    Compared,
    Estimated,
    Evaluated,
    Event,
    Proposed,
    Started,
    Warned,
)
from dspnb.frontends.terminal import view, watch
from dspnb.frontends.told import Told

posix = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of POSIX")


class Terminal(io.StringIO):
    """What was written to a terminal, and what is left on it."""

    encoding = "utf-8"

    def isatty(self):
        return True

    def left(self):
        """The lines that stay: each move up and erase undoes a line."""
        lines = [""]
        for token in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\n|\r|[^\x1b\n\r]+", self.getvalue()):
            match token:
                case "\n":
                    lines.append("")
                case "\x1b[1A":
                    lines.pop()
                case "\x1b[2K" | "\r":
                    lines[-1] = "" if token == "\x1b[2K" else lines[-1]
                case _ if not token.startswith("\x1b"):
                    lines[-1] += token
        return [line.strip() for line in lines if line.strip()]


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    return Terminal()


def test_a_terminal_is_left_with_the_summary_alone(terminal):
    run = small_run()
    watch(run, terminal)

    left = terminal.left()
    assert left[0] == "LabeledFewShot  done"
    assert left[1] == "6 train / 2 val / 6 test"
    assert left[2] == "best so far: #0  1.000 [0.342, 1.000] on 2 validation"
    assert [line for line in left if line.startswith("#")] == [
        "#0  1.000 [0.342, 1.000]  as it is",
        "#1  1.000 [0.342, 1.000]  final: self: 2 demos",
    ]
    assert any(line.startswith("held out: 1.00 on 6") for line in left)
    assert left[-1].startswith("spent: ")
    assert terminal.getvalue().rstrip().count("\x1b[?25l") == 1  # the cursor is hidden
    assert terminal.getvalue().count("\x1b[?25h") == 1  # and comes back


def test_while_it_goes_on_a_bar_and_numbers_are_drawn(terminal):
    drawn, go_on = [], threading.Event()

    def reply(prompt):
        assert go_on.wait(10)
        return "[[ ## a ## ]]\n1"

    def write(text):
        drawn.append(text)
        if "scoring candidate" in text:
            go_on.set()
        return io.StringIO.write(terminal, text)

    terminal.write = write
    watch(small_run(reply), terminal)

    live = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", next(t for t in drawn if "scoring" in t))
    assert "scoring candidate 0" in live
    assert re.search(r"━+ +0 of \d+ runs", live)
    assert "0 calls, 0 tokens" in live


def told(*bodies):
    return Told(Event(seq, 0.0, body) for seq, body in enumerate(bodies))


def drawn(state, width=120):
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=width).print(view(small_run().wait(), state))
    return out.getvalue()


def test_what_a_model_wrote_is_neither_markup_nor_a_command():
    evil = "[red]x[/red][/] \x1b[2J :smile: [link=file:///etc]y[/link]"
    text = drawn(told(Started("Opt", 1, 1, 0, False, ""), Proposed(0, None, evil, {evil: evil}),
                      Warned(evil)), width=400)  # fmt: skip

    shown = r"[red]x[/red][/] \x1b[2J :smile: [link=file:///etc]y[/link]"
    assert "\x1b" not in text
    assert text.count(shown) == 4


def test_a_long_run_takes_no_more_lines_than_a_short_one():
    started = Started("Opt", 1, 1, 0, False, "")
    many = [
        body
        for id_ in range(300)
        for body in (
            Proposed(id_, 0, f"number {id_}", {"self": "instructions " * 99}),
            Evaluated(id_, "val", 0.5, 0.4, 0.6, 9, 0),
            Warned("slow"),
        )
    ]
    text = drawn(told(started, *many, BestChanged(7, 0.5)))

    assert len(text.splitlines()) < 20
    assert "number 299" in text and "number 294" not in text
    assert "best so far: #7" in text


def test_the_verdict_and_the_estimate_are_told():
    started = Started("Opt", 1, 1, 150, True, "")
    estimate = Estimated({"baseline": 3, "comparing": 4}, 9, None, None, None)
    unclear = Compared(0, 3, 0.61, 0.62, 0.01, -0.07, 0.09, 0.6, 9, 8, 0.78, 150, 1, False)

    text = drawn(told(started, estimate, unclear))

    assert "150 held-out examples were set aside from validation" in text
    assert "(baseline 3, comparing 4)" in text
    assert "not distinguishable from the program as it was" in " ".join(text.split())


def interrupting(terminal, words):
    """A model that interrupts the main thread once such words are on the terminal."""
    main, seen = threading.main_thread().ident, threading.Event()

    def write(text):
        if words in text:
            seen.set()
        return io.StringIO.write(terminal, text)

    def reply(prompt):
        assert seen.wait(10)
        signal.pthread_kill(main, signal.SIGINT)
        assert not hold.wait(10)
        raise AssertionError("nobody stopped the run")

    hold = threading.Event()
    terminal.write = write
    return reply


@posix
def test_an_interrupt_stops_the_run_and_keeps_the_best(terminal):
    run = small_run(interrupting(terminal, "scoring candidate"), concurrency=1)
    watch(run, terminal)

    assert run.status == "stopped"
    assert terminal.left()[0] == "LabeledFewShot  stopped: interrupted"


@posix
def test_a_second_interrupt_leaves_a_tidy_terminal(terminal):
    run = small_run(interrupting(terminal, "scoring candidate"), concurrency=1)
    twice = terminal.write

    def write(text):
        if "stopping" in text or "stopped" in text:
            terminal.write = twice
            signal.raise_signal(signal.SIGINT)
        return twice(text)

    terminal.write = write
    with pytest.raises(KeyboardInterrupt):
        watch(run, terminal)
    run.join(10)

    assert terminal.getvalue().count("\x1b[?25h") == 1
    assert run.status == "stopped"
