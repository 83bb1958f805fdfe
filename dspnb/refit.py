"""Fit what a predictor has learned to a signature that was written anew."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from .adapters.values import plain, to_text
from .errors import listed
from .example import Example
from .module import Arguments, Module, Setting
from .predict import Predict
from .signature import Signature


@dataclass(frozen=True)
class Refit:
    """One predictor's setting under another signature, and what became of the old one."""

    setting: Setting
    instructions_kept: bool = False  # they were learned, so the new signature's are not taken
    kept: int = 0  # demos
    lacking: tuple[str, ...] = ()  # outputs that kept demos do not show
    dropped: tuple[str, ...] = ()  # for each demo that does not fit, why


def refit(setting: Setting, carried: Setting, was: Signature, now: Signature) -> Refit:
    """`setting`, made for `now`, with what a predictor of the signature `was` has learned.

    `carried` holds that, empty where there is nothing. A demo is kept when it shows an input and an
    output of `now` and its values fit the types that are new.
    """
    demos, dropped = [], []
    for demo in carried.demos:
        fitting = _fitting(demo, was, now)
        if isinstance(fitting, str):
            dropped.append(fitting)
        else:
            demos.append(fitting)
    before = {field.name for field in was.fields}
    lacking = tuple(
        field.name
        for field in now.outputs
        if field.name not in before and any(field.name not in demo for demo in demos)
    )
    return Refit(
        Setting(
            carried.instructions or setting.instructions,
            tuple(demos) if carried.demos else setting.demos,
        ),
        bool(carried.instructions),
        len(demos),
        lacking,
        tuple(dropped),
    )


def learned(predictor: Predict) -> Setting:
    """What a predictor has that it was not made with; empty where there is nothing such."""
    made = made_with(predictor)
    first = made.args[0] if made.args else made.kwargs.get("signature")
    own = Signature.of(first) if isinstance(first, str | Signature) else None
    instructions, demos = predictor.signature.instructions, predictor.demos
    return Setting(
        "" if own is None or instructions == own.instructions else instructions,
        () if demos == tuple(made.kwargs.get("demos", ())) else demos,
    )


def made_with(module: Module) -> Arguments:
    """The arguments that a module was made with; none when they are not known."""
    made = vars(module).get("_made_with")
    return made if isinstance(made, Arguments) else Arguments()


def _fitting(demo: Example, was: Signature, now: Signature) -> Example | str:
    """The demo for the signature `now`, or why it does not fit."""
    before = {field.name: field for field in was.fields}
    values = dict(demo)
    for name in before.keys() - {field.name for field in now.fields}:
        values.pop(name, None)
    for fields in (now.inputs, now.outputs):
        if not any(field.name in values for field in fields):
            return f"they lack {listed(field.name for field in fields)}"
    for field in now.fields:
        if field.name not in values:
            continue
        earlier = before.get(field.name)
        if earlier is not None and earlier.type == field.type:
            continue
        try:
            values[field.name] = _as_type(field.type, values[field.name])
        except ValidationError:
            return f"`{field.name}` does not fit `{field.type_name}`"
    inputs = [name for name in demo.input_names if name in values]
    fitting = Example(**values)
    return fitting.with_inputs(*inputs) if demo.input_names else fitting


def _as_type(type_: Any, value: Any) -> Any:
    if type_ is str:
        return to_text(value)
    try:
        validate = TypeAdapter(type_).validate_python
    except PydanticUserError:
        return value  # a type that pydantic does not know has nothing to check by
    try:
        valid = validate(value)
    except ValidationError:
        valid = validate(_plain(value))  # of a class that has the same fields, or the same members
    return value if valid == value else valid


def _plain(value: Any) -> Any:
    match value:
        case list() | tuple():
            return [_plain(item) for item in value]
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case str() | int() | float() | None if not isinstance(value, enum.Enum):
            return value
    return plain(value)
