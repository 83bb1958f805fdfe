"""Cells that are run again in a real kernel, after a program was compiled."""

import pytest
from kernels import kernel

pytestmark = pytest.mark.kernels

TEAM = """%%signature Team
"Route a ticket."
ticket: str  # what came in
->
team: Literal["logistics", "finance", "hardware", "software", "identity", "aftersales", "sales",
    "trust"]
"""
ROUTE = "%%module route(ticket) -> team\nteam = Predict(Team)(ticket=ticket).team"
METRIC = "%%metric right\nexample.team == prediction.team"
COMPILE = (
    "%compile route --with labeled:k=16 --train tickets.train --val tickets.val --metric right "
    "--as better --wait"
)


@pytest.fixture
def compiled():
    with kernel() as running:
        for text in (TEAM, ROUTE, METRIC, COMPILE):
            reply = running.run(text)
            assert reply.status == "ok", reply.error or reply.texts
        assert demos(running) == 16
        yield running


def demos(kernel):
    return kernel.value("len(next(better.predictors())[1].demos)")


def said(kernel, text):
    """The text that a cell shows, which must succeed."""
    reply = kernel.run(text)
    assert reply.status == "ok", reply.error or reply.texts
    return reply.texts


def prompt(kernel, text="%preview better ticket='lost parcel'"):
    reply = kernel.run(f"shown = get_ipython().run_line_magic(*{text[1:].split(' ', 1)!r})")
    assert reply.status == "ok", reply.error or reply.texts
    return kernel.value("str(shown)")


def test_the_prompt_and_the_demos_follow_the_cells(compiled):
    assert "what came in" in prompt(compiled)

    shown = said(compiled, TEAM.replace("what came in", "as the customer wrote it"))
    assert "`better`: 16 demos kept" in shown
    assert "`route`: updated" in shown
    assert "as the customer wrote it" in prompt(compiled)

    shown = said(compiled, f"{TEAM}urgent: bool\n")
    assert "`better`: 16 demos kept (without `urgent`)" in shown
    assert "urgent" in prompt(compiled)

    shown = said(compiled, METRIC.replace("==", "!="))
    assert "`better` was chosen by the earlier `right`; compile again to use the new one" in shown

    shown = said(compiled, TEAM.replace("team:", "desk:"))
    assert "`better`: 16 demos dropped (they lack `desk`)" in shown
    assert demos(compiled) == 0
    assert "desk" in prompt(compiled)


def test_the_notice_is_html_under_the_cell_that_was_run(compiled):
    reply = compiled.run(TEAM.replace("what came in", "as the customer wrote it"))

    [notice] = [
        m["content"]["data"]
        for m in reply.messages
        if "16 demos kept" in m["content"].get("data", {}).get("text/plain", "")
    ]
    assert "<div><code>better</code>: 16 demos kept</div>" in notice["text/html"]


def test_a_cell_is_known_by_its_id_in_a_notebook(compiled):
    def run(text, cell):
        message = compiled.client.session.msg(
            "execute_request", {"code": text, "silent": False}, metadata={"cellId": cell}
        )
        compiled.client.shell_channel.send(message)
        return compiled.finish(message["header"]["msg_id"])

    run("QA = Signature('question -> answer')", "one")
    run("qa = Predict(QA)", "two")
    run("QA = Signature('ticket -> team')", "three")
    assert compiled.value("str(qa.signature)") == "question -> answer"

    run("QA = Signature('question -> answer')", "one")
    run("qa = Predict(QA)", "two")
    assert "`qa`: updated" in run("QA = Signature('question -> answer, why')", "one").texts
    assert compiled.value("str(qa.signature)") == "question -> answer, why"
