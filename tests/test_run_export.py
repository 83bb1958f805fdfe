"""A kept run as JSON lines."""

import json

import pytest

from dspnb import Example, LabeledFewShot, Predict, UsageError, compile, runs, use
from dspnb.lm.base import Completion
from dspnb.run_export import export

ROWS = [Example(q=str(i), a=str(i % 2)).with_inputs("q") for i in range(20)]


def answers(messages, **params):
    if "\n7\n" in messages[-1].content:
        raise ValueError("\ud800 no sevens")
    return Completion("[[ ## a ## ]]\n1 \u2028é", "answers")


answers.model = "answers"


@pytest.fixture
def run():
    with use(lm=answers):
        return compile(
            Predict("q -> a"), LabeledFewShot(2), metric=lambda e, p: (0.5, "half of it"),
            train=ROWS[:5], val=ROWS[5:10], test=ROWS[10:],
        ).wait()  # fmt: skip


def read(file):
    return [json.loads(line) for line in file.read_text().split("\n")[:-1]]


def test_all_of_a_run_is_written_one_object_a_line(run, tmp_path):
    file = runs().export(run.id[:10], tmp_path / "run.jsonl")

    told = read(file)
    by_type = {kind: [each for each in told if each["type"] == kind] for kind in
               ("run", "candidate", "event", "row")}  # fmt: skip
    assert sum(map(len, by_type.values())) == len(told)
    assert (told[0]["type"], told[0]["id"], told[0]["status"]) == ("run", run.id, "done")
    assert told[0]["settings"]["val"] == 5
    assert [each["note"] for each in by_type["candidate"]] == ["as it is", "final"]
    assert len(by_type["candidate"][1]["state"]["self"]["demos"]) == 2
    assert by_type["event"][0]["kind"] == "started"
    rows = {(each["candidate"], each["split"], each["index"]): each for each in by_type["row"]}
    assert len(rows) == len(by_type["row"]) == 5 + 5 + 10
    assert rows[0, "val", 1] == {
        "type": "row", "candidate": 0, "split": "val", "index": 1, "score": 0.5,
        "feedback": "half of it", "error": "", "example": {"q": "6", "a": "0"},
        "outputs": {"a": "1 \u2028é"},
    }  # fmt: skip
    assert rows[0, "val", 2]["outputs"] is None and "no sevens" in rows[0, "val", 2]["error"]
    assert [path.name for path in tmp_path.iterdir()] == ["run.jsonl"]


def test_a_file_that_is_there_is_left_alone_unless_asked(run, tmp_path):
    file = tmp_path / "run.jsonl"
    file.write_text("mine")

    with pytest.raises(UsageError, match="is there already"):
        runs().export(run.id, file)
    assert file.read_text() == "mine"
    assert read(runs().export(run.id, file, overwrite=True))[0]["id"] == run.id


def test_what_cannot_be_written_leaves_nothing(run, tmp_path):
    with pytest.raises(UsageError, match=r"could not be written to .*: No such file or directory"):
        runs().export(run.id, tmp_path / "no" / "run.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_row_that_was_deleted_meanwhile_is_told_as_such(run, tmp_path):
    kept = runs()[run.id]
    _ = kept.evaluations
    runs().delete(run.id)

    rows = [told for told in read(export(kept, tmp_path / "run.jsonl")) if told["type"] == "row"]
    assert rows and all("was deleted from the store" in row["feedback"] for row in rows)
