"""Short notices that have to keep to a house style, each point of which can be checked."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from dspnb.data.benchmark import Benchmark, Known, Rule, Values
from dspnb.example import Example, Prediction
from dspnb.module import Module
from dspnb.predict import Predict
from dspnb.signature import Signature

NOTICE = Signature(
    "event, guest, place, day, hour, entry -> notice", "Write a short notice of the event."
)


def _build() -> Module:
    return Predict(NOTICE)


# -- events --------------------------------------------------------------------------------

TOPICS = "Bees;Bread;Comets;Clocks;Rivers;Kites;Owls;Maps;Bridges;Glaciers;Moss;Lighthouses"
SHAPES = "All About {};{} for Beginners;The Secret Life of {};An Evening of {};{} and Us"
GUESTS = "Ona Reuter;Milo Satch;Petra Lund;Ansel Brook;Yva Stern;Colm Hader;Dora Finch"
PLACES = "Mill Hall;Quay House;Old Granary;Lower Library;Garden Room;Market Chapel"
DAYS = "Monday;Tuesday;Wednesday;Thursday;Friday;Saturday;Sunday"


def _draw(lot: random.Random) -> Values:
    shape, topic, guest, place, day = (
        lot.choice(words.split(";")) for words in (SHAPES, TOPICS, GUESTS, PLACES, DAYS)
    )
    with_guest = lot.random() < 0.75
    return {
        "event": shape.format(topic),
        "guest": guest if with_guest else "nobody",
        "place": place,
        "day": day,
        "hour": f"{lot.randrange(1, 12)} {lot.choice(['am', 'pm', 'pm'])}",
        "entry": "0" if lot.random() < 0.3 else str(lot.randrange(2, 30)),
    }


# -- notices -------------------------------------------------------------------------------


def _solve(path: str, inputs: Values, known: Known) -> Values:
    event, guest, place, day, hour, entry = (
        inputs.get(name, "") for name in ("event", "guest", "place", "day", "hour", "entry")
    )
    title = event.upper() if "capitals" in known else event
    title = f'"{title}"' if "quotes" in known else title
    if guest != "nobody":
        title = f"{guest} presents {title}" if "guest_first" in known else f"{title} with {guest}"
    when = _on_24_hours(hour) if "hours" in known else hour
    where = "" if "place_last" in known else f" in the {place}"
    if "day_first" in known:
        lead = f"{day.upper()}: {title} at {when}{where}."
    else:
        lead = f"{title} on {day} at {when}{where}."
    parts = [lead, _entry(entry, known)]
    if "no_appeal" not in known:
        parts.append("Do join us!")
    if "place_last" in known:
        parts.append(f"({place})")
    if "hashtag" in known:
        parts.append("#whatson")
    return {"notice": " ".join(parts)}


def _entry(entry: str, known: Known) -> str:
    if entry == "0":
        return "No charge." if "no_charge" in known else "Entry is free."
    return f"Entry: {entry} talers." if "talers" in known else f"Entry: ${entry}."


def _on_24_hours(hour: str) -> str:
    found = re.fullmatch(r"(\d{1,2}) ([ap])m", hour)
    return f"{int(found[1]) % 12 + 12 * (found[2] == 'p'):02}:00" if found else hour


# -- what is checked -----------------------------------------------------------------------

CHECKS: dict[str, Callable[[Values, str], bool]] = {
    "day_first": lambda asked, text: text.startswith(f"{asked['day'].upper()}:"),
    "quotes": lambda asked, text: f'"{asked["event"]}"' in text,
    "hours": lambda asked, text: _on_24_hours(asked["hour"]) in text,
    "talers": lambda asked, text: f"{asked['entry']} talers" in text and "$" not in text,
    "no_charge": lambda asked, text: "no charge" in text.lower() and "free" not in text.lower(),
    "guest_first": lambda asked, text: 0 <= text.find(asked["guest"]) < text.find(asked["event"]),
    "no_appeal": lambda asked, text: "!" not in text,
    "place_last": lambda asked, text: text.endswith(f"({asked['place']})"),
}


def _broken(example: Example, prediction: Prediction) -> list[str]:
    """The names of the rules that concern the event and that the notice breaks."""
    asked = {name: str(value) for name, value in example.inputs.items()}
    text = str(prediction.get("notice")).strip()
    return [name for name in _concerning(asked) if not CHECKS[name](asked, text)]


def _concerning(asked: Values) -> list[str]:
    other = {"talers" if asked["entry"] == "0" else "no_charge"}
    if asked["guest"] == "nobody":
        other.add("guest_first")
    return [name for name in CHECKS if name not in other]


def _judge(example: Example, prediction: Prediction) -> float:
    """The share of the points that are kept, of which event, place and day are worth two."""
    asked = {name: str(value) for name, value in example.inputs.items()}
    text = str(prediction.get("notice")).lower()
    named = sum(asked[name].lower() in text for name in ("event", "place", "day"))
    points = len(_concerning(asked))
    kept = points - len(_broken(example, prediction))
    return (2 * named / 3 + kept) / (2 + points)


def _hardness(path: str, inputs: Values) -> float:
    """Long titles, guests and afternoons are hard."""
    hard = 0.9 * (len(inputs.get("event", "").split()) - 3.6)
    hard += 0.5 if inputs.get("guest", "nobody") != "nobody" else -1.0
    return hard + (0.4 if inputs.get("hour", "").endswith("pm") else -0.6)


def _slip(path: str, outputs: Values, lot: random.Random) -> Values:
    """One of the points forgotten, or the last words left out."""
    text = outputs.get("notice", "")
    slips = [f"{text} Do come!", text.replace('"', "'"), " ".join(text.split()[:-2]), text.title()]
    return {"notice": lot.choice([slip for slip in slips if slip != text])}


CONSTRAINTS = Benchmark(
    name="constraints",
    about=(
        "Notices of invented events that keep to a house style nobody has told. To find: its eight "
        "points, each of which can be checked in the text. The score is the share that is kept."
    ),
    signatures={"self": NOTICE},
    draw=_draw,
    solve=_solve,
    build=_build,
    labels=("notice",),
    judge=_judge,
    breaks=_broken,
    hardness=_hardness,
    slip=_slip,
    rules=(
        Rule(
            "day_first",
            (
                "Begin with the weekday in upper case and a colon.",
                "The weekday stands in front, in upper case, as in FRIDAY:",
                "Put the weekday first, shouted, with a colon after it.",
            ),
            told=r"(?i)\bweekday\b",
            shown=r"notice\W+[A-Z]+DAY:",
            unprompted=0.1,
        ),
        Rule(
            "quotes",
            (
                "Put the title of the event in quotation marks.",
                "Quotation marks go around the title.",
                "Enclose what the event is called in double quotation marks.",
            ),
            told=r"(?i)\bquotation marks\b",
            shown=r'notice\W[^\n]*"[A-Z]',
            unprompted=0.35,
        ),
        Rule(
            "hours",
            (
                "Write the time on the 24-hour clock, as in 19:00.",
                "Times follow the 24-hour clock with two digits for the hour.",
                "Turn am and pm into the 24-hour clock.",
            ),
            told=r"(?i)\b24-hour clock\b",
            shown=r"notice\W[^\n]*\d\d:00",
            unprompted=0.15,
        ),
        Rule(
            "talers",
            (
                "Prices are in talers, without a dollar sign.",
                "Write talers after the number, never a dollar sign.",
                "Our readers pay in talers, so no dollar sign.",
            ),
            told=r"(?i)\bin talers\b|\bwrite talers\b",
            shown=r"notice\W[^\n]*\d talers",
            unprompted=0.05,
        ),
        Rule(
            "no_charge",
            (
                "An entry of 0 is called `no charge`, not free.",
                "Avoid the word free; say that there is no charge.",
                "If it costs nothing, write that no charge is made, and not free.",
            ),
            told=r"(?i)`no charge`|\bthere is no charge\b|\bno charge is made\b",
            shown=r"notice\W[^\n]*\bNo charge\b",
            unprompted=0.1,
        ),
        Rule(
            "guest_first",
            (
                "Name the guest before the event: the guest presents it.",
                "The guest presents the event, and so comes ahead of it.",
                "Let the sentence say who presents what, the guest being its subject.",
            ),
            told=r"(?i)\bguest presents\b|\bwho presents\b",
            shown=r"notice\W[^\n]*\bpresents\b",
            unprompted=0.2,
        ),
        Rule(
            "no_appeal",
            (
                "No exclamation marks and no appeal to the reader.",
                "Appeals and exclamation marks are left out.",
                "Stay sober: not a single exclamation mark.",
            ),
            told=r"(?i)\bexclamation marks?\b",
            unprompted=0.3,
        ),
        Rule(
            "place_last",
            (
                "End with the venue in brackets and nothing after it.",
                "The venue stands at the very end, in brackets.",
                "Close the notice by the venue in brackets.",
            ),
            told=r"(?i)\bvenue\b",
            shown=r"notice\W[^\n]*\([A-Z]\w+ [A-Z]\w+\)",
            unprompted=0.1,
        ),
        Rule(
            "capitals",
            (
                "Set the whole title in capital letters.",
                "Capital letters make the title stand out.",
                "The title is written in nothing but capital letters.",
            ),
            told=r"(?i)\bcapital letters\b",
            unprompted=0.05,
            wrong=True,
        ),
        Rule(
            "hashtag",
            (
                "Finish with the hashtag #whatson.",
                "Add a hashtag, so that people share it.",
                "A hashtag rounds each notice off.",
            ),
            told=r"(?i)\bhashtag\b",
            unprompted=0.05,
            wrong=True,
        ),
    ),
)
