"""Examples in docstrings are run, so that they stay true."""

import doctest
import importlib
import pkgutil

import pytest

import dspnb

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(dspnb.__path__, "dspnb.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", ["dspnb", *MODULES])
def test_a_module_says_what_it_is_and_its_examples_are_true(name):
    module = importlib.import_module(name)

    assert module.__doc__
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    found = [
        test
        for name in MODULES
        for test in finder.find(importlib.import_module(name))
        if test.examples
    ]

    assert len(found) > 20
