"""Text of tickets and of models shows as text in every display and widget of a real page."""

import pytest
from playwright.sync_api import expect

from browser.lab import write_notebook

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> **bold** $x^2$ \\\\(y\\\\) "
    "</pre></textarea><b onmouseover=alert(3)>b</b> [link](javascript:alert(4))"
)
SETUP = f"""
%load_ext dspnb
from dspnb import *
from dspnb.testing import Scripted
hostile = {HOSTILE!r}.replace('\\\\\\\\', '\\\\')
configure(lm=Scripted(lambda prompt: "[[ ## team ## ]]\\n" + hostile))
signature = Signature("ticket -> team", hostile, name="Triage")
program = Predict(signature)
rows = examples([{{"ticket": hostile + str(i), "team": hostile}} for i in range(9)], ["ticket"])
def metric(example, prediction):
    return 0.5, hostile
def raising(example, prediction):
    raise ValueError(hostile)
from dspnb.lm.base import Completion, ToolCall
class Picky(Module):
    def __init__(self): self.ask, self.tried = Predict("ticket -> team"), 0
    def forward(self, ticket):
        team = self.ask(ticket=ticket)
        self.tried += 1
        require(self.tried > 1, hostile)
        return team
call = {{"name": "find", "args": {{hostile: hostile}}}}
"""
CELLS = [
    "signature", "program", "rows", "rows[0]", "answer = program(ticket=hostile)\nanswer",
    "%inspect", "preview(program, ticket=hostile)",
    "%evaluate program --on rows --metric metric",
    "%compile program --with labeled:k=2 --train rows --val rows[:3] --test rows[3:] "
    "--metric metric --as better --wait\nbetter",
    "%inspect better",
    "%compile program --with labeled:k=2 --train rows --metric raising --as worse",
    "picky = Picky()(ticket=hostile)\npicky", "%inspect picky",
    "other = Predict(Signature('ticket -> team', 'x ' + hostile))\n%diff program other",
    "program.stream(ticket=hostile)",
    "Document(hostile, hostile, hostile)", "Citations([{'quote': hostile, 'title': hostile}])",
    "Code(hostile)", "History([{hostile: hostile}])", "File.from_bytes(b'%PDF', hostile)",
    "Score(0.5, hostile, {hostile: 1.0})", "ToolCalls([call])",
    "ToolResults([{'call': call, 'value': hostile}])",
    "Tool(metric, desc=hostile, arg_desc={'example': hostile})",
    "Completion(hostile, reasoning=hostile, tool_calls=(ToolCall(hostile, {'a': hostile}),))",
    "Prediction(page=Image('https://example.org/' + hostile.replace(' ', '')), text=hostile)",
]  # fmt: skip


def test_nothing_hostile_becomes_markup_or_runs(notebook, folder):
    write_notebook(folder / "hostile.ipynb", SETUP, *CELLS)
    opened = notebook("hostile.ipynb")
    page = opened.page
    opened.start_all()
    opened.finish_all()
    page.evaluate(
        "() => { for (const fold of document.querySelectorAll('details')) fold.open = true; }"
    )
    inspector = page.get_by_test_id("inspector").first
    inspector.get_by_test_id("call").first.click()
    expect(inspector.get_by_test_id("answer")).to_contain_text("<script>alert(1)</script>")

    everywhere = """root => { const all = [];
      const walk = node => { for (const e of node.querySelectorAll('*')) {
        all.push(e); if (e.shadowRoot) walk(e.shadowRoot); } };
      for (const output of document.querySelectorAll('.jp-OutputArea-output')) walk(output);
      return all.filter(e => e.localName === 'script' || e.localName === 'iframe'
        || e.localName.startsWith('mjx') || e.classList.contains('MathJax')
        || (e.localName === 'img' && !(e.src || '').startsWith('data:'))
        || [...e.attributes].some(a => a.name.startsWith('on') || /^javascript:/.test(a.value)))
        .map(e => e.outerHTML.slice(0, 200)); }"""
    assert page.evaluate(everywhere) == []
    for number in range(1, len(CELLS) + 1):
        shown = page.locator(".jp-Notebook-cell").nth(number).locator(".jp-OutputArea-output")
        expect(shown.last).to_contain_text("<script>alert(1)</script>")
    opened.screenshots("hostile")
