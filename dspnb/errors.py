"""Every error dspnb raises on purpose.

DspnbError
├── UsageError        you asked for something impossible; nothing was sent to a model
│   └── MetricError   your metric raised, or gave something that is not a score
├── LMError           the model could not be reached, or refused
│   ├── WrongKey      the provider does not accept the key, or there is none
│   ├── QuotaSpent    the account has no credit or quota left
│   ├── RateLimited   the provider asks us to slow down
│   ├── ContextTooLong
│   ├── TimedOut      no answer came in time
│   ├── ServerFailed  the provider broke down, or answered nonsense
│   ├── TransportError
│   │   ├── Unreachable     nobody answers at that address
│   │   └── ConnectionLost  the connection broke before the answer was whole
│   ├── Refused       the provider's rules forbid the prompt or the answer
│   ├── Unsupported   the model cannot do what a parameter asks for: tools, a response format
│   ├── UnknownModel  the provider has no such model, or nothing at all at that address
│   ├── BadRequest    the provider rejects the request for another reason
│   └── NotRecorded   a replay has no answer for this request
├── ParseError        the model answered, but not in the shape the signature asks for
├── InputError        an input is not of the type of its field, or outside its limits
├── ConstraintError   a `require` in a program was not met, however often the model was asked
├── BatchError        some calls of a batch failed; it holds the results of the others
├── NotTried          stands in a batch for a call that an earlier error would have failed too
└── TooManyErrors     most rows of an evaluation failed, so its mean would mean nothing

LoadWarning           not an error: of a saved program or a recording something was left out
CacheWarning          not an error: answers are kept in memory, not in their file

WrongKey, QuotaSpent, Unreachable, UnknownModel and NotRecorded are `fatal`: they end an evaluation,
a batch or a run, as the next example would fail like this one. RateLimited, TimedOut, ServerFailed
and ConnectionLost are `retryable`: a little later the same request may be answered. The others
concern one request, and fail one row.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any


class DspnbError(Exception):
    """Base class, so `except DspnbError` catches everything above."""

    trace: tuple[Any, ...] = ()  # the calls that a program made before it failed
    checks: tuple[Any, ...] = ()  # the constraints that were not met at first

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the message and the line of the user's cell, not our own frames."""
        return [f"{type(self).__name__}: {self}{_users_line(self.__traceback__)}"]


class UsageError(DspnbError):
    """A mistake in the call. Magics show it as one line, without a traceback."""


class MetricError(UsageError):
    """The metric raised, or gave something that is not a score."""


class LMError(DspnbError):
    """The model could not be reached, or refused the request."""

    fatal = False  # True when trying the next example would fail in the same way
    retryable = False  # True when the same request may well be answered a little later

    def __init__(self, message: str, *, model: str, retry_after: float | None = None) -> None:
        super().__init__(f"{model}: {message}")
        self.model = model
        self.retry_after = retry_after  # seconds


class WrongKey(LMError):
    """The provider does not accept the key, or there is none."""

    fatal = True


class QuotaSpent(LMError):
    """The account has no credit or quota left; waiting does not help."""

    fatal = True


class RateLimited(LMError):
    """The provider asks us to slow down."""

    retryable = True


class ContextTooLong(LMError):
    """The prompt does not fit the model's context window."""


class TimedOut(LMError):
    """No answer came in time."""

    retryable = True


class ServerFailed(LMError):
    """The provider broke down, or answered nonsense."""

    retryable = True


class TransportError(LMError):
    """The request did not reach the provider, or the answer did not reach us."""


class Unreachable(TransportError):
    """Nobody answers at that address."""

    fatal = True


class ConnectionLost(TransportError):
    """The connection broke before the answer was whole."""

    retryable = True


class Refused(LMError):
    """The provider's rules forbid the prompt, or what the model would have answered."""


class Unsupported(LMError):
    """The model cannot do what a parameter asks for, such as tools or a response format."""


class UnknownModel(LMError):
    """The provider has no such model, or nothing at all at that address."""

    fatal = True


class BadRequest(LMError):
    """The provider rejects the request for a reason of its own."""


class NotRecorded(LMError):
    """A replay has no answer for this request."""

    fatal = True


class ParseError(DspnbError):
    """The completion does not hold the fields the signature asks for.

    `problems` maps each field that is missing or could not be read to what is wrong with it. An
    answer that was `cut` ended at the model's limit of tokens.
    """

    def __init__(
        self,
        problems: Mapping[str, str],
        *,
        found: Iterable[str],
        completion: str,
        cut: bool = False,
    ) -> None:
        self.problems, self.found, self.completion = dict(problems), tuple(found), completion
        self.cut = cut
        wrong = "; ".join(f"`{name}`: {problem}" for name, problem in self.problems.items())
        advice = "Try a plainer field description or a stronger model."
        if cut:
            advice = "It was cut off: raise `max_tokens`, as in `Predict(..., max_tokens=4000)`."
        super().__init__(
            f"The answer could not be read: {wrong}. Found {listed(self.found) or 'no fields'} "
            f"in {_short(completion)!r}. {advice}"
        )


class InputError(DspnbError):
    """An input is not of the type of its field, or outside its limits.

    It may be the program's own, made from an earlier answer; so it fails one row, not a run.
    """


class ConstraintError(DspnbError):
    """A `require` in a program was not met, however often its predictor was asked again."""


class BatchError(DspnbError):
    """Some calls of a batch failed; `results` holds an exception in the place of each of them."""

    def __init__(self, message: str, results: Sequence[Any]) -> None:
        super().__init__(message)
        self.results = tuple(results)


class NotTried(DspnbError):
    """A call of a batch was not made: what failed an earlier one would have failed it too."""


class TooManyErrors(DspnbError):
    """Most rows of an evaluation failed, so its mean would mean nothing."""


class LoadWarning(UserWarning):
    """A saved program or a recording is used only in part; the message says what is left out."""


class CacheWarning(UserWarning):
    """The file of answers cannot be used or written; they are kept in memory until the end."""


def listed(names: Iterable[str]) -> str:
    """Names in backticks with commas between: "`a`, `b`".

    >>> listed(["a", "b"])
    '`a`, `b`'
    """
    return ", ".join(f"`{name}`" for name in names)


def nearest(name: str, known: Iterable[str]) -> str:
    """The sentence that helps after a misspelling: the closest known name, or all of them.

    >>> nearest("mirpo", ["mipro", "copro"])
    'did you mean `mipro`?'
    >>> nearest("x", ["mipro", "copro"])
    'known: `copro`, `mipro`.'
    """
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known: {listed(known)}." if known else "none is defined yet."


def one_line(error: BaseException) -> str:
    """What went wrong, in one line: the type and the first line of the message."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def _short(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"


def _users_line(traceback: TracebackType | None) -> str:
    """Where it was in the cell that was run, which may use what other cells defined."""
    cell, line = "", 0
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if Path(file).parent.name.startswith("ipykernel_") and cell in ("", file):
            cell, line = file, traceback.tb_lineno
        traceback = traceback.tb_next
    return f" (line {line} of the cell)" if line else ""
