"""An archive of invented people, works and towns, whose search is BM25 over short passages."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

DOUBTED = 0.35  # the share of people and works of whom there is talk in everyday words
READ = 5  # the search reads so many words of a query
MAKERS = {"opera": "composer", "novel": "writer", "painting": "painter", "ballad": "poet"}
LOST = "lost in the fire"


class Passage(NamedTuple):
    """What the archive says about one thing under one heading."""

    title: str  # "Glass Meadow, hand": the name and the archive's word for the relation
    text: str

    def __str__(self) -> str:
        return f"[{self.title}] {self.text}"


@dataclass(frozen=True)
class Person:
    name: str
    rank: str  # "Dame", "Master" or ""; not part of the name
    town: Town | None  # of birth; None when nobody knows
    teacher: str  # with the rank, as in "Dame Mira Tansk"

    @property
    def styled(self) -> str:
        """The name with the rank."""
        return f"{self.rank} {self.name}".strip()


@dataclass(frozen=True)
class Work:
    title: str
    old_title: str  # under which the archive only refers to the other; "" for most
    kind: str
    year: int
    maker: Person
    home: Town


@dataclass(frozen=True)
class Town:
    name: str
    later: str  # what it is called today, when that is another name; else ""
    river: str


class Archive(NamedTuple):
    """All that is in it; `passages` is what a search may find."""

    towns: tuple[Town, ...]
    people: tuple[Person, ...]
    works: tuple[Work, ...]
    passages: tuple[Passage, ...]


@cache
def archive() -> Archive:
    """The archive, always the same one."""
    lot = random.Random("archive")
    towns = tuple(_towns(lot))
    people = tuple(_people(lot, towns))
    works = tuple(_works(lot, people, towns))
    passages: list[Passage] = []
    for town in towns:
        passages += _of_town(town)
    for person in people:
        passages += _of_person(person, lot)
    for work in works:
        passages += _of_work(work, lot)
    return Archive(towns, people, works, tuple(passages))


@lru_cache(maxsize=200_000)
def search(query: str, count: int) -> tuple[Passage, ...]:
    """The passages that fit the first five words of a query best; none without a known word."""
    tokens = _tokens(" ".join(query.split()[:READ]))
    passages = archive().passages
    return tuple(passages[number] for number in _ranked(tokens, count))


# ------------------------------------------------------------------------------------------

FIRST = (
    "Orvel Mira Tamsin Jorun Petrik Salme Edda Lusk Corin Vesna Hale Brisa Oda Ruven Ilka "
    "Marek Tove Anselm Greta Fenn Yorick Dalia Stellan Runa Kasper Noor Wenda Ivo Thora Quill "
    "Bela Osric"
)
LAST = "Tan Sol Ver Hald Krim Bor Lind Mar Fen Gry"
LAST_ENDS = "sk veth ander by owen tta"
TOWNS = "Dun Ost Kel Brae Vor Lim Hex Ald Syl Tor Nim Wey"
TOWN_ENDS = "mere holm wick garth ford stead haven"
LATER = "Neu Karls Frei Volks Stern Lang"
LATER_ENDS = "markt burg dorp"
RIVERS = "Sarn Oule Tibbel Maar Vinda Lorne Ester Quay Rill Aske"
ADJECTIVES = (
    "Glass Silent Amber Hollow Winter Burning Paper Crooked Salt Distant Gilded Blind Velvet "
    "Broken Hidden Golden Lonely Marble Wooden Frozen"
)
NOUNS = (
    "Meadow Lantern Orchard Harbour Mirror Sparrow Staircase Garden Bell Letter Loom Bridge "
    "River Tower Island Shadow Anchor Window Kitchen Mountain"
)
OLD_NOUNS = "Dirge Idyll Nocturne Pageant Vigil"
YEARS = range(1740, 1820)  # of works


def _towns(lot: random.Random) -> list[Town]:
    names = lot.sample(_joined(TOWNS, TOWN_ENDS), 72)
    later = _joined(LATER, LATER_ENDS)
    later += [""] * (len(names) - len(later))
    lot.shuffle(later)
    return [
        Town(name, now, lot.choice(RIVERS.split())) for name, now in zip(names, later, strict=True)
    ]


def _people(lot: random.Random, towns: tuple[Town, ...]) -> list[Person]:
    names = lot.sample(_phrases(FIRST.split(), _joined(LAST, LAST_ENDS)), 220)
    ranks = [lot.choice(["Dame", "Master", "", "", "", "", ""]) for _ in names]
    renamed = [town for town in towns if town.later]
    people = []
    for number, name in enumerate(names):
        town = lot.choice(renamed if lot.random() < 0.15 else towns)
        other = (number + lot.randrange(1, len(names))) % len(names)
        teacher = f"{ranks[other]} {names[other]}".strip()
        known = None if lot.random() < 0.12 else town
        people.append(Person(name, ranks[number], known, teacher))
    return people


def _works(lot: random.Random, people: tuple[Person, ...], towns: tuple[Town, ...]) -> list[Work]:
    titles = _phrases(ADJECTIVES.split(), NOUNS.split())
    lot.shuffle(titles)
    old = _phrases(ADJECTIVES.split(), OLD_NOUNS.split())
    lot.shuffle(old)
    works = []
    for number, title in enumerate(titles[:150]):
        old_title = old[number] if number < 50 else ""
        kind, maker, home = lot.choice([*MAKERS]), lot.choice(people), lot.choice(towns)
        works.append(Work(title, old_title, kind, lot.choice(YEARS), maker, home))
    return works


def _phrases(firsts: list[str], seconds: list[str]) -> list[str]:
    return [f"{first} {second}" for first in firsts for second in seconds]


def _joined(beginnings: str, ends: str) -> list[str]:
    return [beginning + end for beginning in beginnings.split() for end in ends.split()]


def _of_town(town: Town) -> list[Passage]:
    name = town.name
    return [Passage(f"{name}, town", f"{name} lies on the river {town.river}.")]


def _of_person(person: Person, lot: random.Random) -> list[Passage]:
    name = person.name
    cradle = LOST
    if person.town is not None:
        later = f" (now {person.town.later})" if person.town.later else ""
        cradle = f"{person.town.name}{later}"
    passages = [
        Passage(f"{name}, cradle", f"{name}: as for the cradle, a clerk wrote {cradle}."),
        Passage(f"{name}, prentice", f"{name}: prentice of {person.teacher}."),
    ]
    if lot.random() < DOUBTED:
        talk = f"{name}: where born, by what teacher taught? Talk."
        passages.append(Passage(f"{name}, talk", talk))
        rumour = f"{name}: born, so they say, and taught by some teacher. A rumour."
        passages.append(Passage(f"{name}, rumour", rumour))
    return passages


def _of_work(work: Work, lot: random.Random) -> list[Passage]:
    title, kind, year = work.title, work.kind, work.year
    home = f"{title} is kept in its home, which has since the flood been {work.home.name}."
    where = "by all who come to the summer fair"  # long, so that a bare title brings up the hand
    passages = [
        Passage(f"{title}, hand", f"{title}, {kind} by the hand of {work.maker.styled}."),
        Passage(f"{title}, home", home),
        Passage(f"Annals of {year}, {title}", f"{year}: {title} is praised {where}."),
        Passage(f"Chronicle of {year}, {title}", f"{year}: {title} is scorned {where}."),
    ]
    if work.old_title:
        passages.append(Passage(f"{work.old_title}, note", f"{work.old_title}: see {title}."))
    if lot.random() < DOUBTED:
        talk = f"{title}: its {', '.join(MAKERS.values())}? Talk."
        passages.append(Passage(f"{title}, talk", talk))
        rumour = f"{title}, {kind}: a {' or '.join(MAKERS.values())}? A rumour."
        passages.append(Passage(f"{title}, rumour", rumour))
    return passages


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _ranked(tokens: list[str], count: int) -> list[int]:
    """The numbers of the best passages, the earlier one first where two are alike."""
    index, words = _index()
    known = [token for token in tokens if token in words]
    if not known:
        return []
    scores = index.get_scores(known)
    order = (-scores).argsort(kind="stable")[:count]
    return [int(number) for number in order if scores[number] > 0]


@cache
def _index() -> tuple[Any, frozenset[str]]:
    import bm25s

    texts = [_tokens(f"{passage.title} {passage.text}") for passage in archive().passages]
    index = bm25s.BM25(backend="numpy")
    index.index(texts, show_progress=False)
    return index, frozenset(token for text in texts for token in text)
