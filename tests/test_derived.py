import pytest

from dspnb import Field, Signature
from dspnb.derived import derived

REASONING = Field("reasoning", str, "think", "output")
OLD = Signature("ticket, language -> team, urgent: bool", "Route.", name="Triage")
NEW = Signature("ticket -> team: int, urgent: bool, why", "Route it.", name="Triage")


def test_the_old_signature_itself_becomes_the_new_one():
    assert derived(OLD, NEW, OLD) == NEW


@pytest.mark.parametrize(
    ("index", "line"),
    [
        (0, "ticket -> reasoning, team: int, urgent: bool, why"),
        (1, "ticket -> team: int, reasoning, urgent: bool, why"),
        (2, "ticket -> team: int, urgent: bool, why, reasoning"),
    ],
)
def test_an_added_field_stays_where_it_was(index, line):
    made = derived(OLD, NEW, OLD.insert(index, REASONING))

    assert str(made) == line
    assert made.field("reasoning") == REASONING


def test_added_fields_keep_their_order():
    made = OLD.append(Field("hint")).append(Field("example")).prepend(Field("past"))

    assert str(derived(OLD, NEW, made)) == (
        "past, ticket, hint, example -> team: int, urgent: bool, why"
    )


def test_a_field_beside_one_that_is_gone_comes_last():
    made = derived(OLD, NEW.delete("team"), OLD.insert(1, REASONING))

    assert str(made) == "ticket -> urgent: bool, why, reasoning"


def test_an_added_field_gives_way_to_one_of_the_new_signature():
    made = derived(OLD, NEW, OLD.append(Field("why", role="output")).append(REASONING))

    assert str(made) == "ticket -> team: int, urgent: bool, why, reasoning"
    own = NEW.prepend(REASONING)
    assert derived(OLD, own, OLD.prepend(REASONING)) == own


def test_only_learned_instructions_stay():
    made = OLD.prepend(REASONING)

    assert derived(OLD, NEW, made).instructions == "Route it."
    learned = made.with_instructions("Learned.")
    assert derived(OLD, NEW, learned).instructions == "Learned."


@pytest.mark.parametrize(
    "other",
    [
        OLD.with_name("Other"),
        OLD.delete("language"),
        OLD.with_field("team", type=int),
        OLD.with_field("team", desc="who"),
        Signature("language, ticket -> team, urgent: bool", "Route.", name="Triage"),
    ],
)
def test_what_was_not_made_from_the_old_signature_is_left_alone(other):
    assert derived(OLD, NEW, other) is None
