import datetime
import re
from decimal import Decimal
from typing import Annotated, Any, Literal

import annotated_types as limits
import pydantic
import pytest
from pydantic import StringConstraints, TypeAdapter, ValidationError

from dspnb.annotations import checked, describe
from dspnb.constraints import constrain, constraint_words, constraints_of


def in_one_form(type_):
    return checked(type_, "it")


@pytest.mark.parametrize(
    ("type_", "given", "good", "bad"),
    [
        (int, {"ge": 0, "le": 10}, [0, 10], [-1, 11]),
        (float, {"gt": 0, "lt": 1}, [0.5], [0, 1]),
        (int, {"multiple_of": 5}, [10], [11]),
        (str, {"max_length": 3}, ["abc"], ["abcd"]),
        (list[str], {"min_length": 1, "max_length": 2}, [["a"]], [[], ["a", "b", "c"]]),
        (dict[str, int], {"max_length": 1}, [{"a": 1}], [{"a": 1, "b": 2}]),
        (str, {"pattern": "^[A-Z]{3}$"}, ["ABC"], ["abc", "ABCD"]),
        (str, {"pattern": "^(?!no)"}, ["yes"], ["no"]),
        (float, {"allow_inf_nan": False}, [1.0], [float("inf")]),
        (Decimal, {"ge": 0.1}, [Decimal("0.1")], [Decimal("0.09")]),
        (datetime.date, {"ge": "2024-01-01"}, ["2024-01-01"], ["2023-12-31"]),
        (int | None, {"ge": 0}, [None, 0], [-1]),
        (int | float, {"ge": 0}, [0, 0.5], [-1, -0.5]),
        (Any, {"ge": 0}, [0], [-1]),
    ],
)
def test_a_constrained_type_takes_what_is_within_its_limits(type_, given, good, bad):
    adapter = TypeAdapter(constrain(type_, given))

    for value in good:
        adapter.validate_python(value)
    for value in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


@pytest.mark.parametrize(
    ("type_", "given", "message"),
    [
        (str, {"ge": 3}, "`ge` does not fit `str`; it is for numbers, dates and times."),
        (bool, {"ge": 0}, "`ge` does not fit `bool`"),
        (Literal["a"], {"ge": 0}, "`ge` does not fit `Literal`"),
        (int, {"max_length": 3}, "`max_length` does not fit `int`; it is for text and coll"),
        (list[str], {"pattern": "a"}, "`pattern` does not fit `list`; it is for text."),
        (int, {"allow_inf_nan": False}, "`allow_inf_nan` does not fit `int`"),
        (str, {"multiple_of": 2}, "`multiple_of` does not fit `str`; it is for numbers."),
        (int | str, {"ge": 3}, "`ge` does not fit `str`"),
        (int, {"ge": "a"}, "`ge` is a number, not 'a'."),
        (int, {"ge": True}, "`ge` is a number, not True."),
        (datetime.date, {"ge": "soon"}, "`ge` is a date, not 'soon'."),
        (int, {"multiple_of": 0}, "`multiple_of` is a number above 0, not 0."),
        (str, {"max_length": -1}, "`max_length` is a whole number from 0, not -1."),
        (str, {"pattern": "("}, "`pattern` is a regular expression, not '(': missing"),
        (float, {"allow_inf_nan": 1}, "`allow_inf_nan` is True or False, not 1."),
        (int, {"gee": 3}, "`gee` is no constraint; did you mean `ge`?"),
        (int, {"ge": 5, "le": 1}, "nothing is within `ge=5, le=1`."),
        (int, {"gt": 5, "lt": 5}, "nothing is within `gt=5, lt=5`."),
        (str, {"min_length": 5, "max_length": 1}, "nothing is within `min_length=5, max_"),
    ],
)
def test_a_limit_that_does_not_fit_the_type_is_explained(type_, given, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        constrain(type_, given)


@pytest.mark.parametrize(
    "written",
    [
        Annotated[int, limits.Le(10), limits.Ge(0)],
        Annotated[int, limits.Interval(ge=0, le=10)],
        Annotated[int, pydantic.Field(ge=0, le=10)],
        Annotated[Annotated[int, limits.Ge(0)], limits.Le(10)],
        pydantic.conint(ge=0, le=10),
    ],
)
def test_limits_have_one_form_however_they_were_written(written):
    assert in_one_form(written) == constrain(int, {"ge": 0, "le": 10})
    assert in_one_form(list[written]) == list[constrain(int, {"ge": 0, "le": 10})]


def test_the_limits_of_text_have_one_form_too():
    wanted = constrain(str, {"max_length": 3, "pattern": "^a"})

    assert in_one_form(Annotated[str, StringConstraints(max_length=3, pattern="^a")]) == wanted
    assert in_one_form(Annotated[str, pydantic.Field(max_length=3, pattern="^a")]) == wanted
    assert in_one_form(pydantic.constr(max_length=3, pattern="^a")) == wanted


def test_a_pattern_keeps_its_flags():
    type_ = constrain(str, {"pattern": re.compile("^a", re.IGNORECASE)})

    assert describe(type_) == "str(pattern='(?i)^a')"
    assert TypeAdapter(type_).validate_python("Ab") == "Ab"


def test_limits_add_up_and_the_later_one_counts():
    type_ = constrain(constrain(int, {"ge": 0, "le": 5}), {"le": 10})

    assert constraints_of(type_) == {"ge": 0, "le": 10}


def test_a_validator_of_the_users_runs_where_it_stands():
    doubled = Annotated[int, pydantic.AfterValidator(lambda n: n * 2), limits.Le(10)]

    assert in_one_form(doubled) == doubled
    type_ = constrain(doubled, {"ge": 4})
    assert constraints_of(type_) == {"ge": 4, "le": 10}
    assert TypeAdapter(type_).validate_python(5) == 10


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        (int, ""),
        (constrain(int, {"ge": 0, "le": 10}), "at least 0, at most 10"),
        (constrain(float, {"gt": 0, "lt": 1}), "more than 0, less than 1"),
        (constrain(int, {"multiple_of": 5}), "a multiple of 5"),
        (constrain(str, {"max_length": 20}), "at most 20 characters"),
        (constrain(str, {"min_length": 1}), "at least 1 character"),
        (constrain(str, {"min_length": 3, "max_length": 3}), "exactly 3 characters"),
        (constrain(bytes, {"max_length": 2}), "at most 2 bytes"),
        (constrain(list[str], {"max_length": 5}), "at most 5 items"),
        (constrain(dict[str, int], {"min_length": 2}), "at least 2 entries"),
        (constrain(str, {"pattern": "^[A-Z]{3}$"}), "matching the pattern ^[A-Z]{3}$"),
        (constrain(float, {"allow_inf_nan": False}), "a finite number"),
        (constrain(float, {"allow_inf_nan": True}), ""),
        (constrain(int | None, {"ge": 0}), "at least 0"),
        (constrain(list[constrain(int, {"ge": 0})], {"max_length": 5}), "at most 5 items, each at"),
        (dict[str, constrain(int, {"ge": 0})], "each value at least 0"),
        (tuple[constrain(int, {"ge": 0}), ...], "each at least 0"),
        (constrain(int, {"ge": 0}) | constrain(str, {"max_length": 2}), "at least 0 or at most 2"),
        (constrain(datetime.date, {"ge": "2024-01-01"}), "at least 2024-01-01"),
    ],
)
def test_limits_are_said_in_plain_words(type_, words):
    said = constraint_words(type_)

    assert said.startswith(words)
    assert bool(said) == bool(words)
