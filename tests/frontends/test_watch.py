import io

import pytest
from frontends.runs import small_run

from dspnb.frontends import watch


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("out", "term", "live"),
    [
        (io.StringIO(), "xterm", False),
        (Terminal(), "xterm", True),
        (Terminal(), "dumb", False),
    ],
    ids=["pipe", "terminal", "dumb terminal"],
)
def test_only_a_terminal_is_drawn_on(out, term, live, monkeypatch):
    monkeypatch.setenv("TERM", term)

    watch(small_run(), out)

    assert ("\x1b[" in out.getvalue()) is live
    assert "done" in out.getvalue()


def test_a_run_is_watched_on_the_error_stream(capsys):
    watch(small_run())

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "done" in shown.err
