"""What a predictor has learned, fitted to a signature that was written anew."""

import enum
from typing import Literal

import pytest
from pydantic import BaseModel

from dspnb import ChainOfThought, Example, Field, Predict, Signature
from dspnb.module import Setting
from dspnb.refit import learned, made_with, refit

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
