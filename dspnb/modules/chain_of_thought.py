"""Reason first, then answer."""

from __future__ import annotations

import dataclasses
from typing import Any

from dspnb.errors import UsageError
from dspnb.example import Prediction
from dspnb.field import Mark
from dspnb.module import Module
from dspnb.predict import Predict
from dspnb.signature import Field, Signature

STEPS = "think it through, step by step"


class ChainOfThought(Module):
    """Ask for `reasoning` before the signature's own outputs (Wei et al., 2022, arXiv 2201.11903).

    >>> ChainOfThought("question -> answer").predict.signature.outputs[0].name
    'reasoning'

    `rationale_field_type` is another type for it: with `Reasoning`, a model that thinks by itself
    does so in its own way. `rationale_field` is the whole field: `Field("steps", list[str])`, or
    `OutputField(desc=...)` for another description.
    """

    only_asks = True

    def __init__(
        self,
        signature: Signature | type[Signature] | str,
        *,
        rationale_field: Any = None,
        rationale_field_type: Any = None,
        **params: Any,
    ) -> None:
        first = _rationale(rationale_field, rationale_field_type)
        self.predict = Predict(Signature.of(signature).prepend(first), **params)

    def forward(self, **inputs: Any) -> Prediction:
        return self.predict(**inputs)

    async def aforward(self, **inputs: Any) -> Prediction:
        """What `acall` does."""
        return await self.predict.acall(**inputs)


def _rationale(given: Any, type_: Any) -> Field:
    match given:
        case None:
            return Field("reasoning", type_ or str, STEPS, "output")
        case Field() if type_ is None:
            return dataclasses.replace(given, role="output", desc=given.desc or STEPS)
        case Field():
            raise UsageError(
                f"The field `{given.name}` has a type of its own, `{given.type_name}`; leave out "
                "`rationale_field_type`."
            )
        case Mark():
            field = given.field("reasoning", type_ or str, "`rationale_field`")
            return dataclasses.replace(field, role="output", desc=field.desc or STEPS)
    raise UsageError(
        "`rationale_field` is a field, as in `Field('steps', list[str])` or "
        f"`OutputField(desc=...)`; got {given!r}."
    )
