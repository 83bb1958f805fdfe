"""The digest of things that hold each other: equal for graphs that unfold into the same tree.

It is not told by it whether two equal parts are one object or two, in which order a graph was
walked, or where a circle was entered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .size import TooLarge

MOST_STEPS = 2_000_000  # of telling apart what stands in one circle; about two seconds


@dataclass(frozen=True, slots=True)
class Parts:
    """What a thing is by itself, and what it holds, each with the end of its path."""

    label: bytes
    inside: Sequence[tuple[str, Any]] = ()  # a `Parts` may stand for a thing
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class Path:
    """The way to a thing; it becomes a text only for what is told of."""

    end: str
    before: Path | None = None

    def __str__(self) -> str:
        ends, here = [self.end], self.before
        while here is not None:
            ends.append(here.end)
            here = here.before
        return "".join(reversed(ends))


def digest(whole: Any, path: Path, look: Callable[[Any, Path], Parts]) -> str:
    """32 hex digits. `look` is asked once for the parts of each thing that can be reached."""
    nodes = _nodes(whole, path, look)
    digests: list[bytes] = [b""] * len(nodes)
    circles: dict[bytes, bytes] = {}  # how a member of a circle would look from outside -> digest
    for component in _components(nodes):
        first = nodes[component[0]]
        if len(component) == 1 and component[0] not in first.inside:
            alone = _hash(first, [digests[i] for i in first.inside])
            digests[component[0]] = circles.get(alone, alone)
            continue
        for number, found in _told_apart(component, nodes, digests, path).items():
            digests[number] = found
        for number in component:
            node = nodes[number]
            circles[_hash(node, [digests[i] for i in node.inside])] = digests[number]
    return digests[0].hex()


@dataclass(frozen=True, slots=True)
class _Node:
    label: bytes
    inside: list[int]
    ordered: bool


def _nodes(whole: Any, path: Path, look: Callable[[Any, Path], Parts]) -> list[_Node]:
    things = [(whole, path)]  # all are kept here, so that no two have the same id
    numbers = {id(whole): 0}
    nodes: list[_Node] = []
    for thing, place in things:
        parts = thing if type(thing) is Parts else look(thing, place)
        inside = []
        for end, part in parts.inside:
            number = numbers.setdefault(id(part), len(things))
            if number == len(things):
                things.append((part, Path(end, place) if end else place))
            inside.append(number)
        nodes.append(_Node(parts.label, inside, parts.ordered))
    return nodes


def _components(nodes: Sequence[_Node]) -> Iterator[list[int]]:
    """Nodes that stand in one circle together, after all that they lead to (Tarjan, 1972)."""
    order = [-1] * len(nodes)
    lowest = [0] * len(nodes)
    open_: list[int] = []
    is_open = [False] * len(nodes)
    way: list[tuple[int, Iterator[int]]] = []
    count = 0

    def enter(number: int) -> None:
        nonlocal count
        order[number] = lowest[number] = count
        count += 1
        open_.append(number)
        is_open[number] = True
        way.append((number, iter(nodes[number].inside)))

    enter(0)
    while way:
        number, rest = way[-1]
        for other in rest:
            if order[other] < 0:
                enter(other)
                break
            if is_open[other]:
                lowest[number] = min(lowest[number], order[other])
        else:
            way.pop()
            if way:
                above = way[-1][0]
                lowest[above] = min(lowest[above], lowest[number])
            if lowest[number] == order[number]:
                component: list[int] = []
                while not component or component[-1] != number:
                    component.append(open_.pop())
                    is_open[component[-1]] = False
                yield component


def _told_apart(
    component: list[int], nodes: Sequence[_Node], digests: Sequence[bytes], path: Path
) -> dict[int, bytes]:
    """A digest for each member of a circle, of how it looks from further and further away."""
    members = set(component)
    seen = dict.fromkeys(component, b"")
    kinds, steps = 0, 0
    while True:
        seen = {
            number: _hash(
                nodes[number],
                [seen[i] if i in members else digests[i] for i in nodes[number].inside],
            )
            for number in component
        }
        if len(set(seen.values())) == kinds:
            break  # a longer way shows no more differences
        kinds = len(set(seen.values()))
        steps += len(component)
        if steps > MOST_STEPS:
            raise TooLarge(path)
    # With how all of them look, so that two circles are not taken for one that agree for as long.
    together = hashlib.blake2b(b"".join(sorted(set(seen.values()))), digest_size=16).digest()
    return {
        number: hashlib.blake2b(look + together, digest_size=16).digest()
        for number, look in seen.items()
    }


def _hash(node: _Node, inside: list[bytes]) -> bytes:
    text = b"".join(inside if node.ordered else sorted(inside))
    return hashlib.blake2b(
        b"%d %d:%b%b" % (node.ordered, len(node.label), node.label, text), digest_size=16
    ).digest()
