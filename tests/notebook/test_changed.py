"""The held-out examples that a run fixed and broke, wherever they are shown."""

import dataclasses
import json

import pytest

from dspnb import Example, LabeledFewShot, Predict, Prediction, compile, use
from dspnb.comparison import Comparison
from dspnb.example import Score
from dspnb.notebook.calls import calls_of
from dspnb.notebook.changed import LONGEST, LONGEST_INPUT, MOST_ROWS, changed_rows
from dspnb.notebook.live import RunView
from dspnb.notebook.protocol import RUN_MIME
from dspnb.report import Report, Row
from dspnb.testing import Scripted

HOSTILE = "<img src=x onerror=alert(1)> $x$"


def row(i, score, given="post", feedback="", error=""):
    example = Example(ticket=f"ticket {i}", urgent=i % 2 == 0, team="post").with_inputs("ticket")
    prediction = None if error else Prediction(reasoning="because", team=given)
    return Row(example, prediction, Score(score, feedback), error)


def compared(before, after):
    """A comparison with these scores."""
    sides = [Report([row(i, score) for i, score in enumerate(side)]) for side in (before, after)]
    return Comparison(*sides)


def texts(views):
    return [(view.name, view.text) for view in views]


def test_what_got_worse_comes_first_and_of_each_kind_the_largest_changes():
    rows = changed_rows(compared([0, 1.0, 0.5, 0.5, 1.0], [1, 0.5, 0.5, 0.8, 0.0]))

    assert [each.index for each in rows] == [4, 1, 0, 3]


def test_a_row_says_what_was_asked_expected_and_given_before_and_after():
    before = row(0, 0.0, error="ValueError: no")
    after = row(0, 1.0, feedback="well done")

    (changed,) = changed_rows(Comparison(Report([before]), Report([after])))

    assert texts(changed.inputs) == [("ticket", "ticket 0")]
    assert texts(changed.expected) == [("team", "post"), ("urgent", "True")]
    assert changed.before == dataclasses.replace(
        changed.before, outputs=[], score=0.0, error="ValueError: no"
    )
    assert texts(changed.after.outputs) == [("team", "post"), ("reasoning", "because")]
    assert (changed.after.score, changed.after.feedback) == (1.0, "well done")


def test_however_many_rows_changed_and_however_long_they_are_what_is_sent_is_bounded():
    wide = {f"input {i}": "x" * 100_000 for i in range(100)}
    example = Example(**wide, answer="y" * 100_000).with_inputs(*wide)
    sides = [
        [Row(example, Prediction(answer="z" * 100_000), Score(score, "f" * 100_000))] * 200
        for score in (0.0, 1.0)
    ]

    rows = changed_rows(Comparison(*(Report(sides[0] + sides[1]), Report(sides[1] + sides[0]))))

    assert len(rows) == 2 * MOST_ROWS
    assert max(len(text) for _, text in texts(rows[0].inputs)) == LONGEST_INPUT
    assert len(rows[0].after.feedback) == LONGEST
    assert len(json.dumps([dataclasses.asdict(each) for each in rows])) < 500_000


class Nameless:
    def __str__(self):
        raise RuntimeError("no name")

    __repr__ = __str__


@pytest.mark.parametrize(
    ("label", "shown"),
    [(Nameless(), "<Nameless>"), (b"\xff", "<bytes>"), ("half \ud83d", "half ?"), (None, "None")],
    ids=["no text", "bytes", "half a pair", "none"],
)
def test_a_label_of_any_kind_is_a_text_that_can_be_sent(label, shown):
    example = Example(q="1", a=label).with_inputs("q")
    sides = [Report([Row(example, None, Score(score))]) for score in (0.0, 1.0)]

    (changed,) = changed_rows(Comparison(*sides))

    assert texts(changed.expected) == [("a", shown)]
    assert json.dumps(dataclasses.asdict(changed), ensure_ascii=False).encode()


def test_a_comparison_shows_itself_in_a_line_and_as_html_with_its_rows(cell):
    value = compared([0.0] * 60 + [1.0] * 5, [1.0] * 60 + [0.0] * 5)

    assert repr(value).startswith("Comparison(0.077 -> 0.923 on 65 held-out examples: difference")
    assert "fixed 60, broke 5" in repr(value)
    html = cell.html(value)
    assert html.index("<b>broke 5</b>") < html.index("<b>fixed 60</b>")
    assert html.count("<details>") == 2 and html.count("score 1.00") == 5 + MOST_ROWS
    assert "and 10 more: <code>run.comparison.rows(i)</code>" in html


def test_a_comparison_in_which_nothing_was_better_says_so(cell):
    report = Report([row(0, 1.0)])
    value = Comparison(report, report)

    assert "nothing beat the program as it was" in repr(value)
    assert "<details>" not in cell.html(value) and "compiled" not in cell.html(value)


def test_what_a_model_wrote_stays_text(cell):
    sides = [Report([row(0, score, HOSTILE, HOSTILE)]) for score in (0.0, 1.0)]
    failed = [sides[0], Report([row(0, 0.5, error=HOSTILE)])]

    for reports in (sides, failed):
        html = cell.html(Comparison(*reports))
        assert "<img" not in html and "$x$" not in html
        assert "&lt;img src=x onerror=alert(1)&gt;" in html


def rows(kinds):
    return [Example(q=f"{kind} {i}", a=kind).with_inputs("q") for i, kind in enumerate(kinds)]


@pytest.fixture
def run():
    """A run whose program says `old` without demos and `new` with them."""

    class ByDemos(Scripted):
        def __call__(self, messages, **params):
            self._reply = lambda asked: f"[[ ## a ## ]]\n{'new' if len(messages) > 2 else 'old'}"
            return super().__call__(messages, **params)

    with use(lm=ByDemos([])):
        yield compile(
            Predict("q -> a"),
            LabeledFewShot(2),
            metric=lambda example, prediction: example.a == prediction.a,
            train=rows(["new"] * 4),
            val=rows(["new"] * 6),
            test=rows(["new"] * 9 + ["old"]),
            concurrency=1,
            wait=True,
        )


def test_a_page_is_sent_the_rows_once_and_the_file_keeps_them(run, cell):
    view = RunView(run, "better")
    sent = []
    view.observe(lambda change: sent.append(change["new"]), ["changed"])
    assert view.ended.wait(10)

    saved = view._repr_mimebundle_()[0]
    assert [each["index"] for each in saved[RUN_MIME]["changed"]] == [9, *range(9)]
    assert view.changed == saved[RUN_MIME]["changed"]
    assert len(sent) <= 1
    assert "<b>broke 1</b>" in saved["text/html"]
    assert "fixed 9, broke 1; " in saved["text/plain"]
    assert "rows before and after: `run.comparison.rows(i)`" in saved["text/plain"]


def test_the_inspector_shows_the_calls_of_an_example_before_and_after(run):
    calls = calls_of(run.comparison)

    titles = [group.title for group in calls.groups]
    assert titles[:3] == [
        "broke #9 before: q='old 9'",
        "broke #9 after: q='old 9'",
        "fixed #0 before: q='new 0'",
    ]
    assert [group.score for group in calls.groups[:2]] == [1.0, 0.0]
    assert [len(group.calls) for group in calls.groups] == [1] * 20
