"""Which programs only await: they run no code of the user's, which could block."""

from __future__ import annotations

import datetime
import decimal
import enum
import typing
import uuid
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any

from pydantic import BaseModel

from .adapters import ChatAdapter, CompactAdapter, JSONAdapter, XMLAdapter
from .context import current
from .module import Module
from .signature import Signature

_ADAPTERS = (ChatAdapter, CompactAdapter, JSONAdapter, XMLAdapter)
_PLAIN = {str, int, float, bool, complex, bytes, NoneType, object, Any}
_HOLDERS = {list, tuple, dict, set, frozenset}
_TIMES = {datetime.date, datetime.datetime, datetime.time, datetime.timedelta}
_TYPES = _PLAIN | _HOLDERS | _TIMES | {decimal.Decimal, uuid.UUID}
_CONSTRAINTS = ("annotated_types", "dspnb", "pydantic.fields", "pydantic.types")


def only_awaits(program: object) -> bool:
    """Whether a call of a program, as things are set now, may be awaited beside all others.

    Its modules are ours, it has models that never block and one of our adapters, and no value is
    checked by code of the user's.
    """
    here = current()
    if not isinstance(program, Module) or here.listener is not None:
        return False
    for _, part in program.parts():
        mine = vars(type(part)).get("only_asks", False)
        if not mine or "forward" in vars(part) or "aforward" in vars(part):
            return False
        if type(part.adapter or here.adapter) not in _ADAPTERS:
            return False
    return all(
        getattr(predictor.lm or here.lm, "never_blocks", False) and _is_plain(predictor.signature)
        for _, predictor in program.predictors()
    )


@lru_cache(maxsize=256)
def _is_plain(signature: Signature) -> bool:
    return all(_runs_nothing(field.type, ()) for field in signature.fields)


def _runs_nothing(type_: Any, inside: tuple[Any, ...]) -> bool:
    """Whether a value of this type is made and checked without code of the user's."""
    if type_ in inside:  # a model that holds itself
        return True
    inside = (*inside, type_)
    origin = typing.get_origin(type_)
    if origin is typing.Literal:
        return True
    if origin is typing.Annotated:
        kept, *constraints = typing.get_args(type_)
        return _runs_nothing(kept, inside) and all(map(_is_constraint, constraints))
    if origin is not None:
        known = origin in _TYPES or origin in (typing.Union, UnionType)
        parts = [part for part in typing.get_args(type_) if part is not ...]
        return known and all(_runs_nothing(part, inside) for part in parts)
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        return _is_bare(type_) and all(
            _runs_nothing(field.annotation, inside) and all(map(_is_constraint, field.metadata))
            for field in type_.model_fields.values()
        )
    return type_ in _TYPES or _is_choice(type_) or _is_ours(type_)


def _is_bare(model: type[BaseModel]) -> bool:
    """Whether a model has nothing but fields."""
    decorated = model.__pydantic_decorators__
    return not (
        decorated.validators
        or decorated.field_validators
        or decorated.root_validators
        or decorated.model_validators
        or decorated.computed_fields
        or decorated.field_serializers
        or decorated.model_serializers
        or any(
            {"__init__", "model_post_init", "__get_pydantic_core_schema__"} & vars(base).keys()
            for base in model.__mro__
            if base.__module__.partition(".")[0] not in ("pydantic", "builtins", "abc")
        )
    )


def _is_choice(type_: Any) -> bool:
    return (
        isinstance(type_, type) and issubclass(type_, enum.Enum) and "_missing_" not in vars(type_)
    )


def _is_ours(type_: Any) -> bool:
    return isinstance(type_, type) and type_.__module__.startswith("dspnb.types")


def _is_constraint(constraint: Any) -> bool:
    if isinstance(constraint, str):
        return True
    module = type(constraint).__module__
    return module in _CONSTRAINTS or module.startswith("dspnb.")
