"""Embeddings: texts in, vectors out."""

from __future__ import annotations

import base64
import binascii
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dspnb.errors import ServerFailed, UsageError
from dspnb.lm.base import Completion, estimate_tokens
from dspnb.lm.request import Request

from . import params
from .base import Reader
from .failures import MISSHAPEN, no_answer
from .usage import count


@dataclass(frozen=True)
class Embeddings:
    """The texts of a request's messages; of its answer, each sample holds the vector of a text.

    So texts are sent, retried, limited, priced and kept like any other request. A vector as the
    text of a completion is made and read by `packed` and `unpacked`.
    """

    path: str = "/embeddings"

    def body(self, model: str, request: Request, *, stream: bool) -> bytes:
        """What is sent. Raises `UsageError` for a parameter that cannot be."""
        return body(model, [message.content for message in request.messages], request.params)

    def read(
        self, answer: Mapping[str, Any], model: str, request: Request | None = None
    ) -> Completion:
        """What came back. Raises `ServerFailed` when it is not a vector for each of the texts."""
        assert request is not None
        found = read(answer, model, [message.content for message in request.messages])
        return completed(found, model)

    def reader(
        self, model: str, on_text: Callable[[str], object], request: Request | None = None
    ) -> Reader:
        """Raises `UsageError`: a vector comes in one piece."""
        raise UsageError("Vectors cannot be streamed.")


def completed(found: Embedded, model: str) -> Completion:
    """Vectors as the samples of a completion, which has what all of them took."""
    samples = tuple([Completion(packed(vector), model) for vector in found.vectors])
    return Completion("", model, tokens_in=found.tokens, samples=samples)


def packed(vector: Sequence[float]) -> str:
    """A vector as a text: its numbers, in single precision, as base64.

    >>> unpacked(packed([0.5, -2.0]))
    [0.5, -2.0]
    """
    return base64.b64encode(_lowest_byte_first(array("f", vector)).tobytes()).decode()


def unpacked(text: str) -> list[float]:
    """The vector of a text. Raises `ValueError` when it holds none."""
    numbers = array("f")
    try:
        numbers.frombytes(base64.b64decode(text, validate=True))
    except binascii.Error as error:
        raise ValueError(f"This is no vector: {error}.") from None
    return _lowest_byte_first(numbers).tolist()


def _lowest_byte_first(numbers: array[float]) -> array[float]:
    """Numbers in the order of bytes in which they are sent."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


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
    except (*MISSHAPEN, OverflowError, ValueError):
        raise no_answer(answer, model, without="vectors") from None
    if len(vectors) != len(texts):
        raise ServerFailed(
            f"the provider sent {len(vectors)} vectors for {len(texts)} texts; ask again",
            model=model,
        )
    usage = answer.get("usage")
    known: Mapping[str, Any] = usage if isinstance(usage, dict) else {}
    tokens = count(known.get("prompt_tokens")) or count(known.get("total_tokens"))
    return Embedded(vectors, tokens or sum(map(estimate_tokens, texts)))


def _vector(told: str | Sequence[float]) -> list[float]:
    vector = unpacked(told) if isinstance(told, str) else [float(number) for number in told]
    if not vector:
        raise ValueError
    return vector
