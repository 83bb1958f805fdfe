import io
import json

import pytest

from dspnb import Example, LabeledFewShot, Predict, compile, use
from dspnb.events import Compared, Evaluated, Scored, StatusChanged
from dspnb.frontends.jsonl import write
from dspnb.frontends.terminal import describe, watch
from dspnb.testing import Scripted

ROWS = [Example(q=str(i), a="1").with_inputs("q") for i in range(6)]


def test_a_terminal_shows_candidates_scores_the_comparison_and_the_end():
    with use(lm=Scripted(lambda prompt: "[[ ## a ## ]]\n1")):
        run = compile(Predict("q -> a"), LabeledFewShot(2), metric=lambda e, p: p.a == e.a,
                      train=ROWS, test=ROWS)  # fmt: skip
    text, lines = io.StringIO(), io.StringIO()
    watch(run, text)
    write(run, lines)

    shown = text.getvalue().splitlines()
    assert shown == [
        "running",
        "note: No validation set was given: 2 of the 6 training examples validate instead.",
        "#0 as it is",
        "#0 1.000 [0.342, 1.000] on 2 val",
        "#1 final from #0: self: 2 demos",
        "#1 1.000 [0.342, 1.000] on 2 val",
        "#0 1.000 [0.610, 1.000] on 6 test",
        "#0 is +0.000 [+0.000, +0.000] on 6 held-out",
        "done",
    ]
    written = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert written == [event.to_dict() for event in run.events()]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (StatusChanged("stopped", "budget of 5 calls spent"), "stopped: budget of 5 calls spent"),
        (Evaluated(3, "val", 0.5, 0.25, 0.75, 8, 2), "#3 0.500 [0.250, 0.750] on 8 val, 2 failed"),
        (Compared(0, 3, 0.125, -0.25, 0.5, 8), "#3 is +0.125 [-0.250, +0.500] on 8 held-out"),
        (Scored(3, 1, 1.0, "val"), ""),
    ],
)
def test_an_event_is_a_line_or_nothing(body, line):
    assert describe(body) == line
