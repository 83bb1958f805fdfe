"""A signature as an adapter lays it out, with the prompts and answers that it met lately."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, cast

from .adapters import Adapter, TwoStepAdapter, native
from .example import Example
from .identity import ByIdentity
from .lm.base import Message, Prompt
from .signature import Signature

KEPT = 4096  # prompts, and readings of answers, that may be met again: about 2 kB each
LONGEST = 8_000  # characters; to write a longer one again is little beside the text itself


class Prepared:
    """Prompts and readings of one signature in one layout; what is texts only is kept."""

    def __init__(self, signature: Signature, adapter: Adapter) -> None:
        self.signature, self.adapter = signature, adapter
        self.may_be_native = native.candidates(signature)
        self.in_two_steps = isinstance(adapter, TwoStepAdapter)
        # Whatever else an adapter depends on could be changed between two calls.
        self._keeps = _is_frozen(type(adapter))
        self._keeps_readings = self._keeps and all(_is_plain(f.type) for f in signature.outputs)

    def prompt(self, demos: tuple[Example, ...], inputs: Mapping[str, Any]) -> tuple[Message, ...]:
        """The messages; a prompt of nothing but texts that was written lately is not made again."""
        if self._keeps:
            values = tuple(inputs.values())
            long = 0
            for value in values:
                if type(value) is not str:
                    break
                long += len(value)
            else:
                if long <= LONGEST:
                    return _written(self, _the_same(demos), tuple(inputs), values)
        return self.adapter.render(self.signature, demos, inputs)

    def outputs(self, text: str) -> dict[str, Any]:
        """The outputs in an answer. Raises `ParseError`."""
        if self._keeps_readings and len(text) <= LONGEST:
            return {**_read(self, text)}
        return self.adapter.parse(self.signature, text)


def prepared(signature: Signature, adapter: Adapter) -> Prepared:
    """The same one each time, as long as it is in use."""
    try:
        return _prepared(signature, cast(Any, adapter))
    except TypeError:  # an adapter that cannot be hashed
        return Prepared(signature, adapter)


@lru_cache(maxsize=256)
def _prepared(signature: Signature, adapter: Adapter) -> Prepared:
    return Prepared(signature, adapter)


class _Demos:
    """Demos that are equal to no others: to compare many takes longer than all else."""

    __slots__ = ("demos",)

    def __init__(self, demos: tuple[Example, ...]) -> None:
        self.demos = demos


_the_same = ByIdentity(_Demos, most=256)


@lru_cache(maxsize=KEPT)
def _written(
    prepared: Prepared,
    demos: _Demos,
    names: tuple[str, ...],
    values: tuple[str, ...],
) -> Prompt:
    inputs = dict(zip(names, values, strict=True))
    return Prompt(prepared.adapter.render(prepared.signature, demos.demos, inputs))


@lru_cache(maxsize=KEPT)
def _read(prepared: Prepared, text: str) -> Mapping[str, Any]:
    return prepared.adapter.parse(prepared.signature, text)


def _is_frozen(adapter: type) -> bool:
    """Whether it is a frozen dataclass, which renders and parses alike each time."""
    params = vars(adapter).get("__dataclass_params__")  # its own, not those of a base class
    return params is not None and params.frozen


def _is_plain(type_: Any) -> bool:
    """Whether its values cannot be changed by who gets them."""
    if typing.get_origin(type_) in (typing.Annotated, Literal):
        return typing.get_origin(type_) is Literal or _is_plain(typing.get_args(type_)[0])
    return type_ in (str, int, float, bool)
