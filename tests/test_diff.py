"""What differs between two programs, as data and as a text."""

import dataclasses
import datetime

import pytest

from dspnb import ChainOfThought, Example, Module, Predict, Provenance, Signature, UsageError, diff
from dspnb.diff import Piece
from dspnb.module import Setting

ONE, TWO, THREE = (Example(q=str(n), a=str(n * n)) for n in (1, 2, 3))


class Two(Module):
    def __init__(self):
        self.first = ChainOfThought("q -> a")
        self.rest = [Predict("a -> b")]


def test_equal_things_have_no_difference():
    assert not diff(Two(), Two())
    assert str(diff(Two(), Two())) == "no difference"
    assert diff(Two(), Two()).predictors == {}


def test_only_the_predictors_that_differ_are_named():
    after = Two().with_state({"rest.0": Setting("Be brief.")})

    assert diff(Two(), after)
    assert list(diff(Two(), after).predictors) == ["rest.0"]


def test_instructions_are_compared_word_by_word():
    before = Signature("q -> a", "Answer the question in one word.")
    found = diff(before, before.with_instructions("Answer the question in two short words."))
    instructions = found.predictors["self"]

    assert instructions.before == "Answer the question in one word."
    assert instructions.after == "Answer the question in two short words."
    assert instructions.pieces == (
        Piece("same", "Answer the question in "),
        Piece("removed", "one word."),
        Piece("added", "two short words."),
    )


@pytest.mark.parametrize("words", ["", "One.", "One.\n\n  Two  three", "Three. One. Two"])
def test_the_pieces_give_back_both_texts(words):
    found = diff({"p": Setting(words)}, {"p": Setting("Two.\nOne.\n  three")}).predictors["p"]

    for side, text in (("removed", found.before), ("added", found.after)):
        assert "".join(p.text for p in found.pieces if p.kind in ("same", side)) == text


def test_long_instructions_are_compared_by_every_word():
    words = "the cat and the dog " * 80
    found = diff({"p": Setting(words)}, {"p": Setting("New. " + words)}).predictors["p"]

    assert found.pieces == (Piece("added", "New. "), Piece("same", words))


def test_demos_are_added_removed_and_kept_each_as_often_as_it_stands_there():
    before, after = Predict("q -> a", demos=[ONE, ONE, TWO]), Predict("q -> a", demos=[THREE, ONE])
    found = diff(before, after).predictors["self"]

    assert found.demos_removed == (ONE, TWO)
    assert found.demos_added == (THREE,)
    assert found.demos_kept == (ONE,)
    assert not found.reordered


def test_another_order_of_demos_is_a_difference():
    before, after = Predict("q -> a", demos=[ONE, TWO]), Predict("q -> a", demos=[TWO, ONE])
    found = diff(before, after)

    assert found.predictors["self"].reordered
    assert "demos: 0 removed, 0 added, 2 kept, in another order" in str(found)


def test_fields_are_added_removed_and_changed():
    before = Signature("q, old -> a, side")
    found = diff(before, Signature("q, side -> a: int, new")).predictors["self"]

    assert [field.name for field in found.fields_removed] == ["old"]
    assert [field.name for field in found.fields_added] == ["new"]
    assert [(old.type_name, new.type_name) for old, new in found.fields_changed] == [
        ("str", "int"),
        ("str", "str"),
    ]
    assert [new.role for _, new in found.fields_changed] == ["output", "input"]


def test_parameters_are_compared():
    before, after = Predict("q -> a", temperature=0, k=1), Predict("q -> a", temperature=1, p=1)

    assert diff(before, after).predictors["self"].params == (
        ("temperature", 0, 1),
        ("k", 1, None),
        ("p", None, 1),
    )


def test_a_predictor_that_one_side_lacks_is_added_or_removed():
    class One(Module):
        def __init__(self):
            self.first = ChainOfThought("q -> a")

    removed, added = diff(Two(), One()).predictors, diff(One(), Two()).predictors

    assert removed["rest.0"].after is None
    assert added["rest.0"].before is None
    assert [field.name for field in added["rest.0"].fields_added] == ["a", "b"]
    assert str(removed["rest.0"]).startswith("- rest.0\n")
    assert str(added["rest.0"]).startswith("+ rest.0\n")


def test_a_file_is_compared_with_a_program_and_with_another_file(tmp_path):
    types = {"date": datetime.date}
    demo = Example(q=datetime.date(2024, 5, 1), a="x")
    program = Predict(Signature("q: date -> a", types=types), demos=[demo], temperature=0)
    file = program.save(tmp_path / "a.json")
    other = program.with_state({"self": Setting("Be brief.", (demo,))}).save(tmp_path / "b.json")

    assert not diff(file, program)
    assert not diff(program, str(file))
    found = diff(file, other).predictors["self"]
    assert found.after == "Be brief."
    assert len(found.demos_kept) == 1


def test_what_only_one_side_knows_is_no_difference():
    program = Predict("q -> a", demos=[ONE], temperature=0)

    assert not diff(program, program.state)
    assert not diff(Predict(program.signature).signature, Predict("q -> a").state)


def provenance(score):
    return Provenance("MIPROv2", "exact", "val", score, 0.1, 0.9, 20, "0" * 64, 0, "offline", 3)


def test_scores_are_shown_when_both_sides_know_theirs():
    before = Two().with_state({}, provenance=provenance(0.5))
    after = Two().with_state({"rest.0": Setting("Be brief.")}, provenance=provenance(0.75))

    assert diff(before, after).scores == (provenance(0.5), provenance(0.75))
    assert diff(Two(), after).scores is None
    line = "0.500 [0.100, 0.900] on 20 val examples (exact; MIPROv2 with offline, candidate 3)"
    assert f"  score\n-   {line}\n+   0.750 [" in str(diff(before, after))


def test_the_text_reads_like_a_patch():
    before = Signature("q -> a", "Read.\nThink.\nSay it.\nEnd.")
    after = Signature("q -> a: int, b", "Read.\nThink twice.\nSay it.\nEnd.")
    found = diff(
        Predict(before, demos=[ONE, TWO], temperature=0),
        Predict(after, demos=[TWO, THREE], top_k=1),
    )

    assert repr(found) == str(found)
    assert str(found) == (
        "  self\n"
        "    instructions\n"
        "      Read.\n"
        "-     Think.\n"
        "+     Think twice.\n"
        "      Say it.\n"
        "      End.\n"
        "    demos: 1 removed, 1 added, 1 kept\n"
        '-     {"q": "1", "a": "1"}\n'
        '+     {"q": "3", "a": "9"}\n'
        "    fields\n"
        "-     output a: str\n"
        "+     output a: int\n"
        "+     output b: str\n"
        "    params\n"
        "-     temperature=0\n"
        "+     top_k=1"
    )


def test_far_lines_of_long_instructions_are_left_out():
    lines = [f"Line {i}." for i in range(30)]
    changed = [*lines[:3], "New.", *lines[4:25], "New.", *lines[26:]]
    found = diff({"p": Setting("\n".join(lines))}, {"p": Setting("\n".join(changed))})

    assert str(found).count("New.") == 2
    assert "      ..." in str(found)
    assert "Line 12." not in str(found)


def test_a_difference_is_a_value():
    found = diff(Two(), Two().with_state({"rest.0": Setting("Be brief.")}))

    with pytest.raises(dataclasses.FrozenInstanceError):
        found.scores = None
    assert found == diff(Two(), Two().with_state({"rest.0": Setting("Be brief.")}))


@pytest.mark.parametrize("thing", [3, None, {"p": "text"}, [ONE]])
def test_other_things_are_not_compared(thing):
    with pytest.raises(UsageError, match="`diff` compares programs, states, signatures and the"):
        diff(Two(), thing)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="could not be read"):
        diff(tmp_path / "none.json", Two())
