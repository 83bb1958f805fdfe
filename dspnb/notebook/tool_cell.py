"""A tool from a cell: a function with a docstring."""

from __future__ import annotations

import ast
from typing import Any

from dspnb.errors import UsageError
from dspnb.types import Tool

from .cell_code import define, parse


def tool_from_cell(name: str, cell: str, shell: Any) -> Tool:
    """The tool that a `%%tool` cell defines, called `name`, or else as its function.

    Raises `UsageError` for a cell that is not one function with a docstring.
    """
    match parse(cell):
        case [ast.FunctionDef() | ast.AsyncFunctionDef() as definition]:
            pass
        case _:
            raise UsageError(
                "A `%%tool` cell holds one function, as in `def search(query: str) -> list[str]:`; "
                "import what it needs inside it or in another cell."
            )
    name = name or definition.name
    if not name.isidentifier():
        raise UsageError(f"The name of a variable is a plain Python name; got {name!r}.")
    if not ast.get_docstring(definition):
        raise UsageError(
            f"The tool `{name}` has no docstring, by which a model knows when to call it; "
            "write one under the `def`."
        )
    return Tool(define(definition, definition.name, shell, cell), name)
