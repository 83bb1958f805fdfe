"""Claims of which every supporting passage is to be found, by four predictors."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from functools import lru_cache

from dspnb.data.benchmark import Benchmark, Known, Rule, Values
from dspnb.example import Example, Prediction
from dspnb.module import Module
from dspnb.predict import Predict
from dspnb.signature import Signature

from .archive import MAKERS, Passage, Person, Work, archive, search

LOOKED_UP = 2  # names of a list, the first ones
FOUND = 5  # passages for each name
COUNT = 4  # titles of an answer that count
NAMES = Signature(
    "claim -> names", "List the names to look up for the claim, separated by semicolons."
)
FOLLOW = Signature(
    "claim, passages -> further",
    "List further names to look up, separated by semicolons, or write none.",
)
VARIANTS = Signature(
    "claim, names -> variants",
    "Nothing was found. List other spellings of the names, separated by semicolons.",
)
PICK = Signature(
    "claim, passages -> titles",
    "List the titles of the passages that support the claim, separated by semicolons.",
)


class ClaimRecall(Module):
    """Look names up, then those that turn up, and pick passages."""

    def __init__(self) -> None:
        self.names = Predict(NAMES)
        self.follow = Predict(FOLLOW)
        self.variants = Predict(VARIANTS)
        self.pick = Predict(PICK)

    def forward(self, *, claim: str) -> Prediction:  # type: ignore[override]
        names = self.names(claim=claim).names
        found = _looked_up(names)
        if not found:  # which hardly ever happens: most names share a word with some passage
            found = _looked_up(self.variants(claim=claim, names=names).variants)
        further = self.follow(claim=claim, passages=_shown(found)).further
        found = _together(found, _looked_up(further))
        return Prediction(titles=self.pick(claim=claim, passages=_shown(found)).titles)


def _answer(inputs: Values, known: Known) -> Values:
    """What the program says when `solve` stands in for the model."""
    claim = inputs["claim"]
    names = _solve("names", {"claim": claim}, known)["names"]
    found = _looked_up(names)
    if not found:
        found = _looked_up(_solve("variants", {"claim": claim, "names": names}, known)["variants"])
    asked = {"claim": claim, "passages": _shown(found)}
    found = _together(found, _looked_up(_solve("follow", asked, known)["further"]))
    return _solve("pick", {"claim": claim, "passages": _shown(found)}, known)


@lru_cache(maxsize=50_000)
def _looked_up(names: str) -> tuple[Passage, ...]:
    found: tuple[Passage, ...] = ()
    for name in _listed(names)[:LOOKED_UP]:
        found = _together(found, search(name, FOUND))
    return found


def _together(some: Iterable[Passage], others: Iterable[Passage]) -> tuple[Passage, ...]:
    return tuple(dict.fromkeys((*some, *others)))


@lru_cache(maxsize=50_000)
def _shown(passages: tuple[Passage, ...]) -> str:
    return "\n".join(str(passage) for passage in passages) or "none"


def _listed(text: str) -> list[str]:
    names = (name.strip() for name in re.split(r"[;\n]", text))
    return [name for name in names if name and name != "none"]


# -- claims --------------------------------------------------------------------------------


def _draw(lot: random.Random) -> Values:
    first, second = lot.sample(archive().works, 2)
    claim = _of_work(first, lot)
    if lot.random() < 0.65:
        other = _of_person(lot.choice(archive().people)) if lot.random() < 0.5 else _kept(second)
        claim = f"{claim}, while {other}"
    return {"claim": f"{claim}."}


def _of_work(work: Work, lot: random.Random) -> str:
    if work.old_title and lot.random() < 0.7:
        return f"{work.old_title} is kept in {work.home.name}"
    made = f"The {MAKERS[work.kind]} of {work.title}"
    town = work.maker.town
    if town is not None and lot.random() < 0.6:
        return f"{made} was born in {town.name}"
    return f"{made} was taught by {work.maker.teacher}"


def _kept(work: Work) -> str:
    return f"{work.title} is kept in {work.home.name}"


def _of_person(person: Person) -> str:
    if person.town is not None:
        return f"{person.name} was born in {person.town.name}"
    return f"{person.name} was taught by {person.teacher}"


# -- answers -------------------------------------------------------------------------------

NAME = re.compile(r"(?!The |Dame |Master )[A-Z]\w+(?: [A-Z]\w+)?")
PASSAGE = re.compile(r"\[(?P<name>[^]]*), (?P<word>\w+)\] ?(?P<text>.*)")
REFERS = re.compile(r"\bsee (\w+ \w+)")
MADE_BY = re.compile(r"\bhand of (?:Dame |Master )?(\w+ \w+)")
SPOKEN = {
    "hand": re.compile(r"\b(?:composer|writer|painter|poet)\b"),
    "cradle": re.compile(r"\bborn\b"),
    "prentice": re.compile(r"\btaught\b"),
    "home": re.compile(r"\bkept\b"),
}
Told = tuple[str, str, str]  # of whom or what, the archive's word, the text


def _solve(path: str, inputs: Values, known: Known) -> Values:
    claim = inputs.get("claim", "")
    passages = _read(inputs.get("passages", ""))
    match path:
        case "names":
            return {"names": "; ".join(_names(claim, known)) or claim}
        case "follow":
            return {"further": "; ".join(_further(passages, claim, known)) or "none"}
        case "variants":
            return {"variants": "; ".join(reversed(NAME.findall(claim))) or claim}
        case _:
            return {"titles": "; ".join(_picked(claim, passages, known)) or "none"}


@lru_cache(maxsize=50_000)
def _read(passages: str) -> list[Told]:
    return PASSAGE.findall(passages)


def _names(claim: str, known: Known) -> list[str]:
    """What each clause is about, which is its first name; and the town or teacher it ends with."""
    clauses = [NAME.findall(clause) for clause in claim.split(", while ")]
    if "both_clauses" not in known:
        clauses = clauses[:1]
    if "ends_only" in known:
        return [name for names in clauses for name in names[1:]]
    return [name for names in clauses for name in (names[:1] if "subject_only" in known else names)]


def _further(passages: list[Told], claim: str, known: Known) -> list[str]:
    """Who made the works of the claim, and what notes refer to."""
    further = []
    for name, word, text in passages:
        if name in claim and word == "note" and "see_notes" in known:
            further += REFERS.findall(text)
        if name in claim and word == "hand" and "makers" in known:
            further += MADE_BY.findall(text)
    return further


def _picked(claim: str, passages: list[Told], known: Known) -> list[str]:
    picked = []
    for clause in claim.split(", while "):
        relevant = {name for name, _, _ in passages if name in clause}
        for name, _, text in passages:
            if name in relevant:
                relevant |= {*REFERS.findall(text), *MADE_BY.findall(text)}
        for name, word, _ in passages:
            if name not in relevant:
                continue
            if word in ("talk", "rumour") and "no_hearsay" in known:
                continue
            asserted = word not in SPOKEN or SPOKEN[word].search(clause)
            if not asserted and "spoken_of" in known:
                continue
            picked.append(f"{name}, {word}")
    picked = list(dict.fromkeys(picked))
    return picked[:1] if "one_only" in known else picked


def _judge(example: Example, prediction: Prediction) -> float:
    """The share of the supporting passages that the first titles name."""
    wanted = _listed(str(example["titles"]))
    given = _listed(str(prediction.get("titles")))[:COUNT]
    return sum(title in given for title in wanted) / len(wanted)


def _hardness(path: str, inputs: Values) -> float:
    """Long claims are hard, and so are many passages."""
    hard = 0.25 * (len(inputs.get("claim", "").split()) - 13)
    lines = len(inputs.get("passages", "").splitlines())
    match path:
        case "follow":
            return hard + 0.15 * (lines - 9)
        case "pick":
            return hard + 0.1 * (lines - 15)
        case _:
            return hard


def _slip(path: str, outputs: Values, lot: random.Random) -> Values:
    """One of the list is left out; somebody else stands where nobody is left."""
    field = {"names": "names", "follow": "further", "variants": "variants"}.get(path, "titles")
    right = _listed(outputs.get(field, ""))
    left_out = lot.randrange(max(1, len(right)))
    listed = right[:left_out] + right[left_out + 1 :]
    if not listed:
        names = [person.name for person in lot.sample(archive().people, 2)]
        listed = [next(name for name in names if name not in right)]
    return {field: "; ".join(listed)}


CLAIM_RECALL = Benchmark(
    name="claim_recall",
    about=(
        "Claims about invented people and works, of which all supporting passages of an archive "
        "are to be found; one of four predictors is hardly ever called. To find: which names to "
        "look up, which to follow, and which passages are no support. The score is a share."
    ),
    signatures={"names": NAMES, "follow": FOLLOW, "variants": VARIANTS, "pick": PICK},
    draw=_draw,
    solve=_solve,
    answer=_answer,
    build=ClaimRecall,
    labels=("titles",),
    judge=_judge,
    hardness=_hardness,
    slip=_slip,
    rules=(
        Rule(
            "both_clauses",
            (
                "A claim may have two halves joined by while: look up a name from both halves.",
                "Take the second half of the claim as seriously as the first: look its name up.",
                "Look up what each half of the claim is about.",
            ),
            told=r"(?i)\bhal(?:f|ves)\b",
            shown=r"(?m)names\W+(?:\w+ )+\w+; \w+",
            unprompted=0.3,
            path="names",
        ),
        Rule(
            "subject_only",
            (
                "Look up what a clause is about, not what it ends with: two names are allowed.",
                "Leave out the town or teacher that a clause ends with; two names are allowed.",
                "As two names are allowed in all, spend none on how a clause ends.",
            ),
            told=r"(?i)two names are allowed",
            unprompted=0.15,
            path="names",
        ),
        Rule(
            "makers",
            (
                "When a passage names the hand behind a work, look that person up as well.",
                "Follow every hand: the person whose hand made the work is a further name.",
                "Whoever lent a hand to the work of the claim is looked up too.",
            ),
            told=r"(?i)names the hand|follow every hand|lent a hand",
            unprompted=0.3,
            path="follow",
        ),
        Rule(
            "see_notes",
            (
                "A note that says `see` refers to a new title: look the new title up.",
                "Look up the new title that a note refers to.",
                "Notes on old titles lead to a new title, which is a further name.",
            ),
            told=r"(?i)\bnew title\b",
            unprompted=0.2,
            path="follow",
        ),
        Rule(
            "no_hearsay",
            (
                "Leave hearsay out: passages headed talk or rumour support nothing.",
                "Hearsay, that is talk and rumour, is no evidence.",
                "Never list a passage of hearsay, such as a rumour.",
            ),
            told=r"(?i)\bhearsay\b",
            unprompted=0.2,
            path="pick",
        ),
        Rule(
            "spoken_of",
            (
                "List only passages about a relation that the claim itself asserts.",
                "Skip passages on relations that the claim does not assert.",
                "A passage counts only when the claim asserts what it tells.",
            ),
            told=r"(?i)\bclaim (?:itself )?asserts\b|claim does not assert",
            unprompted=0.2,
            path="pick",
        ),
        Rule(
            "ends_only",
            (
                "Look up the places and teachers of the claim, because they are the rarest names.",
                "Prefer the rarest names, those of places and teachers.",
                "The rarest names are looked up, not the ones that the claim begins with.",
            ),
            told=r"(?i)rarest names",
            unprompted=0.05,
            path="names",
            wrong=True,
        ),
        Rule(
            "one_only",
            (
                "Name the single best passage and no other.",
                "Settle for the single best passage.",
                "Give one title, that of the single best passage.",
            ),
            told=r"(?i)single best passage",
            unprompted=0.05,
            path="pick",
            wrong=True,
        ),
    ),
)
