"""What shows itself: readable without script or style, and text stays text."""

import html.parser
import json

import pytest

from dspnb import Example, Predict, Prediction, Score, Signature, compile, evaluate, use
from dspnb.data import Examples, Split
from dspnb.notebook.calls import calls_of
from dspnb.notebook.inspector import Inspector
from dspnb.notebook.protocol import CALLS_MIME, RUN_MIME
from dspnb.optimizers import LabeledFewShot
from dspnb.preview import preview
from dspnb.testing import Scripted

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> **bold** $x^2$ \\(y\\) \\frac{a}{b} "
    "</textarea></pre></td><b onmouseover=alert(3)>b</b> [link](javascript:alert(4)) &lt;i&gt;"
)
ALLOWED = {
    "p", "b", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "code", "pre",
    "span", "br", "img",
}  # fmt: skip
VOID = {"br", "img"}


class Reader(html.parser.HTMLParser):
    """Collects the text, and everything in the markup that a display of ours never has."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text, self.wrong, self.open = "", [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ALLOWED or any(name.startswith("on") for name, _ in attributes):
            self.wrong.append((tag, attributes))
        if tag == "img" and not dict(attributes)["src"].startswith("data:image/svg+xml;base64,"):
            self.wrong.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")

    def handle_data(self, data):
        self.text += data
        if "$" in data and data != "$":
            self.wrong.append(data)  # a page would typeset it


def read(markup):
    reader = Reader()
    reader.feed(markup)
    reader.close()
    assert reader.wrong == []
    assert reader.open == []
    return reader.text


def hostile_things():
    """One of each of our objects, with hostile text wherever text can be."""
    signature = Signature("ticket -> team", HOSTILE, name="Triage")
    rows = Examples(
        Example(ticket=f"{HOSTILE} {i}", team=HOSTILE).with_inputs("ticket") for i in range(4)
    )
    program = Predict(signature, demos=rows[:2])
    answers = Scripted(lambda prompt: f"[[ ## team ## ]]\n{HOSTILE}")
    with use(lm=answers):
        prediction = program(ticket=HOSTILE)
        report = evaluate(program, rows, lambda e, p: Score(0.5, HOSTILE))
        run = compile(
            program,
            LabeledFewShot(2),
            metric=lambda e, p: 0.5,
            train=rows,
            val=rows[:2],
            test=rows[2:],
            wait=True,
        )
        failing = evaluate(lambda **_: 1 / 0, rows, lambda e, p: 1)
    return {
        "signature": signature,
        "example": rows[0],
        "examples": rows,
        "split": Split(rows, rows, rows),
        "program": program,
        "prediction": prediction,
        "report": report,
        "failing report": failing,
        "preview": preview(program, ticket=HOSTILE),
        "completion": prediction.trace[0].completion,
        "calls": Inspector(calls_of(prediction)),
        "calls of a report": Inspector(calls_of(report)),
        "run": run,
    }


@pytest.fixture(scope="module")
def things():
    return hostile_things()


@pytest.mark.parametrize(
    "name",
    [
        "signature", "example", "examples", "split", "program", "prediction", "report",
        "failing report", "preview", "completion", "calls", "calls of a report",
    ],
)  # fmt: skip
def test_hostile_text_shows_letter_for_letter(cell, things, name):
    bundle = cell.bundle(things[name])

    text = read(bundle["text/html"])
    assert "<script>alert(1)</script>" in text or name == "failing report"
    assert bundle["text/plain"]
    assert "object at 0x" not in bundle["text/plain"]
    assert "text/markdown" not in bundle
    assert "text/latex" not in bundle


def test_a_run_shows_letter_for_letter_too(cell, things):
    view = cell.shell.magics_manager.registry["RunMagics"].session.view(things["run"], HOSTILE)

    data, _ = view._repr_mimebundle_()
    text = read(data["text/html"])
    assert "<script>alert(1)</script>" in text
    assert "held-out examples" in text
    assert data[RUN_MIME]["title"] == HOSTILE  # data; the page sets it as text


def test_a_bundle_has_a_form_for_every_reader(cell, things):
    bundle = cell.bundle(things["calls"])

    assert {CALLS_MIME, "application/vnd.jupyter.widget-view+json", "text/html", "text/plain"} <= (
        bundle.keys()
    )


def test_a_run_of_any_length_makes_a_bounded_snapshot(cell):
    from dspnb.events import Evaluated, Proposed
    from dspnb.notebook.snapshot import MOST_CANDIDATES, Picture

    row = [Example(q=1, a=1).with_inputs("q")]
    with use(lm=Scripted(lambda _: "[[ ## a ## ]]\n1")):
        run = compile(Predict("q -> a"), LabeledFewShot(1), metric=lambda e, p: 1.0,
                      train=row, val=row, wait=True)  # fmt: skip
    run.log._closed = False
    for i in range(2, 5000):
        run.log.append(Proposed(i, 0, "note", {"self": "2 demos"}))
        run.log.append(Evaluated(i, "val", 0.5, 0.1, 0.9, 1, 0))

    picture = Picture(run, "long")
    picture.catch_up()
    kept = {e["candidate"] for e in picture.page_events() if e["kind"] == "proposed"}
    assert len(kept) <= MOST_CANDIDATES + 2
    assert {0, 4999} <= kept
    assert len(json.dumps(picture.snapshot())) < 500_000


def test_the_inspector_is_bounded_and_says_what_it_left_out():
    row = Example(q="x" * 100, a="1").with_inputs("q")
    with use(lm=Scripted(lambda _: "[[ ## a ## ]]\n" + "y" * 100_000)):
        report = evaluate(Predict("q -> a"), [row] * 300, lambda e, p: 1.0)

    calls = calls_of(report)
    assert len(calls.groups) + calls.omitted == 300
    assert max(map(len, calls.texts)) < 50_000
    assert sum(map(len, calls.texts)) < 1_200_000


def test_a_prompt_shared_by_many_calls_stands_once():
    rows = [Example(q=str(i), a="1").with_inputs("q") for i in range(50)]
    with use(lm=Scripted(lambda _: "[[ ## a ## ]]\n1")):
        report = evaluate(Predict("q -> a"), rows, lambda e, p: 1.0)

    calls = calls_of(report)
    systems = {group.calls[0].messages[0].blocks[0].text for group in calls.groups}
    assert len(systems) == 1
    assert len(calls.texts) == len(set(calls.texts))


def test_a_prediction_shows_that_it_was_answered_anew(cell):
    with use(lm=Scripted(["nonsense", "[[ ## n ## ]]\n4"])):
        prediction = Predict("q -> n: int")(q="2 + 2")

    assert "1 answered anew" in read(cell.html(prediction))
    assert len(calls_of(prediction).groups[0].calls[0].attempts) == 1


def test_failures_come_first_in_a_report(cell):
    rows = [Example(q=str(i), a="1").with_inputs("q") for i in range(6)]

    def program(q):
        if q == "4":
            raise ValueError("no fours")
        return Prediction(a=q)

    report = evaluate(program, rows, lambda e, p: p.a == e.a)
    text = read(cell.html(report))
    assert "1 failed" in text
    assert text.index("no fours") < text.index("0.00", text.index("no fours"))
