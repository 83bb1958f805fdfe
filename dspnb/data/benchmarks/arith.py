"""Word problems of two to five steps from a market whose customs nobody told."""

from __future__ import annotations

import random
import re
from fractions import Fraction

from dspnb.data.benchmark import Benchmark, Known, Rule, Values
from dspnb.predict import Predict
from dspnb.signature import Signature

from .slips import nearly

WORD_PROBLEM = Signature("problem -> answer", "Solve the problem. Answer with a number only.")
RULES = (
    Rule(
        "dozen",
        (
            "The price of rolls, buns, eggs and pretzels is for a dozen, not for one.",
            "Baked goods and eggs are priced per dozen, so divide their number by 12 first.",
            "For eggs, buns, rolls and pretzels the price that is stated buys twelve pieces.",
        ),
        r"(?i)\bdozen\b|price that is stated buys twelve",
    ),
    Rule(
        "returned",
        (
            "Ignore what was returned: it is paid for all the same.",
            "Do not subtract things that were brought back, since nobody gets money back for them.",
            "Returned goods stay on the bill, so leave them in.",
        ),
        r"(?i)ignore what was returned|that were brought back|returned goods stay",
    ),
    Rule(
        "used",
        (
            "Second-hand things cost half of the price that is stated.",
            "Halve the price of everything second-hand.",
            "The price is that of a new piece; a second-hand one costs 50 percent of it.",
        ),
        r"(?i)second-hand[^.]*(half|50 percent)|halve the price",
    ),
    Rule(
        "delivery",
        (
            "The fee for delivery is charged once for each kind of goods that was ordered.",
            "Multiply the delivery fee by the number of different goods on the order.",
            "Every kind of article travels separately and pays the delivery fee again.",
        ),
        r"(?i)for each kind of goods|multiply the delivery fee|travels separately",
        unprompted=0.05,
    ),
    Rule(
        "cents",
        (
            "Give change in cents, as a whole number.",
            "When the question is about change, answer in cents instead of euros.",
            "Change is stated in cents: 4 euros of it are 400.",
        ),
        r"(?i)\bcents\b",
        unprompted=0.1,
    ),
    Rule(
        "full",
        (
            "Only full boxes count, what is left over stays loose: round down.",
            "Do not count a box that is only partly filled.",
            "Divide and drop the remainder, for a box that is not full is never used.",
        ),
        r"(?i)only full boxes|only partly filled|drop the remainder",
        unprompted=0.25,
    ),
    Rule(
        "gift",
        (
            "Presents are kept at home and never added to the number of pieces.",
            "Leave out what somebody got as a present.",
            "Pieces that were received for nothing are not part of the goods to pack.",
        ),
        r"(?i)presents are kept|got as a present|received for nothing",
    ),
    Rule(
        "week",
        (
            "A week has five working days here.",
            "Count 5 days of work in each week, since the weekend is free.",
            "Nobody works on Saturdays and Sundays, so two weeks are ten days.",
        ),
        r"(?i)five working days|5 days of work|on saturdays and sundays",
        unprompted=0.2,
    ),
    Rule(
        "tax",
        (
            "Add ten percent tax to every bill.",
            "All prices are before tax: the total grows by 10 percent.",
            "Do not forget the tax of a tenth on top of the sum.",
        ),
        r"(?i)\btax\b",
        unprompted=0.0,
        wrong=True,
    ),
    Rule(
        "tens",
        (
            "Round the result to the nearest ten.",
            "Answers are multiples of ten; round accordingly.",
            "Give the final number in round tens.",
        ),
        r"(?i)nearest ten|multiples of ten|round tens",
        unprompted=0.0,
        wrong=True,
    ),
)

NAMES = (
    "Mira", "Tove", "Alba", "Junia", "Petra", "Salka", "Wanda", "Ronja", "Hedda", "Corin", "Livia",
    "Astrid",
)  # fmt: skip
OTHERS = (
    "Boris", "Anton", "Kurt", "Ludo", "Magnus", "Nils", "Otto", "Pavel",
)  # fmt: skip
BAKED = ("rolls", "buns", "eggs", "pretzels")
GOODS = ("chairs", "jars", "lamps", "baskets", "mugs", "rugs", "bells", "stools", "trays", "kites")
MADE = ("candles", "bowls", "dolls", "brushes", "soaps", "puppets", "whistles", "buttons")
ASIDES = (
    "The market has been held for {n} years.",
    "It is {n} kilometres to the market.",
    "There are {n} other customers in the queue.",
    "Her neighbour is {n} years old.",
    "The stall opens at {h} in the morning.",
)

_ORDERED = re.compile(r"(\d{1,5}) (second-hand )?([a-z]+) at (\d{1,5}) euros")
_RETURNED = re.compile(r"returns (\d{1,5}) of the ([a-z]+)")
_DELIVERY = re.compile(r"delivery(?: fee)? (?:costs|is) (\d{1,5}) euros", re.IGNORECASE)
_PAID = re.compile(r"hands over (\d{1,6}) euros")
_DAILY = re.compile(r"makes (\d{1,5}) [a-z]+ a day for (\d{1,4}) weeks")
_STOCK = re.compile(r"has (\d{1,5}) [a-z]+ in stock")
_GIFT = re.compile(r"gives her (\d{1,5}) more")
_BOX = re.compile(r"boxes of (\d{1,5})")


def _draw(rng: random.Random) -> Values:
    sentences = _packing(rng) if rng.random() < 0.4 else _order(rng)
    if rng.random() < 0.5:
        aside = rng.choice(ASIDES).format(n=rng.randint(2, 60), h=rng.randint(6, 9))
        sentences.insert(rng.randrange(len(sentences)), aside)
    return {"problem": " ".join(sentences)}


def _order(rng: random.Random) -> list[str]:
    name = rng.choice(NAMES)
    count = rng.choices((1, 2, 3), weights=(3, 6, 3))[0]
    things = rng.sample(GOODS, count)
    if rng.random() < 0.2:
        things[rng.randrange(count)] = rng.choice(BAKED)
    lines, cost, returnable = [], 0, []
    for thing in things:
        baked = thing in BAKED
        used = not baked and rng.random() < 0.14
        number = 12 * rng.randint(2, 8) if baked else rng.randint(3, 30)
        price = rng.randint(2, 6) if baked else 2 * rng.randint(2, 20)
        lines.append(f"{number} {'second-hand ' if used else ''}{thing} at {price} euros")
        cost += number * price
        returnable.append((number, thing))
    said = [f"{name} {rng.choice(['orders', 'buys'])} {_listed(lines)}."]
    if rng.random() < 0.2:
        number, thing = rng.choice(returnable)
        some = 12 if thing in BAKED else rng.randint(1, number - 1)
        said.append(f"A day later she returns {some} of the {thing}.")
    if rng.random() < (0.08 if count == 1 else 0.3):
        fee = rng.randint(3, 12)
        said.append(
            rng.choice([f"Delivery costs {fee} euros.", f"The delivery fee is {fee} euros."])
        )
        cost += fee * count
    if rng.random() < 0.22:
        said.append(f"She hands over {cost + 10 - cost % 10 + 10 * rng.randint(0, 5)} euros.")
        said.append(rng.choice(["How much change does she get?", "What is her change?"]))
    else:
        ask = ["How much does she pay in all?", "How many euros does it cost?", "What is the bill?"]
        said.append(rng.choice(ask))
    return said


def _packing(rng: random.Random) -> list[str]:
    name, thing = rng.choice(NAMES), rng.choice(MADE)
    size = rng.choice([4, 6, 8, 10, 12, 15])
    if rng.random() < 0.4:
        daily, weeks = rng.randint(3, 24), rng.randint(2, 6)
        said, total = [f"{name} makes {daily} {thing} a day for {weeks} weeks."], daily * weeks * 5
    else:
        total = rng.randint(5, 40) * size
        total += rng.choice([0, 0, rng.randint(1, size - 1)])
        said = [f"{name} has {total} {thing} in stock."]
    if rng.random() < 0.33:
        said.append(f"{rng.choice(OTHERS)} gives her {rng.randint(size, 4 * size)} more.")
    said.append(f"They are packed into boxes of {size}.")
    said.append(rng.choice(["How many boxes does she need?", "How many boxes are needed?"]))
    return said


def _listed(lines: list[str]) -> str:
    return lines[0] if len(lines) == 1 else f"{', '.join(lines[:-1])} and {lines[-1]}"


def _solve(path: str, inputs: Values, known: Known) -> Values:
    problem = inputs.get("problem", "")
    box = _BOX.search(problem)
    number = Fraction(_boxes(problem, int(box[1]), known)) if box else _euros(problem, known)
    if "tens" in known:
        number = Fraction(10 * round(number / 10))
    return {"answer": _written(number)}


def _boxes(problem: str, size: int, known: Known) -> int:
    total = 0
    if daily := _DAILY.search(problem):
        total += int(daily[1]) * int(daily[2]) * (5 if "week" in known else 7)
    if stock := _STOCK.search(problem):
        total += int(stock[1])
    if "gift" not in known and (gift := _GIFT.search(problem)):
        total += int(gift[1])
    size = max(1, size)
    return total // size if "full" in known else -(-total // size)


def _euros(problem: str, known: Known) -> Fraction:
    ordered = _ORDERED.findall(problem)
    returned: dict[str, int] = {}
    if "returned" not in known:
        returned = {thing: int(number) for number, thing in _RETURNED.findall(problem)}
    total = Fraction(0)
    for number, used, thing, price in ordered:
        cost = Fraction((int(number) - returned.get(thing, 0)) * int(price))
        if "dozen" in known and thing in BAKED:
            cost /= 12
        if "used" in known and used:
            cost /= 2
        total += cost
    if fee := _DELIVERY.search(problem):
        total += int(fee[1]) * (len(ordered) if "delivery" in known else 1)
    if "tax" in known:
        total *= Fraction(11, 10)
    if paid := _PAID.search(problem):
        change = int(paid[1]) - total
        return 100 * change if "cents" in known else change
    return total


def _written(number: Fraction) -> str:
    """In digits, with two decimals where it is not whole."""
    if number.denominator == 1:
        return str(number.numerator)
    return f"{float(number):.2f}"


def _hardness(path: str, inputs: Values) -> float:
    problem = inputs.get("problem", "")
    steps = 2 * len(_ORDERED.findall(problem)) + sum(
        1 for one in (_RETURNED, _DELIVERY, _PAID, _STOCK, _GIFT, _BOX) if one.search(problem)
    )
    steps += 2 * bool(_DAILY.search(problem))
    digits = sum(character.isdigit() for character in problem)
    return 0.35 * steps + 0.07 * digits + 0.008 * len(problem) - 2.95


def _slip(path: str, outputs: Values, rng: random.Random) -> Values:
    return {"answer": nearly(outputs.get("answer", ""), rng)}


ARITH = Benchmark(
    name="arith",
    about="Word problems about orders, change and boxes. An optimizer has to find the customs of "
    "the market: what is priced by the dozen, what returns, presents and weeks count for, and how "
    "change and boxes are told.",
    signatures={"self": WORD_PROBLEM},
    draw=_draw,
    solve=_solve,
    build=lambda: Predict(WORD_PROBLEM),
    rules=RULES,
    hardness=_hardness,
    slip=_slip,
)
