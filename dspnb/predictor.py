"""What a predictor is made of, for those who ask with it or write it to a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from .example import Example
from .lm.base import LanguageModel
from .signature import Signature


class Predictor(Protocol):
    """One typed question to a model."""

    @property
    def signature(self) -> Signature: ...
    @property
    def demos(self) -> tuple[Example, ...]: ...
    @property
    def params(self) -> Mapping[str, Any]: ...
    @property
    def lm(self) -> LanguageModel | None: ...
