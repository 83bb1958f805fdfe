import pytest

from dspnb import Module, Predict, UsageError
from dspnb.compiling import as_program


class Needy(Module):
    def __init__(self, retriever, k=3):
        self.answer = Predict("q -> a")


class Ready(Module):
    def __init__(self, k=3, **options):
        self.answer = Predict("q -> a")


def test_a_program_is_itself_and_a_class_that_needs_nothing_is_called():
    program = Ready()

    assert as_program(program) is program
    assert isinstance(as_program(Ready), Ready)


def test_a_class_that_needs_arguments_says_which():
    with pytest.raises(UsageError, match=r"needs retriever; .* `program = Needy\(retriever=...\)`"):
        as_program(Needy)


@pytest.mark.parametrize("thing", ["q -> a", None, print])
def test_what_is_no_program_is_said(thing):
    with pytest.raises(UsageError, match="A program is a `Module`"):
        as_program(thing)
