import enum
from typing import Annotated, Literal

import pydantic
import pytest

from dspnb import (
    LM,
    ChainOfThought,
    ChatAdapter,
    Image,
    JSONAdapter,
    Module,
    Predict,
    Prediction,
    Signature,
    TwoStepAdapter,
    types,
    use,
)
from dspnb.awaiting import only_awaits
from dspnb.testing import Scripted

HOSTED = LM("openai/x", api_base="http://127.0.0.1:9/v1", api_key="k")


class City(pydantic.BaseModel):
    name: str
    people: int = pydantic.Field(0, ge=0)
    near: "list[City]" = []


class Checked(pydantic.BaseModel):
    name: str

    @pydantic.field_validator("name")
    @classmethod
    def known(cls, name):
        return name


class Holds(pydantic.BaseModel):
    cities: list[Checked]


class Color(enum.Enum):
    RED = "red"


class Mine:
    pass


class Own(Predict):
    """A subclass may do anything."""


class Program(Module):
    def __init__(self):
        self.answer = Predict("q -> a")

    def forward(self, q):
        return self.answer(q=q)


class Spoken(ChatAdapter):
    """So may another adapter."""


def changed(program, **attributes):
    vars(program).update(attributes)
    return program


@pytest.mark.parametrize(
    "program",
    [
        Predict("q -> a"),
        Predict("q, k: int(ge=1) = 3 -> a: list[dict[str, float]] | None, b: Literal['x', 'y']"),
        Predict(Signature("q -> city: City", types={"City": City})),
        Predict(Signature("q -> color: Color", types={"Color": Color})),
        Predict("picture: Image -> a"),
        Predict("q -> a", adapter=JSONAdapter()),
        ChainOfThought("q -> a: bool"),
        ChainOfThought("q -> a", rationale_field_type=types.Reasoning),
    ],
    ids=str,
)
def test_our_modules_with_plain_types_only_await(program):
    with use(lm=HOSTED):
        assert only_awaits(program)
    with use(lm=Scripted([])):
        assert not only_awaits(program)
    assert not only_awaits(program)


@pytest.mark.parametrize(
    "program",
    [
        Program(),
        Own("q -> a"),
        changed(Predict("q -> a"), forward=lambda **inputs: Prediction(a="b")),
        changed(ChainOfThought("q -> a"), predict=Own("q -> a")),
        Predict("q -> a", lm=Scripted([])),
        Predict("q -> a", lm=LM("offline")),
        Predict("q -> a", adapter=Spoken()),
        Predict("q -> a", adapter=TwoStepAdapter(HOSTED)),
        Predict(Signature("q -> city: Checked", types={"Checked": Checked})),
        Predict(Signature("q -> cities: list[Holds]", types={"Holds": Holds})),
        Predict(Signature("mine: Mine -> a", types={"Mine": Mine})),
        Predict(Signature("q -> a: Short", types={
            "Short": Annotated[str, pydantic.AfterValidator(str.upper)]
        })),
        pytest.param(lambda q: Prediction(a="b"), id="lambda"),
    ],
    ids=repr,
)  # fmt: skip
def test_what_runs_code_of_the_users_or_a_model_that_may_block_does_not(program):
    with use(lm=HOSTED):
        assert not only_awaits(program)


def test_the_adapter_of_the_context_counts_too():
    with use(lm=HOSTED, adapter=Spoken()):
        assert not only_awaits(Predict("q -> a"))
        assert only_awaits(Predict("q -> a", adapter=ChatAdapter()))


def test_types_that_hold_themselves_are_looked_at_once():
    assert Literal and Image
    with use(lm=HOSTED):
        assert only_awaits(Predict(Signature("q -> cities: list[City]", types={"City": City})))
