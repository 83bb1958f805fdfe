"""What a search can choose from: instructions for each predictor, and demos for all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dspnb.example import Example
from dspnb.module import State

if TYPE_CHECKING:
    from .effects import Array, Effects

DEMOS = "demos"  # the factor that is no predictor's instructions
Demos = Mapping[str, tuple[Example, ...]]  # predictor path -> its demos


@dataclass(frozen=True)
class Option:
    """One way to set a factor, and the changes that led to it from the program as it is."""

    name: str
    value: Any  # instructions, or `Demos`
    changes: tuple[str, ...] = ()
    unfit: frozenset[int] = frozenset()  # validation examples that it was made from

    def changed(self, name: str, value: Any, unfit: Iterable[int] = ()) -> Option:
        """A new option that was made from this one: what this one is worth, it inherits."""
        return Option(name, value, (*self.changes, name), self.unfit | frozenset(unfit))


Choice = Mapping[str, Option]  # factor -> option


class Options:
    """The factors of a program with their options; the first of each is the program as it is."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.factors: dict[str, list[Option]] = {
            path: [Option("", setting.instructions)] for path, setting in state.items()
        }
        self.factors[DEMOS] = [Option("", {path: s.demos for path, s in state.items()})]
        self._as_it_is = {factor: options[0] for factor, options in self.factors.items()}

    @property
    def as_it_is(self) -> Choice:
        """The program that the search began with."""
        return self._as_it_is

    def add(self, factor: str, options: Iterable[Option]) -> None:
        """Offer more options of a factor."""
        self.factors[factor] = [*self.factors[factor], *options]

    def best(self, effects: Effects) -> Choice:
        """The best option of each factor, as far as is expected."""
        return {
            factor: max(options, key=lambda one: effects.of(one.changes))
            for factor, options in self.factors.items()
        }

    def best_of_each(self, effects: Effects, drawn: Array) -> tuple[Sequence[Choice], Array]:
        """The best option of each factor in each draw, and what these add together."""
        import numpy as np

        found: list[dict[str, Option]] = [{} for _ in drawn]
        gains = np.zeros(len(drawn))
        for factor, options in self.factors.items():
            each = effects.of_each([one.changes for one in options], drawn)
            for choice, place in zip(found, each.argmax(axis=1).tolist(), strict=True):
                choice[factor] = options[place]
            gains += each.max(axis=1)
        return found, gains

    def keep(self, names: Iterable[str]) -> None:
        """Drop all options but these."""
        kept = set(names)
        self.factors = {
            factor: [one for one in options if one.name in kept]
            for factor, options in self.factors.items()
        }

    def state(self, choice: Choice) -> State:
        """The state that a choice comes to."""
        demos: Demos = choice[DEMOS].value
        return {
            path: dataclasses.replace(
                setting, instructions=choice[path].value, demos=tuple(demos[path])
            )
            for path, setting in self._state.items()
        }


def changes(choice: Choice) -> list[str]:
    """All changes of a choice."""
    return [change for option in choice.values() for change in option.changes]


def unfit(choice: Choice) -> frozenset[int]:
    """The validation examples that a choice was made from: they would flatter it."""
    return frozenset().union(*(option.unfit for option in choice.values()))


def note(choice: Choice) -> str:
    """Where a choice comes from, in a few words."""
    return ", ".join(option.name for option in choice.values() if option.name) or "as it is"


def same(one: Choice, other: Choice) -> bool:
    """Whether two choices are the same program."""
    return names(one) == names(other)


def names(choice: Choice) -> Sequence[str]:
    """By which a choice is known."""
    return tuple(option.name for option in choice.values())
