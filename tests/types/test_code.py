"""Code is a text that knows its language; a model's fence around it is not part of it."""

import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from dspnb import Code, Reasoning, Signature, UsageError
from dspnb.annotations import describe


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\ny = 2",
        "```python\nx = 1\ny = 2\n```",
        "\n```\nx = 1\ny = 2\n```\n\n",
        "~~~py\nx = 1\ny = 2\n~~~",
        "````\nx = 1\ny = 2\n````",
        "````md\n```python\nx = 1\ny = 2\n```\n````",
        '```python title="a.py"\nx = 1\ny = 2\n```',
    ],
)
def test_a_fence_around_the_code_is_taken_off(text):
    code = TypeAdapter(Code).validate_python(text)

    assert code == Code(text) == "x = 1\ny = 2"
    assert code.code == "x = 1\ny = 2"
    assert type(code.code) is str


@pytest.mark.parametrize(
    "text",
    [
        "```python\na\n```\nand\n```python\nb\n```",
        "Here it is:\n```\na\n```",
        "```\na",
        "a = '```'",
        "    indented\n",
        "```",
        "",
    ],
)
def test_what_is_not_fenced_as_a_whole_stays_as_it_is(text):
    assert Code(text) == text


def test_lines_of_windows_are_unfenced_too():
    assert Code("```python\r\nx = 1\r\ny = 2\r\n```\r\n") == "x = 1\r\ny = 2"


@given(st.text("`~a \n", max_size=40))
def test_code_that_is_read_again_is_the_same(text):
    code = Code["sql"](text)

    assert Code["sql"](code) == code
    assert TypeAdapter(Code["sql"]).validate_python(code.plain()) == code


def test_a_long_answer_of_fences_is_read_in_no_time():
    text = "```\n" * 20_000 + "x"

    assert Code(text) == text


def test_a_language_makes_a_type_of_its_own():
    sql = Code["sql"]

    assert sql is Code["sql"]
    assert Code["python"] is Code
    assert issubclass(sql, Code) and issubclass(sql, str)
    assert (sql.language, Code.language, Code["c++"].language) == ("sql", "python", "c++")
    assert describe(sql) == sql.__name__ == "Code['sql']"
    assert describe(list[sql]) == "list[Code['sql']]"
    assert sql.__doc__ == "Source code in sql."
    assert type(TypeAdapter(sql).validate_python("SELECT 1")) is sql
    assert TypeAdapter(sql).json_schema() == {"type": "string", "description": "sql code"}


@pytest.mark.parametrize("language", ["", "a b", 3, None, "a'b", "a.b"])
def test_a_language_is_a_word(language):
    with pytest.raises(UsageError, match="A language is named as in"):
        Code[language]


def test_a_signature_may_use_it():
    signature = Signature("question -> query: Sql", types={"Sql": Code["sql"]})

    assert str(signature) == "question -> query: Code['sql']"
    assert pickle.loads(pickle.dumps(signature)) == signature


def test_it_pickles_into_another_process():
    program = "import pickle, sys; c = pickle.load(sys.stdin.buffer); print(c, c.language, type(c))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(Code["c#"]("x")),
        capture_output=True,
        check=True,
    )

    assert done.stdout.decode().strip() == "x c# <class 'dspnb.types.code.Code['c#']'>"


def test_what_is_no_text_is_said():
    with pytest.raises(UsageError, match=r"`Code\['sql'\]` is made of a text; got 3"):
        Code["sql"](3)
    with pytest.raises(ValidationError, match="`Reasoning` is made of a text; got None"):
        TypeAdapter(Reasoning).validate_python(None)
    with pytest.raises(AttributeError, match="has no attribute 'Code'"):
        sys.modules["dspnb.types.code"].__getattr__("Code")


def test_reasoning_is_a_text():
    reasoning = TypeAdapter(Reasoning).validate_python("2 + 2 is 4")

    assert reasoning == "2 + 2 is 4"
    assert isinstance(reasoning, str) and isinstance(reasoning, Reasoning)
    assert type(pickle.loads(pickle.dumps(reasoning))) is Reasoning
    assert {reasoning: 1}["2 + 2 is 4"] == 1


def test_the_dicts_that_dspy_saves_are_read():
    assert TypeAdapter(Code).validate_python({"code": "x"}) == "x"
    assert TypeAdapter(Reasoning).validate_python({"content": "x"}) == "x"
