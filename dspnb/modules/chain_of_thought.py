"""Reason first, then answer."""

from __future__ import annotations

from typing import Any

from dspnb.example import Prediction
from dspnb.module import Module
from dspnb.predict import Predict
from dspnb.signature import Field, Signature


class ChainOfThought(Module):
    """Ask for `reasoning` before the signature's own outputs (Wei et al., 2022, arXiv 2201.11903).

    >>> ChainOfThought("question -> answer").predict.signature.outputs[0].name
    'reasoning'
    """

    def __init__(self, signature: Signature | type[Signature] | str, **params: Any) -> None:
        signature = Signature.of(signature)
        reasoning = Field("reasoning", str, "think it through, step by step", "output")
        self.predict = Predict(signature.prepend(reasoning), **params)

    def forward(self, **inputs: Any) -> Prediction:
        return self.predict(**inputs)
