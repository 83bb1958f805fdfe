"""TEMPORARY."""

import hashlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fingerprint:
    digest: str
    unsure: tuple[str, ...] = ()


def _h(x: Any) -> str:
    return hashlib.sha256(repr(x).encode()).hexdigest()


def fingerprint_of(thing: object) -> Fingerprint:
    if hasattr(thing, "__code__"):
        return Fingerprint(
            _h((thing.__code__.co_code, thing.__code__.co_consts and str(thing.__code__.co_consts)))
        )
    if hasattr(thing, "model"):
        return Fingerprint(_h((type(thing).__name__, thing.model)))
    return Fingerprint(_h(thing))


def program_print(p: Any) -> Fingerprint:
    return Fingerprint(_h((type(p).__name__, [(a, str(b.signature)) for a, b in p.predictors()])))


def state_print(s: Any) -> str:
    return _h(sorted(s.items()))


def example_print(e: Any) -> bytes:
    return bytes.fromhex(_h((sorted(e.items()), e.input_names)))
