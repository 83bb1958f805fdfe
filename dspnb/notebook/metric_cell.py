"""A metric from a cell: an expression, or a function body, over `example` and `prediction`."""

from __future__ import annotations

import ast
from typing import Any

from dspnb.errors import UsageError
from dspnb.example import Metric

from .cell_code import define, parse


def metric_from_cell(name: str, cell: str, shell: Any) -> Metric:
    """The function that a `%%metric` cell defines.

    The last expression is the score when nothing is returned. Raises `UsageError` for an empty cell
    or one that gives nothing.
    """
    if not name.isidentifier():
        raise UsageError(f"A metric's name is a plain Python name; got {name!r}.")
    body = parse(cell)
    for statement in body:
        if isinstance(statement, ast.FunctionDef) and statement.name == name:
            return define(statement, name, shell, cell)  # type: ignore[no-any-return]
    if not body:
        raise UsageError(
            f"The metric `{name}` is empty; write an expression over `example` and "
            "`prediction`, such as `example.answer == prediction.answer`."
        )
    if isinstance(body[-1], ast.Expr) and not _returns(body):
        body[-1] = ast.copy_location(ast.Return(body[-1].value), body[-1])
    if not _returns(body):
        raise UsageError(f"The metric `{name}` gives nothing; end it with a score or a `return`.")
    arguments = ast.arguments(
        [], [ast.arg("example"), ast.arg("prediction")], None, [], [], None, []
    )
    definition = ast.FunctionDef(name, arguments, body, [], None, None)
    ast.copy_location(definition, body[0])
    return define(definition, name, shell, cell)  # type: ignore[no-any-return]


def _returns(body: list[ast.stmt]) -> bool:
    return any(isinstance(node, ast.Return) for part in body for node in ast.walk(part))
