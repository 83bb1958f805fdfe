"""Which instructions go with which demos, in every predictor of a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from dspnb.module import Setting, State

from .demo_sets import Demos
from .prefixes import Key


@dataclass(frozen=True)
class Combinations:
    """For each predictor the instructions and the sets of demos that it may get, each one once.

    A key says which of them: of the first predictor its instructions and its demos, and so on.
    """

    instructions: Mapping[str, Sequence[str]]
    demos: Mapping[str, Sequence[Demos]]

    @cached_property
    def options(self) -> dict[str, int]:
        """How many options each variable has, in the order of a key."""
        options = {}
        for path, texts in self.instructions.items():
            options[f"{path} instructions"] = len(texts)
            options[f"{path} demos"] = len(self.demos[path])
        return options

    @property
    def first(self) -> Key:
        """The first option of everything."""
        return (0,) * len(self.options)

    def choice(self, key: Key) -> dict[str, int]:
        """The same as a key, by variable."""
        return dict(zip(self.options, key, strict=True))

    def state(self, key: Key) -> State:
        """The program's state with these options."""
        pairs = zip(key[::2], key[1::2], strict=True)
        return {
            path: Setting(self.instructions[path][text], self.demos[path][shown])
            for path, (text, shown) in zip(self.instructions, pairs, strict=True)
        }
