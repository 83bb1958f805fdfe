"""What a call takes and gives: instructions, input fields, output fields.

A signature is a value. It is written in one line, as a class body, or in a notebook cell:

>>> Signature("question -> answer: float").outputs[0].type
<class 'float'>
>>> class QA(Signature):
...     "Answer in at most five words."
...     question: str = InputField()
...     answer: str = OutputField(desc="a short phrase")
>>> QA.instructions, [field.name for field in QA.fields]
('Answer in at most five words.', ['question', 'answer'])
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import io
import re
import tokenize
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from .annotations import describe, resolve
from .errors import UsageError, listed, nearest

Role = Literal["input", "output"]


class _Required:
    """The default of a field that must be given."""

    def __repr__(self) -> str:
        return "required"

    def __reduce__(self) -> str:
        return "REQUIRED"  # a copy, or one that was pickled, is still this one


REQUIRED: Any = _Required()


@dataclass(frozen=True)
class Field:
    """One named value of a signature.

    `type` is any annotation that pydantic can validate; `default` is `REQUIRED` when there is none.
    """

    name: str
    type: Any = str
    desc: str = ""
    role: Role = "input"
    default: Any = REQUIRED

    @property
    def type_name(self) -> str:
        """The type as one would write it, e.g. `list[str]`."""
        return describe(self.type)

    def __hash__(self) -> int:
        return hash((self.name, self.type_name, self.desc, self.role))


@dataclass(frozen=True)
class _FieldMark:
    """What `InputField()` and `OutputField()` leave in a class body until it is read."""

    role: Role
    desc: str
    default: Any


def InputField(default: Any = REQUIRED, *, desc: str = "") -> Any:
    """Mark an input in a class body."""
    return _FieldMark("input", desc, default)


def OutputField(default: Any = REQUIRED, *, desc: str = "") -> Any:
    """Mark an output in a class body."""
    return _FieldMark("output", desc, default)


class _SignatureMeta(type):
    """Turns `class QA(Signature): ...` into a signature value instead of a subclass."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], body: dict[str, Any], **kwargs: Any
    ) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, body)
        parents = [base for base in body.pop("__orig_bases__", ()) if isinstance(base, Signature)]
        inherited = [field for parent in parents for field in parent.fields]
        return _from_class_body(name, body, inherited)


@dataclass(frozen=True, init=False, repr=False)
class Signature(metaclass=_SignatureMeta):
    """An immutable value: instructions, and fields in order, inputs first.

    `fields` is a line such as `"question, context: list[str] -> answer"`, or `Field` values.
    `types` holds names that the line's annotations use beyond Python's and typing's own.

    Raises `UsageError` for a line without `->`, an unknown type, or a name that stands twice.
    """

    fields: tuple[Field, ...]
    instructions: str
    name: str

    def __init__(
        self,
        fields: str | tuple[Field, ...],
        instructions: str = "",
        *,
        name: str = "",
        types: Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(fields, str):
            fields = _read_line(fields, types or {})
        fields = tuple(sorted(fields, key=lambda field: field.role))  # "input" < "output"
        _check(fields)
        object.__setattr__(self, "fields", fields)
        object.__setattr__(
            self, "instructions", inspect.cleandoc(instructions) or _default_instructions(fields)
        )
        object.__setattr__(self, "name", name)

    @classmethod
    def of(cls, value: Signature | type[Signature] | str) -> Signature:
        """Read a line; keep a signature as it is."""
        if isinstance(value, Signature):
            return value
        if isinstance(value, str):
            return cls(value)
        raise UsageError(
            f"A signature is a line such as `question -> answer` or a `Signature`; got {value!r}."
        )

    @cached_property
    def inputs(self) -> tuple[Field, ...]:
        """The fields that a call takes."""
        return tuple(field for field in self.fields if field.role == "input")

    @cached_property
    def outputs(self) -> tuple[Field, ...]:
        """The fields that a call gives."""
        return tuple(field for field in self.fields if field.role == "output")

    def with_instructions(self, instructions: str) -> Signature:
        """The same fields under other instructions.

        >>> Signature("a -> b").with_instructions("Be brief.").instructions
        'Be brief.'
        """
        return dataclasses.replace(self, instructions=instructions)

    def prepend(self, field: Field) -> Signature:
        """With one more field, before the others of its role."""
        return dataclasses.replace(self, fields=(field, *self.fields))

    def __str__(self) -> str:
        return f"{_line(self.inputs)} -> {_line(self.outputs)}"

    def __repr__(self) -> str:
        return f"Signature({str(self)!r}, {self.instructions!r})"

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.fields, self.instructions, self.name))

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (Signature,)  # so that `class Longer(QA)` inherits the fields of `QA`


def from_cell(text: str, *, name: str, types: Mapping[str, Any]) -> Signature:
    """Read the body of a `%%signature` cell.

    An optional docstring holds the instructions; then one field a line, `name: type = default  #
    description`, with a line `->` between inputs and outputs. A one-liner will do as well.

    >>> cell = '''
    ... "Route a ticket."
    ... ticket: str  # what the customer wrote
    ... ->
    ... urgent: bool'''
    >>> str(from_cell(cell, name="Triage", types={}))
    'ticket -> urgent: bool'
    """
    lines = text.splitlines()
    arrows = [i for i, line in enumerate(lines) if line.strip() == "->"]
    if len(arrows) > 1:
        raise UsageError(f"line {arrows[1] + 1}: a signature has one `->`, this one has two.")
    if not arrows:
        return _from_one_line_cell(lines, name, types)
    above = "\n".join(lines[: arrows[0]])
    below = "\n" * (arrows[0] + 1) + "\n".join(lines[arrows[0] + 1 :])
    instructions, inputs = _read_block(above, "input", types)
    _, outputs = _read_block(below, "output", types)
    return Signature((*inputs, *outputs), instructions, name=name)


def _from_one_line_cell(lines: list[str], name: str, types: Mapping[str, Any]) -> Signature:
    code = [i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    if not code or "->" not in lines[code[-1]]:
        raise UsageError(
            "A signature needs a line `->` between its inputs and outputs, "
            "or one line such as `question -> answer`."
        )
    above = [line for line in lines[: code[-1]] if not line.lstrip().startswith("#")]
    instructions = _docstring("\n".join(above).strip())
    return Signature(lines[code[-1]], instructions, name=name, types=types)


def _docstring(text: str) -> str:
    """The text of a string literal; other text as it is."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if isinstance(value, str) else text


def _read_block(text: str, role: Role, types: Mapping[str, Any]) -> tuple[str, list[Field]]:
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
                default = getattr(statement, "value", None)
                where = f"line {statement.lineno}: "
                fields.append(
                    Field(
                        name,
                        resolve(annotation, types, f"{where}field `{name}`") if annotation else str,
                        comments.get(statement.end_lineno or statement.lineno, ""),
                        role,
                        _default(default, types, f"{where}field `{name}`")
                        if isinstance(statement, ast.AnnAssign) and default
                        else REQUIRED,
                    )
                )
            case _:
                raise UsageError(
                    f"line {statement.lineno}: a field is written `name: type  # description`; "
                    f"got {ast.unparse(statement)!r}."
                )
    return instructions, fields


def _default(node: ast.expr, types: Mapping[str, Any], where: str) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return resolve(node, types, f"{where}, its default,")


def _comments(text: str) -> dict[int, str]:
    """Line number -> the comment at its end."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {
        token.start[0]: token.string.lstrip("# ").rstrip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _from_class_body(name: str, body: Mapping[str, Any], inherited: list[Field]) -> Signature:
    annotations = _annotations(name, body)
    unmarked = [
        key
        for key in annotations
        if not isinstance(body.get(key), _FieldMark) and not key.startswith("_")
    ]
    if unmarked:
        raise UsageError(
            f"`{name}`: {listed(unmarked)} must be `InputField()` or `OutputField()`, "
            f"as in `{unmarked[0]}: str = InputField()`."
        )
    own = [
        Field(key, annotations.get(key, str), mark.desc, mark.role, mark.default)
        for key, mark in body.items()
        if isinstance(mark, _FieldMark)
    ]
    names = {field.name for field in own}
    kept = [field for field in inherited if field.name not in names]
    return Signature((*kept, *own), body.get("__doc__") or "", name=name)


def _annotations(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The annotations of a class body, also under `from __future__ import annotations`."""
    module = body.get("__module__", "")
    holder = type(name, (), {"__annotations__": body.get("__annotations__", {})})
    holder.__module__ = module
    try:
        return typing.get_type_hints(holder, include_extras=True)
    except NameError as error:
        raise UsageError(f"`{name}`: unknown type, {error}.") from None


def _read_line(text: str, types: Mapping[str, Any]) -> tuple[Field, ...]:
    sides = text.split("->")
    if len(sides) != 2:
        raise UsageError(
            f"A signature needs exactly one `->`, as in `question -> answer`; got {text.strip()!r}."
        )
    return (
        *_read_side(sides[0], "input", types),
        *_read_side(sides[1], "output", types),
    )


def _read_side(text: str, role: Role, types: Mapping[str, Any]) -> Iterator[Field]:
    """Read `a, b: list[str]` by way of the parameters of a function, whose grammar it is."""
    try:
        parsed = ast.parse(f"def _({text.strip()}): pass").body
    except SyntaxError:
        parsed = []
    match parsed:
        case [
            ast.FunctionDef(
                args=ast.arguments(
                    posonlyargs=[], vararg=None, kwonlyargs=[], kwarg=None
                ) as arguments
            )
        ]:
            pass
        case _:
            raise UsageError(
                "Fields are written `name` or `name: type`, with commas between; "
                f"got {text.strip()!r}."
            )
    required = len(arguments.args) - len(arguments.defaults)
    defaults = [None] * required + list(arguments.defaults)
    for argument, default in zip(arguments.args, defaults, strict=True):
        where = f"field `{argument.arg}`"
        yield Field(
            argument.arg,
            resolve(argument.annotation, types, where) if argument.annotation else str,
            "",
            role,
            _default(default, types, where) if default is not None else REQUIRED,
        )


def _check(fields: tuple[Field, ...]) -> None:
    names = [field.name for field in fields]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"Field {listed(twice)} stands twice in the signature; names are unique.")
    for role in typing.get_args(Role):
        if not any(field.role == role for field in fields):
            raise UsageError(f"A signature needs at least one {role}; got {listed(names)}.")
    for field in fields:
        if not re.fullmatch(r"[^\W\d]\w*", field.name) or field.name.startswith("_"):
            raise UsageError(f"A field's name is a plain Python name; got {field.name!r}.")


def _default_instructions(fields: tuple[Field, ...]) -> str:
    given = listed(field.name for field in fields if field.role == "input")
    wanted = listed(field.name for field in fields if field.role == "output")
    return f"Read {given} and work out {wanted}."


def _line(fields: tuple[Field, ...]) -> str:
    return ", ".join(
        field.name if field.type is str else f"{field.name}: {field.type_name}" for field in fields
    )


def check_inputs(signature: Signature, given: Mapping[str, Any], who: str) -> dict[str, Any]:
    """The inputs of a call, with defaults filled in.

    Raises `UsageError` when one is missing or one too many is given.
    """
    names = [field.name for field in signature.inputs]
    for name in given:
        if name not in names:
            raise UsageError(f"{who} takes no input `{name}`; {nearest(name, names)}")
    missing = [
        field.name
        for field in signature.inputs
        if field.name not in given and field.default is REQUIRED
    ]
    if missing:
        raise UsageError(
            f"{who} needs the input {listed(missing)}; call it with "
            f"{', '.join(f'{name}=...' for name in names)}."
        )
    return {field.name: given.get(field.name, field.default) for field in signature.inputs}
