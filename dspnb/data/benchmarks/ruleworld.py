"""Tickets that are routed by an ordered list of rules, some of which seldom apply."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import NamedTuple

from dspnb.data.benchmark import Benchmark, Known, Rule, Values
from dspnb.predict import Predict
from dspnb.signature import Signature

from .slips import another

LABELS = ("billing", "delivery", "technical", "account", "legal", "partner", "lead", "archive")
ROUTING = Signature(
    f"ticket -> queue: Literal[{', '.join(map(repr, LABELS))}]",
    "Route the ticket to a queue.",
)


class Case(NamedTuple):
    """What sends a ticket elsewhere than its topic does."""

    queue: str
    share: float  # of the tickets that say so
    sentences: tuple[str, ...]  # ways to say so
    sign: re.Pattern[str]  # that finds each of them


def _case(queue: str, share: float, sign: str, *sentences: str) -> Case:
    return Case(queue, share, sentences, re.compile(sign))


CASES: Mapping[str, Case] = {  # the first that applies decides
    "hazard": _case(
        "legal", 0.04, r"smoke|sparks|scorched",
        "There was smoke coming out of it.", "It gave off sparks.", "The plug is scorched.",
    ),
    "court": _case(
        "lead", 0.04, r"lawyer|in court|ombudsman",
        "My lawyer has a copy of this.", "Else we meet in court.", "I have told the ombudsman.",
    ),
    "press": _case(
        "legal", 0.04, r"newspaper|broadcast|an article",
        "I write for a newspaper.", "I am making a broadcast about it.",
        "There will be an article about it.",
    ),
    "solved": _case(
        "archive", 0.08, r"works again|sorted itself out|just so that you know",
        "By now it works again.", "Meanwhile it has sorted itself out.",
        "All is well, this is just so that you know.",
    ),
    "dealer": _case(
        "partner", 0.08, r"in our shop|As a dealer|our shelves",
        "We sell your things in our shop.", "As a dealer I have customers waiting.",
        "Your brand stands on our shelves.",
    ),
    "third": _case(
        "lead", 0.08, r"third time|twice before|last two messages",
        "This is the third time that I write.", "I have written twice before.",
        "My last two messages were not answered.",
    ),
    "abroad": _case(
        "partner", 0.09, r"in (?:Portugal|Norway|Chile|Japan)\b",
        "We live in Portugal.", "I am in Norway.", "All this is in Chile.", "Our home is in Japan.",
    ),
    "cancel": _case(
        "lead", 0.08, r"end my subscription|cancel my contract|no longer be your customer",
        "I want to end my subscription.", "Please cancel my contract.",
        "I will no longer be your customer.",
    ),
    "damaged": _case(
        "billing", 0.09, r"cracked|in pieces|was crushed",
        "It came with a cracked case.", "On arrival it was in pieces.",
        "The box was crushed when it came.",
    ),
    "hub": _case("technical", 0.1, r"\bX9\b"),
    "company": _case(
        "account", 0.09, r"Our company|for our books|VAT number",
        "Our company has to know.", "We need it in writing for our books.",
        "Our VAT number is DK{n}7.",
    ),
    "old": _case("partner", 0.1, r"I have had it for (?:[3-9]|\d{2}) years"),
}  # fmt: skip
RULES = (
    Rule(
        "hazard",
        (
            "Smoke, sparks and burns always go to legal, before any other rule.",
            "First of all send whatever caught fire, smoked or sparked to legal.",
            "If a device may be a danger, as with smoke or scorched parts, the queue is legal.",
        ),
        r"(?i)smoke, sparks and burns|caught fire|may be a danger",
        unprompted=0.05,
    ),
    Rule(
        "court",
        (
            "Threats with a lawyer, a court or the ombudsman go to lead.",
            "Whoever mentions legal steps is answered by lead.",
            "Route tickets that speak of lawyers or courts to lead, and not to legal.",
        ),
        r"(?i)threats with a lawyer|mentions legal steps|lawyers or courts",
        unprompted=0.05,
    ),
    Rule(
        "press",
        (
            "Journalists are answered by legal.",
            "Anything from the press, papers or television alike, belongs to legal.",
            "If the writer plans to publish something, choose legal.",
        ),
        r"(?i)\bjournalists\b|from the press|plans to publish",
        unprompted=0.05,
    ),
    Rule(
        "solved",
        (
            "Problems that are over already go to archive.",
            "When the writer says that nothing is left to do, choose archive.",
            "Tickets that have resolved themselves are put into archive.",
        ),
        r"(?i)that are over already|nothing is left to do|resolved themselves",
        unprompted=0.3,
    ),
    Rule(
        "dealer",
        (
            "Shops that sell our goods are looked after by partner.",
            "Resellers go to partner, whatever they need.",
            "A ticket by a retailer is for partner.",
        ),
        r"(?i)shops that sell our goods|\bresellers\b|by a retailer",
        unprompted=0.25,
    ),
    Rule(
        "third",
        (
            "Who writes for the third time is answered by lead.",
            "Repeated complaints that were not answered are escalated to lead.",
            "After two messages without success the next one goes to lead.",
        ),
        r"(?i)for the third time is|repeated complaints|messages without success",
        unprompted=0.15,
    ),
    Rule(
        "abroad",
        (
            "Customers in foreign countries are served by partner.",
            "If the customer lives abroad, choose partner.",
            "Everything from outside the country is for partner.",
        ),
        r"(?i)in foreign countries|lives abroad|outside the country",
        unprompted=0.05,
    ),
    Rule(
        "cancel",
        (
            "Customers who want to leave us are talked to by lead.",
            "Cancellations go to lead, not to account.",
            "When somebody gives notice, choose lead so that they may stay.",
        ),
        r"(?i)want to leave us|\bcancellations\b|gives notice",
        unprompted=0.1,
    ),
    Rule(
        "damaged",
        (
            "Goods that arrived damaged are a matter of refunds: billing.",
            "What was broken in transport goes to billing, not to delivery.",
            "For damage on arrival pick billing.",
        ),
        r"(?i)arrived damaged|broken in transport|damage on arrival",
        unprompted=0.1,
    ),
    Rule(
        "hub",
        (
            "Everything about the X9 hub goes to technical, even bills and parcels.",
            "If the product is an X9, the queue is technical whatever the topic.",
            "Only technical knows the X9, so it gets all tickets about it.",
        ),
        r"(?i)about the X9|is an X9|knows the X9",
        unprompted=0.05,
    ),
    Rule(
        "company",
        (
            "Business customers belong to account.",
            "If a firm writes and not a private person, choose account.",
            "Firms, with VAT numbers and books to keep, are handled by account.",
        ),
        r"(?i)business customers|a firm writes|\bfirms, with\b",
        unprompted=0.1,
    ),
    Rule(
        "old",
        (
            "Products that are more than two years old are repaired by partner.",
            "Once the warranty of two years is over, choose partner.",
            "For devices of three years and more the queue is partner.",
        ),
        r"(?i)more than two years old|warranty of two years|three years and more",
        unprompted=0.05,
    ),
    Rule(
        "urgent",
        (
            "Urgent tickets go to lead.",
            "If the writer is in a hurry, choose lead.",
            "Route whatever has to be done fast to lead.",
        ),
        r"(?i)\burgent tickets\b|is in a hurry|has to be done fast",
        unprompted=0.0,
        wrong=True,
    ),
    Rule(
        "thanks",
        (
            "Tickets that say thank you are finished and go to archive.",
            "Friendly messages with thanks need no answer: archive.",
            "If somebody thanks us, choose archive.",
        ),
        r"(?i)say thank you|messages with thanks|somebody thanks us",
        unprompted=0.0,
        wrong=True,
    ),
)

TOPICS: Mapping[str, tuple[str, ...]] = {
    "billing": (
        "I was charged {n} euros twice for the {thing}.",
        "The invoice for the {thing} shows {n} euros too much.",
        "The refund of {n} euros for my {thing} has not come yet.",
    ),
    "delivery": (
        "The parcel with my {thing} has been missing for {n} days.",
        "I ordered a {thing} {n} days ago and it is still on its way.",
        "Your driver left my {thing} at number {n} instead of here.",
    ),
    "technical": (
        "The {thing} switches itself off after {n} minutes.",
        "Since the update the {thing} shows error {n}.",
        "My {thing} loses the network {n} times a day.",
    ),
    "account": (
        "I want to register my {thing}, but cannot log in since {n} days.",
        "My e-mail address has changed, see customer {n}, owner of a {thing}.",
        "The password for my {thing} is refused, my customer number is {n}.",
    ),
}
THINGS = ("Lumo lamp", "Brisa fan", "Tarn kettle", "Fjell heater", "Sirra clock", "Mella radio")
OPENINGS = ("Hello.", "Good morning.", "Dear team,", "", "", "Hi,")
ENDS = ("Regards", "Thank you.", "Many thanks in advance.", "", "", "Bye", "It is urgent.")

_TOPIC = {
    "billing": re.compile(r"charged|invoice|refund"),
    "delivery": re.compile(r"parcel|on its way|driver"),
    "technical": re.compile(r"switches itself|error|network"),
    "account": re.compile(r"log in|e-mail address|password"),
}
_URGENT = re.compile(r"\burgent\b|at once")
_THANKS = re.compile(r"(?i)\bthank")


def _draw(rng: random.Random) -> Values:
    topic = rng.choice(list(TOPICS))
    cases = [name for name, case in CASES.items() if rng.random() < case.share]
    thing = "X9 hub" if "hub" in cases else rng.choice(THINGS)
    said = [rng.choice(TOPICS[topic]).format(n=rng.randint(2, 90), thing=thing)]
    said += [
        rng.choice(CASES[name].sentences).format(n=rng.randint(1000, 9999))
        for name in cases
        if CASES[name].sentences
    ]
    if "old" in cases:
        said.append(f"I have had it for {rng.randint(3, 8)} years.")
    elif rng.random() < 0.15:
        said.append(f"I have had it for {rng.choice(['half a year', '2 years', 'a month'])}.")
    if rng.random() < 0.5:
        rng.shuffle(said)
    words = [rng.choice(OPENINGS), *said, rng.choice(ENDS)]
    return {"ticket": " ".join(filter(None, words))}


def _solve(path: str, inputs: Values, known: Known) -> Values:
    return {"queue": _queue(inputs.get("ticket", ""), known)}


def _queue(ticket: str, known: Known) -> str:
    if "urgent" in known and _URGENT.search(ticket):
        return "lead"
    if "thanks" in known and _THANKS.search(ticket):
        return "archive"
    for name, case in CASES.items():
        if name in known and case.sign.search(ticket):
            return case.queue
    return next((topic for topic, sign in _TOPIC.items() if sign.search(ticket)), "account")


def _hardness(path: str, inputs: Values) -> float:
    ticket = inputs.get("ticket", "")
    applying = sum(bool(case.sign.search(ticket)) for case in CASES.values())
    return 0.65 * applying + 0.08 * (len(ticket.split()) - 18) - 0.75


def _slip(path: str, outputs: Values, rng: random.Random) -> Values:
    return {"queue": another(outputs.get("queue", ""), LABELS, rng)}


RULEWORLD = Benchmark(
    name="ruleworld",
    about="Tickets routed by an ordered list of twelve rules, and by their topic when none "
    "applies. An optimizer has to find the rules, some of which one ticket in thirty needs.",
    signatures={"self": ROUTING},
    draw=_draw,
    solve=_solve,
    build=lambda: Predict(ROUTING),
    rules=RULES,
    labels=("queue",),
    hardness=_hardness,
    slip=_slip,
)
