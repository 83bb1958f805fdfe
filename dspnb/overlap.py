"""Examples that stand in more than one set, or twice in one: their scores prove less."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from .example import Example

SHOWN = 3  # places that a sentence names


@dataclass(frozen=True)
class Same:
    """An example, and the first one with the same inputs."""

    index: int  # in the set it was found in
    other: int  # in the set it is also in; in its own set, one before it
    relabelled: bool  # whether their labels differ


@dataclass(frozen=True)
class Overlap:
    """The examples of one set that are also in another, or twice in it."""

    found: str  # the set that they were found in: train, val or test
    also: str  # the set that they are also in; the same name when they are there twice
    total: int  # examples in the first of these sets
    examples: tuple[Same, ...]

    def __str__(self) -> str:
        """One sentence with the count, and up to three places.

        >>> str(Overlap("test", "train", 150, (Same(4, 17, False),)))
        '1 of 150 test examples is also in train: test 4 = train 17.'
        """
        count = len(self.examples)
        twice = f"in {self.found} before" if self.found == self.also else f"in {self.also}"
        relabelled = sum(same.relabelled for same in self.examples)
        labels = f", {relabelled} of them with other labels" if relabelled else ""
        places = [f"{self.found} {s.index} = {self.also} {s.other}" for s in self.examples[:SHOWN]]
        end = ", ..." if count > SHOWN else "."
        return (
            f"{count} of {self.total} {self.found} examples {'is' if count == 1 else 'are'} "
            f"also {twice}{labels}: {', '.join(places)}{end}"
        )


def overlaps(
    *,
    train: Sequence[Example] = (),
    val: Sequence[Example] = (),
    test: Sequence[Example] = (),
) -> tuple[Overlap, ...]:
    """The examples whose inputs are in another set too, or earlier in their own.

    One value for each pair of sets that has any. Inputs are the same if they are equal but for
    upper and lower case and white space; so are labels. Raises `UsageError` for an example that
    does not say which of its fields are inputs.

    >>> train = [Example(q="What is 2 + 2?", a="4").with_inputs("q")]
    >>> test = [Example(q="what  is 2 + 2?", a="5").with_inputs("q")]
    >>> print(*overlaps(train=train, test=test))
    1 of 1 test examples is also in train, 1 of them with other labels: test 0 = train 0.
    """
    sets = {"train": train, "val": val, "test": test}
    keys = {name: [_same(example.inputs) for example in sets[name]] for name in sets}
    first: dict[str, dict[Hashable, int]] = {name: {} for name in sets}
    for name, own in keys.items():
        for i, key in enumerate(own):
            first[name].setdefault(key, i)

    found = []
    for also, name in combinations_with_replacement(sets, 2):
        examples = tuple(
            Same(i, other, _same(sets[name][i].labels) != _same(sets[also][other].labels))
            for i, key in enumerate(keys[name])
            if (other := first[also].get(key)) is not None and (name != also or other < i)
        )
        if examples:
            found.append(Overlap(name, also, len(sets[name]), examples))
    return tuple(found)


def words(found: Sequence[Overlap]) -> list[str]:
    """One sentence for each pair of sets, such as `3 of 150 test examples are also in train`."""
    return [str(overlap) for overlap in found]


def _same(value: object) -> Hashable:
    """What is equal for values that are the same but for case and white space."""
    match value:
        case str():
            return " ".join(value.casefold().split())
        case Mapping():
            return frozenset((name, _same(item)) for name, item in value.items())
        case list() | tuple():
            return tuple(map(_same, value))
        case set() | frozenset():
            return frozenset(map(_same, value))
        case bool() | int() | float():
            return type(value) is bool, value  # True == 1, but is not the same answer
    try:
        hash(value)
    except TypeError:  # such as a pydantic model; an array, of which no more is known, is itself
        return type(value), _same(vars(value)) if hasattr(value, "__dict__") else id(value)
    return value
