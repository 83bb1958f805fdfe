"""Tables as plain text."""

import pytest

from dspnb.plain_table import harmless, plain_table

HEADS = ["id", "model", "note", "n"]
ROWS = [["a", "m" * 30, "o" * 50, "1"], ["b", "short", "", "22"]]


@pytest.mark.parametrize("width", [100, 60, 40, 25])
def test_what_may_be_shortened_is_until_it_fits(width):
    lines = plain_table(HEADS, ROWS, width, ["model", "note"]).splitlines()

    assert max(map(len, lines)) <= width
    assert [line.split()[0] for line in lines] == ["id", "a", "b"]
    assert [line.split()[-1] for line in lines] == ["n", "1", "22"]


def test_the_widest_is_cut_first():
    _, line, _ = plain_table(HEADS, ROWS, 80, ["model", "note"]).splitlines()

    assert "m" * 30 in line
    assert "o…" in line


def test_the_least_important_column_goes_when_cutting_is_not_enough():
    lines = plain_table(HEADS, ROWS, 16, ["model", "note"]).splitlines()

    assert lines[0].split() == ["id", "model", "n"]
    assert "mmmmmm…" in lines[1]


def test_what_may_not_be_shortened_stays_whole():
    assert "o" * 50 in plain_table(HEADS, ROWS, 10)


@pytest.mark.parametrize("code", ["\x1b[2J", "\x07", "\u202e", "\x9b1m", "\ud800"])
def test_nothing_reaches_a_terminal_that_it_would_obey(code):
    assert code not in harmless(f"a{code}b")
    assert harmless("a\nb\tc") == "a b c"
