"""Compile the code of a magic's cell so that a traceback shows the cell's own lines."""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
from collections.abc import Mapping
from types import CodeType
from typing import Any

import dspnb
from dspnb.annotations import TYPING
from dspnb.errors import UsageError

MAKE = "__dspnb_make__"

# In the cells of our magics these need no import; the user's own names come first.
VOCABULARY: dict[str, Any] = TYPING | {name: getattr(dspnb, name) for name in dspnb.__all__}


def parse(cell: str) -> list[ast.stmt]:
    """The statements of a cell; the magic's own line is line 1, as a person counts."""
    try:
        return ast.parse("\n" + cell).body
    except SyntaxError as error:
        text = (error.text or "").strip()
        raise UsageError(f"line {error.lineno}: {error.msg}: {text!r}.") from None


def define(
    statement: ast.stmt,
    name: str,
    shell: Any,
    cell: str,
    hidden: Mapping[str, Any] | None = None,
) -> Any:
    """Execute a definition and give what it defines, binding nothing.

    Its globals are the user's namespace. `hidden` names, and those of the vocabulary that the user
    has not defined, are in its closure.
    """
    used = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    scope = {
        key: value
        for key, value in VOCABULARY.items()
        if key in used and key not in shell.user_ns and not hasattr(builtins, key)
    } | dict(hidden or {})
    arguments = ast.arguments([], [ast.arg(key) for key in scope], None, [], [], None, [])
    made = ast.Return(ast.Name(name, ast.Load()))
    factory = ast.FunctionDef(MAKE, arguments, [statement, made], [], None, None)
    module = ast.fix_missing_locations(ast.Module([factory], []))
    found: dict[str, Any] = {}
    exec(compile(module, _cell_name(shell, cell), "exec"), shell.user_ns, found)
    made = found[MAKE](**scope)
    if hasattr(made, "__qualname__"):
        made.__qualname__ = name
    return made


def evaluate_expression(node: ast.expr, shell: Any, cell: str) -> Any:
    """The value of an expression of the cell, in the user's namespace and the vocabulary."""
    code: CodeType = compile(
        ast.fix_missing_locations(ast.Expression(node)), _cell_name(shell, cell), "eval"
    )
    missing = {k: v for k, v in VOCABULARY.items() if k not in shell.user_ns}
    return eval(code, shell.user_ns, missing)


def _cell_name(shell: Any, cell: str) -> str:
    """The file name under which IPython shows this cell's lines in a traceback."""
    known = shell.compile._filename_map
    frame = sys._getframe()
    while frame.f_back and frame.f_code.co_filename not in known:
        frame = frame.f_back
    if frame.f_code.co_filename not in known:  # no cell is running: one that ran is read again
        for name in reversed(known):
            if "".join(linecache.getlines(name)) == "\n" + cell:
                return str(name)
    # IPython counts the cell before or after running it, by version; the running cell knows.
    number = known.get(frame.f_code.co_filename, shell.execution_count)
    return str(shell.compile.cache("\n" + cell, number, raw_code="\n" + cell))
