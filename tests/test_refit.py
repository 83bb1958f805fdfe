"""What a predictor has learned, fitted to a signature that was written anew."""

import enum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel

from dspnb import ChainOfThought, Example, Field, Predict, Signature
from dspnb.module import Setting
from dspnb.refit import derived, learned, made_with, refit, retyped

OLD = Signature("question -> answer", "Be brief.", name="QA")


class Level(enum.Enum):
    LOW = "low"


class HigherLevel(enum.Enum):
    LOW = "low"
    HIGH = "high"


class City(BaseModel):
    name: str


class Town(BaseModel):
    name: str
    country: str = "unknown"


class Island:
    """A class that pydantic knows nothing of."""


# -- signatures ----------------------------------------------------------------------


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
    signature = Signature((Field("q"), Field("a", type_, "", "output", Level.LOW)), name="QA")

    made = retyped(signature, Level, HigherLevel)

    assert made.outputs[0].type == wanted
    assert made.outputs[0].default is HigherLevel.LOW
    assert made.inputs[0] is signature.inputs[0]


def test_a_signature_without_the_class_is_the_same_object():
    assert retyped(OLD, Level, HigherLevel) is OLD


# -- demos ---------------------------------------------------------------------------


def fitted(demo, now, was=OLD):
    return refit(Setting(now.instructions), Setting("", (demo,)), was, now)


def test_fields_that_are_gone_are_left_out_and_marks_stay():
    was = Signature("question, context -> answer, why")
    demo = Example(question="?", context="c", answer="a", why="w", augmented=True)

    result = fitted(demo.with_inputs("question", "context"), OLD, was)

    assert result.setting.demos == (Example(question="?", answer="a", augmented=True),)
    assert result.setting.demos[0].input_names == ("question",)
    assert (result.kept, result.lacking, result.dropped) == (1, (), ())


def test_a_demo_needs_an_input_and_an_output():
    demo = Example(question="?", answer="a")

    assert fitted(demo, Signature("question -> reply, why")).dropped == (
        "they lack `reply`, `why`",
    )
    assert fitted(demo, Signature("query -> answer")).dropped == ("they lack `query`",)


def test_only_outputs_that_are_new_are_said_to_be_lacking():
    demo = Example(question="?", answer="a")
    was = OLD.prepend(Field("reasoning", role="output"))
    now = Signature((*was.fields, Field("sure", bool, role="output")))

    assert fitted(demo, now, was).lacking == ("sure",)


@pytest.mark.parametrize(
    ("was", "now", "before", "after"),
    [
        (str, int, "4", 4),
        (int, str, 4, "4"),
        (int, float, 4, 4),
        (str, Literal["a", "b"], "a", "a"),
        (City, Town, City(name="Oslo"), Town(name="Oslo")),
        (list[City], list[Town], [City(name="Oslo")], [Town(name="Oslo")]),
        (Level, HigherLevel, Level.LOW, HigherLevel.LOW),
        (str, Island, "Java", "Java"),
    ],
    ids=str,
)
def test_a_value_follows_its_fields_new_type(was, now, before, after):
    signatures = [
        Signature((Field("question"), Field("answer", kind, role="output"))) for kind in (was, now)
    ]

    result = fitted(Example(question="?", answer=before), signatures[1], signatures[0])

    [demo] = result.setting.demos
    assert demo.answer == after
    assert type(demo.answer) is type(after)


def test_a_value_that_does_not_fit_its_new_type_drops_the_demo():
    now = Signature("question -> answer: Literal['yes', 'no']")

    result = fitted(Example(question="?", answer="perhaps"), now)

    assert result.setting.demos == ()
    assert result.dropped == ("`answer` does not fit `Literal['yes', 'no']`",)


def test_a_field_whose_type_is_the_same_is_not_looked_at_again():
    was, now = Signature("question -> answer: int"), Signature("query, question -> answer: int")
    demo = Example(question="?", answer="not a number, but it was shown before too")

    assert fitted(demo, now, was).setting.demos == (demo,)


# -- what was learned ----------------------------------------------------------------


def test_what_a_predictor_was_made_with_is_not_learned():
    demo = Example(question="?", answer="a")

    assert learned(Predict(OLD, demos=[demo])) == Setting()
    assert learned(Predict("q -> a")) == Setting()
    assert learned(ChainOfThought(OLD).predict) == Setting()


def test_what_it_was_given_later_is():
    demo = Example(question="?", answer="a")
    taught = ChainOfThought(OLD).with_state({"predict": Setting("Count.", (demo,))})

    assert learned(taught.predict) == Setting("Count.", (demo,))


def test_a_copy_knows_what_the_original_was_made_with():
    twin = ChainOfThought(OLD, temperature=0.5).with_state({})

    assert (made_with(twin).args, made_with(twin).kwargs) == ((OLD,), {"temperature": 0.5})
