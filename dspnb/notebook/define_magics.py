"""Magics that define something: a signature, a program, examples, a metric, a tool."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core import magic_arguments as args
from IPython.core.magic import (
    Magics,
    cell_magic,
    line_cell_magic,
    magics_class,
    no_var_expand,
)

from dspnb.data import Examples, Split, examples, split
from dspnb.data.reading import read_text
from dspnb.errors import UsageError
from dspnb.example import Metric
from dspnb.signature import Signature, from_cell
from dspnb.types import Tool

from .cell_code import VOCABULARY, define, parse
from .lines import parsed, plain_errors
from .metric_cell import metric_from_cell
from .module_cell import program_from_cell
from .tool_cell import tool_from_cell

if TYPE_CHECKING:
    from .session import Session


@magics_class
class DefineMagics(Magics):
    """`%%signature`, `%%module`, `%%examples`, `%%metric` and `%%tool`."""

    shell: Any  # IPython says that it may be None; an installed extension's never is

    def __init__(self, shell: Any, session: Session) -> None:
        super().__init__(shell)
        self.session = session

    @args.magic_arguments()
    @args.argument("name", help="the variable that holds the signature")
    @no_var_expand
    @cell_magic
    @plain_errors
    def signature(self, line: str, cell: str) -> Signature:
        """Define a signature: instructions, then a field a line, `->` before the outputs.

        %%signature Triage
        "Route a support ticket to the team that can solve it."
        ticket: str   # what the customer wrote
        ->
        team: Literal["billing", "shipping"]
        urgent: bool  # true when the customer cannot work
        """
        name = _name(parsed(self.signature, line).name)
        value = signature_from_cell(name, cell, self.shell)
        self.session.rerun.signature(name, cell, value)
        self.shell.user_ns[name] = value
        return value

    @no_var_expand
    @cell_magic
    @plain_errors
    def module(self, line: str, cell: str) -> Any:
        """Define a program: plain Python whose module calls become its parts, or a class body.

        %%module answer(question) -> answer
        notes = Predict("question -> notes")(question=question).notes
        answer = ChainOfThought("question, notes -> answer")(question=question, notes=notes)

        %%module Answer
        def __init__(self):
            self.cot = ChainOfThought("question -> answer")
        def forward(self, question):
            return self.cot(question=question)
        """
        name, value = program_from_cell(line, cell, self.shell)
        value = self.session.rerun.program(name, value)
        self.shell.user_ns[name] = value
        return value

    @args.magic_arguments()
    @args.argument("name", help="the variable that holds the examples, or their split")
    @args.argument("--inputs", help="the fields a program is called with: question,context")
    @args.argument("--split", help="shares of train, val and test: 60/20/20")
    @args.argument("--seed", type=int, default=0, help="shuffles the split; the same one alike")
    @args.argument("--from", dest="source", help="a file, or the name of a frame or list of rows")
    @no_var_expand
    @line_cell_magic
    @plain_errors
    def examples(self, line: str, cell: str | None = None) -> Examples | Split:
        """Read examples: CSV, JSON lines or a Markdown table in the cell, or a file or frame.

        %%examples tickets --inputs ticket --split 50/50
        ticket, team
        "My parcel is late", shipping
        "I was charged twice", billing

        %examples tickets --from tickets.csv --inputs ticket --split 60/20/20
        """
        given = parsed(self.examples, line)
        name = _name(given.name)
        rows = examples(_source(given.source, cell, self.shell.user_ns), _listed(given.inputs))
        value = split(rows, given.split, seed=given.seed) if given.split else rows
        self.shell.user_ns[name] = value
        return value

    @args.magic_arguments()
    @args.argument("name", help="the variable that holds the metric")
    @no_var_expand
    @cell_magic
    @plain_errors
    def metric(self, line: str, cell: str) -> Metric:
        """Define a metric over `example` and `prediction`: a number, a truth, or with feedback.

        %%metric right_team
        right = example.team == prediction.team
        (right, "" if right else f"it was {example.team}")
        """
        name = _name(parsed(self.metric, line).name)
        value = metric_from_cell(name, cell, self.shell)
        self.shell.user_ns[name] = value
        return value

    @args.magic_arguments()
    @args.argument("name", nargs="?", help="the tool's name and variable, if not the function's")
    @no_var_expand
    @cell_magic
    @plain_errors
    def tool(self, line: str, cell: str) -> Tool:
        """Define a tool: a function whose docstring tells a model when to call it.

        %%tool
        def search(query: str, k: int = 3) -> list[str]:
            "Find passages about a subject."
            return [...]

        %%tool find
        def search(query: str) -> list[str]:
            "Find passages about a subject."
            return [...]
        """
        value = tool_from_cell(parsed(self.tool, line).name or "", cell, self.shell)
        self.shell.user_ns[value.name] = value
        return value


def signature_from_cell(name: str, cell: str, shell: Any) -> Signature:
    """Any of the three ways of writing a signature."""
    if "InputField(" not in cell and "OutputField(" not in cell:
        return from_cell("\n" + cell, name=name, types={**VOCABULARY, **shell.user_ns})
    body = parse(cell)
    match body:
        case [*_, ast.ClassDef(class_name) as definition] if class_name == name:
            made = define(definition, name, shell, cell)
        case _:
            base = ast.Name("__Signature__", ast.Load())
            definition = ast.ClassDef(name, [base], [], body, [])
            ast.copy_location(definition, body[0])
            made = define(definition, name, shell, cell, {"__Signature__": Signature})
    if not isinstance(made, Signature):
        raise UsageError(f"`{name}` is not a signature; write `class {name}(Signature):`.")
    return made


def _name(text: str) -> str:
    if text.isidentifier():
        return text
    raise UsageError(f"The name of a variable is a plain Python name; got {text!r}.")


def _source(source: str | None, cell: str | None, namespace: dict[str, Any]) -> Any:
    if source is None:
        if not cell or not cell.strip():
            raise UsageError("Write the examples below, or say where they are with `--from`.")
        return read_text("\n" + cell, "the cell")
    if cell and cell.strip():
        raise UsageError("Examples come from the cell or from `--from`, not from both.")
    text = source.strip("\"'")
    return namespace[text] if text in namespace else Path(text).expanduser()


def _listed(text: str | None) -> list[str] | None:
    return [name.strip() for name in text.split(",")] if text else None
