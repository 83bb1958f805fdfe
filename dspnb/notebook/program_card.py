"""A program as a diagram: its modules folded into each other, as they hold each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dspnb.module import Module
from dspnb.predict import Predict
from dspnb.types import Tool

from .cards import examples, signature_fields
from .markup import fold, kept, listing
from .shown import fields
from .text import esc, short


def program(value: Module) -> str:
    """Every module by its path and class; predictors with all that the model is told."""
    from .handle import Compiled

    if isinstance(value, Compiled):
        if not value.run.over:
            return f"<p>{esc(value)}</p>"
        value = value.program
    root = _tree(value)
    if root.module.is_predictor:
        return _predictor(root, opened=True)
    inside = listing(map(_node, root.parts)) if root.parts else "<p>no predictors</p>"
    return f"<p><b>{esc(_kind(value))}</b></p>{_facts(value)}{inside}"


@dataclass
class _Node:
    """A module and those below it."""

    path: str
    name: str  # within the module that holds it
    module: Module
    parts: list[_Node] = field(default_factory=list)
    first: str = ""  # where the same object stood before


def _tree(program: Module) -> _Node:
    nodes: dict[str, _Node] = {}
    seen: dict[int, str] = {}
    root = _Node("", "", program)
    for path, module in program.parts():
        if path == "":
            root = nodes[""] = _Node("", "", module)
            seen[id(module)] = "self"
            continue
        above = next(a for a in _above(path) if a in nodes)
        node = _Node(path, path[len(above) :].lstrip("."), module, first=seen.get(id(module), ""))
        seen.setdefault(id(module), path)
        if not nodes[above].first:
            nodes[above].parts.append(node)
        nodes[path] = node
    return root


def _above(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition(".")[0]
        yield path


def _node(node: _Node) -> str:
    if node.first:
        return f"<code>{esc(node.name)}</code>: the same as <code>{esc(node.first)}</code>"
    if node.module.is_predictor:
        return _predictor(node)
    title = f"<code>{esc(node.name)}</code> <b>{esc(_kind(node.module))}</b>"
    body = _facts(node.module) + (listing(map(_node, node.parts)) if node.parts else "")
    return fold(title, body, opened=True) if body else title


def _predictor(node: _Node, *, opened: bool = False) -> str:
    part: Predict = node.module  # type: ignore[assignment]
    signature = part.signature
    demos = f" · {len(part.demos)} demo{'s' * (len(part.demos) != 1)}" if part.demos else ""
    kind = "" if type(part) is Predict else f" <b>{esc(_kind(part))}</b>"
    name = f"<code>{esc(node.name)}</code>{kind}: " if node.name else f"<b>{esc(_kind(part))}</b> "
    body = f"{_facts(part)}<p>{kept(signature.instructions)}</p>{signature_fields(signature)}"
    if part.lm is not None:
        body += f"<p>its own model: <b>{esc(part.lm.model)}</b></p>"
    if part.params:
        body += f"<p>parameters</p>{fields(part.params, 200)}"
    if part.demos:
        body += fold("demos", examples(part.demos), opened=len(part.demos) < 4)
    return fold(f"{name}{esc(signature)}{demos}", body, opened=opened)


def _facts(module: Module) -> str:
    """Where its state comes from, and its tools."""
    came = f"<p>compiled: {esc(module.provenance)}</p>" if module.provenance else ""
    names = dict.fromkeys(tool.name for tool in _tools(module))
    tools = ", ".join(f"<code>{esc(short(name))}</code>" for name in names)
    return f"{came}{f'<p>tools: {tools}</p>' if tools else ''}"


def _tools(module: Module) -> Iterator[Tool]:
    for value in vars(module).values():
        held: Iterable[object] = [value]
        if isinstance(value, dict):
            held = value.values()
        elif isinstance(value, list | tuple):
            held = value
        yield from (item for item in held if isinstance(item, Tool))


def _kind(module: Module) -> str:
    return getattr(module, "_name", "") or type(module).__name__
