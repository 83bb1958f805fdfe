"""Optimizers by the short names that `--with` takes, with their parameters."""

from __future__ import annotations

import ast
import dataclasses
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dspnb.errors import UsageError, nearest

from .base import Optimizer
from .bootstrap import BootstrapFewShot
from .bootstrap_optuna import BootstrapFewShotWithOptuna
from .copro import COPRO
from .gepa import GEPA
from .infer_rules import InferRules
from .knn_few_shot import INSTEAD
from .labeled import LabeledFewShot
from .mipro import MIPROv2
from .race import Race
from .random_search import BootstrapFewShotWithRandomSearch
from .simba import SIMBA

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "bootstrap": BootstrapFewShot,
    "bootstrap-rs": BootstrapFewShotWithRandomSearch,
    "copro": COPRO,
    "infer-rules": InferRules,
    "bootstrap-optuna": BootstrapFewShotWithOptuna,
    "simba": SIMBA,
    "gepa": GEPA,
    "labeled": LabeledFewShot,
    "mipro": MIPROv2,
    "race": Race,
}


def optimizer(text: str) -> Optimizer:
    """The optimizer that a text names: `bootstrap-rs:num_candidate_programs=8,max_rounds=2`.

    Raises `UsageError` with the nearest name for an unknown optimizer or parameter.

    >>> optimizer("labeled:k=8")
    LabeledFewShot(k=8, sample=True)
    """
    name, _, settings = text.strip().partition(":")
    kind = OPTIMIZERS.get(name)
    if name == "knn":
        raise UsageError(INSTEAD)
    if kind is None:
        raise UsageError(f"There is no optimizer `{name}`; {nearest(name, OPTIMIZERS)}")
    given = dict(_setting(part, text) for part in settings.split(",") if part.strip())
    known = parameters(name)
    for key in given:
        if key not in known:
            raise UsageError(f"`{name}` has no parameter `{key}`; {nearest(key, known)}")
    try:
        return TypeAdapter(kind).validate_python(given)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise UsageError(
            f"`{name}` cannot take `{wrong['loc'][0]}={wrong['input']}`: {wrong['msg']}."
        ) from None


def parameters(name: str) -> list[str]:
    """The parameters of the optimizer of this name."""
    kind = OPTIMIZERS[name]
    return [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]


def _setting(part: str, text: str) -> tuple[str, Any]:
    name, equals, value = part.partition("=")
    if not equals:
        raise UsageError(f"Parameters are written `name=value` after a colon; got {text!r}.")
    try:
        return name.strip(), ast.literal_eval(value.strip())
    except (ValueError, SyntaxError):
        return name.strip(), value.strip()
