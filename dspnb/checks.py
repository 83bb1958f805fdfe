"""Constraints inside a program: what is not met is asked again, with the reason.

DSPy Assertions (Singhvi et al., 2023, arXiv 2312.13382), at the level of a statement.
"""

from __future__ import annotations

import sys
from typing import Literal

from .context import current
from .errors import ConstraintError, UsageError
from .frame import Backtrack, Frame, Made
from .module import Module
from .trace import Check

RETRIES = 2


def require(
    condition: object, message: str, *, about: Module | None = None, retries: int = RETRIES
) -> None:
    """In `forward`: the condition must hold, or the predictor called last is asked again.

    It sees its past answer and `message`, at most `retries` times; what was asked before it is not
    asked again. `about` names another predictor, or a module whose last call is meant. Raises
    `ConstraintError` when the condition still does not hold.

    >>> require(2 + 2 == 4, "arithmetic must hold")
    """
    if not condition:
        _fail("require", message, about, retries)


def suggest(
    condition: object, message: str, *, about: Module | None = None, retries: int = RETRIES
) -> None:
    """Like `require`, but after `retries` the program goes on, and `prediction.checks` says so."""
    if not condition:
        _fail("suggest", message, about, retries)


def _fail(
    kind: Literal["require", "suggest"], message: str, about: Module | None, retries: int
) -> None:
    if not isinstance(message, str) or not message.strip():
        raise UsageError(f"`{kind}` takes a message for the model; got {message!r}.")
    frame = current().frame
    if frame is None:
        if kind == "suggest":
            raise UsageError("`suggest` belongs in the `forward` of a program; none is under way.")
        raise ConstraintError(f"{message} (No program is under way that could ask again.)")
    found = _target(frame, about)
    if found is None:
        frame.checks.append(Check(kind, message, held=False, tries=0))
        if kind == "require":
            raise ConstraintError(f"{message} (No predictor was called before it to ask again.)")
        return
    holder, target, place = found
    caller = sys._getframe(2)
    key = (caller.f_code, caller.f_lineno, place)
    if key in holder.gave_up:
        return
    tries = holder.tries[key].tries if key in holder.tries else 0
    if tries < retries:
        holder.tries[key] = Check(kind, message, held=True, tries=tries + 1)
        raise Backtrack(holder, target, message)
    holder.tries.pop(key, None)
    holder.gave_up[key] = Check(kind, message, held=False, tries=tries)
    if kind == "require":
        raise ConstraintError(f"{message} (The predictor was asked again {tries} times.)")


def _target(frame: Frame, about: Module | None) -> tuple[Frame, Made, int] | None:
    """The frame to send back, the prediction that is complained about, and its place there."""
    wanted: set[int] | None = None
    if about is not None:
        wanted = {id(predictor) for _, predictor in about.predictors()}
    for holder in frame.up():
        for place in reversed(range(len(holder.made))):
            made = holder.made[place]
            if wanted is None or id(made.predictor) in wanted:
                return holder, made, place
    return None
