import pytest

from dspnb.events import (
    Called,
    Compared,
    Estimated,
    Evaluated,
    Phase,
    Proposed,
    Resumed,
    Scored,
    Spent,
    Started,
    StatusChanged,
    Warned,
)
from dspnb.frontends.words import describe

PARTS = {"baseline": 24, "bootstrapping": 136, "validating": 272, "comparing": 48}
ESTIMATED = Estimated(PARTS, 480, 210_000, 0.31, 240.0)
SPENT = Spent(436, 24, 412, 6, 180_432, 0.284, 0, 222.4)
BETTER = Compared(0, 3, 0.61, 0.72, 0.1133, 0.03, 0.19, 0.99, 31, 14, 0.78, 150, 1, True)
UNCLEAR = Compared(0, 3, 0.61, 0.62, 0.01, -0.07, 0.09, 0.6, 9, 8, 0.78, 150, 0, False)
NOTHING = Compared(0, 0, 0.61, 0.61, 0.0, 0.0, 0.0, 0.5, 0, 0, 0.6, 150, 2, True)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (Started("MIPROv2", 24, 12, 0, False, ""), "MIPROv2 on 24 train / 12 val"),
        (
            Started("Race", 24, 12, 0, False, "", "12 to choose by"),
            "Race on 24 train / 12 val; chosen for you: 12 to choose by",
        ),
        (
            Started("MIPROv2", 24, 12, 50, True, "100 calls"),
            "MIPROv2 on 24 train / 12 val / 50 test, budget 100 calls; "
            "50 held-out examples were set aside from validation",
        ),
        (
            ESTIMATED,
            "about 480 runs of the program (baseline 24, bootstrapping 136, validating 272, "
            "comparing 48), at most 480 calls, 210k tokens, $0.31, 4 min",
        ),
        (
            Estimated({"searching": 48}, 96, None, None, None),
            "about 48 runs of the program, at most 96 calls",
        ),
        (
            Estimated({"a": 40, "b": 8}, 68, None, None, None, 20),
            "about 48 runs of the program (a 40, b 8) and 20 questions to the proposer, "
            "at most 68 calls",
        ),
        (
            Estimated({"searching": 48}, 96, 9_000, None, None),
            "about 48 runs of the program, at most 96 calls, 9k tokens, unknown price",
        ),
        (
            SPENT,
            "spent: 436 runs of the program (24 known from before), 412 calls and 6 from the "
            "cache, 180k tokens, $0.28, in 3:42",
        ),
        (
            Spent(1, 0, 1, 0, 20, 0.0, 1, 0.4),
            "spent: 1 run of the program, 1 call, 20 tokens, 1 call of unknown price, in 0:00",
        ),
        (
            Resumed(31, 42, 0.02),
            "resumed: 31 scored examples are known, from 42 calls made before for $0.020",
        ),
        (
            BETTER,
            "held out: 0.61 -> 0.72 on 150: +0.113 [+0.03, +0.19], P(better) 0.99; "
            "fixed 31, broke 14; search said 0.78 (optimism +0.06); test opened once; "
            "rows before and after: `run.comparison.rows(i)`",
        ),
        (
            UNCLEAR,
            "held out: 0.61 -> 0.62 on 150: +0.010 [-0.07, +0.09], P(better) 0.60; "
            "fixed 9, broke 8; search said 0.78 (optimism +0.16); "
            "rows before and after: `run.comparison.rows(i)`; "
            "not distinguishable from the program as it was, which is returned",
        ),
        (
            NOTHING,
            "held out: 0.61 on 150; nothing beat the program as it was; test opened twice",
        ),
        (Proposed(0, None, "as it is", {}), "#0 as it is"),
        (
            Proposed(3, 1, "bootstrap 2", {"a": "2 demos", "b": "new instructions"}),
            "#3 bootstrap 2 from #1: a: 2 demos; b: new instructions",
        ),
        (Evaluated(3, "val", 0.5, 0.25, 0.75, 8, 2), "#3 0.500 [0.250, 0.750] on 8 val, 2 failed"),
        (Warned("slow"), "note: slow"),
        (StatusChanged("stopped", "budget of 5 calls spent"), "stopped: budget of 5 calls spent"),
        (Scored(3, 1, 1.0, "val"), ""),
        (Called(3, "self", 1, 1, None, 0.1, False), ""),
        (Phase("searching"), ""),
    ],
)
def test_an_event_is_a_line_or_nothing(body, line):
    assert describe(body) == line


def test_what_was_spent_stands_beside_what_was_expected():
    assert describe(SPENT, ESTIMATED).endswith(
        "in 3:42; expected 480 runs of the program, at most 480 calls, 210k tokens, $0.31, 4 min"
    )


def test_what_a_model_wrote_stays_one_line_that_no_terminal_obeys():
    line = describe(Proposed(1, 0, "a\r\nb", {"self": "\x1b[2J\x07\u202e\x9b1m [red] \ud800"}))

    assert line == r"#1 a  b from #0: self: \x1b[2J\x07\u202e\x9b1m [red] \ud800"


def test_words_of_every_language_are_left_as_they_are():
    words = "Überweisung, می\u200cخواهم, 領収書, \N{WOMAN}\u200d\N{PERSONAL COMPUTER}"  # noqa: RUF001

    assert describe(Warned(words)) == f"note: {words}"
