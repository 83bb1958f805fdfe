"""`%lm --record` and `%lm --replay`."""

import os

import pytest
from servers.offline_over_http import KEY, running

from dspnb import Recorded
from dspnb.notebook.completion import candidates

ASK = "import dspnb\nanswer = dspnb.Predict('question -> answer')(question='Why?').answer\nanswer"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_recorded_with_a_key_replays_without_one(cell, here, monkeypatch):
    with running() as server:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        model = f"%lm openai/offline api_base={server.url} temperature=0"
        cell(f"{model} --record lesson.jsonl")
        answer = cell(ASK)

    monkeypatch.delenv("OPENAI_API_KEY")
    for line in (
        "%lm --replay lesson.jsonl",
        "%lm openai/offline --replay lesson.jsonl",
        f"{model} --replay lesson.jsonl  # one word is different",
    ):
        lm = cell(line)
        assert cell(ASK) == answer
        assert (lm.model, lm.params) == ("openai/offline", {"temperature": 0})
        assert cell("%lm")["main"] is lm
    assert KEY not in (here / "lesson.jsonl").read_text()


def test_a_model_that_is_set_already_is_recorded_from_now_on(cell, here):
    inside = cell("%lm offline")
    cell("%lm --record first.jsonl")
    lm = cell("%lm --record 'my lesson.jsonl'")
    cell(ASK)

    assert isinstance(lm, Recorded)
    assert lm.lm is inside
    assert '"answer"' in (here / "my lesson.jsonl").read_text()
    assert '"answer"' not in (here / "first.jsonl").read_text()


def test_a_file_is_put_in_order_when_another_model_is_chosen_or_the_extension_goes(cell, here):
    for ends in ("%lm offline", "%unload_ext dspnb"):
        cell("lm = %lm offline --record lesson.jsonl")
        cell("for word in 'zb':\n    lm(word + lm.role)")
        text = (here / "lesson.jsonl").read_text()
        cell(ends)

        ordered = (here / "lesson.jsonl").read_text()
        assert ordered.index("bmain") < ordered.index("zmain")
        assert text.index("bmain") > text.index("zmain")
        (here / "lesson.jsonl").unlink()
    cell("%load_ext dspnb")


def test_each_role_of_a_lesson_has_its_own_answers(cell, here):
    cell("main = %lm offline --record lesson.jsonl")
    cell("teacher = %lm offline temperature=1 --record lesson.jsonl --as teacher")
    cell("main('Hello'), teacher('Hello')")
    cell("%lm --replay lesson.jsonl")
    lm = cell("%lm --replay lesson.jsonl --as teacher")

    assert list(cell("%lm")) == ["main", "teacher"]
    assert lm.params == {"temperature": 1}
    assert lm("Hello").text


def test_a_prompt_is_previewed_alike(triage, here):
    triage("%lm offline temperature=0 --record lesson.jsonl")
    recorded = triage("%preview triage ticket='my parcel' --as openai")
    triage("%lm --replay lesson.jsonl")

    assert triage("%preview triage ticket='my parcel' --as openai") == recorded
    assert recorded["temperature"] == 0


def test_recorded_and_replayed_models_show_themselves_with_the_file(cell, here):
    for line, said in (
        ("%lm offline retries=0 --record lesson.jsonl", "recorded in lesson.jsonl"),
        ("%lm --replay lesson.jsonl", "replayed from lesson.jsonl"),
    ):
        shown = cell.html(cell(line))
        assert f"<b>offline</b>, {said}" in shown
        assert ("retries=0" in shown) == ("--record" in line)


def test_what_a_lesson_lacks_is_a_readable_block(cell, here):
    cell("lm = %lm offline --record lesson.jsonl")
    cell("lm('How late is it?')")
    cell("lm = %lm --replay lesson.jsonl")

    assert cell.error("lm('How late?')") == [
        "NotRecorded: offline: `lesson.jsonl` has no answer to this request. "
        "The nearest that it has differs in message 1, line 1:",
        "  recorded: How late is it?",
        "  asked:    How late?",
        "Ask as it was recorded, or record it: `%lm offline --record lesson.jsonl`.",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%lm --replay no.jsonl", "The recording `no.jsonl` cannot be read"),
        ("%lm offline --record a.jsonl --replay a.jsonl", "recorded or replayed"),
        ("%lm --record a.jsonl", "Name the model to record"),
        ("%lm --record a.jsonl --as nobody", "There is no role `nobody`"),
        ("%lm offline --record no/a.jsonl", "The recording `no/a.jsonl` cannot be written"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(cell, here, line, said):
    said_lines = cell.error(line)

    assert len(said_lines) == 1
    assert said in said_lines[0]
    assert "No model is set" in cell.error("%lm")[0]
    assert os.listdir(here) == []


def test_tab_knows_the_options_and_the_recordings(here):
    (here / "lesson.jsonl").touch()

    assert {"--record", "--replay"} <= set(candidates("%lm offline --re", {}))
    assert candidates("%lm --replay ", {}) == ["lesson.jsonl"]
