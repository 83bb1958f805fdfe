"""A signature made from an older one, made again from the newer one."""

import enum
from typing import Annotated, Literal

import pytest

from dspnb import Field, Signature
from dspnb.derived import derived, retyped

OLD = Signature("question -> answer", "Be brief.", name="QA")


class Level(enum.Enum):
    LOW = "low"


class HigherLevel(enum.Enum):
    LOW = "low"
    HIGH = "high"


def test_the_signature_itself_becomes_the_new_one():
    new = Signature("question -> reply", name="QA")

    assert derived(OLD, new, OLD) == new


def test_added_fields_stay_where_they_were():
    made = Signature(
        (
            Field("context"),
            *OLD.inputs,
            Field("hint"),
            Field("reasoning", role="output"),
            *OLD.outputs,
            Field("sure", bool, role="output"),
        ),
        OLD.instructions,
        name="QA",
    )
    new = Signature("question, style -> title, answer", name="QA")

    wanted = "context, question, hint, style -> reasoning, title, answer, sure: bool"
    assert str(derived(OLD, new, made)) == wanted


def test_what_stood_beside_a_field_that_is_gone_stands_last():
    made = OLD.prepend(Field("reasoning", role="output"))
    made = Signature((*made.fields, Field("sure", bool, role="output")), made.instructions)

    assert str(derived(OLD, Signature("q -> reply"), made)) == "q -> reasoning, reply, sure: bool"


def test_a_field_that_the_new_signature_has_itself_stands_once():
    made = OLD.prepend(Field("reasoning", role="output"))
    new = Signature("question -> answer, reasoning: list[str]", name="QA")

    assert derived(OLD, new, made).fields == new.fields


def test_learned_instructions_stay_and_the_signatures_own_give_way():
    new = OLD.with_instructions("Be exact.")

    assert derived(OLD, new, OLD.prepend(Field("reasoning", role="output"))).instructions == (
        "Be exact."
    )
    assert derived(OLD, new, OLD.with_instructions("Count.")).instructions == "Count."


@pytest.mark.parametrize(
    "other",
    [
        Signature("question -> answer", "Be brief.", name="Other"),  # alike by chance
        Signature("question -> answer"),
        Signature("question -> answer: float", name="QA"),
        Signature("question -> reply", name="QA"),
    ],
)
def test_a_signature_that_was_not_made_from_the_old_one_is_none_of_ours(other):
    assert derived(OLD, Signature("q -> a", name="QA"), other) is None


def test_a_nameless_signature_is_known_by_its_fields():
    old, new = Signature("q -> a"), Signature("q -> a, b")

    assert str(derived(old, new, old.with_instructions("Count."))) == "q -> a, b"
    assert derived(old, new, Signature("q -> a")) is None


@pytest.mark.parametrize(
    ("type_", "wanted"),
    [
        (Level, HigherLevel),
        (list[Level], list[HigherLevel]),
        (dict[str, list[Level]], dict[str, list[HigherLevel]]),
        (Level | None, HigherLevel | None),
        (tuple[Level, ...], tuple[HigherLevel, ...]),
        (Annotated[Level, "how much"], Annotated[HigherLevel, "how much"]),
        (Literal[Level.LOW, "none"], Literal[HigherLevel.LOW, "none"]),
    ],
    ids=str,
)
def test_a_class_is_replaced_wherever_a_type_names_it(type_, wanted):
    signature = Signature((Field("q"), Field("a", type_, "", "output")), name="QA")

    made = retyped(signature, Level, HigherLevel)

    assert made.outputs[0].type == wanted


def test_a_default_of_the_class_is_replaced_too():
    signature = Signature((Field("q"), Field("a", Level, "", "output", Level.LOW)), name="QA")

    made = retyped(signature, Level, HigherLevel)

    assert made.outputs[0].default is HigherLevel.LOW
    assert made.inputs[0] is signature.inputs[0]


def test_a_signature_without_the_class_is_the_same_object():
    assert retyped(OLD, Level, HigherLevel) is OLD
