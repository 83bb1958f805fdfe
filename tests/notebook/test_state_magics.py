"""`%diff`, `%save_program` and `%load_program`."""

import json

import pytest

from dspnb import Module
from dspnb.diff import Diff

COMPILE = (
    "%compile triage --with labeled:k=4 --train tickets.train --val tickets.val --metric right "
)


def test_diff_shows_what_a_run_has_changed(triage):
    triage(f"{COMPILE} --as better --wait")

    found = triage("%diff triage better")

    assert isinstance(found, Diff)
    assert len(found.predictors["team"].demos_added) == 4
    assert "demos added" in triage.html(found)


def test_a_program_is_saved_compared_with_its_file_and_loaded(triage, tmp_path):
    file = tmp_path / "be tter.json"
    triage(f"{COMPILE} --as better --wait")

    saved = triage(f"%save_program better '{file}'  # for later")
    differs = triage(f"%diff triage '{file}'")
    loaded = triage(f'%load_program triage "{file}"')

    assert saved == file
    assert json.loads(file.read_text())["team"]["demos"]
    assert differs
    assert isinstance(loaded, Module)
    assert loaded is triage.shell.user_ns["triage"]
    assert not triage("%diff triage better").predictors
    assert "compiled:" in triage.html(loaded)


def test_signatures_are_compared_too(triage):
    triage('%%signature Other\n"Route it."\nticket: str\n->\nteam: Literal["billing", "post"]')

    assert "Route it." in str(triage("%diff Triage Other"))


def test_a_file_that_fits_in_part_is_taken_over_when_asked_and_says_what_is_left_out(
    triage, tmp_path
):
    file = tmp_path / "other.json"
    triage("%%module other(ticket) -> team\nteam = Predict(Triage)(ticket=ticket).team\n"
           "mood = Predict('ticket -> mood')(ticket=ticket).mood")  # fmt: skip
    triage("other = other.with_state({'team': type(other.state['team'])('Route well.', ())})")
    triage(f"%save_program other {file}")

    (line,) = triage.error(f"%load_program triage {file}")
    assert "does not fit `triage`: `mood` is not in the program" in line
    assert "Take over what fits with `--partial`." in line
    assert triage("triage.state['team'].instructions") == "Route a ticket."

    triage(f"%load_program triage {file} --partial")
    assert "fits `triage` in part:\n`mood` is not in the program" in triage.seen.out
    assert triage.seen.err == ""
    assert triage("triage.state['team'].instructions") == "Route well."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("%diff triage", "the following arguments are required: after"),
        ("%diff triage triag", "did you mean `triage`?"),
        ("%diff triage tickets.train", "is not a program but an Examples"),
        ("%diff triage {here}", "is not a saved program"),
        ("%save_program triag x.json", "did you mean `triage`?"),
        ("%save_program triage {folder}/no/such/x.json", "could not be saved"),
        ("%load_program triage {folder}/no.json", "no.json` could not be read"),
        ("%load_program triage {here}", "is not a saved program"),
        ("%load_program Two {here}", "`Two` is a class; make a program of it"),
    ],
)
def test_a_mistake_is_one_line_with_the_cure(triage, tmp_path, text, said):
    triage(
        "%%module Two\ndef __init__(self):\n    self.p = Predict(Triage)\n"
        "def forward(self, ticket):\n    return self.p(ticket=ticket)"
    )
    here = tmp_path / "list.json"
    here.write_text("[1]")
    before = triage.names()

    lines = triage.error(text.format(here=here, folder=tmp_path))

    assert len(lines) == 1
    assert said in lines[0]
    assert triage.names() == before
