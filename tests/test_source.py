"""The code of a program, as a proposer reads it."""

import linecache

import pytest

from dspnb import ChainOfThought, InputField, Module, OutputField, Predict, Signature
from dspnb.source import CUT, LONGEST, source_of


class QA(Signature):
    """Answer."""

    question: str = InputField()
    answer: int = OutputField()


class Hop(Module):
    """One step."""

    def __init__(self):
        self.query = Predict("question -> query")

    def forward(self, question):
        return self.query(question=question)


class Hops(Hop):
    def __init__(self):
        super().__init__()
        self.hops = [Hop(), Hop()]
        self.answer = ChainOfThought(QA)


def test_each_class_stands_once_as_it_was_written():
    text = source_of(Hops())

    assert text.startswith("class Hops(Hop):\n    def __init__(self):")
    assert text.count("class Hop(Module):") == 1
    assert "        return self.query(question=question)\n" in text
    assert "class ChainOfThought" not in text and "class Predict" not in text


def test_each_predictor_has_a_line():
    lines = source_of(Hops()).splitlines()[-4:]

    assert lines[0] == "query: Predict(question -> query)"
    assert lines[2] == "hops.1.query: Predict(question -> query)"
    assert lines[3].startswith("answer.") and "QA: question -> reasoning, answer: int" in lines[3]


def test_the_class_of_a_cell_is_found_too():
    cell = "class Cell(Module):\n    def forward(self, x):\n        return x  # as it is\n\ny = 1\n"
    file = "<a cell of a test>"
    linecache.cache[file] = (len(cell), None, cell.splitlines(keepends=True), file)
    names = {"Module": Module, "__name__": "__main__"}
    exec(compile(cell, file, "exec"), names)

    assert source_of(names["Cell"]()) == cell.rpartition("\n\n")[0]


def test_a_class_whose_code_is_nowhere_is_left_out():
    names = {"Module": Module, "Predict": Predict, "__name__": "__main__"}
    exec("class Gone(Module):\n def __init__(self):\n  self.a = Predict('q -> a')", names)

    assert source_of(names["Gone"]()) == "a: Predict(q -> a)"


def test_the_cell_of_a_program_is_its_code():
    pytest.importorskip("IPython")
    from dspnb.notebook.module_cell import CellProgram, Source

    cell = CellProgram(
        "answer",
        ("question",),
        lambda made, question: made["qa"](question=question),
        {"qa": Predict("question -> answer")},
        Source("answer(question) -> answer", "answer = qa(question=question).answer\n"),
    )

    assert source_of(cell) == (
        "%%module answer(question) -> answer\nanswer = qa(question=question).answer\n\n"
        "qa: Predict(question -> answer)"
    )


def test_it_is_not_endless():
    program = Hop()
    program.many = [Predict(f"question_{i} -> answer_{i}") for i in range(1000)]
    text = source_of(program)

    assert len(text) == LONGEST and text.endswith(CUT)
