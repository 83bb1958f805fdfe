"""The inputs of a call: all there, none too many, each within the limits of its field."""

from typing import Any

import pytest

from dspnb import Example, History, Image, InputError, Predict, Signature, Tool, UsageError, use
from dspnb.evaluate import evaluate
from dspnb.inputs import check_inputs
from dspnb.testing import Scripted

PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)


def fitted(line, **given):
    return check_inputs(Signature(line), given)


def test_defaults_fill_the_inputs_that_are_left_out():
    signature = Signature("question, tone = 'plain' -> answer")

    assert check_inputs(signature, {"question": "?"}) == {"question": "?", "tone": "plain"}


def test_each_call_gets_a_list_of_its_own():
    signature = Signature("tags: list[str] = [], more: dict[str, list[int]] = {'a': []} -> x")

    one = check_inputs(signature, {})
    one["tags"].append("edited")
    one["more"]["a"].append(1)

    assert check_inputs(signature, {}) == {"tags": [], "more": {"a": []}}


def test_inputs_stand_in_the_order_of_the_signature():
    signature = Signature("a, b = '' , c = '' -> x")

    assert list(check_inputs(signature, {"c": "", "b": "", "a": ""})) == ["a", "b", "c"]
    assert list(check_inputs(signature, {"c": "", "a": ""})) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"question": "?", "contxt": ""}, "takes no input `contxt`; did you mean `context`?"),
        ({"question": "?"}, "needs the input `context`; call it with question=..., context=..."),
    ],
)
def test_wrong_inputs_are_named(given: dict[str, Any], message):
    with pytest.raises(UsageError) as error:
        check_inputs(Signature("question, context -> answer"), given)

    assert message in str(error.value)


@pytest.mark.parametrize(
    ("line", "value", "said"),
    [
        ("x: int(ge=1, le=5) -> a", 7, "value of `int(ge=1, le=5)`, which 7 is not: Input should"),
        ("x: str(max_length=3) -> a", "long", "`str(max_length=3)`, which 'long' is not: String"),
        ("x: list[str](max_length=1) -> a", ["a", "b"], "List should have at most 1 item"),
        ("x: list[int(ge=0)] -> a", [1, -1], "Input should be greater than or equal to 0"),
        ("x: Image -> a", "photo.png", 'use `Image.from_file("photo.png")`'),
        ("x: History -> a", 3, "A `History` is made of a list of turns"),
    ],
)
def test_an_input_outside_its_limits_is_said_before_anything_is_sent(line, value, said):
    lm = Scripted([])
    with use(lm=lm), pytest.raises(InputError) as caught:
        Predict(line)(x=value)

    assert said in str(caught.value)
    assert lm.calls == []


def test_inputs_within_their_limits_stay_as_they_are():
    assert fitted("x: int(ge=1) -> a", x=2) == {"x": 2}
    assert fitted("x: int(ge=1) -> a", x="2") == {"x": "2"}  # as a prompt shows it anyway
    assert fitted("x: int(ge=1) = None -> a") == {"x": None}
    assert fitted("x: int -> a", x="no number") == {"x": "no number"}  # a hint, not a limit


def test_what_a_picture_a_past_or_a_tool_is_made_of_becomes_one():
    def add(a: int, b: int) -> int:
        "Add."
        return a + b

    assert fitted("x: Image -> a", x=PNG)["x"] == Image(PNG)
    assert fitted("x: list[Image] -> a", x=["https://a.org/b.png"])["x"] == [
        Image("https://a.org/b.png")
    ]
    assert fitted("x: History -> a", x=[{"q": "?"}])["x"] == History([{"q": "?"}])
    assert fitted("x: list[Tool] -> a", x=[add])["x"] == [Tool(add)]
    assert fitted("x: list[Tool] -> a", x=add)["x"] == [Tool(add)]
    assert fitted("x: Image | None -> a", x=None) == {"x": None}


def test_an_input_that_does_not_fit_fails_its_row_only():
    rows = [Example(x=n).with_inputs("x") for n in (1, 9)]
    with use(lm=Scripted(["[[ ## a ## ]] y"])):
        report = evaluate(Predict("x: int(le=5) -> a"), rows, lambda example, prediction: 1.0)

    assert report.mean == 0.5
    assert report.errors[0].error.startswith("InputError: `x: int(le=5) -> a` takes as `x`")
