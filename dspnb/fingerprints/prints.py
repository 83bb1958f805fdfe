"""The digests by which things are known again.

Equal digests are of things that behave alike, in every process that runs the same version of
Python. Functions and classes of the user's count by their code and all that it refers to,
installed ones by name and version, plain data by value, objects by class and attributes. An object
whose state changes while it works, such as one that counts its calls, is another one afterwards,
and so is a function that appends to a global list. An object may say what it is in an attribute
`fingerprint`, a text.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dspnb.example import Example
from dspnb.module import Module, Setting

from . import graph
from .graph import Parts, Path
from .kinds import object_parts, parts_of
from .plain import plain_bytes
from .size import Size, TooLarge

LONGEST = 100  # characters of a path that is shown


@dataclass(frozen=True)
class Fingerprint:
    """What a thing is known by in another process."""

    digest: str  # 32 hex digits, equal for things that behave alike
    unsure: tuple[str, ...] = ()  # paths of what has no print; `digest` is then of this process


def fingerprint_of(thing: object) -> Fingerprint:
    """The print of a program, a function, a model, an optimizer, data, or any other object.

    Attributes are read and `repr` is called, nothing else of the user's is run. It never raises.

    >>> fingerprint_of([1, {"a": 2}]) == fingerprint_of([1, {"a": 2}])
    True
    >>> fingerprint_of(lambda x: x + 1) == fingerprint_of(lambda x: x + 2)
    False
    """
    return _Look().at(thing)


def program_print(program: Module) -> Fingerprint:
    """The print of a program without what `state_print` tells: its instructions and demos.

    >>> from dspnb import Predict
    >>> old = Predict("question -> answer")
    >>> new = old.with_state({"self": Setting("Be brief.")})
    >>> program_print(old) == program_print(new), state_print(old.state) == state_print(new.state)
    (True, False)
    """
    return _Look(frozenset(id(predictor) for _, predictor in program.predictors())).at(program)


def state_print(state: Mapping[str, Setting]) -> str:
    """32 hex digits for instructions and demos by path. Demos that were seen lately take no time.

    What cannot be told apart in a demo is known in this process only.
    """
    known = {
        path: (setting.instructions, [_kept(_Itself(demo)) for demo in setting.demos])
        for path, setting in state.items()
    }
    written = plain_bytes(known, Size())
    assert written is not None
    return hashlib.blake2b(written, digest_size=16).hexdigest()


def example_print(example: Example) -> str:
    """32 hex digits for the values and the names of the inputs, in whatever order.

    A value that cannot be told from others is known in this process only.

    >>> a = Example(question="2 + 2?", answer=4).with_inputs("question")
    >>> b = Example(answer=4, question="2 + 2?").with_inputs("question")
    >>> example_print(a) == example_print(b)
    True
    """
    try:
        written = plain_bytes(example, Size())
    except TooLarge:
        written = None
    if written is None:
        return fingerprint_of(example).digest
    return hashlib.blake2b(written, digest_size=16).hexdigest()


class _Look:
    """One look at a thing, and what was unsure in it."""

    def __init__(self, without_state: frozenset[int] = frozenset()) -> None:
        self._without_state = without_state  # ids of predictors
        self._size = Size()
        self._unsure: list[str] = []

    def at(self, thing: Any) -> Fingerprint:
        try:
            digest = graph.digest(thing, Path(_name(thing)), self._parts)
        except TooLarge as error:
            self._note(error.args[0], "too large")
            digest = hashlib.blake2b(_here(thing), digest_size=16).hexdigest()
        return Fingerprint(digest, tuple(self._unsure))

    def _parts(self, thing: Any, path: Path) -> Parts:
        try:
            if id(thing) in self._without_state:
                bare = dataclasses.replace(thing.signature, instructions="")
                return object_parts(thing, demos=(), signature=bare)
            parts = parts_of(thing, self._size)
        except TooLarge:
            raise TooLarge(path) from None
        except Exception as error:  # whatever an attribute or a `repr` of the user's raises
            self._note(path, f"{_a(thing)} that raises {type(error).__name__}")
            return Parts(_here(thing))
        if parts is None:
            self._note(path, _a(thing))
            return Parts(_here(thing))
        return parts

    def _note(self, path: Path, what: str) -> None:
        shown = str(path)
        shown = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
        self._unsure.append(f"{shown}: {what}")


def _name(thing: Any) -> str:
    if isinstance(thing, Module):
        return "program"
    try:
        name = getattr(thing, "__name__", None)
    except Exception:  # as above
        name = None
    return name if isinstance(name, str) else type(thing).__name__


def _a(thing: Any) -> str:
    name = type(thing).__name__
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


def _here(thing: Any) -> bytes:
    """What nothing in another process has."""
    return b"%b %d" % (_this_process(os.getpid()), id(thing))


@lru_cache(maxsize=1)
def _this_process(pid: int) -> bytes:
    return secrets.token_bytes(16)  # another one after a fork, by its `pid`


@dataclass(frozen=True, eq=False)
class _Itself:
    """An example as a key of its own: `Example(a=1)` equals `Example(a=True)`."""

    example: Example

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.example is self.example

    def __hash__(self) -> int:
        return id(self.example)


@lru_cache(maxsize=4096)
def _kept(demo: _Itself) -> str:
    return example_print(demo.example)
