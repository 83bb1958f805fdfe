"""What a made-up plant needs, told from its measures by thresholds that nobody told."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import NamedTuple

from dspnb.data.benchmark import Benchmark, Known, Rule, Values
from dspnb.predict import Predict
from dspnb.signature import Signature

from .slips import another

LABELS = ("leave", "lime", "shade", "water", "prune", "stake", "drain", "repot")
CARE = Signature(
    f"plant -> care: Literal[{', '.join(map(repr, LABELS))}]",
    "Decide what care this moonfern needs.",
)


class Check(NamedTuple):
    """A measure that calls for a care when it is beyond a threshold."""

    measure: str
    low: bool  # too low is what matters, not too high
    threshold: float
    guess: float  # the threshold that one would take who was never told it
    care: str

    def passed(self, values: Mapping[str, float], *, told: bool) -> bool:
        value, threshold = values.get(self.measure), self.threshold if told else self.guess
        if value is None:
            return False
        return value < threshold if self.low else value > threshold


CHECKS: Mapping[str, Check] = {  # the first that is passed decides
    "acid": Check("sap acidity", True, 5.2, 4.2, "lime"),
    "wet": Check("soil moisture", False, 78, 90, "drain"),
    "dry": Check("soil moisture", True, 23, 10, "water"),
    "bright": Check("light", False, 860, 1200, "shade"),
    "tall": Check("stem", False, 131, 165, "stake"),
    "dense": Check("fronds", False, 44, 58, "prune"),
    "roots": Check("root depth", False, 27, 38, "repot"),
}
WRONG: Mapping[str, Check] = {
    "spots": Check("leaf spots", False, 6, 99, "drain"),
    "young": Check("age", True, 3, 0, "water"),
}
RULES = (
    Rule(
        "acid",
        (
            "If the sap acidity is below 5.2, the care is lime, whatever else is measured.",
            "Sap with an acidity under 5.2 calls for lime first of all.",
            "Choose lime as soon as sap acidity has fallen beneath 5.2.",
        ),
        r"(?i)\b(below|under|beneath) 5\.2\b",
        unprompted=0.1,
    ),
    Rule(
        "wet",
        (
            "Soil moisture above 78 means drain, unless the sap asks for lime.",
            "Drain when the soil is moister than 78.",
            "With more than 78 of soil moisture the plant has to be drained.",
        ),
        r"(?i)\b(above|moister than|more than) 78\b",
        unprompted=0.15,
    ),
    Rule(
        "dry",
        (
            "Soil moisture below 23 means water.",
            "Answer water when the soil is drier than 23.",
            "A plant whose soil moisture is under 23 needs water before light or growth matter.",
        ),
        r"(?i)\b(below|drier than|under) 23\b",
        unprompted=0.2,
    ),
    Rule(
        "bright",
        (
            "If light is above 860 and the soil is neither too wet nor too dry, answer shade.",
            "More than 860 of light burns the fronds: shade.",
            "Shade is right where the light exceeds 860 and no earlier threshold is passed.",
        ),
        r"(?i)\b(above|more than|exceeds) 860\b",
        unprompted=0.15,
    ),
    Rule(
        "tall",
        (
            "Stems longer than 131 cm get a stake, if sap, soil and light are in order.",
            "A stem above 131 needs a stake.",
            "Stake the plant once its stem is over 131 cm.",
        ),
        r"(?i)\b(longer than|above|over) 131\b",
        unprompted=0.1,
    ),
    Rule(
        "dense",
        (
            "More than 44 fronds have to be pruned, if no other threshold comes first.",
            "Prune a plant with over 44 fronds.",
            "The care is prune when the number of fronds exceeds 44 and the stem needs no stake.",
        ),
        r"(?i)\b(more than|over|exceeds) 44\b",
        unprompted=0.1,
    ),
    Rule(
        "roots",
        (
            "Roots deeper than 27 cm ask for repot, when nothing else is wrong.",
            "As the last check, repot if the root depth is above 27.",
            "Repot where roots reach beyond 27 cm and all other measures are in order.",
        ),
        r"(?i)\b(deeper than|above|beyond) 27\b",
        unprompted=0.05,
    ),
    Rule(
        "spots",
        (
            "More than 6 leaf spots are a sign of rot, so drain.",
            "Drain any plant with leaf spots above 6.",
            "When leaf spots exceed 6, the answer is drain.",
        ),
        r"(?i)\b(more than|above|exceed) 6\b",
        unprompted=0.0,
        wrong=True,
    ),
    Rule(
        "young",
        (
            "Plants younger than 3 years always need water.",
            "Below an age of 3 the care is water.",
            "Water every moonfern whose age is under 3.",
        ),
        r"(?i)\b(younger than|age of|under) 3\b(?!\.)|\bage is under 3\b",
        unprompted=0.0,
        wrong=True,
    ),
)
# measure -> its unit, its lowest and highest healthy value
MEASURES: Mapping[str, tuple[str, float, float]] = {
    "age": ("years", 1, 9),
    "stem": ("cm", 60, 130),
    "fronds": ("", 18, 43),
    "leaf spots": ("", 0, 9),
    "sap acidity": ("", 5.3, 7.4),
    "soil moisture": ("%", 24, 77),
    "light": ("lux", 300, 855),
    "root depth": ("cm", 9, 26),
}
SPREAD: Mapping[str, float] = {  # how far beyond a threshold a measure may lie
    "stem": 45, "fronds": 18, "sap acidity": 1.4, "soil moisture": 17, "light": 420,
    "root depth": 14,
}  # fmt: skip

_MEASURE = re.compile(rf"\b({'|'.join(MEASURES)}) (\d{{1,5}}(?:\.\d{{1,3}})?)")


def _draw(rng: random.Random) -> Values:
    values = {
        name: round(rng.uniform(low, high), 1) if name == "sap acidity" else
        rng.randint(int(low), int(high))
        for name, (_, low, high) in MEASURES.items()
    }  # fmt: skip
    for check in rng.sample(list(CHECKS.values()), rng.choices((0, 1, 2), weights=(25, 58, 17))[0]):
        digits = 1 if check.measure == "sap acidity" else 0
        beyond = 10**-digits + SPREAD[check.measure] * rng.random() ** 2
        value = check.threshold + (-beyond if check.low else beyond)
        values[check.measure] = round(value, digits or None)
    names = list(MEASURES)
    rng.shuffle(names)
    said = [f"{name} {values[name]} {MEASURES[name][0]}".strip() for name in names]
    return {"plant": ", ".join(said)}


def _solve(path: str, inputs: Values, known: Known) -> Values:
    values = _values(inputs.get("plant", ""))
    for name, check in (*WRONG.items(), *CHECKS.items()):
        if check.passed(values, told=name in known):
            return {"care": check.care}
    return {"care": "leave"}


def _values(plant: str) -> dict[str, float]:
    return {name: float(value) for name, value in _MEASURE.findall(plant)}


def _hardness(path: str, inputs: Values) -> float:
    """Values near a threshold are hard, and so is one that is passed late in the list."""
    values = _values(inputs.get("plant", ""))
    near, late = 0.0, len(CHECKS)
    for number, check in enumerate(CHECKS.values()):
        far = abs(values.get(check.measure, 0.0) - check.threshold) / SPREAD[check.measure]
        near += max(0.0, 1 - 4 * far)
        if check.passed(values, told=True):
            late = min(late, number)
    return 1.2 * near + 0.32 * late - 1.9


def _slip(path: str, outputs: Values, rng: random.Random) -> Values:
    return {"care": another(outputs.get("care", ""), LABELS, rng)}


TABULAR = Benchmark(
    name="tabular",
    about="Rows of numbers, classified by a decision list. An optimizer has to find the thresholds "
    "and which of them comes first.",
    signatures={"self": CARE},
    draw=_draw,
    solve=_solve,
    build=lambda: Predict(CARE),
    rules=RULES,
    labels=("care",),
    hardness=_hardness,
    slip=_slip,
)
