"""Embeddings: texts in, vectors out."""

from __future__ import annotations

import base64
import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dspnb.errors import ServerFailed
from dspnb.lm.base import estimate_tokens

from . import params
from .failures import MISSHAPEN, no_answer

PATH = "/embeddings"


@dataclass(frozen=True)
class Embedded:
    """The vectors of some texts, in their order, and what that took."""

    vectors: tuple[list[float], ...]
    tokens: int


def body(model: str, texts: Sequence[str], given: Mapping[str, Any]) -> bytes:
    """What is sent. Raises `UsageError` for a parameter that cannot be.

    With `encoding_format="base64"` the answer is a quarter as long, from servers that know it.

    >>> body("m", ["one", "two"], {"dimensions": 8})
    b'{"model": "m", "input": ["one", "two"], "dimensions": 8}'
    """
    return params.dumped({"model": model, "input": list(texts), **params.plain(given)}).encode()


def read(answer: Mapping[str, Any], model: str, texts: Sequence[str]) -> Embedded:
    """What came back. Raises `ServerFailed` when it is not a vector for each of the texts."""
    try:
        items = sorted(answer["data"], key=lambda item: item.get("index") or 0)
        vectors = tuple([_vector(item["embedding"]) for item in items])
        usage = answer.get("usage") or {}
        tokens = usage.get("prompt_tokens") or usage.get("total_tokens") or 0
    except (*MISSHAPEN, ValueError):
        raise no_answer(answer, model, without="vectors") from None
    if len(vectors) != len(texts):
        raise ServerFailed(
            f"the provider sent {len(vectors)} vectors for {len(texts)} texts; ask again",
            model=model,
        )
    return Embedded(vectors, tokens or sum(map(estimate_tokens, texts)))


def _vector(told: str | Sequence[float]) -> list[float]:
    if not isinstance(told, str):
        return [float(number) for number in told]
    numbers = array("f", base64.b64decode(told, validate=True))
    if sys.byteorder == "big":
        numbers.byteswap()  # they are sent with the lowest byte first
    return numbers.tolist()
