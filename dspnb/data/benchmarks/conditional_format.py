"""Short questions about a record, whose answers have a form that depends on what is asked."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

from dspnb.data.benchmark import Benchmark, Known, Rule, Values
from dspnb.predict import Predict
from dspnb.signature import Signature

from .slips import nearly

LOOKUP = Signature("record, question -> answer", "Answer the question from the record.")
ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
TENS = (
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)  # fmt: skip
RULES = (
    Rule(
        "money",
        (
            "Write amounts of money as the currency code and two decimals, as in EUR 1250.00.",
            "For money put EUR first and always give two decimals.",
            "A sum in euros is answered like 'EUR 84.50': code, space, amount with cents.",
        ),
        r"(?i)code and two decimals|put EUR first|answered like 'EUR",
        shown=r"\bEUR \d+\.\d\d\b",
    ),
    Rule(
        "person",
        (
            "Give people as 'Last, First'.",
            "Names of persons are written with the family name first, a comma, then the given "
            "name.",
            "When the answer is a person, the surname comes first, followed by a comma.",
        ),
        r"(?i)'last, first'|family name first|surname comes first",
        shown=r"\b[A-Z][a-z]+, [A-Z][a-z]+",
        unprompted=0.05,
    ),
    Rule(
        "date",
        (
            "Dates are written in ISO form: year-month-day.",
            "Turn every date into YYYY-MM-DD.",
            "A date is answered with the year first, as 4 digits, then month and day with 2, "
            "joined by hyphens.",
        ),
        r"(?i)\bISO\b|YYYY-MM-DD|year first, as 4 digits",
        shown=r"\b\d{4}-\d\d-\d\d\b",
        unprompted=0.25,
    ),
    Rule(
        "count",
        (
            "Write counts out in words, as in thirty-two.",
            "If the answer is a number of things, spell the number out in letters.",
            "Numbers of members, rooms and so on are answered in words, never in digits.",
        ),
        r"(?i)counts out in words|spell the number out|in words, never in digits",
        shown=rf"\b(?:{'|'.join([*ONES, *TENS])})\b",
        unprompted=0.05,
    ),
    Rule(
        "place",
        (
            "Put places in upper case.",
            "Names of towns and other places are written in capital letters.",
            "When the answer is a place, capitalise every letter of it.",
        ),
        r"(?i)upper case|capital letters|capitalise every letter",
        shown=r"\b[A-Z]{4,}\b",
        unprompted=0.05,
    ),
    Rule(
        "flag",
        (
            "Answer yes-no questions with true or false.",
            "Instead of yes or no say true or false.",
            "What can only be affirmed or denied is answered by the word true or the word false.",
        ),
        r"(?i)\btrue or (the word )?false|\bword true\b",
        shown=r"\b(?:true|false)\b",
        unprompted=0.15,
    ),
    Rule(
        "missing",
        (
            "When the record does not hold what is asked, answer n/a.",
            "Write n/a for anything that cannot be found in the record.",
            "If there is no such line, the answer is n/a, and nothing else.",
        ),
        r"(?i)\b(answer|write|answer is) n/a\b",
        shown=r"\bn/a\b",
        unprompted=0.2,
    ),
    Rule(
        "several",
        (
            "If two things are asked, separate the answers by a vertical bar: a | b.",
            "Join several answers with ' | ', in the order of the question.",
            "Between the parts of a twofold answer stands a bar, with a space on each side.",
        ),
        r"(?i)\bvertical bar\b|' \| '|\bstands a bar\b",
        shown=r" \| ",
        unprompted=0.05,
    ),
    Rule(
        "sentence",
        (
            "Answer in a complete sentence that begins with 'It is'.",
            "Always wrap the answer into a full sentence.",
            "Be polite: reply in whole sentences and not in fragments.",
        ),
        r"(?i)complete sentence|full sentence|whole sentences",
        unprompted=0.0,
        wrong=True,
    ),
    Rule(
        "quoted",
        (
            "Put the answer in quotation marks.",
            "Quote what stands in the record, with double quotes around it.",
            "Every answer is enclosed in quotes, since it is a citation.",
        ),
        r"(?i)quotation marks|double quotes|enclosed in quotes",
        unprompted=0.0,
        wrong=True,
    ),
)

FIRST = (
    "Ilva", "Bertil", "Maren", "Oskar", "Tilde", "Ravn", "Signe", "Hektor", "Yrsa", "Leif",
    "Dagny", "Emil",
)  # fmt: skip
LAST = (
    "Marsh", "Tolland", "Quist", "Brandt", "Ferrow", "Lindqvist", "Oakes", "Varga", "Stern",
    "Holloway", "Penrose",
)  # fmt: skip
PLACES = (
    "Korvo", "Elmstad", "Northmere", "Vissby", "Tarnholt", "Grauhaven", "Pellworth", "Ostrand",
    "Mirefield",
)  # fmt: skip
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
PERSON = ("leader", "treasurer", "founder", "contact person")
PLACE = ("home town", "meeting place", "birthplace of the founder")
MONEY = ("yearly fee", "rent of the hall", "first prize")
DATE = ("founding date", "next meeting", "end of the season")
COUNT = ("number of members", "number of rooms", "number of boats")
FLAG = ("open to guests", "listed in the guide", "member of the union")
PLAIN = {
    "emblem": ("a heron", "an oak leaf", "two keys", "a red star", "a lantern"),
    "motto": ("steady as she goes", "by hand and by heart", "rain or shine", "never alone"),
    "colours": ("blue and white", "green", "black and gold", "grey and red"),
    "instrument of the band": ("cello", "accordion", "tuba", "harp", "drums"),
    "dish of the yearly feast": ("pea soup", "baked trout", "plum dumplings", "rye pancakes"),
}
KEYS = (*PERSON, *PLACE, *MONEY, *DATE, *COUNT, *FLAG, *PLAIN)
KINDS = ("rowing club", "choir", "chess circle", "sailing school", "museum society", "brass band")
ASKS = ("What is the {}?", "Give the {}.", "Please look up the {}.", "The {}, please?")
FLAG_ASKS = ("Is it {}?", "Tell me whether it is {}.", "Is the group {}?")
TWO_ASKS = ("What are the {} and the {}?", "Give the {} and the {}.", "Look up the {} and the {}.")

_LINE = re.compile(r"^([^:\n]+): (.*)$", re.MULTILINE)
_ASKED = re.compile("|".join(sorted(map(re.escape, KEYS), key=lambda key: (-len(key), key))))
_MONEY = re.compile(r"(\d{1,9})(?:\.(\d{1,2}))? euros")
_DATE = re.compile(rf"(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{4}})")
_COUNT = re.compile(r"[0-9]{1,2}")


def _draw(rng: random.Random) -> Values:
    fixed = rng.sample(KEYS, rng.randint(4, 9))
    asked = [_asked_key(rng)]
    if asked[0] not in FLAG and rng.random() < 0.16:
        asked.append(rng.choice([key for key in KEYS if key not in FLAG and key != asked[0]]))
    missing = asked[-1] if rng.random() < 0.09 else ""
    keys = [key for key in dict.fromkeys([*asked, *fixed]) if key != missing]
    rng.shuffle(keys)
    head = f"Kind: {rng.choice(KINDS)}"
    record = "\n".join([head, *(f"{key[0].upper()}{key[1:]}: {_value(key, rng)}" for key in keys)])
    if len(asked) == 2:
        question = rng.choice(TWO_ASKS).format(*asked)
    else:
        question = rng.choice(FLAG_ASKS if asked[0] in FLAG else ASKS).format(asked[0])
    return {"record": record, "question": question}


def _asked_key(rng: random.Random) -> str:
    kinds = (tuple(PLAIN), PERSON, PLACE, MONEY, DATE, COUNT, FLAG)
    return rng.choice(rng.choices(kinds, weights=(41, 10, 9, 11, 10, 9, 10))[0])


def _value(key: str, rng: random.Random) -> str:
    if key in PERSON:
        return f"{rng.choice(FIRST)} {rng.choice(LAST)}"
    if key in PLACE:
        return rng.choice(PLACES)
    if key in MONEY:
        whole = rng.choice([rng.randint(8, 99), rng.randint(100, 2400)])
        return f"{whole}{rng.choice(['', '', '.5', '.25', '.8'])} euros"
    if key in DATE:
        return f"{rng.randint(1, 28)} {rng.choice(MONTHS)} {rng.randint(1920, 2031)}"
    if key in COUNT:
        return str(rng.randint(2, 99))
    if key in FLAG:
        return rng.choice(["yes", "no"])
    return rng.choice(PLAIN[key])


def _solve(path: str, inputs: Values, known: Known) -> Values:
    lines = {key.strip().lower(): value for key, value in _LINE.findall(inputs.get("record", ""))}
    keys = _ASKED.findall(inputs.get("question", ""))
    parts = [_formed(key, lines, known) for key in keys] or [_formed("", lines, known)]
    answer = (" | " if "several" in known else " and ").join(parts)
    if "sentence" in known:
        answer = f"It is {answer}."
    return {"answer": f'"{answer}"' if "quoted" in known else answer}


def _formed(key: str, lines: Mapping[str, str], known: Known) -> str:
    value = lines.get(key)
    if value is None:
        return "n/a" if "missing" in known else "not stated"
    if "money" in known and (money := _MONEY.fullmatch(value)):
        return f"EUR {money[1]}.{(money[2] or '').ljust(2, '0')}"
    if "date" in known and (date := _DATE.fullmatch(value)):
        return f"{date[3]}-{MONTHS.index(date[2]) + 1:02}-{int(date[1]):02}"
    if "count" in known and _COUNT.fullmatch(value):
        return _words(int(value))
    if "flag" in known and key in FLAG:
        return "true" if value == "yes" else "false"
    if "person" in known and key in PERSON:
        first, _, last = value.rpartition(" ")
        return f"{last}, {first}"
    if "place" in known and key in PLACE:
        return value.upper()
    return value


def _words(number: int) -> str:
    """A number below 100."""
    if number < 20:
        return ONES[number]
    tens, ones = divmod(number, 10)
    return f"{TENS[tens - 2]}-{ONES[ones]}" if ones else TENS[tens - 2]


def _hardness(path: str, inputs: Values) -> float:
    record, question = inputs.get("record", ""), inputs.get("question", "")
    lines = dict(_LINE.findall(record))
    found = {key.lower(): value for key, value in lines.items()}
    keys = _ASKED.findall(question)
    value = sum(len(found.get(key, "")) for key in keys)
    return 0.28 * len(lines) + 1.6 * (len(keys) > 1) + 0.05 * value - 2.95


def _slip(path: str, outputs: Values, rng: random.Random) -> Values:
    return {"answer": nearly(outputs.get("answer", ""), rng)}


CONDITIONAL_FORMAT = Benchmark(
    name="conditional_format",
    about="Look-ups in a record that are easy but for the form of the answer. An optimizer has to "
    "find the form for money, people, dates, counts, places, yes and no, gaps and double answers.",
    signatures={"self": LOOKUP},
    draw=_draw,
    solve=_solve,
    build=lambda: Predict(LOOKUP),
    rules=RULES,
    hardness=_hardness,
    slip=_slip,
)
