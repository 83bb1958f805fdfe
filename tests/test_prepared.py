from typing import Literal

import pytest

from dspnb import ChatAdapter, Example, Signature
from dspnb.lm.base import Message
from dspnb.prepared import LONGEST, prepared

QA = Signature("question -> answer")


def test_a_prompt_of_texts_is_written_once():
    layout = prepared(QA, ChatAdapter())

    assert layout.prompt((), {"question": "?"}) is layout.prompt((), {"question": "?"})
    assert layout.prompt((), {"question": "?"}) == ChatAdapter().render(QA, (), {"question": "?"})


@pytest.mark.parametrize("question", [["?"], "?" * (LONGEST + 1)], ids=["a list", "a long text"])
def test_what_may_change_or_takes_much_memory_is_written_each_time(question):
    layout = prepared(QA, ChatAdapter())
    first, second = (layout.prompt((), {"question": question}) for _ in range(2))

    assert first == second
    assert first is not second


def test_other_demos_instructions_or_names_make_another_prompt():
    demo = Example(question="1 + 1?", answer="2", q="1 + 2?", a="3")
    signatures = QA, QA.with_instructions("Be brief."), Signature("q -> a")
    prompts = [
        prepared(signature, ChatAdapter()).prompt(demos, {signature.inputs[0].name: "?"})
        for signature in signatures
        for demos in ((), (demo,))
    ]

    assert len(set(prompts)) == len(prompts)


def test_the_order_of_choices_is_a_part_of_the_prompt():
    lines = [Signature("q -> a: Literal['x', 'y']"), Signature("q -> a: Literal['y', 'x']")]
    first, second = (prepared(line, ChatAdapter()).prompt((), {"q": "?"}) for line in lines)

    assert Literal["x", "y"] == Literal["y", "x"]
    assert first != second


def test_an_answer_of_plain_values_is_read_once_and_given_to_each_in_a_dict_of_its_own():
    layout = prepared(Signature("q -> n: int"), ChatAdapter())
    first, second = layout.outputs("[[ ## n ## ]] 7"), layout.outputs("[[ ## n ## ]] 7")

    assert first == second == {"n": 7}
    assert first is not second


def test_values_that_can_be_changed_are_read_for_each():
    layout = prepared(Signature("q -> n: list[int]"), ChatAdapter())
    layout.outputs("[[ ## n ## ]] [7]")["n"].append(8)

    assert layout.outputs("[[ ## n ## ]] [7]") == {"n": [7]}


def test_an_adapter_that_can_change_writes_and_reads_each_time():
    class Spoken(ChatAdapter):
        greeting = "Hello."

        def asked(self, texts):
            return f"{Spoken.greeting} {super().asked(texts)}"

    layout = prepared(QA, Spoken())
    before = layout.prompt((), {"question": "?"})[-1].content
    Spoken.greeting = "Good evening."

    assert before.startswith("Hello.")
    assert layout.prompt((), {"question": "?"})[-1].content.startswith("Good evening.")


def test_an_adapter_that_cannot_be_hashed_does_as_well():
    class Unhashable:
        __hash__ = None

        def render(self, signature, demos, inputs):
            return (Message.of("user", inputs["question"]),)

    assert prepared(QA, Unhashable()).prompt((), {"question": "?"})[0].content == "?"
