"""The exact prompt of a program's first call, without calling the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .context import use
from .errors import UsageError
from .lm.base import Completion, Message, estimate_tokens
from .module import Module


@dataclass(frozen=True)
class Preview:
    """A prompt that would be sent: which predictor would send it, and the messages."""

    path: str
    messages: tuple[Message, ...]

    @property
    def tokens(self) -> int:
        """Estimated."""
        return sum(estimate_tokens(message.content) for message in self.messages)

    def __str__(self) -> str:
        turns = [f"--- {message.role} ---\n{message.content}" for message in self.messages]
        return "\n\n".join([f"{self.path}: about {self.tokens} tokens", *turns])

    __repr__ = __str__


def preview(program: Module, **inputs: Any) -> Preview:
    """The prompt that `program(**inputs)` would send first.

    >>> from dspnb import Predict
    >>> preview(Predict("question -> answer"), question="Why?").messages[-1].role
    'user'
    """
    try:
        with use(lm=_Catcher(), history=None, frame=None):
            program(**inputs)
    except _Caught as caught:
        return Preview(caught.trace[0].path, caught.trace[0].messages)
    raise UsageError("The program made no model call with these inputs, so there is no prompt.")


class _Caught(UsageError):
    """Ends a program at its first call; the trace holds that call.

    A mistake of the user's is what nothing that goes on after errors goes on after.
    """


class _Catcher:
    """A model that answers nothing."""

    model = "preview"

    def __call__(
        self, messages: Sequence[Message], *, rollout: int = 0, **params: Any
    ) -> Completion:
        raise _Caught("this is a preview")
