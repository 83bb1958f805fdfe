"""Bring what was defined anew to the programs that use it, in place; what they learned stays."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dspnb.derived import derived, retyped
from dspnb.errors import one_line
from dspnb.example import metric_name
from dspnb.module import Arguments, Module, Setting
from dspnb.predict import Predict
from dspnb.refit import Refit, learned, made_with, refit
from dspnb.signature import Signature
from dspnb.types import Tool

from .handle import Compiled
from .module_cell import CellProgram, Source, program_from_cell
from .notice import kept, show


@dataclass(frozen=True)
class Change:
    """A name that stood for `old` and stands for `new`; both are of one kind."""

    name: str
    old: Any
    new: Any


def apply_to_signature(changes: list[Change], signature: Signature) -> Signature:
    """The signature made from what is new; itself when it does not use what changed."""
    for change in changes:
        match change.old:
            case Signature():
                made = derived(change.old, change.new, signature)
                if made is not None and not _same(made, signature):
                    signature = made
            case type() if not issubclass(change.old, Module):
                signature = retyped(signature, change.old, change.new)
    return signature


def _same(one: Signature, other: Signature) -> bool:
    """Whether they are equal and share their fields, by which one knows what is made of what."""
    return one == other and all(map(operator.is_, one.fields, other.fields))


class Update:
    """The changes of one cell, on their way to programs.

    Programs keep their identity. A predictor gets the new signature; an instance of a class is made
    again with the arguments it was made with, a program of a cell from its cell. An attribute that
    holds an old function or class holds the new one. What cannot be brought to a program is said,
    and the program is left as it was.
    """

    def __init__(self, changes: list[Change], shell: Any, *, quiet: bool = False) -> None:
        self._changes, self._shell = changes, shell
        self._quiet = quiet  # the cell was run again as it was: only failures are worth a line
        self._replaced = {id(c.old): c for c in changes if not isinstance(c.old, Module)}
        self._names = {c.name for c in changes}
        self._roots: Mapping[str, Any] = {}
        self._known: dict[int, Module] = {}  # held, so that no id is given to another
        self._results: dict[str, _Result] = {}
        self._lines: list[str] = []

    def apply(self, namespace: Mapping[str, Any]) -> list[str]:
        """Update every program that a name reaches, and say what became of it."""
        roots = {k: v for k, v in namespace.items() if not k.startswith("_") and k not in HIDDEN}
        owners: dict[int, str] = {}
        for name, value in roots.items():
            if isinstance(value, Module):
                owners.setdefault(id(value), name)
        self._roots = roots
        self._know()
        seen: dict[int, Any] = {}
        for name, value in roots.items():
            for owner, module in reached(value, name, owners, seen):
                self._visit(owner, module)
        return self._said()

    def replace(self, name: str, program: Module, fresh: Module) -> list[str]:
        """Make `program` what `fresh` is, with what it had learned."""
        self._know()
        self._replace(name, program, fresh)
        return self._said()

    def _said(self) -> list[str]:
        results = [
            kept(name, result.refits, result.gone)
            for name, result in self._results.items()
            if not self._quiet or result.lost
        ]
        lines, self._lines, self._results, self._known = [*results, *self._lines], [], {}, {}
        return lines

    def _know(self) -> None:
        """Note the programs that were there before."""
        everywhere = self._shell.user_ns
        self._known = {id(module): module for _, module in reached(everywhere, "", {}, {})}

    def _visit(self, name: str, module: Module) -> None:
        try:
            self._bring(name, module)
        except Exception as error:  # whatever the user's code raises
            self._stays(name, module, one_line(error))

    def _stays(self, name: str, module: Module, why: str) -> None:
        inside = "" if self._roots.get(name) is module else f": its `{type(module).__name__}`"
        self._lines.append(f"`{name}`{inside} stays as it was: {why}")

    def _bring(self, name: str, module: Module) -> None:
        if isinstance(module, Compiled):
            self._visit_handle(name, module)
        elif isinstance(module, CellProgram) and (source := self._newer(module)):
            self._rebuild(
                name, module, lambda: program_from_cell(source.line, source.cell, self._shell)[1]
            )
        elif change := self._replaced.get(id(type(module))):
            self._remake(name, module, change.new)
        else:
            stale = self._is_made_of_what_changed(module)
            self._swap(name, module)
            if stale:
                self._remake(name, module, type(module))

    # -- a compiled program --------------------------------------------------------------

    def _visit_handle(self, name: str, handle: Compiled) -> None:
        change = self._replaced.get(id(handle.run.plan.metric))
        if change and not self._quiet:
            metric = metric_name(handle.run.plan.metric)
            self._lines.append(
                f"`{name}` was chosen by the earlier `{metric}`; compile again to use the new one"
            )
        if handle.settle() or handle.run.over or not self._concerns(handle.run.program):
            return
        later = Update(self._changes, self._shell, quiet=self._quiet)
        handle.update(lambda program: show(guarded(lambda: later.apply({name: program}))))
        if not self._quiet:
            self._lines.append(
                f"`{name}`: its run goes on with what it started with; "
                "it is updated when it is first used"
            )

    def _concerns(self, program: Module) -> bool:
        """Whether anything in the program would change."""
        return any(
            (isinstance(module, CellProgram) and self._newer(module) is not None)
            or id(type(module)) in self._replaced
            or any(self._swapped(value) is not value for value in vars(module).values())
            for _, module in reached(program, "", {}, {})
        )

    # -- a program that is made again ----------------------------------------------------

    def _newer(self, program: CellProgram) -> Source | None:
        """The cell to make it from again; None when it is up to date."""
        source = program.source
        if change := self._replaced.get(id(source)):
            return change.new  # type: ignore[no-any-return]
        names, now = self._names & source.used.keys(), self._shell.user_ns
        stale = any(name in now and now[name] is not source.used[name] for name in names)
        return source if stale else None

    def _is_made_of_what_changed(self, module: Module) -> bool:
        """Whether its arguments hold something that changed, and no attribute shows it.

        Such a module has turned the argument into something of its own, so it has to do it again.
        """
        made = vars(module).get("_made_with")
        if isinstance(module, Predict) or self._swapped(made) is made:
            return False
        return not any(
            self._swapped(value) is not value
            for _, part in reached(module, "", {}, {})
            for key, value in vars(part).items()
            if key != "_made_with" and not isinstance(value, Module)
        )

    def _remake(self, name: str, module: Module, kind: type[Module]) -> None:
        made = self._swapped(made_with(module))
        same = kind is type(module)

        def build() -> Module:
            fresh = kind(*made.args, **made.kwargs)
            if same:  # what was set later stays
                vars(fresh).update({k: v for k, v in vars(module).items() if k not in vars(fresh)})
            return fresh

        self._rebuild(name, module, build)

    def _rebuild(self, name: str, module: Module, build: Callable[[], Module]) -> None:
        fresh = build()
        if any(part is module for _, part in reached(fresh, "", {}, {})):
            return  # it calls what had its name before, and would call itself
        if _waits(module) or _waits(fresh):
            self._stays(name, module, "a run that it waits for is not over")
            return
        self._replace(name, module, fresh)

    def _replace(self, name: str, program: Module, fresh: Module) -> None:
        result = self._results.setdefault(name, _Result())
        old, new = dict(program.predictors()), dict(fresh.predictors())
        settings: dict[str, Setting] = {}
        for path, predictor in old.items():
            setting = learned(predictor)
            target = new.get(path)
            if predictor is target or setting == Setting():
                continue
            if target is None:
                result.gone.append(path)
                continue
            was, now = predictor.signature, target.signature
            refitted = refit(Setting(now.instructions, target.demos), setting, was, now)
            result.refits.append(refitted)
            settings[path] = refitted.setting
        if any(id(new[path]) in self._known for path in settings):
            fresh = fresh.with_state({})  # what is learned here is not for those who share a part
            new = dict(fresh.predictors())
        for path, setting in settings.items():
            new[path].apply(setting)
        for path in old.keys() & new.keys():
            if old[path].lm is not made_with(old[path]).kwargs.get("lm"):
                new[path].lm = old[path].lm
        program.__class__ = type(fresh)
        vars(program).clear()
        vars(program).update(vars(fresh))

    # -- a program whose attributes change -----------------------------------------------

    def _swap(self, name: str, module: Module) -> None:
        if isinstance(module, Predict):
            self._swap_signature(name, module)
        for key, value in list(vars(module).items()):
            new = self._swapped(value)
            if new is not value:
                vars(module)[key] = new
                if key != "_made_with" and new != value:
                    self._results.setdefault(name, _Result())

    def _swap_signature(self, name: str, predictor: Predict) -> None:
        was, now = predictor.signature, apply_to_signature(self._changes, predictor.signature)
        if now == was:
            return
        kept_instructions = learned(predictor).instructions
        setting = Setting(kept_instructions, predictor.demos)
        refitted = refit(Setting(now.instructions), setting, was, now)
        predictor.signature, predictor.demos = now, refitted.setting.demos
        self._results.setdefault(name, _Result()).refits.append(refitted)

    def _swapped(self, value: Any) -> Any:
        """The value with what is new in place of what is old; the value itself when it has none."""
        if change := self._replaced.get(id(value)):
            return change.new
        match value:
            case Signature():
                return apply_to_signature(self._changes, value)
            case Arguments(args, kwargs):
                new = Arguments(self._swapped(args), self._swapped(kwargs))
                return value if new.args is args and new.kwargs is kwargs else new
            case Tool() if function := self._replaced.get(id(value.func)):
                return _with_function(value, function.new)
            case list() | tuple():
                items = [self._swapped(item) for item in value]
                if all(a is b for a, b in zip(items, value, strict=True)):
                    return value
                return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
            case dict():
                changed = {k: new for k, v in value.items() if (new := self._swapped(v)) is not v}
                if not changed:
                    return value
                holder = copy.copy(value)
                holder.update(changed)
                return holder
        return value


def reached(
    value: Any, owner: str, owners: Mapping[int, str], seen: dict[int, Any]
) -> Iterator[tuple[str, Module]]:
    """Every module in a value, outer ones first, once, with the name that it belongs to.

    What a module holds is looked up after the caller is done with it. Runs are not waited for.
    """
    if not isinstance(value, HOLDERS) or id(value) in seen:
        return
    seen[id(value)] = value  # held, so that no id is given to another
    match value:
        case Module():
            owner = owners.get(id(value), owner)
            yield owner, value
            for part in list(vars(value).values()):
                yield from reached(part, owner, owners, seen)
        case list() | tuple():
            for item in value:
                yield from reached(item, owner, owners, seen)
        case dict():
            for item in list(value.values()):
                yield from reached(item, owner, owners, seen)


@dataclass
class _Result:
    """What became of one program."""

    refits: list[Refit] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # paths that had learned something

    @property
    def lost(self) -> bool:
        return bool(self.gone) or any(refit.dropped for refit in self.refits)


HIDDEN = {"In", "Out"}  # IPython's own records
HOLDERS = (Module, list, tuple, dict)  # what modules are found in


def guarded(work: Callable[[], list[str]]) -> list[str]:
    """The lines that `work` gives; the user's cell must not fail because an update did."""
    try:
        return work()
    except Exception as error:  # it is shown, and a program of the user may raise anything
        return [f"dspnb could not update what uses this cell: {one_line(error)}"]


def _with_function(tool: Tool, function: Callable[..., Any]) -> Tool:
    """The tool of another function, with the texts that were not the earlier function's own."""
    desc = "" if tool.desc == Tool(tool.func).desc else tool.desc
    arguments = Tool(function).args
    described = {name: text for name, text in tool.arg_desc.items() if name in arguments}
    return Tool(function, tool.name, desc, arg_desc=described)


def _waits(module: Module) -> bool:
    parts = [part for _, part in reached(module, "", {}, {})]
    return any(isinstance(part, Compiled) and not part.settle() for part in parts)
