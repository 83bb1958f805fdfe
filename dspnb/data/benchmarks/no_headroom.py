"""Codes for parcels, by rules that the instructions state already: nothing is to be gained."""

from __future__ import annotations

import random
import re

from dspnb.data.benchmark import Benchmark, Known, Rule, Values
from dspnb.module import Module
from dspnb.predict import Predict
from dspnb.signature import Signature

RULES = (
    Rule(
        "town",
        (
            "Shorten the town to its first three letters, in upper case.",
            "The town becomes three letters in upper case.",
            "Of the town keep three letters, in upper case.",
        ),
        told=r"(?i)three letters,? in upper case",
        shown=r"code\W+[A-Z]{3}\b",
        unprompted=0.9,
    ),
    Rule(
        "grams",
        (
            "Turn kilograms into grams.",
            "A weight is given in grams, even if it came in kilograms.",
            "Write grams where the parcel says kilograms.",
        ),
        told=r"(?i)\bgrams\b",
        shown=r"code\W+\w+/\d+00\b",
        unprompted=0.9,
    ),
    Rule(
        "initials",
        (
            "Of the sender keep the initials only.",
            "The sender is told by initials.",
            "Write initials for the sender's name.",
        ),
        told=r"(?i)\binitials\b",
        shown=r"code\W+\w+/\w+/[A-Z]{2}\b",
        unprompted=0.9,
    ),
    Rule(
        "handling",
        (
            "For handling write F if the parcel is fragile, U if it is urgent.",
            "Handling is one letter: F for fragile or U for urgent.",
            "One letter tells the handling, such as F or U.",
        ),
        told=r"(?i)\bhandling\b",
        shown=r"code\W[^\n]*/[FU]\b",
        unprompted=0.9,
    ),
    Rule(
        "abroad",
        (
            "Put an asterisk in front if the parcel goes abroad.",
            "Parcels that go abroad begin with an asterisk.",
            "An asterisk at the front marks what goes abroad.",
        ),
        told=r"(?i)\basterisk\b",
        shown=r"code\W*\*[A-Z]",
        unprompted=0.9,
    ),
    Rule(
        "rounded",
        (
            "Round the weight to full kilograms first.",
            "Weights are rounded to full kilograms.",
            "Give full kilograms; what is over is dropped.",
        ),
        told=r"(?i)\bfull kilograms\b",
        unprompted=0.05,
        wrong=True,
    ),
    Rule(
        "numbered",
        (
            "Close with the serial number of the parcel.",
            "The serial number is the last part.",
            "Append the parcel's serial number.",
        ),
        told=r"(?i)\bserial number\b",
        unprompted=0.05,
        wrong=True,
    ),
)
STATED = " ".join(rule.texts[0] for rule in RULES if not rule.wrong)
PARCEL = Signature(
    "parcel -> code",
    f"Make the code of a parcel: town, weight, sender and more, with / between. {STATED}",
)


def _build() -> Module:
    return Predict(PARCEL)


# -- parcels -------------------------------------------------------------------------------

FIRST = "Adda Benno Clea Dorit Emil Franka Gero Hilde Iwan Jula Konrad Lene"
LAST = "Mattis Norden Ohm Peters Quandt Rieke Sommer Thal Ullrich Vogt Wiese Zander"
TOWNS = "Anstrand Birkau Calmwick Dornheim Elmsund Fahlen Grevsby Hallin Istrup Jorlund"


def _draw(lot: random.Random) -> Values:
    sender = f"{lot.choice(FIRST.split())} {lot.choice(LAST.split())}"
    weight = f"{lot.randrange(1, 30)}.{lot.randrange(1, 10)} kg"
    if lot.random() < 0.35:
        weight = f"{lot.randrange(100, 990)} g"
    to = f"to {lot.choice(TOWNS.split())}{' (abroad)' if lot.random() < 0.25 else ''}"
    parts = [to, weight, f"from {sender}"]
    lot.shuffle(parts)
    handling = lot.choice([", fragile", ", urgent", "", ""])
    return {"parcel": f"No. {lot.randrange(100, 999)} {', '.join(parts)}{handling}"}


# -- codes ---------------------------------------------------------------------------------

TOWN = re.compile(r"\bto (\w+)")
WEIGHT = re.compile(r"\b(\d{1,6})(?:\.(\d))? (k?g)\b")
SENDER = re.compile(r"\bfrom (\w+ \w+)")
HANDLING = re.compile(r"\b(fragile|urgent)\b")
NUMBER = re.compile(r"No\. (\d+)")


def _solve(path: str, inputs: Values, known: Known) -> Values:
    text = inputs.get("parcel", "")
    town, sender, handling = (p.search(text) for p in (TOWN, SENDER, HANDLING))
    parts = []
    if town:
        parts.append(town[1][:3].upper() if "town" in known else town[1])
    if weight := WEIGHT.search(text):
        parts.append(_weight(weight[1], weight[2] or "0", weight[3], known))
    if sender:
        short = "".join(name[0] for name in sender[1].split())
        parts.append(short if "initials" in known else sender[1])
    if handling:
        parts.append(handling[1][0].upper() if "handling" in known else handling[1])
    if "(abroad)" in text:
        parts = ["*" + "/".join(parts)] if "abroad" in known else [*parts, "abroad"]
    if (number := NUMBER.search(text)) and "numbered" in known:
        parts.append(number[1])
    return {"code": "/".join(parts) or "unknown"}


def _weight(whole: str, tenth: str, unit: str, known: Known) -> str:
    if unit == "g":
        return whole
    if "rounded" in known:
        tenth = "0"
    return f"{int(whole) * 1000 + int(tenth) * 100}" if "grams" in known else f"{whole}.{tenth} kg"


def _hardness(path: str, inputs: Values) -> float:
    """Each thing that is to be changed makes it harder, and all of it is easy."""
    text = inputs.get("parcel", "")
    hard = 0.9 * ("kg" in text) + 1.3 * ("abroad" in text) + 0.9 * bool(HANDLING.search(text))
    return hard + 0.9 * (not text.startswith("No.") or ", from" in text) - 4.0


def _slip(path: str, outputs: Values, lot: random.Random) -> Values:
    """A part is left out, or stands at the wrong end."""
    parts = outputs.get("code", "").split("/")
    number = lot.randrange(len(parts))
    left = parts[:number] + parts[number + 1 :]
    return {"code": "/".join(left if lot.random() < 0.5 else [*left, "?"]) or "none"}


NO_HEADROOM = Benchmark(
    name="no_headroom",
    about=(
        "Codes of invented parcels. The instructions state every rule already, so there is nothing "
        "to find: whatever changes them can but do harm, and should be left alone."
    ),
    signatures={"self": PARCEL},
    draw=_draw,
    solve=_solve,
    build=_build,
    labels=("code",),
    hardness=_hardness,
    slip=_slip,
    rules=RULES,
)
