"""A row as JSON, and back."""

import contextlib
import dataclasses
import datetime
import enum
import json
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from dspnb import Example, Prediction, Score, Signature
from dspnb.lm.base import Attachment, Block, Completion, Message, ToolCall
from dspnb.module import Setting
from dspnb.report import Row
from dspnb.store.rows import read_row, row_json
from dspnb.store.states import read_state, state_json
from dspnb.trace import Attempt, Call, Check


class Kind(enum.Enum):
    LOW = 1
    HIGH = 2


class Word(enum.StrEnum):
    YES = "yes"


class Part(BaseModel):
    name: str
    day: datetime.date
    kinds: list[Kind] = []


class Whole(BaseModel):
    parts: dict[str, Part]
    maybe: Part | None = None


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: float


WHOLE = Whole(parts={"a": Part(name="é", day=datetime.date(2024, 5, 1), kinds=[Kind.HIGH])})
VALUES = {
    str: "Grüße, 東京 \x00\u2028</script>",
    int: 10**30,
    float: -0.25,
    bool: True,
    Literal["a", "b"]: "a",
    list[str]: ["a", ""],
    dict[str, int]: {"a": 1},
    Kind: Kind.LOW,
    Word: Word.YES,
    datetime.date: datetime.date(2024, 2, 29),
    datetime.datetime: datetime.datetime(2024, 2, 29, 1, 2, 3, 4, datetime.UTC),
    datetime.timedelta: datetime.timedelta(days=3, seconds=0.5),
    Whole: WHOLE,
    list[Whole]: [WHOLE, WHOLE],
    Whole | None: None,
    Point: Point(1, 2.5),
    tuple[int, str]: (1, "a"),
    set[str]: {"b", "a"},
}


class Shared:
    """Texts by number, as a store has them."""

    def __init__(self):
        self.texts = []

    def keep(self, thing, make):
        self.texts.append(make(thing))
        return len(self.texts) - 1

    def find(self, number):
        if type(number) is not int or not 0 <= number < len(self.texts):
            raise ValueError(f"the text {number} is missing")
        return self.texts[number]


def there_and_back(row, signature=None, example=True):
    shared = Shared()
    text = row_json(row, shared.keep)
    for one in (text, *shared.texts):
        one.encode()  # there is no half of a surrogate pair in it
        json.loads(one, parse_constant=pytest.fail)
    signatures = {"self": signature} if signature is not None else {}
    return read_row(text, row.example if example else None, signatures, shared.find)


def called(signature, outputs, **more):
    messages = (Message.of("system", "Do it."), Message.of("user", "Now."))
    more = {"messages": messages, "completion": Completion("a", "m", tokens_in=3), **more}
    return Call("self", signature, {"q": "x"}, outputs, **more)


def row_of(value, type_=str, **more):
    signature = Signature("q -> a").with_field("a", type=type_)
    call = called(signature, {"a": value}, **more)
    example = Example(q="x", a="y").with_inputs("q")
    prediction = Prediction(a=value).with_trace((call,))
    row = Row(example, prediction, Score(0.5, "so so", {"one": 1.0}), trace=(call,), seconds=0.25)
    return row, signature


@pytest.mark.parametrize("type_", VALUES, ids=str)
def test_outputs_of_every_type_come_back(type_):
    row, signature = row_of(VALUES[type_], type_)

    found = there_and_back(row, signature)

    assert found == row
    assert type(found.prediction.a) is type(VALUES[type_])
    assert found.prediction.trace == row.trace


def test_feedback_on_single_predictors_comes_back():
    row, signature = row_of("x")
    told = dataclasses.replace(row.score, about={"self": "Too long.", "nowhere": "?"})
    row = dataclasses.replace(row, score=told)

    assert there_and_back(row, signature).score == told


@pytest.mark.parametrize("about", [["x"], {"self": 3}, 5])
def test_feedback_that_is_none_is_damage(about):
    row, _ = row_of("x")
    shared = Shared()
    told = json.loads(row_json(row, shared.keep)) | {"about": about}

    with pytest.raises(ValueError, match="damaged in the store"):
        read_row(json.dumps(told), row.example, {}, shared.find)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(value=json_values.filter(lambda v: v not in (float("inf"), float("-inf"))), said=st.text())
def test_any_plain_values_and_texts_come_back(value, said):
    attempts = (Attempt(said, said, "json"), Attempt("", ""))
    row, signature = row_of(value, Any, error=said, rejected=said, attempts=attempts)
    row = dataclasses.replace(
        row, score=Score(0.0, said), checks=(Check("suggest", said, False, 2),)
    )
    infinite = "Infinity" in json.dumps(value)

    assert infinite or there_and_back(row, signature) == row


def test_a_failed_row_comes_back_without_its_exception():
    row, signature = row_of("a")
    failed = Row(
        row.example, None, Score(0.0, "ParseError: no"), "ParseError: no", row.trace, 1.5,
        (Check("require", "short", True, 1),), ValueError("no"),
    )  # fmt: skip

    assert there_and_back(failed, signature) == failed
    assert there_and_back(failed, signature).exception is None


def test_half_a_surrogate_pair_comes_back():
    half = "half \ud83d"
    completion = Completion(half, "m", reasoning=half)
    row, signature = row_of(half, completion=completion, messages=(Message.of("user", half),))

    assert there_and_back(row, signature) == row


def test_pictures_and_calls_of_tools_come_back():
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}
    picture = Block("input", "<image>", Attachment("image", part, "image/png, 4 B"))
    messages = (
        Message("user", (Block("fields", "See."), picture)),
        Message("assistant", (), (ToolCall("look", {"at": [1, {"b": None}]}, "id1"),)),
        Message("tool", (Block("text", "a cat"),), tool_call_id="id1"),
        Message("user", (picture,)),
    )
    completion = Completion(
        "", "m", tool_calls=(ToolCall("look", {"at": 2}),), citations=({"url": "u"},),
        logprobs={"content": [0.5]}, samples=(Completion("a"), Completion("b")), finish="stop",
    )  # fmt: skip
    row, signature = row_of("a", messages=messages, completion=completion)

    assert there_and_back(row, signature) == row


def test_a_huge_text_comes_back():
    row, signature = row_of("é" * 3_000_000)

    assert there_and_back(row, signature) == row


def test_an_answer_of_the_cache_is_still_one_and_no_price_stays_none():
    row, signature = row_of("a", completion=Completion("a", "m", cached=True), dollars=None)

    found = there_and_back(row, signature)
    assert found.trace[0].completion.cached
    assert (found.cost, found.unpriced) == (None, 1)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        [float("inf")],
        b"\xff\x00",
        pytest.param(object(), id="object()"),
        np.float32(0.5),
        np.arange(3),
        {1: {2: (3,)}},
        {Kind.LOW: Kind.HIGH},
        datetime.date,
        pytest.param(lambda: 1, id="lambda"),
        1j,
        range(3),
    ],
    ids=repr,
)
def test_what_json_does_not_know_becomes_what_it_does(value):
    row, signature = row_of(value, Any)

    found = there_and_back(row, signature)
    assert json.dumps(found.prediction.a, allow_nan=False)
    assert found.score == row.score


def test_what_cannot_be_told_at_all_becomes_words_and_the_row_is_kept():
    class Mute:
        def __repr__(self):
            raise RuntimeError("mute")

    circle = []
    circle.append(circle)
    deep = []
    for _ in range(5000):
        deep = [deep]

    for value in (circle, Mute(), deep, {"a": circle}):
        row, signature = row_of(value, Any)
        found = there_and_back(row, signature)

        assert found.score == row.score
        assert isinstance(found.prediction.a, str)


def test_a_completion_with_something_that_is_not_json_keeps_its_text():
    row, signature = row_of("a", completion=Completion("a", "m", logprobs=object()))

    assert there_and_back(row, signature).trace[0].completion == Completion("a", "m")


def test_a_row_without_its_example_at_hand_has_it_as_json_has_it():
    row, signature = row_of("a")
    row = dataclasses.replace(
        row, example=Example(q="x", day=VALUES[datetime.date]).with_inputs("q")
    )

    found = there_and_back(row, signature, example=False)
    assert found.example == Example(q="x", day="2024-02-29").with_inputs("q")


# -- another program ----------------------------------------------------------------------


def test_a_field_of_another_type_by_now_has_the_value_as_it_was_written():
    row, _ = row_of(WHOLE, Whole)
    now = Signature("q -> a: int")

    found = there_and_back(row, now)
    assert found.prediction.a == {
        "parts": {"a": {"name": "é", "day": "2024-05-01", "kinds": [2]}}, "maybe": None,
    }  # fmt: skip
    assert found.trace[0].signature.field("a").type is Any


def test_a_field_whose_class_lost_a_part_has_the_value_as_it_was_written():
    class Part(BaseModel):
        name: str

    row, _ = row_of(Part(name="a"), Part)

    class Part(BaseModel):  # the same name, another shape
        title: str

    found = there_and_back(row, Signature("q -> a").with_field("a", type=Part))
    assert found.prediction.a == {"name": "a"}


def test_a_check_of_a_type_may_raise_what_it_likes():
    from typing import Annotated

    from pydantic import AfterValidator

    def broken(value):
        raise KeyError("of the user's own code")

    row, _ = row_of("a")
    signature = Signature("q -> a").with_field("a", type=Annotated[str, AfterValidator(broken)])
    shared = Shared()
    text = row_json(row, shared.keep)
    shared.texts = [
        one.replace('"str"', json.dumps(signature.field("a").type_name)) for one in shared.texts
    ]

    assert read_row(text, row.example, {"self": signature}, shared.find).prediction.a == "a"


def test_a_predictor_that_is_gone_has_its_calls_all_the_same():
    row, _ = row_of("a")

    found = there_and_back(row)
    assert found.trace[0].signature.input_names == ("q",)
    assert found.prediction.a == "a"


# -- a file that somebody else wrote -------------------------------------------------------

HOSTILE = [
    None, True, -1, 1e300, "", "__import__('os').system('x')", "os.system", [], {}, [[]], [None],
    {"__class__": "os"}, {"__reduce__": ["os.system", "x"]}, {"self": {}}, [{}, {}, {}, {}],
    "!!python/object/apply:os.system ['x']", 2**70,
]  # fmt: skip


def places(told, path=()):
    """The paths of all values inside a value of JSON."""
    yield path
    inner = (
        told.items()
        if isinstance(told, dict)
        else enumerate(told)
        if isinstance(told, list)
        else ()
    )
    for key, value in inner:
        yield from places(value, (*path, key))


def changed(told, path, value):
    if not path:
        return value
    copy = dict(told) if isinstance(told, dict) else list(told)
    copy[path[0]] = changed(told[path[0]], path[1:], value)
    return copy


def test_whatever_stands_in_a_row_is_read_or_refused_and_never_run():
    picture = Block("input", "i", Attachment("image", {"type": "x"}, "l"))
    calls = (ToolCall("f", {"a": 1}, "1"),)
    row, signature = row_of(
        "a", attempts=(Attempt("a", "b"),),
        messages=(Message.of("system", "s"), Message("assistant", (picture,), calls)),
    )  # fmt: skip
    row = dataclasses.replace(row, checks=(Check("require", "m", True, 1),))
    shared = Shared()
    texts = [row_json(row, shared.keep), *shared.texts]
    refused = read = 0
    for which, text in enumerate(texts):
        told = json.loads(text)
        for path in places(told):
            for value in HOSTILE:
                some = [*texts]
                some[which] = json.dumps(changed(told, path, value))
                other = Shared()
                other.texts = some[1:]
                for example in (row.example, None):
                    try:
                        found = read_row(some[0], example, {"self": signature}, other.find)
                    except ValueError:
                        refused += 1
                    else:
                        assert isinstance(found, Row)
                        assert isinstance(found.score.value, (int, float))
                        read += 1

    assert refused > 1000
    assert read > 100


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", "7", '{"score": NaN}', "[" * 100_000, '{"a":' * 100_000, "\x00"]
)
def test_what_is_no_row_is_refused(text):
    with pytest.raises(ValueError, match="damaged in the store"):
        read_row(text, None, {}, Shared().find)


def test_a_missing_text_is_named():
    row, signature = row_of("a")
    text = row_json(row, Shared().keep)

    with pytest.raises(ValueError, match="the text 0 is missing"):
        read_row(text, None, {"self": signature}, Shared().find)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), "1", None, True, 2**70, [], 1j])
def test_a_score_that_is_no_number_is_refused_when_it_is_made_or_read(score):
    row, _ = row_of("a")
    told = json.loads(row_json(row, (shared := Shared()).keep))
    try:
        told["score"][0] = score
        text = json.dumps(told)
    except TypeError:
        return

    if isinstance(score, int):
        assert read_row(text, None, {}, shared.find).score.value == score
    else:
        with pytest.raises(ValueError, match="a score is no number"):
            read_row(text, None, {}, shared.find)


def test_no_type_is_made_from_what_a_file_says():
    row, _ = row_of("a")
    shared = Shared()
    text = row_json(row, shared.keep)
    shared.texts = [one.replace('"str"', "\"__import__('os').abort()\"") for one in shared.texts]

    found = read_row(text, None, {}, shared.find)
    assert {field.type for field in found.trace[0].signature.fields} == {Any}


# -- states -------------------------------------------------------------------------------


def test_a_state_comes_back():
    state = {"a.b": Setting("Do \ud83d.", (Example(q="é", n=[1]),)), "": Setting("")}

    assert read_state(state_json(state)) == state


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_what_is_no_state_is_refused(value):
    told = json.loads(state_json({"a": Setting("x", (Example(q="y"),))}))
    read = 0
    for path in places(told):
        with contextlib.suppress(ValueError):  # and nothing else is raised
            read += isinstance(read_state(json.dumps(changed(told, path, value))), dict)

    assert read
