"""Fields written as text: a line such as `question -> answer: float`, or the body of a cell."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from typing import Any

from .annotations import Scopes, resolve, value_of
from .errors import UsageError
from .field import REQUIRED, Field, Role
from .scopes import of_cell, of_line

# An arrow, or what may hide one: text and comments.
PIECE = re.compile(
    r"""'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\#[^\n]*|->""",
    re.DOTALL,
)
TEXT = re.compile(r"'''.*?'''|\"\"\".*?\"\"\"", re.DOTALL)
ARROW = re.compile(r"\s*->\s*(#.*)?")


def read_line(text: str, types: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields of `question, context: list[str] -> answer: int(ge=0) = 3`."""
    return _read_line(text, of_line(types))


def read_cell(text: str, types: Mapping[str, Any]) -> tuple[str, tuple[Field, ...]]:
    """The instructions and fields of a cell; `signature.from_cell` says how it is written."""
    scopes = of_cell(types)
    lines = text.splitlines()
    inside = _lines_of_texts(text)
    arrows = [i for i, line in enumerate(lines) if ARROW.fullmatch(line) and i not in inside]
    if len(arrows) > 1:
        raise UsageError(f"line {arrows[1] + 1}: a signature has one `->`, this one has two.")
    if not arrows:
        return _read_one_line_cell(lines, scopes)
    above = "\n".join(lines[: arrows[0]])
    below = "\n" * (arrows[0] + 1) + "\n".join(lines[arrows[0] + 1 :])
    instructions, inputs = _read_block(above, "input", scopes)
    _, outputs = _read_block(below, "output", scopes)
    return instructions, (*inputs, *outputs)


# -- a line ----------------------------------------------------------------------------


def _read_line(text: str, scopes: Scopes) -> tuple[Field, ...]:
    sides = _sides(text)
    if len(sides) != 2:
        raise UsageError(
            f"A signature needs exactly one `->`, as in `question -> answer`; got {text.strip()!r}."
        )
    return (
        *_read_side(sides[0], "input", scopes),
        *_read_side(sides[1], "output", scopes),
    )


def _sides(text: str) -> list[str]:
    """What stands between the arrows that are in no text or comment."""
    sides, start = [], 0
    for piece in PIECE.finditer(text):
        if piece[0] == "->":
            sides.append(text[start : piece.start()])
            start = piece.end()
    return [*sides, text[start:]]


def _read_side(text: str, role: Role, scopes: Scopes) -> Iterator[Field]:
    """Read `a, b: list[str]` by way of the parameters of a function, whose grammar it is.

    They are keyword parameters: of those, one with a default may stand before one without.
    """
    if not text.strip():
        return
    try:
        parsed = ast.parse(f"def _(*, {text.strip()}): pass").body
    except SyntaxError:
        parsed = []
    match parsed:
        case [ast.FunctionDef(args=ast.arguments(kwarg=None) as given, returns=None)]:
            pass
        case _:
            raise UsageError(
                "Fields are written `name` or `name: type`, with commas between; "
                f"got {text.strip()!r}."
            )
    for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        yield _field(argument.arg, argument.annotation, default, "", role, scopes)


# -- a cell ----------------------------------------------------------------------------


def _lines_of_texts(text: str) -> set[int]:
    """The lines inside of texts in triple quotes, where an arrow is only a word."""
    return {
        line
        for found in TEXT.finditer(text)
        for line in range(text.count("\n", 0, found.start()), text.count("\n", 0, found.end()) + 1)
    }


def _read_one_line_cell(lines: list[str], scopes: Scopes) -> tuple[str, tuple[Field, ...]]:
    code = [i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    if not code or "->" not in lines[code[-1]]:
        raise UsageError(
            "A signature needs a line `->` between its inputs and outputs, "
            "or one line such as `question -> answer`."
        )
    above = [line for line in lines[: code[-1]] if not line.lstrip().startswith("#")]
    return _docstring("\n".join(above).strip()), _read_line(lines[code[-1]], scopes)


def _docstring(text: str) -> str:
    """The text of a string literal; other text as it is."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if isinstance(value, str) else text


def _read_block(text: str, role: Role, scopes: Scopes) -> tuple[str, list[Field]]:
    """Read annotated names, one a line, with their comments; a leading docstring too."""
    try:
        body = ast.parse(text).body
    except SyntaxError as error:
        found = (error.text or "").strip()
        raise UsageError(
            f"line {error.lineno}: a field is written `name: type  # description`; got {found!r}."
        ) from None
    instructions, fields, comments = "", [], _comments(text)
    for statement in body:
        match statement:
            case ast.Expr(ast.Constant(str(docstring))) if statement is body[0]:
                instructions = docstring
            case ast.AnnAssign(target=ast.Name(name)) | ast.Expr(ast.Name(name)):
                annotation = getattr(statement, "annotation", None)
                default = statement.value if isinstance(statement, ast.AnnAssign) else None
                desc = comments.get(statement.end_lineno or statement.lineno, "")
                try:
                    fields.append(_field(name, annotation, default, desc, role, scopes))
                except UsageError as error:
                    raise UsageError(f"line {statement.lineno}: {error}") from None
            case _:
                raise UsageError(
                    f"line {statement.lineno}: a field is written `name: type  # description`; "
                    f"got {ast.unparse(statement)!r}."
                )
    return instructions, fields


def _comments(text: str) -> dict[int, str]:
    """Line number -> the comment at its end."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {
        token.start[0]: token.string.lstrip("# ").rstrip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _field(
    name: str,
    annotation: ast.expr | None,
    default: ast.expr | None,
    desc: str,
    role: Role,
    scopes: Scopes,
) -> Field:
    where = f"field `{name}`"
    type_ = resolve(annotation, scopes, where) if annotation else str
    value = value_of(default, scopes, f"{where}, its default,") if default else REQUIRED
    return Field(name, type_, desc, role, value)
