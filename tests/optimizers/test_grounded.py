import random

import pytest

from dspnb import Example, Prediction, Signature
from dspnb.module import Setting
from dspnb.optimizers import Task
from dspnb.optimizers.grounded import TIPS, GroundedProposer, bare

SIGNATURES = {"a": Signature("x: int -> y: int"), "b": Signature("y: int -> z")}
ROWS = [Example(x=i, y=i, z=f"row {i}").with_inputs("x") for i in range(25)]
DEMOS = [Example(augmented=True, x=i, y=i) for i in range(6)]
SETS = {
    path: [(), (Example(x=1, y=1),), *[(DEMOS[i], DEMOS[i + 1]) for i in range(5)]]
    for path in SIGNATURES
}


def task(rows=ROWS, source="class Program: ...", seed=0):
    state = {path: Setting(f"Do {path}.") for path in SIGNATURES}
    return Task(state, rows, rows, random.Random(seed), SIGNATURES, source)


def answer(ask, number):
    """What a proposer might say; no two proposals are the same."""
    said = {"complete": False, "instruction": f"Instruction {number}."}
    return Prediction(
        **{f.name: said.get(f.name, f"Some {f.name}.") for f in ask.signature.outputs}
    )


def proposed(proposer, given, count=3, sets=SETS, answered=answer):
    """The instructions, and all asks in the order they were put, as one tuple each."""
    search, answers, asked = proposer.instructions(given, sets, count), None, []
    while True:
        try:
            asks = search.send(answers)
        except StopIteration as end:
            return end.value, asked
        together = asks if isinstance(asks, tuple) else (asks,)
        asked.append(together)
        number = sum(map(len, asked))
        made = tuple(answered(ask, number + i) for i, ask in enumerate(together))
        answers = made if isinstance(asks, tuple) else made[0]


def asks_for(output, asked):
    return [ask for asks in asked for ask in asks if output in ask.inputs.keys() | outputs(ask)]


def outputs(ask):
    return {field.name for field in ask.signature.outputs}


def test_the_first_instruction_is_the_predictors_own():
    instructions, _ = proposed(GroundedProposer(), task())

    assert {path: texts[0] for path, texts in instructions.items()} == {"a": "Do a.", "b": "Do b."}
    assert [len(texts) for texts in instructions.values()] == [3, 3]


def test_a_proposal_is_told_of_data_program_role_demos_and_its_instruction():
    _, asked = proposed(GroundedProposer(tip_aware=False), task())

    for ask in asks_for("instruction", asked):
        assert {field.name for field in ask.signature.inputs} == set(ask.inputs)
        path = "a" if "Do a." in ask.inputs.values() else "b"
        told = {name: text for name, text in ask.inputs.items() if name != "demos"}
        assert told == {
            "dataset": "Some summary.",
            "program_code": "class Program: ...",
            "program_description": "Some description.",
            "predictor": f"{path}: {SIGNATURES[path]}",
            "predictor_role": "Some role.",
            "current_instruction": f"Do {path}.",
        }
        assert ask.inputs["demos"]


def test_proposals_are_asked_for_together():
    _, asked = proposed(GroundedProposer(), task(), count=4)

    assert [len(asks) for asks in asked if "instruction" in outputs(asks[0])] == [2 * 3]
    assert [len(asks) for asks in asked if "role" in outputs(asks[0])] == [2]


def test_everything_is_asked_at_the_temperature_given():
    _, asked = proposed(GroundedProposer(temperature=0.7), task())

    assert {ask.temperature for asks in asked for ask in asks} == {0.7}


def test_three_different_demos_of_successful_runs_are_shown():
    _, asked = proposed(GroundedProposer(), task(), count=4)

    shown = [ask.inputs["demos"].split("\n\n") for ask in asks_for("instruction", asked)]
    assert all(len(set(demos)) == 3 for demos in shown)
    assert shown[0] != shown[1] != shown[2]
    assert shown[0] == ["x: 1\ny: 1", "x: 2\ny: 2", "x: 3\ny: 3"]


@pytest.mark.parametrize(
    ("off", "gone"),
    [
        ("data_aware", {"dataset"}),
        ("program_aware", {"program_code", "program_description", "predictor_role"}),
        ("fewshot_aware", {"demos"}),
        ("tip_aware", {"tip"}),
    ],
)
def test_a_part_that_is_not_wanted_is_neither_asked_for_nor_told(off, gone):
    proposer, less = GroundedProposer(), GroundedProposer(**{off: False})
    named = [
        set().union(*(ask.inputs for ask in asks_for("instruction", proposed(one, task())[1])))
        for one in (proposer, less)
    ]

    assert named[0] - named[1] == gone
    assert less.calls(25, 2, 3) == sum(map(len, proposed(less, task())[1]))


def test_a_program_without_source_is_not_described():
    _, asked = proposed(GroundedProposer(), task(source=""))

    assert not asks_for("program_code", asked)
    assert all("predictor" in ask.inputs for ask in asks_for("instruction", asked))


@pytest.mark.parametrize(
    ("unread", "gone"),
    [
        ("observations", "dataset"),
        ("summary", "dataset"),
        ("description", "program_description"),
        ("role", "predictor_role"),
    ],
)
def test_a_part_whose_answer_could_not_be_read_is_left_out(unread, gone):
    def answered(ask, number):
        return None if unread in outputs(ask) else answer(ask, number)

    instructions, asked = proposed(GroundedProposer(), task(), answered=answered)

    assert all(gone not in ask.inputs for ask in asks_for("instruction", asked))
    assert [len(texts) for texts in instructions.values()] == [3, 3]


def test_a_proposal_that_is_empty_unreadable_or_known_is_no_candidate():
    said = iter([None, "  ", "Do a.", "New.", "New.", "Else."] + ["Do b."] * 6)

    def answered(ask, number):
        if "instruction" not in outputs(ask):
            return answer(ask, number)
        text = next(said)
        return None if text is None else Prediction(instruction=text)

    instructions, _ = proposed(GroundedProposer(), task(), count=7, answered=answered)

    assert instructions == {"a": ["Do a.", "New.", "Else."], "b": ["Do b."]}


def test_all_of_the_training_data_are_looked_at_in_batches():
    _, asked = proposed(GroundedProposer(batch=10), task())

    looks = asks_for("rows", asked)
    assert [ask.inputs["rows"].count("row ") for ask in looks] == [10, 10, 5]
    assert all(f"row {i}" in "".join(ask.inputs["rows"] for ask in looks) for i in range(25))
    assert [ask.inputs["known"].count("Some observations.") for ask in looks] == [0, 1, 2]


def test_at_most_ten_batches_are_looked_at():
    _, asked = proposed(GroundedProposer(batch=2), task())

    assert len(asks_for("rows", asked)) == 10


def test_looking_ends_when_the_model_has_seen_enough():
    def answered(ask, number):
        if "complete" in outputs(ask):
            return Prediction(
                observations="All is said.", complete=bool(ask.inputs["known"][0] != "(")
            )
        return answer(ask, number)

    _, asked = proposed(GroundedProposer(batch=5), task(), answered=answered)

    assert len(asks_for("rows", asked)) == 2
    assert asks_for("summary", asked)[0].inputs["observations"] == "All is said.\nAll is said."


def test_tips_are_drawn_and_one_is_none():
    drawn = set()
    for seed in range(20):
        _, asked = proposed(GroundedProposer(), task(seed=seed), count=4)
        drawn |= {ask.inputs.get("tip", "") for ask in asks_for("instruction", asked)}

    assert drawn == set(TIPS)


def test_the_number_of_calls_is_told_before():
    for rows, count in [(1, 2), (10, 3), (25, 3), (25, 1)]:
        _, asked = proposed(GroundedProposer(), task(ROWS[:rows]), count)

        assert GroundedProposer().calls(rows, 2, count) == sum(map(len, asked))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Name the team.", "Name the team."),
        ("**New instruction:** Name it.", "Name it."),
        ("Instruction: 'Name it.'", "Name it."),
        ('"Name it."', "Name it."),
        ('"Instruction: Name it."', "Name it."),
        ('"Yes" or "no".', '"Yes" or "no".'),
        ("Classify: one word.", "Classify: one word."),
        ("Follow these instructions: be brief.", "Follow these instructions: be brief."),
    ],
)
def test_labels_and_quotes_around_an_instruction_go_and_nothing_else_does(said, meant):
    assert bare(said) == meant
