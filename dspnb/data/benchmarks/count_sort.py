"""Counting, sorting, closing brackets and reckoning with dates, each in a way of its own."""

from __future__ import annotations

import random
import re

from dspnb.data.benchmark import Benchmark, Known, Rule, Values
from dspnb.predict import Predict
from dspnb.signature import Signature

from .slips import nearly

EXERCISE = Signature("task -> answer", "Do the task. Give the answer only.")
RULES = (
    Rule(
        "pair",
        (
            "A pair of something counts as two things.",
            "When counting, take every pair as 2.",
            "Pairs are not one object: each stands for two.",
        ),
        r"(?i)pair of something counts|every pair as 2|pairs are not one object",
        unprompted=0.3,
    ),
    Rule(
        "broken",
        (
            "Broken things are left out of a count.",
            "Do not count objects that are broken.",
            "Only what is whole counts, so skip everything that is said to be broken.",
        ),
        r"(?i)broken things are left out|objects that are broken|only what is whole counts",
        unprompted=0.05,
    ),
    Rule(
        "article",
        (
            "Ignore articles when you sort: 'the owl' stands under O.",
            "In sorting skip a leading 'the' or 'a', but keep it in the answer.",
            "The alphabetical place of an entry is that of its noun, not of its article.",
        ),
        r"(?i)ignore articles|skip a leading 'the'|not of its article",
        unprompted=0.2,
    ),
    Rule(
        "twice",
        (
            "An entry that stands twice in a list is given once in the sorted one.",
            "Drop duplicates when sorting.",
            "Sorted lists hold no repetitions: write each entry a single time.",
        ),
        r"(?i)stands twice in a list|drop duplicates|hold no repetitions",
        unprompted=0.15,
    ),
    Rule(
        "separator",
        (
            "Separate sorted entries by ' > '.",
            "Join the entries of a sorted list with a greater-than sign between spaces.",
            "Between two entries of a sorted list stands the sign >, never a comma.",
        ),
        r"(?i)entries by ' > '|greater-than sign|the sign >",
        shown=r"\w > \w",
        unprompted=0.05,
    ),
    Rule(
        "closing",
        (
            "For brackets give only those that are missing, not the whole sequence.",
            "Complete a bracket sequence by writing nothing but the closing brackets to add.",
            "Do not repeat the opening part of a bracket sequence in the answer.",
        ),
        r"(?i)only those that are missing|nothing but the closing|repeat the opening part",
        unprompted=0.3,
    ),
    Rule(
        "inclusive",
        (
            "When counting days, both the first and the last day count.",
            "Spans of days are inclusive: add one to the difference of the dates.",
            "From one date to another, include the day of the start as well as that of the end.",
        ),
        r"(?i)both the first and the last day|spans of days are inclusive|include the day of the "
        r"start",
        unprompted=0.1,
    ),
    Rule(
        "thirty",
        (
            "In this calendar every month has 30 days.",
            "Take all months as thirty days long, February and July too.",
            "Reckon as bankers do, with months of 30 days.",
        ),
        r"(?i)every month has 30|months as thirty days|months of 30 days",
        unprompted=0.05,
    ),
    Rule(
        "length",
        (
            "Sort by length first, and only then by letters.",
            "Shorter entries come before longer ones in any sorted list.",
            "Order entries by their number of letters.",
        ),
        r"(?i)by length first|shorter entries come|by their number of letters",
        unprompted=0.0,
        wrong=True,
    ),
    Rule(
        "kinds",
        (
            "Count kinds and not pieces: three lamps are one kind.",
            "How many always asks for the number of different sorts.",
            "A plural is a single entry of the count, whatever its number.",
        ),
        r"(?i)count kinds and not|number of different sorts|plural is a single entry",
        unprompted=0.0,
        wrong=True,
    ),
)

GROUPS = {
    "instruments": ("violin", "drum", "flute", "harp", "trumpet", "cello", "guitar", "banjo"),
    "tools": ("hammer", "wrench", "chisel", "drill", "ladder", "shovel", "rake", "file"),
    "garments": ("scarf", "glove", "boot", "sock", "sandal", "mitten", "jacket", "shirt"),
    "dishes": ("plate", "bowl", "cup", "saucer", "teapot", "jug", "platter", "tureen"),
}
PLURALS = {"scarf": "scarves"}
ONES = ("two", "three", "four", "five", "six", "seven", "eight", "nine")
OWNERS = ("In the attic there are", "Ann has", "The box holds", "On the table lie", "We found")
NOUNS = (
    "owl", "anchor", "willow", "cobbler", "meadow", "zebra", "ink", "lantern", "bishop", "quarry",
    "thimble", "apple", "tower", "violet", "hazel", "yarn", "ember", "ridge", "nettle", "fox",
)  # fmt: skip
MONTHS = {
    "January": 31, "February": 28, "March": 31, "April": 30, "May": 31, "June": 30, "July": 31,
    "August": 31, "September": 30, "October": 31, "November": 30, "December": 31,
}  # fmt: skip
CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}

_NOUN = {
    form: (group, noun)
    for group, nouns in GROUPS.items()
    for noun in nouns
    for form in (noun, PLURALS.get(noun, f"{noun}s"))
}
_COUNT = re.compile(r"How many (\w+)")
_THING = re.compile(
    rf"\b(?:(a pair of)|an?|(\d{{1,4}})|({'|'.join(ONES)})) (broken )?"
    rf"({'|'.join(sorted(_NOUN, key=lambda form: (-len(form), form)))})\b"
)
_SORT = re.compile(r"alphabetical order: ([^\n]*?)\.?$")
_FIRST = re.compile(r"first in the alphabet: ([^\n]*?)\?$")
_BRACKETS = re.compile(r"^(?:Complete|Close) the brackets: ([()\[\]{}<> ]*)$")
_DATE = re.compile(rf"(\d{{1,2}}) ({'|'.join(MONTHS)})")
_ARTICLE = re.compile(r"^(?:the|an?) ")


def _draw(rng: random.Random) -> Values:
    kind = rng.choices((_counting, _sorting, _firsts, _closing, _days), weights=(45, 20, 9, 9, 17))
    return {"task": kind[0](rng)}


def _counting(rng: random.Random) -> str:
    groups = list(GROUPS)
    asked = rng.choice(groups)
    chosen = rng.sample(GROUPS[asked], rng.randint(2, 5))
    for other in rng.sample([group for group in groups if group != asked], 2):
        chosen += rng.sample(GROUPS[other], rng.randint(0, 2))
    rng.shuffle(chosen)
    things = [_thing(noun, rng) for noun in chosen]
    held = f"{', '.join(things[:-1])} and {things[-1]}"
    return f"{rng.choice(OWNERS)} {held}. How many {asked} are there?"


def _thing(noun: str, rng: random.Random) -> str:
    broken = "broken " if rng.random() < 0.13 else ""
    plural = PLURALS.get(noun, f"{noun}s")
    if (_NOUN[noun][0] == "garments" and rng.random() < 0.6) or rng.random() < 0.06:
        return f"a pair of {broken}{plural}"
    if rng.random() < 0.5:
        return f"a {broken}{noun}"
    number = rng.randrange(len(ONES))
    return f"{rng.choice([ONES[number], str(number + 2)])} {broken}{plural}"


def _entries(rng: random.Random, least: int, most: int) -> list[str]:
    chosen = rng.sample(NOUNS, rng.randint(least, most))
    marked = rng.random() < 0.6
    return [f"the {noun}" if marked and rng.random() < 0.4 else noun for noun in chosen]


def _sorting(rng: random.Random) -> str:
    entries = _entries(rng, 4, 8)
    if rng.random() < 0.5:
        entries.insert(rng.randrange(len(entries)), rng.choice(entries))
    return f"Put into alphabetical order: {', '.join(entries)}."


def _firsts(rng: random.Random) -> str:
    return f"Which comes first in the alphabet: {', '.join(_entries(rng, 3, 7))}?"


def _closing(rng: random.Random) -> str:
    text, opened = "", list[str]()
    for _ in range(rng.randint(4, 11)):
        if opened and rng.random() < 0.35:
            text += CLOSING[opened.pop()]
        else:
            opened.append(rng.choice(list(CLOSING)))
            text += opened[-1]
    if not opened:
        text += "("
    return f"{rng.choice(['Complete', 'Close'])} the brackets: {' '.join(text)}"


def _days(rng: random.Random) -> str:
    names = list(MONTHS)
    start = rng.randrange(11)
    end = min(11, start + rng.choice([0, 0, 1, 1, 2, 3]))
    first, last = sorted(rng.sample(range(1, 29), 2))
    told = f"{first} {names[start]} to {last} {names[end]}"
    return rng.choice([f"How long is it from {told}, in days?", f"Count the days: {told}."])


def _solve(path: str, inputs: Values, known: Known) -> Values:
    return {"answer": _answer(inputs.get("task", ""), known)}


def _answer(task: str, known: Known) -> str:
    if asked := _COUNT.search(task):
        return str(_number(task, asked[1], known))
    if listed := _SORT.search(task):
        entries = _sorted(listed[1].split(", "), known)
        if "twice" in known:
            entries = list(dict.fromkeys(entries))
        return (" > " if "separator" in known else ", ").join(entries)
    if listed := _FIRST.search(task):
        return _sorted(listed[1].split(", "), known)[0]
    if brackets := _BRACKETS.search(task):
        missing = _missing(brackets[1])
        return missing if "closing" in known else f"{brackets[1]} {missing}"
    if len(dates := _DATE.findall(task)) >= 2:
        return str(_span(dates[0], dates[1], known))
    return task.strip() or "0"


def _number(task: str, asked: str, known: Known) -> int:
    total = 0
    for pair, digits, word, broken, form in _THING.findall(task):
        if _NOUN[form][0] != asked or (broken and "broken" in known):
            continue
        number = int(digits) if digits else ONES.index(word) + 2 if word else 1
        if pair and "pair" in known:
            number = 2
        total += 1 if "kinds" in known else number
    return total


def _sorted(entries: list[str], known: Known) -> list[str]:
    def place(entry: str) -> tuple[int, str]:
        word = _ARTICLE.sub("", entry.lower()) if "article" in known else entry.lower()
        return (len(word) if "length" in known else 0, word)

    return sorted(entries, key=place)


def _missing(text: str) -> str:
    opened: list[str] = []
    for bracket in text:
        if bracket in CLOSING:
            opened.append(CLOSING[bracket])
        elif opened and bracket == opened[-1]:
            opened.pop()
    return " ".join(reversed(opened))


def _span(first: tuple[str, str], last: tuple[str, str], known: Known) -> int:
    return _day(last, known) - _day(first, known) + ("inclusive" in known)


def _day(date: tuple[str, str], known: Known) -> int:
    """Days from the beginning of the year."""
    before = list(MONTHS).index(date[1])
    days = 30 * before if "thirty" in known else sum(list(MONTHS.values())[:before])
    return days + int(date[0])


def _hardness(path: str, inputs: Values) -> float:
    task = inputs.get("task", "")
    if _COUNT.search(task):
        return 0.42 * len(_THING.findall(task)) - 2.75
    if _SORT.search(task) or _FIRST.search(task):
        return 0.35 * len(task.split(", ")) - 1.7 - 0.7 * bool(_FIRST.search(task))
    if brackets := _BRACKETS.search(task):
        return 0.22 * len(brackets[1].split()) - 1.0
    if len(dates := _DATE.findall(task)) >= 2:
        return 0.9 * abs(_day(dates[1], frozenset()) - _day(dates[0], frozenset())) / 30 - 0.5
    return 0.0


def _slip(path: str, outputs: Values, rng: random.Random) -> Values:
    return {"answer": nearly(outputs.get("answer", ""), rng)}


COUNT_SORT = Benchmark(
    name="count_sort",
    about="Small procedures: counting things of a kind, sorting entries, closing brackets, days "
    "between dates. An optimizer has to find how each is done here, and how its result is written.",
    signatures={"self": EXERCISE},
    draw=_draw,
    solve=_solve,
    build=lambda: Predict(EXERCISE),
    rules=RULES,
    hardness=_hardness,
    slip=_slip,
)
