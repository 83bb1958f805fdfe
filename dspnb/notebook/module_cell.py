"""A program from a cell: a class body, or plain Python whose module calls become named parts.

A body that awaits makes a program whose `forward` is a coroutine.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dspnb.errors import UsageError, listed, nearest, one_line
from dspnb.example import Prediction
from dspnb.module import Module

from .cell_code import VOCABULARY, define, evaluate_expression, parse
from .lines import without_comment

SELF, COLLECT = "__program__", "__collect__"
HEADER = re.compile(r"^\s*(\w+)\s*(?:\((.*)\))?\s*(?:->\s*(.+))?$", re.DOTALL)


def program_from_cell(line: str, cell: str, shell: Any) -> tuple[str, Any]:
    """The name and the class or program that a `%%module` cell defines.

    Raises `UsageError` that names the line, and leaves nothing behind.
    """
    header = _header(without_comment(line))
    source = Source(line, cell)
    body = parse(cell)
    if any(_defines(statement, "forward") for statement in body):
        return header.name, _class(header.name, body, shell, cell)
    for statement in body:
        if isinstance(statement, ast.ClassDef) and statement.name == header.name:
            return header.name, _checked(define(statement, header.name, shell, cell), header.name)
    if not body:
        raise UsageError(f"`{header.name}` has no body; write what the program does.")
    if not header.inputs and not header.outputs:
        raise UsageError(
            f"The cell defines neither `forward` nor a class `{header.name}`. Define one, or write "
            f"the header as `%%module {header.name}(question) -> answer` and the body as plain "
            "Python."
        )
    return header.name, _function(header, body, shell, source)


@dataclass(frozen=True, eq=False)
class Source:
    """A cell that makes a program, and what its parts were made of: name -> object."""

    line: str
    cell: str
    used: dict[str, Any] = field(default_factory=dict)

    fingerprint: ClassVar[str] = "counts by what was made of it"  # a comment changes no program


class CellProgram(Module):
    """A program whose `forward` is the body of a cell."""

    def __init__(
        self,
        name: str,
        inputs: tuple[str, ...],
        function: Callable[..., Any],
        made: dict[str, Any],
        source: Source,
    ) -> None:
        self._name, self._inputs, self._function, self._made = name, inputs, function, made
        self.source = source

    @property
    def name(self) -> str:
        """The variable that its cell binds."""
        return self._name

    @property
    def is_async(self) -> bool:
        """Whether the body of its cell awaits."""
        return inspect.iscoroutinefunction(self._function)

    def _held(self) -> Mapping[str, Any]:
        return self._made

    def _own_code(self) -> str:
        return f"%%module {self.source.line.strip()}\n{self.source.cell.strip()}"

    def forward(self, **inputs: Any) -> Any:
        for name in inputs:
            if name not in self._inputs:
                raise UsageError(
                    f"`{self._name}` takes no input `{name}`; {nearest(name, self._inputs)}"
                )
        missing = [name for name in self._inputs if name not in inputs]
        if missing and (needed := [n for n in missing if n not in _defaults(self._function)]):
            raise UsageError(f"`{self._name}` needs the input {listed(needed)}.")
        return self._function(self._made, **inputs)

    def __repr__(self) -> str:
        parts = ", ".join(f"{path}: {p.signature}" for path, p in self.predictors())
        return f"{self._name}({', '.join(self._inputs)}) with {parts or 'no predictors'}"


@dataclass(frozen=True)
class _Header:
    name: str
    arguments: ast.arguments
    outputs: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(a.arg for a in (*self.arguments.args, *self.arguments.kwonlyargs))


def _header(line: str) -> _Header:
    found = HEADER.match(line)
    example = "`%%module answer(question) -> answer`"
    if not found or not found[1].isidentifier():
        raise UsageError(f"The header is written like {example} or `%%module Name`; got {line!r}.")
    try:
        parsed = ast.parse(f"def _({found[2] or ''}): pass").body[0]
    except SyntaxError:
        raise UsageError(f"The header is written like {example}; got {line!r}.") from None
    assert isinstance(parsed, ast.FunctionDef)
    outputs = tuple(name.strip() for name in (found[3] or "").split(",") if name.strip())
    if bad := [name for name in outputs if not name.isidentifier()]:
        raise UsageError(f"After `->` stand names with commas between; got {bad[0]!r}.")
    return _Header(found[1], parsed.args, outputs)


def _defines(statement: ast.stmt, name: str) -> bool:
    return isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == name


# -- a class body --------------------------------------------------------------------


def _class(name: str, body: list[ast.stmt], shell: Any, cell: str) -> type[Module]:
    base = ast.Name("__Module__", ast.Load())
    definition = ast.ClassDef(name, [base], [], body, [])
    ast.copy_location(definition, body[0])
    made = define(definition, name, shell, cell, {"__Module__": Module})
    made.__module__ = "__main__"
    return _checked(made, name)


def _checked(made: Any, name: str) -> type[Module]:
    if isinstance(made, type) and issubclass(made, Module):
        return made
    raise UsageError(f"`{name}` is not a module; write `class {name}(Module):`.")


# -- plain Python --------------------------------------------------------------------


def _function(header: _Header, body: list[ast.stmt], shell: Any, source: Source) -> CellProgram:
    local = {*header.inputs, *_bound(body)}
    for name in header.outputs:
        if name not in local:
            raise UsageError(
                f"line 1: `{name}` stands after `->`, but the body never assigns it; "
                f"{nearest(name, local)}"
            )
    lift = _Lift(shell, source, local)
    lifted = [lift.visit(statement) for statement in body]
    if header.outputs:
        lifted = [_Returns(header.outputs).visit(s) for s in [*lifted, ast.Return(None)]]
    arguments = ast.arguments(
        [], [ast.arg(SELF), *header.arguments.args], header.arguments.vararg,
        header.arguments.kwonlyargs, header.arguments.kw_defaults, header.arguments.kwarg,
        header.arguments.defaults,
    )  # fmt: skip
    kind = ast.AsyncFunctionDef if _awaits(body) else ast.FunctionDef
    definition = kind(header.name, arguments, lifted, [], None, None)
    ast.copy_location(definition, body[0])
    function = define(definition, header.name, shell, source.cell, {COLLECT: _collect})
    return CellProgram(header.name, header.inputs, function, lift.made, source)


def _awaits(body: list[ast.stmt]) -> bool:
    """Whether the body itself awaits, not only a function inside it."""
    inside: list[ast.AST] = list(body)
    while inside:
        node = inside.pop()
        match node:
            case ast.Await() | ast.AsyncFor() | ast.AsyncWith():
                return True
            case ast.comprehension(is_async=1):
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                continue
        inside += ast.iter_child_nodes(node)
    return False


def _collect(values: Mapping[str, Any]) -> Prediction:
    """The named values; of a prediction that has a field of that name, the field."""
    return Prediction(
        **{
            name: value[name] if isinstance(value, Prediction) and name in value else value
            for name, value in values.items()
        }
    )


def _defaults(function: Callable[..., Any]) -> set[str]:
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    with_default = names[len(names) - len(function.__defaults__ or ()) :]
    return {*with_default, *(function.__kwdefaults__ or {})}


def _bound(body: list[ast.stmt]) -> Iterator[str]:
    """Every name that the body binds."""
    for statement in body:
        for node in ast.walk(statement):
            match node:
                case ast.Name(name, ast.Store()) | ast.ExceptHandler(name=str(name)):
                    yield name
                case ast.arg(name):
                    yield name
                case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                    yield name
                case ast.alias(name, asname):
                    yield asname or name.partition(".")[0]


@dataclass
class _Returns(ast.NodeTransformer):
    """A bare `return`, and the end of the body, give the names after `->`."""

    outputs: tuple[str, ...]

    def visit_Return(self, node: ast.Return) -> ast.Return:
        if node.value is not None:
            raise UsageError(
                f"line {node.lineno}: the names after `->` are what the program returns; "
                "write a bare `return`, or leave out the `->`."
            )
        keys: list[ast.expr | None] = [ast.Constant(name) for name in self.outputs]
        values: list[ast.expr] = [ast.Name(name, ast.Load()) for name in self.outputs]
        call = ast.Call(ast.Name(COLLECT, ast.Load()), [ast.Dict(keys, values)], [])
        return (
            ast.copy_location(ast.Return(call), node)
            if hasattr(node, "lineno")
            else (ast.Return(call))
        )

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return node  # a function inside the body returns to the body

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node


@dataclass
class _Lift(ast.NodeTransformer):
    """Modules built in the body from constants, and modules of other cells, become parts."""

    shell: Any
    source: Source
    local: set[str]
    made: dict[str, Any] = field(default_factory=dict)
    target: str = ""

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        match node.targets:
            case [ast.Name(name)]:
                self.target = name
        self.generic_visit(node)
        self.target = ""
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        kind = self._value(node.func)
        if not (isinstance(kind, type) and issubclass(kind, Module)):
            return self.generic_visit(node)
        inside = [*node.args, *(keyword.value for keyword in node.keywords)]
        names = [n for part in inside for n in ast.walk(part) if isinstance(n, ast.Name)]
        if depends := [name.id for name in names if name.id in self.local]:
            raise UsageError(
                f"line {node.lineno}: `{ast.unparse(node)}` is built from the local variable "
                f"`{depends[0]}`, so it cannot be a part of the program. Build it from constants "
                "or from names of other cells, and pass what varies as an input."
            )
        try:
            part = evaluate_expression(node, self.shell, self.source.cell)
        except UsageError as error:
            raise UsageError(f"line {node.lineno}: {error}") from None
        except Exception as error:  # whatever the user's constructor raises
            raise UsageError(
                f"line {node.lineno}: `{ast.unparse(node)}` raised {one_line(error)}."
            ) from error
        for name in ast.walk(node):
            if isinstance(name, ast.Name):
                self._use(name.id)
        return self._part(part, self.target or _snake(kind.__name__), node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if not isinstance(node.ctx, ast.Load) or node.id in self.local:
            return node
        value = self.shell.user_ns.get(node.id)
        if not isinstance(value, Module):
            return node
        self._use(node.id)
        if self.made.get(node.id) is value:
            return self._reference(node.id, node)
        return self._part(value, node.id, node)

    def _use(self, name: str) -> None:
        if name in self.shell.user_ns:
            self.source.used[name] = self.shell.user_ns[name]

    def _part(self, part: Module, name: str, node: ast.expr) -> ast.AST:
        unique, number = name, 1
        while unique in self.made:
            number += 1
            unique = f"{name}_{number}"
        self.made[unique] = part
        return self._reference(unique, node)

    def _reference(self, name: str, node: ast.expr) -> ast.AST:
        own = ast.Subscript(ast.Name(SELF, ast.Load()), ast.Constant(name), ast.Load())
        return ast.copy_location(own, node)

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Name(name) if name not in self.local:
                return self.shell.user_ns.get(name, VOCABULARY.get(name))
            case ast.Attribute(owner, name):
                return getattr(self._value(owner), name, None)
        return None


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
