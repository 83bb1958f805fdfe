"""Questions that take two searches of an archive, whose words one has to learn."""

from __future__ import annotations

import random
import re
from functools import lru_cache

from dspnb.data.benchmark import Benchmark, Known, Rule, Values
from dspnb.example import Prediction
from dspnb.module import Module
from dspnb.predict import Predict
from dspnb.signature import Signature

from .archive import LOST, MAKERS, Work, archive, search

HOPS = 2
FOUND = 2  # passages in each
QUERY = Signature(
    "question, notes -> query",
    "Write the next search query for the archive. The notes are what was found so far.",
)
ANSWER = Signature("question, notes -> answer", "Answer the question from the notes, briefly.")
PRAISE = ("much-loved", "once famous", "widely read", "long forgotten", "rather short")


class TwoHops(Module):
    """Search twice, the second time knowing what was found, then answer."""

    def __init__(self) -> None:
        self.query = Predict(QUERY)
        self.answer = Predict(ANSWER)

    def forward(self, *, question: str) -> Prediction:  # type: ignore[override]
        notes = "none"
        for _ in range(HOPS):
            query = self.query(question=question, notes=notes).query
            notes = _noted(notes, query)
        return Prediction(answer=self.answer(question=question, notes=notes).answer)


def _noted(notes: str, query: str) -> str:
    found = _found(query)
    return found if notes == "none" else f"{notes}\n{found}"


@lru_cache(maxsize=50_000)
def _found(query: str) -> str:
    return "\n".join(str(passage) for passage in search(query, FOUND)) or "[nothing found]"


def _answer(inputs: Values, known: Known) -> Values:
    """What the program says when `solve` stands in for the model."""
    question, notes = inputs["question"], "none"
    for _ in range(HOPS):
        query = _solve("query", {"question": question, "notes": notes}, known)["query"]
        notes = _noted(notes, query)
    return _solve("answer", {"question": question, "notes": notes}, known)


# -- questions -----------------------------------------------------------------------------


def _draw(lot: random.Random) -> Values:
    if lot.random() < 0.65:
        subject = _of_work(lot.choice(archive().works), lot)
    else:
        subject = f"teacher of {lot.choice(archive().people).name}"
    short, long = (
        ("Where was the {} born?", "In which town was the {} born?")
        if lot.random() < 0.55
        else ("Who taught the {}?", "By which master was the {} taught?")
    )
    return {"question": (long if lot.random() < 0.2 else short).format(subject)}


def _of_work(work: Work, lot: random.Random) -> str:
    praise = f"{lot.choice(PRAISE)} " if lot.random() < 0.25 else ""
    year = f" of {work.year}" if lot.random() < 0.3 else ""
    return f"{MAKERS[work.kind]} of the {praise}{work.kind} {work.title}{year}"


# -- answers -------------------------------------------------------------------------------

SUBJECT = re.compile(
    r"\b(?P<role>\w{1,9}) of (?P<the>the (?:[a-z-]{1,12} ){0,4})?"
    r"(?P<name>[A-Z]\w{1,15} [A-Z]\w{1,15})(?: of (?P<year>\d+))?"
)
PERSON = re.compile(
    r"\[(?P<of>[^],]+), (?:hand|prentice)\].* of (?P<rank>Dame |Master )?(?P<name>\w+ \w+)\."
)
CRADLE = re.compile(
    r"\[(?P<of>[^],]+), cradle\].* wrote (?P<town>[\w ]+?)(?: \(now (?P<later>\w+)\))?\."
)


def _solve(path: str, inputs: Values, known: Known) -> Values:
    question, notes = inputs.get("question", ""), inputs.get("notes", "")
    if path == "query":
        return {"query": _query(question, notes, known)}
    return {"answer": _said(question, notes, known)}


def _query(question: str, notes: str, known: Known) -> str:
    subject = SUBJECT.search(question)
    if subject is None:
        return question
    found = _about(PERSON, subject["name"], notes)
    if found is None:
        made = subject["role"] != "teacher"
        word = _archive_word(subject["role"], "hand" if made else "prentice", known)
        before, name = subject["the"] or "the pupil ", subject["name"]
        year = subject["year"] or ""
    else:
        born = "born" in question
        word = _archive_word(*(("born", "cradle") if born else ("taught", "prentice")), known)
        before, name, year = question.split(" the ")[0] + " ", found["name"], ""
    if "leave_years_out" in known:
        year = ""
    if "ask_in_sentences" in known:
        return f"Please tell me about {word} of {name}"
    if "name_first" in known:
        return f"{name} {word} {year}".strip()
    return f"{before}{name} {word} {year}".strip()


def _about(what: re.Pattern[str], name: str, notes: str) -> re.Match[str] | None:
    """What the notes say of somebody or something."""
    return next((found for found in what.finditer(notes) if found["of"] == name), None)


def _archive_word(plain: str, word: str, known: Known) -> str:
    return word if word in known else plain


def _said(question: str, notes: str, known: Known) -> str:
    subject = SUBJECT.search(question)
    first = subject and _about(PERSON, subject["name"], notes)
    asked = CRADLE if "born" in question else PERSON
    fact = _about(asked, first["name"], notes) if first else None
    if fact is None:
        lines = notes.splitlines()[FOUND if first else 0 :] or ["[nothing]"]
        said = f"unknown, see {lines[0].partition(']')[0].lstrip('[')}"
    else:
        said = _place(fact, known) if asked is CRADLE else _person(fact, known)
    return f"The answer is {said}" if "whole_sentence" in known else said


def _place(cradle: re.Match[str], known: Known) -> str:
    if cradle["town"] == LOST:
        return "not recorded" if "not_recorded" in known else LOST
    if cradle["later"] and "later_name" in known:
        return cradle["later"]
    return cradle["town"]


def _person(found: re.Match[str], known: Known) -> str:
    rank = "" if "no_rank" in known else found["rank"] or ""
    return f"{rank}{found['name']}"


def _hardness(path: str, inputs: Values) -> float:
    """Long questions are hard, and so are notes of which the last does not hold the answer."""
    question, notes = inputs.get("question", ""), inputs.get("notes", "")
    hard = 0.35 * (len(question.split()) - 10.5)
    if path == "query":
        return hard + (0.4 if PERSON.search(notes) else 0.1)
    return hard + (0.5 if "now" in notes or LOST in notes else -0.4)


def _slip(path: str, outputs: Values, lot: random.Random) -> Values:
    """A query without its name or its word; an answer about somebody or somewhere else."""
    if path == "query":
        words = outputs.get("query", "").split()
        left_out = lot.randrange(max(1, len(words)))
        return {"query": " ".join(words[:left_out] + words[left_out + 1 :]) or "archive"}
    answer = outputs.get("answer", "")
    people, towns = archive().people, archive().towns
    names = [one.name for one in people] if " " in answer.strip() else [one.name for one in towns]
    names = lot.sample(names, 2)
    return {"answer": next(name for name in names if name != answer)}


TWO_HOPS = Benchmark(
    name="two_hops",
    about=(
        "Questions over an archive of invented people and works that take two searches, written by "
        "one predictor in a loop. To find: how the archive wants its queries and its words for "
        "who made, taught and bore whom; and how to name towns, people and what is lost."
    ),
    signatures={"query": QUERY, "answer": ANSWER},
    draw=_draw,
    solve=_solve,
    answer=_answer,
    build=TwoHops,
    hardness=_hardness,
    slip=_slip,
    rules=(
        Rule(
            "name_first",
            (
                "Begin each query with the name you look for, because only five words are read.",
                "The search reads no more than five words, so the name comes first.",
                "Put the name at the front of the query: after the fifth word nothing counts.",
            ),
            told=r"(?i)only five words are read|no more than five words|after the fifth word",
            shown=r"(?m)query\W+[A-Z]\w+ [A-Z]\w+ (?:hand|prentice|cradle)\b",
            unprompted=0.15,
            path="query",
        ),
        Rule(
            "leave_years_out",
            (
                "Leave years out of queries, since they lead to the annals.",
                "A query holds no year; years only bring up the annals.",
                "Never search with a year: the annals would crowd out the rest.",
            ),
            told=r"(?i)\bannals\b",
            unprompted=0.2,
            path="query",
        ),
        Rule(
            "hand",
            (
                "To find who made a work, search for the word `hand`.",
                "The archive's word for a composer, writer, painter or poet is `hand`.",
                "Use `hand` in the query in place of whichever maker the question names.",
            ),
            told=r"(?i)`hand`|\bword hand\b|'hand'|\"hand\"",
            shown=r"query\W+[^\n]*\bhand\b",
            unprompted=0.05,
            path="query",
        ),
        Rule(
            "prentice",
            (
                "To find a teacher, search for the word `prentice`.",
                "The archive's word for one who was taught by another is `prentice`.",
                "Use `prentice` in the query in place of teacher or taught.",
            ),
            told=r"(?i)`prentice`|\bword prentice\b|'prentice'|\"prentice\"",
            shown=r"query\W+[^\n]*\bprentice\b",
            unprompted=0.05,
            path="query",
        ),
        Rule(
            "cradle",
            (
                "To find where somebody was born, search for the word `cradle`.",
                "The archive's word for a birthplace is `cradle`.",
                "Use `cradle` in the query in place of born.",
            ),
            told=r"(?i)`cradle`|\bword cradle\b|'cradle'|\"cradle\"",
            shown=r"query\W+[^\n]*\bcradle\b",
            unprompted=0.05,
            path="query",
        ),
        Rule(
            "later_name",
            (
                "Call a town by its present name, the one after `now`, if the notes give one.",
                "Where a town was renamed, answer with its name of today.",
                "Prefer the present name of a renamed town to its old one.",
            ),
            told=r"(?i)present name|name of today",
            unprompted=0.25,
            path="answer",
        ),
        Rule(
            "no_rank",
            (
                "Give people's names without Dame or Master.",
                "Drop the ranks Dame and Master from the name of a person.",
                "A person is answered by first and last name, never with Dame or Master.",
            ),
            told=r"(?i)\bDame (?:or|and) Master\b",
            unprompted=0.25,
            path="answer",
        ),
        Rule(
            "not_recorded",
            (
                "If what is asked for was lost, answer `not recorded`.",
                "Write `not recorded` for a fact that burned.",
                "A fact that the fire took is answered by the words not recorded.",
            ),
            told=r"(?i)`not recorded`|\bwords not recorded\b",
            shown=r"(?i)\bnot recorded\b",
            unprompted=0.05,
            path="answer",
        ),
        Rule(
            "ask_in_sentences",
            (
                "Phrase every query as a polite sentence, since the archive understands language.",
                "Write queries as polite requests in full.",
                "Ask the archive politely, in a sentence that begins with please.",
            ),
            told=r"(?i)polite",
            unprompted=0.05,
            path="query",
            wrong=True,
        ),
        Rule(
            "whole_sentence",
            (
                "Answer in a whole sentence, not with a bare name.",
                "Wrap the name into a whole sentence.",
                "The reader wants a whole sentence as the answer.",
            ),
            told=r"(?i)whole sentence",
            unprompted=0.1,
            path="answer",
            wrong=True,
        ),
    ),
)
