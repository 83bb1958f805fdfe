"""ChainOfThought: reasoning comes first, in a field that may be another."""

import pytest

from dspnb import ChainOfThought, Completion, Field, OutputField, Reasoning, UsageError, use
from dspnb.testing import Scripted

THOUGHT = "[[ ## reasoning ## ]]\nIt is red.\n[[ ## answer ## ]]\nMars"


def outputs(program):
    return [
        (field.name, field.type_name, field.desc) for field in program.predict.signature.outputs
    ]


def test_the_reasoning_stands_before_the_answer():
    with use(lm=Scripted([THOUGHT])):
        prediction = ChainOfThought("question -> answer")(question="Which planet is red?")

    assert dict(prediction) == {"reasoning": "It is red.", "answer": "Mars"}
    assert [call.path for call in prediction.trace] == ["predict"]


def test_the_reasoning_may_have_another_type():
    program = ChainOfThought("question -> answer", rationale_field_type=list[str])

    assert [(name, type_) for name, type_, _ in outputs(program)] == [
        ("reasoning", "list[str]"),
        ("answer", "str"),
    ]


def test_the_reasoning_may_be_another_field():
    field = Field("steps", list[str], "one a line")
    program = ChainOfThought("question -> answer", rationale_field=field)

    assert outputs(program)[0] == ("steps", "list[str]", "one a line")
    with use(lm=Scripted(['[[ ## steps ## ]]\n["look up"]\n[[ ## answer ## ]]\nMars'])):
        assert program(question="?").steps == ["look up"]


def test_the_reasoning_may_have_another_description():
    mark = OutputField(desc="in verse")

    program = ChainOfThought("question -> answer", rationale_field=mark)
    listed = ChainOfThought("q -> a", rationale_field=mark, rationale_field_type=list[str])
    assert outputs(program)[0] == ("reasoning", "str", "in verse")
    assert outputs(listed)[0] == ("reasoning", "list[str]", "in verse")


def test_a_model_that_thinks_by_itself_is_not_asked_to_write_its_thoughts():
    program = ChainOfThought("question -> answer", rationale_field_type=Reasoning)
    lm = Scripted(
        [Completion("[[ ## answer ## ]]\nMars", reasoning="Red, so Mars.")], supports=["reasoning"]
    )

    with use(lm=lm):
        prediction = program(question="Which planet is red?")
    assert prediction.reasoning == "Red, so Mars."
    assert prediction.answer == "Mars"
    assert lm.params == [{"reasoning_effort": "low"}]
    assert "reasoning" not in lm.calls[0][0].content


def test_another_model_writes_them():
    with use(lm=Scripted([THOUGHT])):
        program = ChainOfThought("question -> answer", rationale_field_type=Reasoning)
        prediction = program(question="Which planet is red?")

    assert type(prediction.reasoning) is Reasoning


def test_parameters_go_to_the_predictor():
    lm = Scripted([THOUGHT])
    with use(lm=lm):
        ChainOfThought("question -> answer", temperature=0.3)(question="?")

    assert lm.params == [{"temperature": 0.3}]


def test_a_rationale_that_is_no_field_is_said():
    with pytest.raises(UsageError, match=r"is a field, as in `Field\('steps', list\[str\]\)`"):
        ChainOfThought("question -> answer", rationale_field="steps")
    with pytest.raises(UsageError, match="`steps` has a type of its own, `str`; leave out"):
        ChainOfThought(
            "question -> answer", rationale_field=Field("steps"), rationale_field_type=list[str]
        )
