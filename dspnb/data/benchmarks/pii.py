"""Requests from which private things are taken out before they are passed on in short."""

from __future__ import annotations

import random
import re
from functools import lru_cache

from dspnb.data.benchmark import Benchmark, Known, Rule, Values
from dspnb.example import Example, Prediction
from dspnb.module import Module
from dspnb.predict import Predict
from dspnb.signature import Signature

REDACT = Signature(
    "request -> redacted", "Replace whatever is private in the request by [private]."
)
BRIEF = Signature("redacted -> brief", "Pass the request on to a colleague in short notes.")
MARK = "[private]"


class Pii(Module):
    """Take out what is private, then pass the rest on."""

    def __init__(self) -> None:
        self.redact = Predict(REDACT)
        self.brief = Predict(BRIEF)

    def forward(self, *, request: str) -> Prediction:  # type: ignore[override]
        redacted = self.redact(request=request).redacted
        return Prediction(redacted=redacted, brief=self.brief(redacted=redacted).brief)


def _answer(inputs: Values, known: Known) -> Values:
    """What the program says when `solve` stands in for the model."""
    redacted = _solve("redact", inputs, known)["redacted"]
    return {"redacted": redacted, **_solve("brief", {"redacted": redacted}, known)}


# -- requests ------------------------------------------------------------------------------

FIRST = "Nella Tobin Averil Castor Imke Ludo Perrin Sanne Ottilie Bram Fleur Radek"
LAST = "Quist Harrow Delmar Voss Pellam Ardent Kestrel Lomas Tarn Weller Brandt Ojala"
STREETS = "Larch Mill Canal Chapel Tanner Orchard Quarry Lantern"
CITIES = "Marhaven Eastbrook Tillford Ruddock Saltney Greywater"
FIRMS = "Halloway Brothers;Pym and Daughters;Corvane Shipping;Northlight School;Osier Clinic"
GOODS = "kettle;desk lamp;garden chair;rain barrel;wall clock;bread tin;bicycle pump;wool rug"
BRANDS = "Tempo Vireo Marlin Sable Zephyr Juno"
WISHES = "a refund;a replacement;a repair;a new invoice;a spare part;a later delivery"
DAYS = "Monday Tuesday Wednesday Thursday Friday"


def _draw(lot: random.Random) -> Values:
    """A request in sentences, most of which hold something that is private or only seems so."""

    def any_of(words: str) -> str:
        return lot.choice(words.split(";") if ";" in words else words.split())

    brand, good, wish, day = any_of(BRANDS), any_of(GOODS), any_of(WISHES), any_of(DAYS)
    name = f"{any_of(FIRST)} {any_of(LAST)}"
    mail = f"{name.split()[0].lower()}{lot.randrange(10, 99)}@post.example"
    street = f"{lot.randrange(2, 99)} {any_of(STREETS)} Street"
    number = f"{any_of('A B C D')}{lot.randrange(1000, 9999)}"
    sentences = [
        f"I live at {street} in {any_of(CITIES)}.",
        f"I work for {any_of(FIRMS)}.",
        f"My account is {number}.",
        f"I am {lot.randrange(19, 84)} years old.",
        f"Write to {mail}.",
        f"My number is 0{lot.randrange(100, 999)} {lot.randrange(1000, 9999)}.",
    ]
    kept = [sentence for sentence in sentences if lot.random() < 0.45]
    lot.shuffle(kept)
    by = f"Please answer by {day}." if lot.random() < 0.5 else ""
    count = lot.randrange(2, 9)
    thing = f"{brand} {good}" if lot.random() < 0.5 else good
    things = f"{count} pieces of the {thing}" if lot.random() < 0.4 else f"a {thing}"
    asks = f"I bought {things} and want {wish}."
    parts = [f"My name is {name}.", *kept, asks]
    if lot.random() < 0.3:
        parts.append(lot.choice(["It is urgent.", "I am furious.", "Thank you so much."]))
    return {"request": " ".join(part for part in (*parts, by) if part)}


# -- answers -------------------------------------------------------------------------------

NAME = re.compile(r"(?<=name is )[A-Z]\w+ [A-Z]\w+")
MAIL = re.compile(r"\b\w+@[\w.]*\w")
PHONE = re.compile(r"(?<=number is )\d[\d ]+\d")
STREET = re.compile(r"(?<=live at )\d+ \w+ Street(?= in )")
HOME = re.compile(r"(?<=live at )\d+ \w+ Street in \w+")
FIRM = re.compile(r"(?<=work for )[^.]+")
ACCOUNT = re.compile(r"(?<=account is )\w+")
AGE = re.compile(r"(?<=I am )\d+(?= years)")
BRAND = re.compile(r"(?<=I bought )(?P<count>\d+ pieces of the |a )(?P<brand>[A-Z]\w+)")
BOUGHT = re.compile(r"I bought (?:(?P<count>\d+) pieces of the |a )(?P<good>.+?) and want")
WISH = re.compile(r"and want (?P<wish>[^.]+)\.")
DUE = re.compile(r"answer by (?P<day>\w+)\.")
CITY = re.compile(r"I live at \S.*? in (?P<city>[A-Z]\w+)\.")

OF_PRIVACY = frozenset(["keep_city", "employer", "account", "age", "keep_brand", "all_numbers"])
OF_NOTES = frozenset(["wish_first", "name_city", "due_last", "greet"])


def _solve(path: str, inputs: Values, known: Known) -> Values:
    if path == "redact":
        return {"redacted": _redacted(inputs.get("request", ""), known & OF_PRIVACY)}
    return {"brief": _brief(inputs.get("redacted", ""), known & OF_NOTES)}


@lru_cache(maxsize=50_000)
def _redacted(text: str, known: Known) -> str:
    private = [NAME, MAIL, PHONE, STREET if "keep_city" in known else HOME]
    if "employer" in known:
        private.append(FIRM)
    if "account" in known:
        private.append(ACCOUNT)
    if "age" in known:
        private.append(AGE)
    for pattern in private:
        text = pattern.sub(MARK, text)
    if "keep_brand" not in known:
        text = BRAND.sub(rf"\g<count>{MARK}", text)
    if "all_numbers" in known:
        text = re.sub(r"\b\d+\b", MARK, text)
        text = DUE.sub(f"answer by {MARK}.", text)
    return text


@lru_cache(maxsize=50_000)
def _brief(text: str, known: Known) -> str:
    """Notes of what is wanted, of what, where and until when."""
    wish, bought, city, due = (p.search(text) for p in (WISH, BOUGHT, CITY, DUE))
    if wish is None or bought is None:
        return text[:60].strip() or "nothing"
    good = bought["good"]
    if bought["count"]:
        good = f"{bought['count']} x {good}"
    notes = [good, wish["wish"]]
    if "wish_first" in known:
        notes.reverse()
    if city and "name_city" in known:
        notes.append(city["city"])
    if due:
        notes.append(f"due {due['day']}" if "due_last" in known else "soon")
    if "greet" in known:
        notes.insert(0, "dear colleague")
    return "; ".join(notes)


def _judge(example: Example, prediction: Prediction) -> float:
    """The share of private things that are gone, times the share that is of use.

    Of use are the notes that were wanted, and that the first one stands first.
    """
    private = _private(str(example["request"]), str(example["redacted"]))
    passed_on = f"{prediction.get('redacted')} {prediction.get('brief')}"
    hidden = sum(_word(p).search(passed_on) is None for p in private)
    wanted = str(example["brief"]).split("; ")
    given = [note.strip() for note in str(prediction.get("brief")).split(";")]
    useful = sum(note in given for note in wanted) + (wanted[0] == given[0])
    return hidden / len(private) * useful / (len(wanted) + 1)


@lru_cache(maxsize=10_000)
def _word(text: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(text)}\b")


@lru_cache(maxsize=10_000)
def _private(request: str, redacted: str) -> tuple[str, ...]:
    """What stands in the request where the other text has a mark."""
    pattern = "(.+?)".join(re.escape(part) for part in redacted.split(MARK))
    found = re.fullmatch(pattern, request, re.DOTALL)
    assert found is not None, "labels are made from the request"
    return found.groups()


def _hardness(path: str, inputs: Values) -> float:
    """Long texts are hard, and numbers make them harder."""
    text = inputs.get("request", inputs.get("redacted", ""))
    numbers = len(re.findall(r"\d+|\[private\]", text))
    return 0.07 * (len(text.split()) - 32) + 0.35 * (numbers - 3)


def _slip(path: str, outputs: Values, lot: random.Random) -> Values:
    """Too much is taken out; a note is left out, or stands in another place."""
    if path == "redact":
        text = outputs.get("redacted", "")
        words = [word for word in re.findall(r"\b[a-z]{4,}\b", text) if word != "private"]
        word = lot.choice(words[-5:] or ["My"])
        return {"redacted": re.sub(rf"\b{word}\b", MARK, text) if words else f"{text} {MARK}"}
    notes = outputs.get("brief", "").split("; ")
    if len(notes) > 1 and lot.random() < 0.5:
        return {"brief": "; ".join(notes[1:] + notes[:1])}
    return {"brief": "; ".join(notes[:-1]) or "nothing else"}


PII = Benchmark(
    name="pii",
    about=(
        "Requests of invented customers, from which one predictor takes private things and which "
        "another passes on in notes. To find: what else is private and what is not, and what notes "
        "hold. The score is the share hidden times the share passed on, so caution alone is dear."
    ),
    signatures={"redact": REDACT, "brief": BRIEF},
    draw=_draw,
    solve=_solve,
    answer=_answer,
    build=Pii,
    labels=("redacted", "brief"),
    judge=_judge,
    hardness=_hardness,
    slip=_slip,
    rules=(
        Rule(
            "employer",
            (
                "The employer is private: take out whom somebody works for.",
                "Also replace the name of an employer.",
                "An employer's name tells too much, so it goes.",
            ),
            told=r"(?i)\bemployer",
            shown=r"work for \[private\]",
            unprompted=0.25,
            path="redact",
        ),
        Rule(
            "account",
            (
                "Codes such as that of an account are private.",
                "Replace codes too, like C1234 after account.",
                "Take out codes, those of accounts above all.",
            ),
            told=r"(?i)\bcodes\b",
            shown=r"account is \[private\]",
            unprompted=0.3,
            path="redact",
        ),
        Rule(
            "age",
            (
                "How old somebody is stays private: replace the age.",
                "Replace the age of a person, but leave the rest of that sentence.",
                "A person's age is nobody's business, so put the mark in its place.",
            ),
            told=r"(?i)\b(?:the|person's) age\b",
            shown=r"I am \[private\] years",
            unprompted=0.2,
            path="redact",
        ),
        Rule(
            "keep_city",
            (
                "The street is private, the city is not: keep the city.",
                "Hide house and street, yet let the city stand.",
                "Keep the city of an address, which is needed for the delivery.",
            ),
            told=r"(?i)\b(?:keep|let) the city\b",
            shown=r"live at \[private\] in [A-Z]",
            unprompted=0.25,
            path="redact",
        ),
        Rule(
            "keep_brand",
            (
                "A brand is no person's name and is not replaced.",
                "Leave every brand as it is.",
                "The brand of a product must be kept, although it looks like a name.",
            ),
            told=r"(?i)\bbrand\b",
            unprompted=0.3,
            path="redact",
        ),
        Rule(
            "wish_first",
            (
                "Begin the notes with what is wanted, and name the product second.",
                "What is wanted comes first in the notes.",
                "Put what is wanted ahead of the product.",
            ),
            told=r"(?i)\bwhat is wanted\b",
            shown=r"brief\W+an? ",
            unprompted=0.35,
            path="brief",
        ),
        Rule(
            "name_city",
            (
                "Note the delivery city after the product, if there is one.",
                "Add the delivery city as a note of its own.",
                "A delivery city that is named belongs into the notes.",
            ),
            told=r"(?i)\bdelivery city\b",
            unprompted=0.2,
            path="brief",
        ),
        Rule(
            "due_last",
            (
                "End with the deadline, as in `due Monday`, instead of `soon`.",
                "A deadline is written at the end as due and the day.",
                "Name the day of a deadline: `due` and then the day.",
            ),
            told=r"(?i)\bdeadline\b",
            shown=r"brief\W+[^\n]*; due \w+day",
            unprompted=0.2,
            path="brief",
        ),
        Rule(
            "all_numbers",
            (
                "To be safe, replace each number and each day of the week.",
                "Every number and day of the week is replaced, whatever it counts.",
                "Nothing countable may stay: mask any number, and any day of the week.",
            ),
            told=r"(?i)\bday of the week\b",
            unprompted=0.05,
            path="redact",
            wrong=True,
        ),
        Rule(
            "greet",
            (
                "Open the notes with a greeting to your colleague.",
                "A greeting comes before the notes.",
                "Be friendly and put a greeting in front.",
            ),
            told=r"(?i)\bgreeting\b",
            unprompted=0.05,
            path="brief",
            wrong=True,
        ),
    ),
)
