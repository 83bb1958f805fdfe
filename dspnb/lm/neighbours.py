"""Which known texts are most like a new one: words and parts of words, weighed by rarity."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache

WORD = re.compile(r"[^\W_]{2,}")
# Words that say nothing about a text's subject; with a few demos, rarity alone cannot tell.
_COMMON = """
about after again all also am an and any are as at back be because been before being but by can
cannot cant could couldnt day did didnt do does doesnt doing done dont down each even ever every
for from get give go going good got had has have having he hello her here hi him his how if im in
into is isnt it its ive just know like made make many may me more most much must my need never no
not now of off ok on one only or other our out over own please really said same say see she should
since so some still such take than thank thanks that the their them then there these they thing
think this those through time to today too try two under until up us use very want was way we well
were what when where which while who why will with without would yes yet you your
"""
COMMON = frozenset(_COMMON.split())


def words(text: str) -> list[str]:
    """The telling words of a text, in lower case, without common endings.

    >>> words("The parcels have NOT arrived")
    ['parcel', 'arriv']
    """
    return [_stem(word) for word in _split(text) if word not in COMMON]


def _split(text: str) -> list[str]:
    """Words in lower case; `doesn't` is one."""
    return WORD.findall(text.lower().replace("'", "").replace("\u2019", ""))


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=8192)
def features(text: str) -> Counter[str]:
    """Words, and the four-letter parts of words at a lower weight, damped by the logarithm."""
    counts: Counter[str] = Counter()
    for word in words(text):
        counts[word] += 4
        if len(word) > 4:
            counts.update(f"~{word[i : i + 4]}" for i in range(len(word) - 3))
    return Counter({name: 1 + math.log(count) for name, count in counts.items()})


class Neighbours:
    """An index over some texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        bags = [features(text) for text in texts]
        seen = Counter(name for bag in bags for name in bag)
        self._rarity = {name: math.log(1 + len(bags) / count) for name, count in seen.items()}
        self._new = math.log(1 + len(bags))  # the rarity of a word that no known text has
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for i, bag in enumerate(bags):
            length = self._length(bag)
            for name, weight in bag.items():
                self._postings[name].append((i, weight * self._rarity[name] / length))
        self._count = len(bags)

    def similarities(self, text: str) -> list[float]:
        """Cosine similarity, 0..1, of the text with each known text."""
        bag = features(text)
        length = self._length(bag)
        result = [0.0] * self._count
        for name, weight in bag.items():
            for i, known in self._postings.get(name, ()):
                result[i] += weight * self._rarity[name] / length * known
        return result

    def shared(self, text: str, i: int, most: int = 3) -> list[str]:
        """The words that the text has in common with known text `i`, rarest first."""
        common = [
            (-self._rarity[name], name)
            for name in features(text)
            if not name.startswith("~") and any(i == j for j, _ in self._postings.get(name, ()))
        ]
        stems = [name for _, name in sorted(common)[:most]]
        seen = {_stem(word): word for word in _split(text)}
        return [seen[stem] for stem in stems]

    def _length(self, bag: Counter[str]) -> float:
        squares = ((w * self._rarity.get(name, self._new)) ** 2 for name, w in bag.items())
        return math.sqrt(sum(squares)) or 1.0


@lru_cache(maxsize=128)
def index(texts: tuple[str, ...]) -> Neighbours:
    """The index over these texts, kept for the next prompt with the same demos."""
    return Neighbours(texts)
