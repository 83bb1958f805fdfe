"""A program's state as a file: DSPy's layout, checked when it is read, and never run."""

import json

import pytest
from pydantic import BaseModel

from dspnb import ChainOfThought, Example, Module, Predict, Signature, UsageError

DEMOS = (Example(augmented=True, q="1 + 1", a=2), Example(q="ünï", a=3))


class Two(Module):
    def __init__(self):
        self.first = ChainOfThought("q -> a: int")
        self.rest = [Predict("a: int -> b")]


def changed():
    program = Two()
    state = dict(program.state)
    for path, setting in state.items():
        state[path] = type(setting)(f"Do {path}.", DEMOS)
    return program.with_state(state)


def test_a_saved_state_comes_back(tmp_path):
    program = changed()
    file = program.save(tmp_path / "p.json")

    fresh = Two()
    assert fresh.load(file) is fresh
    assert fresh.state == program.state


def test_the_layout_is_dspys_with_names_and_types_added(tmp_path):
    content = json.loads(changed().save(tmp_path / "p.json").read_text())

    assert content.keys() == {"first.predict", "rest.0", "metadata"}
    assert content["metadata"]["dependency_versions"] == {}
    entry = content["first.predict"]
    assert entry.keys() == {"traces", "train", "demos", "signature", "lm"}
    assert entry["lm"] is None
    assert entry["demos"] == [{"augmented": True, "q": "1 + 1", "a": 2}, {"q": "ünï", "a": 3}]
    assert entry["signature"]["instructions"] == "Do first.predict."
    assert [(f["name"], f["type"], f["prefix"]) for f in entry["signature"]["fields"]] == [
        ("q", "str", "Q:"),
        ("reasoning", "str", "Reasoning:"),
        ("a", "int", "A:"),
    ]


def test_a_single_predictor_is_saved_flat_as_dspy_does(tmp_path):
    program = Predict("q -> a", demos=DEMOS)
    content = json.loads(program.save(tmp_path / "p.json").read_text())

    assert {"demos", "signature", "lm", "metadata"} <= content.keys()
    assert Predict("q -> a").load(tmp_path / "p.json").state == program.state


def test_a_file_of_dspys_own_is_read_by_position(tmp_path):
    saved = {
        "predict": {
            "traces": [],
            "train": [],
            "demos": [{"question": "?", "answer": "!"}],
            "signature": {
                "instructions": "Think.",
                "fields": [{"prefix": "Question:", "description": "${question}"}] * 3,
            },
            "lm": None,
        },
        "metadata": {"dependency_versions": {"python": "3.11", "dspy": "3.4.1"}},
    }
    file = tmp_path / "dspy.json"
    file.write_text(json.dumps(saved))

    state = ChainOfThought("question -> answer").load(file).state
    assert state["predict"].instructions == "Think."
    assert state["predict"].demos == (Example(question="?", answer="!"),)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not a saved program"),
        ("{", "is not a saved program"),
        ("[]", "is not a saved program: it holds list"),
        ("{}", "holds another program: its predictors are none, this one's `self`"),
        ('{"other": {}}', "its predictors are `other`"),
        ('{"signature": {"instructions": 1, "fields": []}}', "has no instructions and demos"),
        (
            '{"signature": {"instructions": "x", "fields": []}, "demos": [1]}',
            "has no instructions and demos",
        ),
        (
            '{"signature": {"instructions": "x", "fields": [{"name": "q"}, {"name": "z"}]}}',
            "was saved with the fields `q`, `z`, here it has `q`, `a`",
        ),
        ('{"signature": "cos\\nsystem", "demos": []}', "has no instructions and demos"),
    ],
)
def test_a_file_that_does_not_fit_is_said_and_changes_nothing(tmp_path, content, said):
    file = tmp_path / "p.json"
    file.write_text(content)
    program = Predict("q -> a", demos=DEMOS)

    with pytest.raises(UsageError) as caught:
        program.load(file)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)
    assert program.demos == DEMOS


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="could not be read: No such file"):
        Predict("q -> a").load(tmp_path / "none.json")


def test_a_folder_that_is_not_there_is_said_and_nothing_is_left_behind(tmp_path):
    with pytest.raises(UsageError, match="could not be saved to"):
        Predict("q -> a").save(tmp_path / "none" / "p.json")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file_is_said_and_nothing_is_left_behind(tmp_path):
    (tmp_path / "p.json").mkdir()

    with pytest.raises(UsageError, match="could not be saved to"):
        Predict("q -> a").save(tmp_path / "p.json")
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]


def test_a_predictor_may_be_called_signature(tmp_path):
    class Named(Module):
        def __init__(self, *demos):
            self.signature = Predict("q -> a", demos=demos)

    file = Named(*DEMOS).save(tmp_path / "p.json")

    assert Named().load(file).state["signature"].demos == DEMOS


def test_a_predictor_that_would_be_lost_is_not_saved(tmp_path):
    class Named(Module):
        def __init__(self):
            self.metadata = Predict("q -> a")

    with pytest.raises(UsageError, match="keeps the name `metadata` for itself"):
        Named().save(tmp_path / "p.json")
    assert list(tmp_path.iterdir()) == []


def test_a_loaded_program_sends_the_prompt_that_the_saved_one_did(tmp_path):
    class City(BaseModel):
        name: str
        lakes: list[str]

    def program(*demos):
        types = {"City": City}
        return Predict(Signature("q: City -> a: City, n: int | None", types=types), demos=demos)

    ulm, bonn = City(name="Ulm", lakes=[]), City(name="Bonn", lakes=["a", "b"])
    saved = program(Example(q=ulm, a=bonn, n=None), Example(q=bonn, a=ulm))
    loaded = program().load(saved.save(tmp_path / "p.json"))

    assert loaded.messages(q=ulm) == saved.messages(q=ulm)


def test_saving_again_replaces_the_file_and_leaves_no_other(tmp_path):
    Predict("q -> a").save(tmp_path / "p.json")
    Predict("q -> a", demos=DEMOS).save(tmp_path / "p.json")

    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]
    assert len(Predict("q -> a").load(tmp_path / "p.json").demos) == 2
