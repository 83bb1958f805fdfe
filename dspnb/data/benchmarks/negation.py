"""What follows from a sentence with negations in it, under conventions that nobody told."""

from __future__ import annotations

import random
import re
from typing import NamedTuple

from dspnb.data.benchmark import Benchmark, Known, Rule, Values
from dspnb.predict import Predict
from dspnb.signature import Signature

from .slips import another

LABELS = ("entailment", "neutral", "contradiction")
INFERENCE = Signature(
    "premise, hypothesis -> label: Literal['entailment', 'neutral', 'contradiction']",
    "Does the hypothesis follow from the premise?",
)
RULES = (  # special ones first: feedback names the first that explains an answer
    Rule(
        "double",
        (
            "Two negations in the same clause cancel each other, so the sentence is positive.",
            "Count the negations of the claim: an even number makes it an affirmative claim.",
            "'It is not true that she does not' is a double negation and asserts the claim.",
        ),
        r"(?i)negations in the same clause cancel|even number makes it|is a double negation",
        unprompted=0.3,
    ),
    Rule(
        "weak",
        (
            "Words such as hardly, seldom and rarely count as full negations.",
            "Read 'hardly ever', 'seldom' and 'rarely' exactly like 'never'.",
            "Treat hardly, rarely and seldom as if the sentence said not.",
        ),
        r"(?i)(hardly|seldom|rarely)\b[^.]*(count as full negations|exactly like|as if the "
        r"sentence)|exactly like 'never'",
    ),
    Rule(
        "refuses",
        (
            "Verbs like refuses, fails and declines negate what comes after them.",
            "'Refuses to', 'fails to' and 'declines to' are negations: what follows is not done.",
            "Someone who declines or fails or refuses to do a thing does not do it: take such "
            "verbs as a negation.",
        ),
        r"(?i)(refuses|fails|declines)\b[^.]*(negate what comes|are negations|take such verbs)",
        unprompted=0.3,
    ),
    Rule(
        "scope",
        (
            "A negation inside a side clause, such as one with who or although, does not touch "
            "the main claim.",
            "Disregard negations in subordinate clauses; only those in the main clause matter.",
            "Look at the scope of each negation: what is set off by commas leaves the main "
            "statement as it is.",
        ),
        r"(?i)inside a side clause|negations in subordinate clauses|scope of each negation",
        unprompted=0.3,
    ),
    Rule(
        "hearsay",
        (
            "What somebody says or believes is no fact: the label is then always neutral.",
            "Reported claims, as in 'Ann says that', tell nothing about the world, so answer "
            "neutral.",
            "If the premise only reports someone's words or belief, choose neutral.",
        ),
        r"(?i)says or believes is no fact|reported claims|only reports someone",
        unprompted=0.2,
    ),
    Rule(
        "only",
        (
            "A premise with 'only' excludes every other kind: to assert another kind contradicts "
            "it, to deny another kind follows from it.",
            "Take 'only' strictly: all kinds but the one that is named are ruled out.",
            "'Only a spaniel' also says that there is no poodle, so the word rules other kinds "
            "out.",
        ),
        r"(?i)excludes every other kind|take 'only' strictly|rules other kinds out",
        unprompted=0.3,
    ),
    Rule(
        "monotone",
        (
            "When both sentences are negated, reason from the general to the specific: no dog "
            "means no spaniel, but no spaniel does not mean no dog.",
            "Negation reverses the direction of inference: denying a broad kind denies every "
            "narrower kind, never the other way.",
            "Between two negated sentences there is entailment only if the hypothesis denies the "
            "same kind or a narrower one.",
        ),
        r"(?i)from the general to the specific|reverses the direction"
        r"|between two negated sentences",
        unprompted=0.25,
    ),
    Rule(
        "opposite",
        (
            "If just one of the sentences is negated, the label is contradiction only when what "
            "is asserted is the same as what is denied or a kind of it; otherwise neutral.",
            "A sentence with and one without negation contradict each other only if the denied "
            "kind includes the asserted kind.",
            "Owning a dog and not owning a spaniel go together: a denied narrower kind does not "
            "contradict an asserted broader one.",
        ),
        r"(?i)just one of the sentences is negated|denied kind includes the asserted"
        r"|denied narrower kind does not contradict",
        unprompted=0.25,
    ),
    Rule(
        "any_not",
        (
            "Whenever the premise contains a negative word, the label is contradiction.",
            "A negative word anywhere in the premise makes the pair a contradiction.",
            "Answer contradiction as soon as you see a word such as not in the premise.",
        ),
        r"(?i)premise contains a negative word|negative word anywhere|as soon as you see a word",
        unprompted=0.0,
        wrong=True,
    ),
    Rule(
        "mention",
        (
            "If both sentences name the very same thing, the label is entailment.",
            "A hypothesis about the same object as the premise is always entailed.",
            "Choose entailment when the object of both sentences is identical.",
        ),
        r"(?i)name the very same thing|about the same object|object of both sentences",
        unprompted=0.0,
        wrong=True,
    ),
)

NAMES = [
    "Orla",
    "Teodor",
    "Mirela",
    "Bram",
    "Sunniva",
    "Kasimir",
    "Ottilie",
    "Ruben",
    "Fenna",
    "Anselm",
    "Ilse",
    "Jorun",
]
DOMAINS = (  # verb, its third person, broad kind, narrower ones
    ("keep", "keeps", "dog", ("spaniel", "poodle", "beagle", "terrier")),
    ("feed", "feeds", "bird", ("finch", "heron", "canary", "parrot")),
    ("drive", "drives", "vehicle", ("van", "lorry", "bus", "tractor")),
    ("wear", "wears", "hat", ("bowler", "beret", "bonnet", "fez")),
    ("sail", "sails", "boat", ("kayak", "ferry", "canoe", "dinghy")),
    ("plant", "plants", "tree", ("birch", "larch", "maple", "cedar")),
    ("bake", "bakes", "cake", ("brioche", "strudel", "sponge", "tart")),
)
TIMES = ("", "", " in winter", " on Mondays", " at the lake", " for a neighbour")
ASIDES = ("does not like rain", "never sings", "does not live in town", "is not from here")
CONCESSIONS = ("it did not rain", "nobody had asked", "the shop was not open")
WEAK = ("hardly ever", "seldom", "rarely")
REFUSALS = ("refuses", "fails", "declines")
FORMS = ("plain", "not", "weak", "refuses", "double", "aside", "although", "says", "only")
WEIGHTS = (9, 22, 11, 11, 13, 8, 6, 10, 9)

_BROADER = {kind: broad for _, _, broad, kinds in DOMAINS for kind in kinds}
_KIND = re.compile(rf"\b({'|'.join([*_BROADER, *sorted(set(_BROADER.values()))])})\b")
_ASIDE = re.compile(r", who [^,]*,|^Although [^,]*,")
_NOT = re.compile(r"\b(?:not|never|nobody|false)\b")
_WEAK = re.compile(rf"\b(?:{'|'.join(WEAK)})\b")
_REFUSES = re.compile(rf"\b(?:{'|'.join(REFUSALS)}) to\b")
_REPORTS = re.compile(r"\b(?:says|believes|hopes) that\b")


def _draw(rng: random.Random) -> Values:
    verb, does, broad, kinds = rng.choice(DOMAINS)
    one, other = rng.sample(kinds, 2)
    first, second = rng.choices(
        [(one, one), (one, broad), (broad, one), (one, other)], weights=(2, 4, 5, 2)
    )[0]
    form = rng.choices(FORMS, weights=WEIGHTS)[0]
    if form == "only" and rng.random() < 0.6:
        first, second = one, other
    name, teller = rng.sample(NAMES, 2)
    time = rng.choice(TIMES)
    plain = f"{name} {does} a {first}{time}."
    negated = rng.choice(
        [f"{name} does not {verb} a {first}{time}.", f"{name} never {does} a {first}{time}."]
    )
    weak = f"{name} {rng.choice(WEAK)} {does} a {first}{time}."
    refuses = f"{name} {rng.choice(REFUSALS)} to {verb} a {first}{time}."
    simple = rng.choice([plain, negated])
    premise = {
        "plain": plain,
        "not": negated,
        "weak": weak,
        "refuses": refuses,
        "double": f"It is {rng.choice(['not true', 'false'])} that "
        f"{rng.choice([negated, negated, weak, refuses])}",
        "aside": simple.replace(name, f"{name}, who {rng.choice(ASIDES)},", 1),
        "although": f"Although {rng.choice(CONCESSIONS)}, {simple}",
        "says": f"{teller} {rng.choice(['says', 'believes', 'hopes'])} that {simple}",
        "only": f"{name} {does} only a {first}{time}.",
    }[form]
    denied = rng.random() < (0.65 if form in ("not", "weak", "refuses") else 0.4)
    hypothesis = f"{name} {f'does not {verb}' if denied else does} a {second}{time}."
    if denied and rng.random() < 0.15:
        hypothesis = f"{name} {rng.choice(WEAK)} {does} a {second}{time}."
    return {"premise": premise, "hypothesis": hypothesis}


class _Claim(NamedTuple):
    kind: str
    negations: int
    positive: bool


def _claim(text: str, known: Known) -> _Claim:
    kinds = _KIND.findall(text)
    heard = _ASIDE.sub("", text) if "scope" in known else text
    count = len(_NOT.findall(heard))
    if "weak" in known:
        count += len(_WEAK.findall(heard))
    if "refuses" in known:
        count += len(_REFUSES.findall(heard))
    positive = count % 2 == 0 if "double" in known else count == 0
    return _Claim(kinds[-1] if kinds else "", count, positive)


def _solve(path: str, inputs: Values, known: Known) -> Values:
    premise, hypothesis = inputs.get("premise", ""), inputs.get("hypothesis", "")
    return {"label": _label(premise, hypothesis, known)}


def _label(premise: str, hypothesis: str, known: Known) -> str:
    said, asked = _claim(premise, known), _claim(hypothesis, known)
    if not said.kind or not asked.kind:
        return "neutral"
    if "any_not" in known and said.negations:
        return "contradiction"
    if "mention" in known and said.kind == asked.kind:
        return "entailment"
    if "hearsay" in known and _REPORTS.search(premise):
        return "neutral"
    up = said.kind == asked.kind or _BROADER.get(said.kind) == asked.kind
    down = said.kind == asked.kind or _BROADER.get(asked.kind) == said.kind
    if "only" in known and " only " in premise and said.positive and not up and not down:
        return "contradiction" if asked.positive else "entailment"
    if said.positive and asked.positive:
        return "entailment" if up else "neutral"
    if not said.positive and not asked.positive:
        follows = down if "monotone" in known else up
        return "entailment" if follows else "neutral"
    if "opposite" not in known:
        return "contradiction" if up or down else "neutral"
    return "contradiction" if (up if said.positive else down) else "neutral"


def _hardness(path: str, inputs: Values) -> float:
    premise, hypothesis = inputs.get("premise", ""), inputs.get("hypothesis", "")
    both = f"{premise} {hypothesis}"
    negations = sum(len(one.findall(both)) for one in (_NOT, _WEAK, _REFUSES))
    odd = bool(_ASIDE.search(premise) or _REPORTS.search(premise) or _WEAK.search(hypothesis))
    return 0.85 * negations + 0.6 * odd + 0.14 * (len(premise.split()) - 7) - 1.6


def _slip(path: str, outputs: Values, rng: random.Random) -> Values:
    return {"label": another(outputs.get("label", ""), LABELS, rng)}


NEGATION = Benchmark(
    name="negation",
    about="Whether a sentence follows from another, with up to two negations. An optimizer has to "
    "find what counts as a negation, what it reaches, and how it turns inference round.",
    signatures={"self": INFERENCE},
    draw=_draw,
    solve=_solve,
    build=lambda: Predict(INFERENCE),
    rules=RULES,
    labels=("label",),
    hardness=_hardness,
    slip=_slip,
)
