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

import dataclasses
import inspect
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .annotations import looked_up
from .errors import UsageError, listed, nearest
from .field import REQUIRED, Field, InputField, Mark, OutputField, Role
from .field_text import read_cell, read_line
from .scopes import of_class

__all__ = [
    "REQUIRED",
    "Field",
    "InputField",
    "OutputField",
    "Role",
    "Signature",
    "from_cell",
]


class _Body(dict[str, Any]):
    """The names of a class body while it runs."""

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(value, Mark) and isinstance(self.get(name), Mark):
            raise UsageError(f"Field `{name}` stands twice in the signature; names are unique.")
        super().__setitem__(name, value)


class _SignatureMeta(type):
    """Turns `class QA(Signature): ...` into a signature value instead of a subclass."""

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **kwargs: Any) -> _Body:
        return _Body()

    def __new__(
        cls, name: str, bases: tuple[type, ...], body: dict[str, Any], **kwargs: Any
    ) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, dict(body))
        parents = [base for base in body.pop("__orig_bases__", ()) if isinstance(base, Signature)]
        return _from_class_body(name, body, parents)


@dataclass(frozen=True, init=False, repr=False)
class Signature(metaclass=_SignatureMeta):
    """An immutable value: instructions, and fields in order, inputs first.

    `fields` is a line such as `"question, context: list[str] -> answer: int(ge=0)"`, or `Field`
    values. The line's annotations may use Python's and typing's common names, those in `types`, and
    whatever the code that calls this sees.

    Raises `UsageError` for a line without `->`, an unknown type, or a name that stands twice.
    """

    fields: tuple[Field, ...]
    instructions: str
    name: str

    def __init__(
        self,
        fields: str | Iterable[Field],
        instructions: str = "",
        *,
        name: str = "",
        types: Mapping[str, Any] | None = None,
    ) -> None:
        given = read_line(fields, types or {}) if isinstance(fields, str) else tuple(fields)
        _check(given)
        given = tuple(sorted(given, key=lambda field: field.role))  # "input" < "output"
        object.__setattr__(self, "fields", given)
        object.__setattr__(
            self, "instructions", inspect.cleandoc(instructions) or default_instructions(given)
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

    def field(self, name: str) -> Field:
        """The field of this name.

        >>> Signature("question -> answer: int").field("answer").type
        <class 'int'>

        Raises `UsageError` when there is none.
        """
        for field in self.fields:
            if field.name == name:
                return field
        names = [field.name for field in self.fields]
        raise UsageError(f"{self._who} has no field `{name}`; {nearest(name, names)}")

    # -- the same, changed -------------------------------------------------------------

    def with_instructions(self, instructions: str) -> Signature:
        """The same fields under other instructions.

        >>> Signature("a -> b").with_instructions("Be brief.").instructions
        'Be brief.'
        """
        return dataclasses.replace(self, instructions=instructions)

    def append_instructions(self, text: str) -> Signature:
        """With a further paragraph of instructions.

        >>> Signature("a -> b", "Be brief.").append_instructions("Be kind.").instructions
        'Be brief.\\n\\nBe kind.'
        """
        return self.with_instructions(f"{self.instructions}\n\n{inspect.cleandoc(text)}")

    def with_name(self, name: str) -> Signature:
        """The same signature under another name.

        >>> Signature("a -> b").with_name("Answer").name
        'Answer'
        """
        return dataclasses.replace(self, name=name)

    def prepend(self, field: Field) -> Signature:
        """With one more field, before the others of its role. Instructions stay as they are.

        >>> str(Signature("a -> b").prepend(Field("reasoning", role="output")))
        'a -> reasoning, b'
        """
        return self.insert(0, field)

    def append(self, field: Field) -> Signature:
        """With one more field, after the others of its role. Instructions stay as they are.

        >>> str(Signature("a -> b").append(Field("c", list[str])))
        'a, c: list[str] -> b'
        """
        return self.insert(-1, field)

    def insert(self, index: int, field: Field) -> Signature:
        """With one more field, which then stands at `index` among those of its role; -1 is the end.

        >>> str(Signature("a, c -> d").insert(1, Field("b")))
        'a, b, c -> d'
        >>> str(Signature("a, c -> d").insert(-2, Field("b")))
        'a, b, c -> d'

        Raises `UsageError` for an index that is out of range, or a name that is taken.
        """
        if not isinstance(field, Field):
            raise UsageError(f"A field is made with `Field(name, type, ...)`; got {field!r}.")
        fellows = list(self.inputs if field.role == "input" else self.outputs)
        end = len(fellows)
        if not -end - 1 <= index <= end:
            raise UsageError(
                f"{self._who} has {end} {field.role} fields, so a new one stands at 0 to {end} or "
                f"at -1 to {-end - 1}; got {index}."
            )
        fellows.insert(index + end + 1 if index < 0 else index, field)
        others = self.outputs if field.role == "input" else self.inputs
        return dataclasses.replace(self, fields=(*fellows, *others))

    def delete(self, name: str) -> Signature:
        """Without one of its fields. Instructions that nobody wrote follow.

        >>> str(Signature("a, b -> c").delete("b"))
        'a -> c'

        Raises `UsageError` when there is no such field, or no other of its role.
        """
        gone = self.field(name)
        return self._with_fields(field for field in self.fields if field is not gone)

    def with_field(self, name: str, /, **changes: Any) -> Signature:
        """With another `type`, `desc`, `default` or `name` of one field.

        >>> str(Signature("a -> b").with_field("b", name="score", type="int(ge=0)"))
        'a -> score: int(ge=0)'

        Raises `UsageError` when there is no such field, or the change makes no field.
        """
        old = self.field(name)
        known = ("name", "type", "desc", "default")
        for key in changes:
            if key not in known:
                raise UsageError(f"A field's `{key}` cannot be changed; {nearest(key, known)}")
        new = dataclasses.replace(old, **changes)
        return self._with_fields(new if field is old else field for field in self.fields)

    def _with_fields(self, fields: Iterable[Field]) -> Signature:
        """Instructions that nobody wrote name the fields, so they are made anew."""
        unwritten = self.instructions == default_instructions(self.fields)
        return Signature(fields, "" if unwritten else self.instructions, name=self.name)

    # -- a value -----------------------------------------------------------------------

    def __str__(self) -> str:
        return self._line

    @cached_property
    def _line(self) -> str:
        return f"{_line(self.inputs)} -> {_line(self.outputs)}"

    def __repr__(self) -> str:
        return f"Signature({str(self)!r}, {self.instructions!r})"

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.fields, self.instructions, self.name))

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs, in order."""
        return tuple(field.name for field in self.inputs)

    @property
    def _who(self) -> str:
        return f"The signature `{self.name or self}`"

    def __reduce__(self) -> tuple[Any, ...]:
        # Without what is cached: the hash of a text is another one in another process.
        return _restored, (self.fields, self.instructions, self.name)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (Signature,)  # so that `class Longer(QA)` inherits the fields of `QA`


def _restored(fields: tuple[Field, ...], instructions: str, name: str) -> Signature:
    return Signature(fields, instructions, name=name)


def from_cell(text: str, *, name: str, types: Mapping[str, Any]) -> Signature:
    """Read the body of a `%%signature` cell.

    An optional docstring holds the instructions; then one field a line, `name: type = default  #
    description`, with a line `->` between inputs and outputs. A one-liner will do as well.

    >>> cell = '''
    ... "Route a ticket."
    ... ticket: str(max_length=500)  # what the customer wrote
    ... ->
    ... urgent: bool'''
    >>> str(from_cell(cell, name="Triage", types={}))
    'ticket: str(max_length=500) -> urgent: bool'
    """
    instructions, fields = read_cell(text, types)
    return Signature(fields, instructions, name=name)


def _from_class_body(name: str, body: Mapping[str, Any], parents: list[Signature]) -> Signature:
    """Own fields come after inherited ones; one of the same name takes its place."""
    annotations = body.get("__annotations__", {})
    own = {key: value for key, value in body.items() if isinstance(value, Mark)}
    unmarked = [key for key in annotations if key not in own and not key.startswith("_")]
    if unmarked:
        raise UsageError(
            f"`{name}`: {listed(unmarked)} must be `InputField()` or `OutputField()`, "
            f"as in `{unmarked[0]}: str = InputField()`."
        )
    others = [key for key in body if key not in own and not key.startswith("_")]
    if others:
        raise UsageError(
            f"`{name}`: {listed(others)} is no field. A signature holds only fields; put methods "
            "and other things outside, or let the name begin with `_`."
        )
    fields = {field.name: field for parent in parents for field in parent.fields}
    for key, mark in own.items():
        where = f"`{name}`: field `{key}`"
        type_ = looked_up(annotations.get(key, str), of_class, where)
        fields[key] = mark.field(key, type_, where)
    instructions = body.get("__doc__") or ""
    for parent in parents:
        if not instructions and parent.instructions != default_instructions(parent.fields):
            instructions = parent.instructions
    return Signature(fields.values(), instructions, name=name)


def _check(fields: tuple[Field, ...]) -> None:
    for field in fields:
        if not isinstance(field, Field):
            raise UsageError(f"A field is made with `Field(name, type, ...)`; got {field!r}.")
    names = [field.name for field in fields]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"Field {listed(twice)} stands twice in the signature; names are unique.")
    for role in typing.get_args(Role):
        if not any(field.role == role for field in fields):
            found = listed(names) or "no fields"
            raise UsageError(f"A signature needs at least one {role}; got {found}.")


def default_instructions(fields: Iterable[Field]) -> str:
    """What a signature says that nobody wrote instructions for.

    >>> default_instructions(Signature("a, b -> c").fields)
    'Read `a`, `b` and work out `c`.'
    """
    names: dict[Role, list[str]] = {"input": [], "output": []}
    for field in fields:
        names[field.role].append(field.name)
    tasks = {"input": "read", "output": "work out"}
    said = [f"{tasks[role]} {listed(given)}" for role, given in names.items() if given]
    told = " and ".join(said)
    return f"{told[:1].upper()}{told[1:]}."


def _line(fields: tuple[Field, ...]) -> str:
    return ", ".join(
        field.name if field.type is str else f"{field.name}: {field.type_name}" for field in fields
    )
