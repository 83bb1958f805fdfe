"""Every kind of object in a real page: its pictures load, and a stream moves."""

import base64
import io

import PIL.Image
import pytest
from playwright.sync_api import expect

from browser.lab import write_notebook

pytestmark = pytest.mark.browser


def png(width, height, color):
    """A picture of one colour with a border, as base64."""
    image = PIL.Image.new("RGB", (width, height), color)
    image.paste("white", (width // 4, height // 4, 3 * width // 4, 3 * height // 4))
    written = io.BytesIO()
    image.save(written, "PNG")
    return base64.b64encode(written.getvalue()).decode()


SETUP = f"""
%load_ext dspnb
import base64, time
from dspnb import *
from dspnb.lm.base import Completion, ToolCall, pieces
from dspnb.testing import Scripted
import numpy, pandas
photo = Image(base64.b64decode({png(320, 200, "tomato")!r}))
other = Image(base64.b64decode({png(120, 160, "steelblue")!r}))
tone = Audio((0.3 * numpy.sin(numpy.arange(4000) / 6)).astype("float32"))

class Slow:
    model = "slow"
    def __init__(self, text): self.text = text
    def __call__(self, messages, *, rollout=0, **params): return Completion(self.text)
    def stream(self, messages, *, on_text, rollout=0, **params):
        for piece in pieces(self.text):
            time.sleep(0.08)
            on_text(piece)
        return Completion(self.text, model=self.model, tokens_in=40, tokens_out=60)

def search(query: str, k: int = 3) -> list[str]:
    "Find passages about a subject."
    return ["It rained."] * k

class Careful(Module):
    def __init__(self): self.ask = Predict("photo: Image, question -> label: str(max_length=9)")
    def forward(self, photo, question):
        found = self.ask(photo=photo, question=question)
        require(found.label != "cat", "look again: it is no cat")
        return found

class Pipeline(Module):
    def __init__(self):
        self.hops = [ChainOfThought("question -> query"), ChainOfThought("question -> query")]
        asked = Signature("question, passages: list[str] -> answer, sure: bool = True",
                          "Answer in one sentence.\\nUse only the passages.")
        demo = Example(question="Did it rain?", passages=["It rained."], answer="Yes.", sure=True)
        self.answer = Predict(asked, temperature=0.2, demos=[demo])
        self.tools = [Tool(search)]
        self.plain = Module()

rows = examples([
    {{"photo": photo, "question": "What is it?", "label": "frame"}},
    {{"photo": other, "question": "And this?", "label": "door"}},
], ["photo", "question"])
"""
CELLS = {
    "image": "photo",
    "audio": "tone",
    "signature": "Signature('ticket: str(max_length=200), k: int(ge=1, le=5) = 3 -> "
    "team: Literal[\"post\", \"billing\"], note: str | None', 'Route a ticket.', name='Triage')",
    "program": "Pipeline()",
    "example": "rows[0]",
    "examples": "rows",
    "prediction": "configure(lm=Scripted(['[[ ## label ## ]]\\nfar too long a label', "
    "'[[ ## label ## ]]\\ncat', '[[ ## label ## ]]\\nframe']))\n"
    "answer = Careful()(photo=photo, question='What is it?')\nanswer",
    "inspect": "%inspect answer",
    "history": "History([{'question': 'What is it?', 'answer': 'a frame'}, "
    "{'role': 'user', 'content': 'Are you sure?'}])",
    "document": "Document('Rain fell on Monday.', title='Weather')",
    "citations": "Citations([{'quote': 'Rain fell', 'title': 'Weather', 'start': 0, 'end': 9}])",
    "code": "Code['sql']('SELECT city\\nFROM rain\\nWHERE mm > 3')",
    "file": "File.from_bytes(b'%PDF-1.7', 'report.pdf')",
    "tool": "Tool(search, arg_desc={'query': 'what to look for'})",
    "tool calls": "calls = ToolCalls([{'name': 'search', 'args': {'query': 'rain'}}])\ncalls",
    "tool results": "calls.execute([search])",
    "score": "Score(0.5, 'The label is right, the place is not.', {'label': 1.0, 'place': 0.0})",
    "completion": "Completion('It rains.', model='slow', tokens_in=10, tokens_out=3, "
    "reasoning='Monday was wet.', tool_calls=(ToolCall('search', {'query': 'rain'}),))",
    "diff": "old = Pipeline()\n"
    "new = old.with_state({**old.state, 'answer': type(old.state['answer'])("
    "'Answer in one short sentence.\\nUse the passages.', ())})\ndiff(old, new)",
    "types": "Prediction(photo=other, sound=tone, notes=['plain'], rows=pandas.DataFrame("
    "{'city': ['Bern', 'Graz'], 'mm': [3, 4]}), web=Image('https://example.org/a.png'))",
    "preview": "configure(lm=Scripted([], supports={'tools'}))\n"
    "preview(Predict('photo: Image, tools: list[Tool] -> calls: ToolCalls, note', temperature=0.2),"
    " photo=photo, tools=[Tool(search)])",
    "stream": "words = ' '.join(f'word{i}' for i in range(60))\n"
    "configure(lm=Slow('[[ ## answer ## ]]\\n' + words))\n"
    "Predict('question -> answer').stream(question='Why?')",
}
NUMBER = {name: number for number, name in enumerate(CELLS, 1)}


@pytest.fixture
def opened(notebook, folder):
    """A notebook with an object in each cell, the set-up run."""
    write_notebook(folder / "displays.ipynb", SETUP, *CELLS.values())
    opened = notebook("displays.ipynb")
    opened.run_cell(0)
    assert opened.failures() == []
    return opened


def cell(opened, name):
    """The outputs of a cell."""
    return opened.page.locator(".jp-Notebook-cell").nth(NUMBER[name])


def loaded(image):
    """Wait until a picture is drawn."""
    image.wait_for()
    image.evaluate("e => e.decode()")
    assert image.evaluate("e => e.naturalWidth") > 0


def test_every_object_is_shown_and_pictures_load(opened):
    opened.start_all()
    opened.finish_all()
    assert opened.failures() == []

    for name in ("image", "example", "types"):
        loaded(cell(opened, name).locator(".jp-OutputArea-output img").first)
    assert cell(opened, "examples").locator("img").count() == 2
    assert cell(opened, "types").locator("img").count() == 1  # what is on the web is a link
    expect(cell(opened, "types").get_by_role("link")).to_have_text("https://example.org/a.png")
    audio = cell(opened, "audio").locator("audio")
    opened.page.wait_for_function("e => e.duration > 0.2", arg=audio.element_handle())

    inspector = cell(opened, "inspect").get_by_test_id("inspector")
    inspector.get_by_test_id("call").first.click()
    loaded(inspector.get_by_test_id("picture").first)
    expect(inspector.get_by_test_id("check")).to_contain_text("look again: it is no cat")
    expect(inspector.get_by_test_id("attempts")).to_contain_text("far too long a label")
    prompt = cell(opened, "preview").get_by_test_id("inspector")
    loaded(prompt.get_by_test_id("picture").first)
    expect(prompt.get_by_test_id("params")).to_contain_text('"temperature": 0.2')

    opened.page.evaluate(
        "() => { for (const fold of document.querySelectorAll('details')) fold.open = true; }"
    )
    for name in CELLS:
        opened.screenshots(f"display-{name.replace(' ', '-')}", cell(opened, name))


def test_a_stream_moves_while_it_runs_and_ends_as_its_prediction(opened):
    opened.start_cell(NUMBER["stream"])
    output = cell(opened, "stream").locator(".jp-OutputArea-output")

    expect(output).to_contain_text("word5 ")
    before = output.inner_text()
    assert "word59" not in before
    opened.page.wait_for_function(
        "([e, before]) => e.innerText.length > before.length",
        arg=[output.element_handle(), before],
    )
    opened.screenshots("display-stream-under-way", cell(opened, "stream"))
    opened.finish_cell(NUMBER["stream"])

    expect(output).to_contain_text("word59")
    expect(output).to_contain_text("1 call, 100 tokens")
    assert len(opened.outputs(NUMBER["stream"])) == 1
