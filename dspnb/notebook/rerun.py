"""Notice after each cell what it defined anew, and update the programs that use it."""

from __future__ import annotations

import enum
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from pydantic import PydanticUserError, TypeAdapter

from dspnb.errors import UsageError
from dspnb.module import Module
from dspnb.signature import Signature
from dspnb.types import Tool

from .handle import Compiled
from .module_cell import CellProgram
from .notice import show
from .update import Change, Update, apply_to_signature, guarded, reached

KINDS = (Signature, Module, type, FunctionType, Tool)  # what a cell defines that programs may use


@dataclass(frozen=True)
class _SignatureCell:
    """A `%%signature` cell that can be read again when a type that it names changes."""

    cell: str
    words: frozenset[str]
    value: Signature


class Rerun:
    """Compares the namespace after a cell with what it was before.

    A name counts as defined anew when it stands for another object of the same kind that bears the
    name itself (`class QA`, `def right`, `%%signature QA`), or when the same cell bound it before.
    Another use of the name leaves programs alone.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._before: dict[str, Any] = {}
        self._bound_by: dict[str, str] = {}  # name -> the id of the cell that bound it last
        self._signatures: dict[str, _SignatureCell] = {}
        self._changes: list[Change] = []  # that a magic of this cell has made
        self._lines: list[str] = []

    def install(self) -> None:
        """Look at the namespace after each cell from now on."""
        self._before = self._now()
        self._shell.events.register("post_run_cell", self.after_cell)

    def remove(self) -> None:
        """Look no more."""
        self._shell.events.unregister("post_run_cell", self.after_cell)

    def signature(self, name: str, cell: str, value: Signature) -> None:
        """Note the cell of a signature."""
        self._signatures[name] = _SignatureCell(cell, frozenset(re.findall(r"\w+", cell)), value)

    def program(self, name: str, made: Any) -> Any:
        """What a `%%module` cell binds: the program that it made before, brought up to date."""
        there = self._shell.user_ns.get(name)
        if not isinstance(made, CellProgram) or not isinstance(there, CellProgram):
            return made
        if there.name != made.name or any(part is there for _, part in reached(made, "", {}, {})):
            return made  # of another name, or one that calls the earlier one
        old, new = there.source, made.source
        if (old.line, old.cell) == (new.line, new.cell) and _same_objects(old.used, new.used):
            return there
        change = Change(name, old, new)
        self._changes.append(change)
        self._lines += Update([change], self._shell).replace(name, there, made)
        return there

    def after_cell(self, result: Any) -> None:
        """Update what uses the definitions of the cell that has just run."""
        show(guarded(lambda: self._after(getattr(result.info, "cell_id", None) or "")))

    def _after(self, cell: str) -> list[str]:
        changes, lines = self._changes, self._lines
        self._changes, self._lines = [], []
        try:
            found = self._found(cell)
            if not found and not changes:
                return []
            quiet = not changes and all(_alike(c.old, c.new) for c in found)
            found, failed = self._with_what_follows(found)
            update = Update([*changes, *found], self._shell, quiet=quiet)
            return [*lines, *failed, *update.apply(self._shell.user_ns)]
        finally:
            self._before = self._now()

    def _now(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in list(self._shell.user_ns.items())
            if isinstance(value, KINDS) and not name.startswith("_")
        }

    def _found(self, cell: str) -> list[Change]:
        now, found = self._now(), []
        for name, new in now.items():
            old = self._before.get(name)
            if old is new:
                continue
            again = bool(cell) and self._bound_by.get(name) == cell
            self._bound_by[name] = cell
            if old is not None and _one_kind(old, new):
                named = _own_name(old) == _own_name(new) == name
                if named or again or isinstance(new, Module):
                    found.append(Change(name, old, new))
        return found

    def _with_what_follows(self, found: list[Change]) -> tuple[list[Change], list[str]]:
        """The changes, and those of signatures that use what changed, which are bound anew."""
        namespace, failed = self._shell.user_ns, []
        changes, waiting = {change.name: change for change in found}, deque(found)
        while waiting:
            change = waiting.popleft()
            for name, value in self._now().items():
                if not isinstance(value, Signature) or name in changes:
                    continue
                try:
                    new = self._remade(name, value, change)
                except UsageError as error:
                    failed.append(f"`{name}` stays as it was: read again, {error}")
                    continue
                if new != value:
                    namespace[name] = new
                    changes[name] = Change(name, value, new)
                    waiting.append(changes[name])
        return list(changes.values()), failed

    def _remade(self, name: str, value: Signature, change: Change) -> Signature:
        from .define_magics import signature_from_cell

        known = self._signatures.get(name)
        if known is None or known.value is not value or change.name not in known.words:
            return apply_to_signature([change], value)
        new = signature_from_cell(name, known.cell, self._shell)
        if new == value:
            return value
        self.signature(name, known.cell, new)
        return new


def _one_kind(old: Any, new: Any) -> bool:
    if isinstance(old, Module):
        # A compiled program under the name of its original is not a new definition of it.
        return isinstance(new, Module) and not isinstance(old, Compiled) | isinstance(new, Compiled)
    if isinstance(old, type):
        return isinstance(new, type) and issubclass(old, Module) == issubclass(new, Module)
    return type(old) is type(new)


def _own_name(value: Any) -> str:
    return str(getattr(value, "__name__", getattr(value, "name", "")))


def _same_objects(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.keys() == other.keys() and all(one[name] is other[name] for name in one)


def _alike(old: Any, new: Any) -> bool:
    """Whether a definition says what it said before, as far as one can see."""
    match old, new:
        case (FunctionType(), FunctionType()):
            return bool(old.__code__ == new.__code__)
        case (Tool(), Tool()):
            return (old.name, old.desc) == (new.name, new.desc) and _alike(old.func, new.func)
        case (type(), type()) if issubclass(old, Module):
            return _contents(old) == _contents(new)
        case (type(), type()):
            return bool(_schema(old) == _schema(new) is not None)
    return bool(old == new)


def _contents(kind: type) -> dict[str, Any]:
    """The attributes of a class, functions by their code."""
    own = {k: v for k, v in vars(kind).items() if k not in ("__dict__", "__weakref__")}
    return {k: getattr(v, "__code__", None) or repr(v) for k, v in own.items()}


def _schema(kind: type) -> Any:
    """What values of the type look like; None when it cannot be told."""
    if issubclass(kind, enum.Enum):
        return [(member.name, member.value) for member in kind]
    try:
        return TypeAdapter(kind).json_schema()
    except PydanticUserError:
        return None
