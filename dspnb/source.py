"""A program's own code, for a proposer to read: its classes as they were written, and its calls."""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Iterator

from .module import Module

LONGEST = 20_000  # characters
CUT = "\n... (the rest is left out)"


def source_of(program: Module) -> str:
    """The classes of the program and its parts, each once, and a line for each predictor.

    Classes of dspnb itself are left out, and those whose code is nowhere to be read. At most 20,000
    characters.

    >>> from dspnb import Predict
    >>> source_of(Predict("question -> answer: int"))
    'self: Predict(question -> answer: int)'
    """
    blocks = [*dict.fromkeys(_blocks(program)), "\n".join(_lines(program))]
    text = "\n\n".join(block for block in blocks if block)
    return text if len(text) <= LONGEST else text[: LONGEST - len(CUT)] + CUT


def _blocks(program: Module) -> Iterator[str]:
    for _, part in program.parts():
        if own := part._own_code():
            yield own
        else:
            for kind in type(part).__mro__:
                if issubclass(kind, Module) and kind.__module__.partition(".")[0] != "dspnb":
                    yield _class_code(kind)


def _lines(program: Module) -> Iterator[str]:
    for path, predictor in program.predictors():
        signature = predictor.signature
        name = f"{signature.name}: " if signature.name else ""
        yield f"{path}: {type(predictor).__name__}({name}{signature})"


def _class_code(kind: type) -> str:
    """The code of a class, found by a function in it: Python knows no file of a cell's class."""
    for value in vars(kind).values():
        function = inspect.unwrap(value) if callable(value) else value
        if not inspect.isfunction(function) or function.__qualname__ != (
            f"{kind.__qualname__}.{function.__name__}"
        ):
            continue
        code = function.__code__
        lines = linecache.getlines(code.co_filename)
        try:
            tree = ast.parse("".join(lines))
        except (SyntaxError, ValueError):  # the file was changed meanwhile
            continue
        inside = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            and node.name == kind.__name__
            and node.lineno <= code.co_firstlineno <= (node.end_lineno or 0)
        ]
        if inside:
            found = inside[-1]  # the innermost
            first = min([found.lineno, *(each.lineno for each in found.decorator_list)])
            return textwrap.dedent("".join(lines[first - 1 : found.end_lineno])).strip()
    return ""
