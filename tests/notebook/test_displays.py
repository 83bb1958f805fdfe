"""What shows itself: readable without script or style, and text stays text."""

import base64
import html.parser
import io
import json

import pandas
import PIL.Image
import pytest

from dspnb import (
    Audio,
    ChainOfThought,
    Citations,
    Code,
    Completion,
    Document,
    Example,
    Field,
    File,
    History,
    Image,
    Module,
    Predict,
    Prediction,
    Provenance,
    Score,
    Signature,
    Tool,
    ToolCalls,
    ToolResults,
    compile,
    diff,
    evaluate,
    require,
    suggest,
    use,
)
from dspnb.data import Examples, Split
from dspnb.lm.base import ToolCall
from dspnb.lm.labels import labelled
from dspnb.lm.ledger import Ledger
from dspnb.notebook.calls import MOST_PICTURES, calls_of
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
    "span", "br", "img", "ul", "li", "ins", "del", "a", "audio",
}  # fmt: skip
VOID = {"br", "img"}
ON_THE_WEB = ("http://", "https://")


def no_address(attributes):
    return not {"src", "href", "srcset", "poster"} & attributes.keys()


NOWHERE = no_address
WHERE = {  # tag -> whether it may lead there: only what a person clicks leaves the page
    "img": lambda a: a["src"].startswith("data:image/"),
    "audio": lambda a: a["src"].startswith("data:audio/"),
    "a": lambda a: a["href"].startswith(ON_THE_WEB) and "noreferrer" in a["rel"],
}


class Reader(html.parser.HTMLParser):
    """Collects the text, and everything in the markup that a display of ours never has."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text, self.wrong, self.open = "", [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ALLOWED or any(name.startswith("on") for name, _ in attributes):
            self.wrong.append((tag, attributes))
        if not WHERE.get(tag, NOWHERE)(dict(attributes)):
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


def picture(width=8, height=8, noise=False):
    """A png."""
    written = io.BytesIO()
    image = PIL.Image.effect_noise((width, height), 90) if noise else None
    (image or PIL.Image.new("RGB", (width, height), "red")).save(written, "PNG")
    return Image(written.getvalue())


WEB = 'https://example.org/"onerror=alert(5)<b>$x$'


def hostile_types():
    """One value of each type of a field, with hostile text wherever text can be."""

    def find(query: str = HOSTILE) -> str:
        return query

    call = ToolCall("find", {HOSTILE: HOSTILE})
    return {
        "file": File.from_bytes(b"%PDF-1.7", HOSTILE),
        "document": Document(HOSTILE, HOSTILE, HOSTILE),
        "long document": Document(HOSTILE * 20, HOSTILE),
        "citations": Citations([{"quote": HOSTILE, "title": HOSTILE}]),
        "code": Code(HOSTILE),
        "history": History([{HOSTILE: HOSTILE}, {"role": "user", "content": HOSTILE}]),
        "tool": Tool(find, desc=HOSTILE, arg_desc={"query": HOSTILE}),
        "tool calls": ToolCalls([call]),
        "tool results": ToolResults([{"call": call, "value": HOSTILE, "is_error": True}]),
    }


def hostile_things():
    """One of each of our objects, with hostile text wherever text can be."""
    types = hostile_types()
    signature = Signature(
        (
            Field("ticket", str, HOSTILE),
            Field("team", str, HOSTILE, "output", HOSTILE),
        ),
        HOSTILE,
        name="Triage",
    )
    rows = Examples(
        Example(ticket=f"{HOSTILE} {i}", team=HOSTILE, **types).with_inputs("ticket")
        for i in range(4)
    )
    demos = [Example(ticket=row.ticket, team=row.team, address=Image(WEB)) for row in rows[:2]]
    program = Predict(signature, demos=demos, stop=HOSTILE)
    came = Provenance(HOSTILE, HOSTILE, "val", 0.5, 0.1, 0.9, 3, "", 0, HOSTILE, 1)
    nested = Nested(program, types["tool"])
    compiled = nested.with_state(nested.state, provenance=came)
    reply = Completion(
        f"[[ ## team ## ]]\n{HOSTILE}",
        reasoning=HOSTILE,
        tool_calls=(ToolCall("f", {"a": HOSTILE}),),
    )
    answers = Scripted(lambda prompt: reply)
    with use(lm=answers):
        prediction = program(ticket=HOSTILE)
        asked_again = Picky()(ticket=HOSTILE)
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
    other = Predict(signature.with_instructions("other"), demos=demos[1:])
    return {
        **types,
        "citation": types["citations"][0],
        "tool result": types["tool results"].results[0],
        "signature": signature,
        "example": rows[0],
        "examples": rows,
        "split": Split(rows, rows, rows),
        "program": program,
        "compiled program": compiled,
        "prediction": prediction,
        "prediction of types": Prediction(**types, address=Image(WEB), nested=[types["document"]]),
        "prediction of a frame": Prediction(rows=pandas.DataFrame({HOSTILE: [HOSTILE]})),
        "prediction asked again": asked_again,
        "score": Score(0.5, HOSTILE, {HOSTILE: 1.0}),
        "diff": diff(program, other),
        "report": report,
        "failing report": failing,
        "preview": preview(program, ticket=HOSTILE),
        "completion": prediction.trace[0].completion,
        "calls": Inspector(calls_of(prediction)),
        "calls with constraints": Inspector(calls_of(asked_again)),
        "calls of a report": Inspector(calls_of(report)),
        "run": run,
    }


class Nested(Module):
    """Modules in modules, one that is no predictor, one that stands twice, and a tool."""

    def __init__(self, predictor, tool):
        self.steps = [ChainOfThought("q -> a"), predictor]
        self.again = predictor
        self.plain = Module()
        self.tools = {"find": tool}


class Picky(Module):
    """Is content with no answer at first."""

    def __init__(self):
        self.ask = Predict("ticket -> team")

    def forward(self, ticket):
        answer = self.ask(ticket=ticket)
        require(len(prompts_of(self)) > 1, HOSTILE)
        suggest(False, HOSTILE)
        return answer


def prompts_of(program):
    """How often `forward` has come this far."""
    seen = vars(program).setdefault("_seen", [])
    seen.append(None)
    return seen


@pytest.fixture(scope="module")
def things():
    return hostile_things()


@pytest.mark.parametrize(
    "name",
    [
        "signature", "example", "examples", "split", "program", "compiled program", "prediction",
        "prediction of types", "prediction of a frame", "prediction asked again", "score", "diff",
        "report", "failing report", "preview", "completion", "calls", "calls with constraints",
        "calls of a report", "file", "document", "long document", "citations", "citation", "code",
        "history", "tool", "tool calls", "tool results", "tool result",
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
    assert "held out" in text
    assert data[RUN_MIME]["title"] == HOSTILE  # data; the page sets it as text


def test_a_bundle_has_a_form_for_every_reader(cell, things):
    bundle = cell.bundle(things["calls"])

    assert {CALLS_MIME, "application/vnd.jupyter.widget-view+json", "text/html", "text/plain"} <= (
        bundle.keys()
    )


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

    text = read(cell.html(prediction))
    assert "1 answer not used" in text
    assert "`n` must be a number" in text
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


# -- pictures and recordings -----------------------------------------------------------


def sources(markup):
    """The addresses that a page would fetch, cut at the comma of a data URI."""
    found = []
    reader = html.parser.HTMLParser()
    reader.handle_starttag = lambda tag, attributes: found.extend(
        value.partition(",")[0] for name, value in attributes if name == "src"
    )
    reader.feed(markup)
    return found


def test_a_picture_shows_itself_in_a_cell_and_in_every_table(cell):
    shown = picture()
    row = Example(photo=shown, label="red").with_inputs("photo")
    with use(lm=Scripted(["[[ ## label ## ]]\nred"])):
        prediction = Predict("photo: Image -> label")(photo=shown)
    report = evaluate(lambda photo: Prediction(photo=photo), [row], lambda e, p: 1)

    png = "data:image/png;base64"
    for value in (shown, row, Examples([row]), Prediction(photo=[shown]), report):
        assert set(sources(cell.html(value))) == {png}, value
    assert sources(cell.html(Inspector(calls_of(prediction)))) == [png]


def test_a_picture_of_the_web_is_fetched_only_when_it_is_shown_by_itself(cell):
    web = Image("https://example.org/cat.png")
    row = Example(photo=web, more=[web]).with_inputs("photo")
    with use(lm=Scripted(["[[ ## label ## ]]\nred"])):
        prediction = Predict("photo: Image -> label")(photo=web)

    assert sources(cell.html(web)) == [web.url]
    assert 'referrerpolicy="no-referrer"' in cell.html(web)
    for value in (row, Examples([row]), Prediction(photo=web), Inspector(calls_of(prediction))):
        assert sources(cell.html(value)) == []
        assert web.url in read(cell.html(value))


def test_a_large_picture_is_made_small_inside_another_object(cell):
    large = picture(1200, 900, noise=True)
    assert len(large.url) > 800_000

    assert 10_000 < len(cell.html(Example(photo=large))) < 70_000
    assert len(cell.html(large)) > 800_000  # by itself it is what it is


@pytest.mark.parametrize("mime", ["image/svg+xml", "image/png", "image/bmp"])
def test_what_is_no_picture_after_all_stays_a_label(cell, mime):
    broken = "A" * 400_000
    fake = Image(f"data:{mime};base64,{broken}")

    assert sources(cell.html(Example(photo=fake))) == []
    assert f"Image({mime}, 300 kB)" in read(cell.html(Example(photo=fake)))


def test_pictures_of_a_snapshot_are_bounded_and_checked():
    photo = picture(300, 300, noise=True)
    with use(lm=Scripted(lambda _: "[[ ## label ## ]]\nred")):
        rows = [Example(photo=photo, n=i).with_inputs("photo", "n") for i in range(60)]
        report = evaluate(Predict("photo: Image, n -> label"), rows, lambda e, p: 1)

    blocks = [
        block
        for group in calls_of(report).groups
        for message in group.calls[0].messages
        for block in message.blocks
        if block.attached
    ]
    assert len(blocks) == 60
    assert blocks[0].picture == photo.url
    assert blocks[-1].picture == ""
    assert sum(len(block.picture) for block in blocks) <= MOST_PICTURES
    assert blocks[-1].attached.startswith("image: image/png")


def test_a_recording_has_a_player(cell):
    recording = Audio(b"RIFF0000WAVE" + bytes(100))

    for value in (recording, Prediction(sound=recording)):
        assert sources(cell.html(value)) == ["data:audio/wav;base64"]
        assert "<audio controls" in cell.html(value)


# -- what is seen of each object -------------------------------------------------------


def test_a_signature_shows_constraints_defaults_and_what_is_optional(cell):
    text = read(cell.html(Signature("q, k: int(ge=1) = 3 -> a: str(max_length=9), b: int | None")))

    assert "int(ge=1)" in text
    assert "str(max_length=9)" in text
    assert "optional" in text
    assert "default" in text
    assert "default" not in read(cell.html(Signature("q -> a")))


def test_a_program_shows_its_modules_as_they_hold_each_other(cell):
    class Inner(Module):
        def __init__(self):
            self.first = Predict("q -> a", temperature=0.5, lm=Scripted([]))
            self.plain = Module()

    class Outer(Module):
        def __init__(self):
            self.inner = [Inner(), ChainOfThought("a -> b")]
            self.shared = self.inner[0].first

    markup = cell.html(Outer())
    text = read(markup)

    assert "Outer" in text
    assert text.index("inner.0 Inner") < text.index("first") < text.index("plain Module")
    assert "inner.1 ChainOfThought" in text
    assert "shared: the same as inner.0.first" in text
    assert "its own model: scripted" in text
    assert "temperature" in text


def test_a_compiled_program_says_where_its_state_comes_from(cell):
    came = Provenance("LabeledFewShot", "exact", "val", 0.812, 0.7, 0.9, 40, "", 0, "offline", 3)
    program = Predict("q -> a")

    assert "compiled: 0.812" in read(cell.html(program.with_state({}, provenance=came)))
    assert "compiled" not in read(cell.html(program))


def test_a_prediction_shows_samples_constraints_and_answers_that_were_not_accepted(cell):
    class Short(Module):
        def __init__(self):
            self.ask = Predict("q -> a")

        def forward(self, q):
            answer = self.ask(q=q)
            require(len(answer.a) < 5, "at most 4 letters")
            return answer

    with use(lm=Scripted(["[[ ## a ## ]]\nfar too long", "[[ ## a ## ]]\nfine"])):
        prediction = Short()(q="?")
    with use(lm=Scripted(lambda _: "[[ ## a ## ]]\nyes")):
        sampled = Predict("q -> a", n=3)(q="?")

    text = read(cell.html(prediction))
    assert "1 answer not used" in text
    assert "far too long" in text
    assert "1 constraint not met at first, 1 met in the end" in text
    assert "3 samples" in read(cell.html(sampled))
    group = calls_of(prediction).groups[0]
    assert [call.rejected for call in group.calls] == ["at most 4 letters", ""]
    assert [(check.message, check.held) for check in group.checks] == [("at most 4 letters", True)]


def test_a_diff_marks_words(cell):
    old = Predict(Signature("q -> a", "Be brief."), demos=[Example(q="1", a="one")])
    new = Predict(Signature("q -> a: int", "Be very brief."), demos=[Example(q="2", a=2)], top_p=1)

    markup = cell.html(diff(old, new))
    text = read(markup)
    assert "<ins>very </ins>" in markup
    assert "Be very brief." in text
    assert "1 removed, 1 added" in text
    assert "<del>output str</del>" in markup
    assert "top_p" in text
    assert read(cell.html(diff(old, old))) == "no difference"


def test_a_frame_is_a_table_with_its_first_rows(cell):
    frame = pandas.DataFrame({"city": [f"city {i}" for i in range(30)], "n": range(30)})

    text = read(cell.html(Prediction(rows=frame)))
    assert "city 9" in text
    assert "city 10" not in text
    assert "30 rows, the first 10 shown" in text


def test_an_answer_shows_what_it_cost_and_its_other_samples(cell):
    def shown(**told):
        return read(cell.html(Completion("one", model="m", **told)))

    assert "unknown price" in shown()
    assert "$0.0012" in shown(dollars=0.00123)
    assert "from the cache" in shown(dollars=0.0, cached=True)
    samples = (Completion("one"), Completion("two"))
    assert "2 samples" in shown(samples=samples) and "two" in shown(samples=samples)


def test_what_a_model_thought_and_called_is_in_the_inspector():
    reply = Completion("", reasoning="hm", tool_calls=(ToolCall("find", {"q": "rain"}),))

    def find(q: str) -> str:
        return q

    lm = Scripted([reply], supports={"tools"})
    with use(lm=lm):
        prediction = Predict("q, tools: list[Tool] -> calls: ToolCalls")(q="?", tools=[Tool(find)])

    snapshot = calls_of(prediction)
    (call,) = snapshot.groups[0].calls
    assert snapshot.texts[call.reasoning] == "hm"
    assert [(c.name, json.loads(snapshot.texts[c.args])) for c in call.tool_calls] == [
        ("find", {"q": "rain"})
    ]


def test_every_object_has_a_short_text_form(cell, things):
    long = {"preview", "diff", "calls", "calls with constraints", "calls of a report"}
    for name, value in things.items():
        text = cell.bundle(value).get("text/plain", repr(value))
        assert "object at 0x" not in text, name
        assert "data:image" not in text, name
        assert name in long or len(text.splitlines()) < 5, name
    assert repr(Image(base64.b64decode("R0lGODlhAQABAA=="))) == "Image(image/gif, 10 B)"


def test_a_report_shows_how_often_constraints_were_not_met(cell):
    class Short(Module):
        def __init__(self):
            self.ask = Predict("q -> a")

        def forward(self, q):
            made = self.ask(q=q)
            require(len(made.a) < 5, HOSTILE, retries=1)
            return made

    replies = ["too long", "fine", "too long", "still too long"]
    rows = [Example(q=f"{i}?", a="fine").with_inputs("q") for i in range(2)]
    with use(lm=Scripted([f"[[ ## a ## ]]\n{text}" for text in replies])):
        report = evaluate(Short(), rows, lambda e, p: 1.0, concurrency=1)

    text = read(cell.html(report))
    assert "constraints: 2 times not met at first, 1 times met in the end" in text
    groups = calls_of(report).groups
    assert [[check.held for check in group.checks] for group in groups] == [[False], [True]]


def test_a_price_that_is_not_known_is_said_wherever_money_is(cell):
    def reply(prompt):
        return Completion("[[ ## a ## ]]\nfine", dollars=0.0012 if "0?" in prompt else None)

    rows = [Example(q=f"{i}?", a="fine").with_inputs("q") for i in range(4)]
    with use(lm=Scripted(reply)):
        program = Predict("q -> a")
        unknown, known = program(q="1?"), program(q="0?")
        report = evaluate(program, rows, lambda e, p: 1.0)
        options = {"metric": lambda e, p: 1.0, "train": rows, "val": rows}
        run = compile(program, LabeledFewShot(k=1), **options).wait()

    assert "tokens, unknown price" in read(cell.html(unknown))
    assert "tokens, $0.0012" in read(cell.html(known))
    assert "$0.0012 + 3 calls of unknown price" in read(cell.html(report))
    assert "s, unknown price" in read(cell.html(Inspector(calls_of(unknown))))
    assert calls_of(unknown).groups[0].calls[0].dollars is None
    view = cell.shell.magics_manager.registry["RunMagics"].session.view(run)
    data, _ = view._repr_mimebundle_()
    assert "calls of unknown price" in read(data["text/html"])
    assert data[RUN_MIME]["progress"]["unpriced"] == run.spending.usage.unpriced == 6
    assert data[RUN_MIME]["progress"]["dollars"] == pytest.approx(0.0024)


def test_what_is_free_shows_no_money(cell):
    with use(lm=Scripted(["[[ ## a ## ]]\nfine"] * 2)):
        prediction = Predict("q -> a")(q="?")
        report = evaluate(Predict("q -> a"), [Example(q="?").with_inputs("q")], lambda e, p: 1.0)

    for thing in (prediction, report, Inspector(calls_of(prediction))):
        text = read(cell.html(thing))
        assert "$" not in text
        assert "price" not in text


def test_a_ledger_shows_its_calls_by_model_by_run_and_by_predictor(cell):
    book = Ledger()
    with labelled(run="run-1", path=HOSTILE):
        book.add(Completion("x", tokens_in=1200), model=HOSTILE)
    book.add(None, model="b", error="TimedOut")

    for thing in (book, book.of_run("run-1"), book.sum("model", "error")):
        bundle = cell.bundle(thing)
        text = read(bundle["text/html"])
        assert "<script>alert(1)</script>" in text
        assert "1,200" in text
        assert "1 call of unknown price" in text
        assert "1 call of unknown price" in bundle["text/plain"]
    folded = read(cell.html(book))
    assert "by run" in folded
    assert "by predictor" in folded
    assert "by run" not in read(cell.html(Ledger()))
