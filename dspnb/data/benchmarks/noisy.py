"""What to do about a reading in a greenhouse, where one label in ten is wrong."""

from __future__ import annotations

import random
import re
from typing import Literal, get_args

from dspnb.data.benchmark import Benchmark, Known, Rule, Values
from dspnb.module import Module
from dspnb.predict import Predict
from dspnb.signature import Signature

Action = Literal["nothing", "water", "vent", "call"]
READING = Signature(
    "reading -> action: Action",
    "Decide what is to be done after a reading in the greenhouse.",
    types={"Action": Action},
)


def _build() -> Module:
    return Predict(READING)


# -- readings ------------------------------------------------------------------------------

HOUSES = ("fern", "fern", "palm", "cactus")
HOURS = ("dawn", "noon", "midnight", "midnight")
FAHRENHEIT = 80  # sensors from this number on


def _draw(lot: random.Random) -> Values:
    """A reading in which each thing that may count is often so and often not."""
    sensor = lot.randrange(62, 95)
    celsius = lot.uniform(31, 40) if lot.random() < 0.45 else lot.uniform(17, 29)
    degrees = celsius * 1.8 + 32 if sensor >= FAHRENHEIT else celsius
    humid = lot.randrange(15, 40) if lot.random() < 0.25 else lot.randrange(41, 75)
    battery = lot.randrange(3, 15) if lot.random() < 0.15 else lot.randrange(16, 100)
    parts = [f"{degrees:.1f} degrees", f"humidity {humid} %", f"battery {battery} %"]
    if lot.random() < 0.25:
        parts.append("door open")
    lot.shuffle(parts)
    where = f"Sensor {sensor}, {lot.choice(HOUSES)} house, {lot.choice(HOURS)}"
    return {"reading": f"{where}: {', '.join(parts)}."}


# -- answers -------------------------------------------------------------------------------


SENSOR = re.compile(r"Sensor (\d{1,4})")
DEGREES = re.compile(r"([\d.]{1,6}) degrees")
HUMIDITY = re.compile(r"humidity (\d{1,4})")
BATTERY = re.compile(r"battery (\d{1,4})")


def _solve(path: str, inputs: Values, known: Known) -> Values:
    text = inputs.get("reading", "")
    sensor, degrees = _number(SENSOR, text, 0), _number(DEGREES, text, 20)
    humid, battery = _number(HUMIDITY, text, 50), _number(BATTERY, text, 50)
    if sensor >= FAHRENHEIT and "fahrenheit" in known:
        degrees = (degrees - 32) / 1.8
    hot = degrees > (20 if "midnight" in text and "night" in known else 30)
    dry = humid < (60 if "fern house" in text and not hot and "fern" in known else 40)
    if battery < 15 and "battery" in known:
        return {"action": "call"}
    if "cactus" in text and "no_cactus" in known:
        return {"action": "nothing"}
    if hot and "door open" in text and "door" in known:
        hot = False
    if hot and dry:
        return {"action": "water" if "water_first" in known else "vent"}
    return {"action": "vent" if hot else "water" if dry else "nothing"}


def _number(pattern: re.Pattern[str], text: str, otherwise: float) -> float:
    found = pattern.search(text)
    try:
        return float(found[1]) if found else otherwise
    except ValueError:  # 1.2.3
        return otherwise


def _hardness(path: str, inputs: Values) -> float:
    """Numbers near a limit are hard, and so is Fahrenheit."""
    text = inputs.get("reading", "")
    degrees, humid = _number(DEGREES, text, 20), _number(HUMIDITY, text, 50)
    fahrenheit = degrees > 50
    celsius = (degrees - 32) / 1.8 if fahrenheit else degrees
    return 0.9 - abs(celsius - 30) / 5 - abs(humid - 50) / 30 + 1.6 * fahrenheit


def _slip(path: str, outputs: Values, lot: random.Random) -> Values:
    """Another action."""
    others = [action for action in get_args(Action) if action != outputs.get("action")]
    return {"action": lot.choice(others)}


NOISY = Benchmark(
    name="noisy",
    about=(
        "Readings of an invented greenhouse, each with an action; one label in ten is wrong, so "
        "nobody scores much above 0.9. To find: which house, hour, sensor and door change what is "
        "to be done. What follows single examples too closely is misled."
    ),
    signatures={"self": READING},
    draw=_draw,
    solve=_solve,
    build=_build,
    labels=("action",),
    hardness=_hardness,
    slip=_slip,
    noise=0.1,
    rules=(
        Rule(
            "fahrenheit",
            (
                "Sensors from number 80 on measure in Fahrenheit; convert before you judge.",
                "From sensor 80 upwards the degrees are Fahrenheit.",
                "Take degrees as Fahrenheit if the sensor's number is 80 or more.",
            ),
            told=r"(?i)\bfahrenheit\b",
            unprompted=0.1,
        ),
        Rule(
            "fern",
            (
                "Ferns are watered below 60 % humidity already, unless it is hot.",
                "For ferns that are not hot the limit of humidity is 60 %.",
                "Since ferns like it moist, water them under 60 % if it is not hot.",
            ),
            told=r"(?i)\bferns\b",
            unprompted=0.15,
        ),
        Rule(
            "night",
            (
                "At night, more than 20 degrees are too hot.",
                "The limit of heat is 20 degrees at night.",
                "Vent at night from 20 degrees on.",
            ),
            told=r"(?i)\bat night\b",
            unprompted=0.1,
        ),
        Rule(
            "battery",
            (
                "Below 15 % of charge in the battery, call, whatever else is read.",
                "A sensor with less than 15 % of charge cannot be trusted: call.",
                "Call whenever the charge is under 15 %.",
            ),
            told=r"(?i)\bcharge (?:in|cannot|is)\b",
            unprompted=0.2,
        ),
        Rule(
            "door",
            (
                "An open door cools the house, so there is no need to vent.",
                "Where an open door lets air in already, do not vent.",
                "Never vent with an open door.",
            ),
            told=r"(?i)\bopen door\b",
            unprompted=0.2,
        ),
        Rule(
            "water_first",
            (
                "When it is both hot and dry, water rather than vent.",
                "Water goes before air if it is both hot and dry.",
                "Both hot and dry? Then water.",
            ),
            told=r"(?i)\bboth hot and dry\b",
            unprompted=0.3,
        ),
        Rule(
            "no_cactus",
            (
                "Cacti need nothing, however hot or dry it is.",
                "Leave cacti alone: nothing is to be done for them.",
                "For cacti the action is always nothing.",
            ),
            told=r"(?i)\bcacti\b",
            unprompted=0.05,
            wrong=True,
        ),
    ),
)
