"""What a run may spend, and what it has spent."""

from __future__ import annotations

import dataclasses
import functools
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .cancellation import Cancelled, cancellation
from .controls import BudgetSpent
from .errors import UsageError
from .lm.base import Completion, Feature, LanguageModel, Message, awaited, streamed, supported
from .lm.usage import Usage


@dataclass(frozen=True)
class Budget:
    """Whichever limit is reached first ends the run, with the best program so far.

    >>> str(Budget(calls=500, seconds=60))
    '500 calls, 60 s'
    """

    calls: int | None = None  # answers of the model; those from the cache are free
    tokens: int | None = None  # in and out
    dollars: float | None = None
    seconds: float | None = None
    score: float | None = None  # good enough, on the validation set

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None and value <= 0:
                raise UsageError(f"A budget is above 0; got {field.name}={value!r}.")

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read `500calls`, `60s,2dollars`, `$2`, `100000tokens`, `score=0.9`.

        >>> Budget.parse("500calls,60s").calls
        500
        """
        limits = {}
        for part in text.replace(" ", "").split(","):
            found = re.fullmatch(r"(score=|\$)?(\d[\d_]*\.?\d*|\.\d+)(k|m)?([a-z]*)", part.lower())
            name = found and _UNITS.get(found[4] or found[1] or "")
            if not found or not name:
                raise UsageError(
                    f"A budget is written like `500calls`, `60s`, `$2`, `100ktokens` or "
                    f"`score=0.9`, with commas between; got {text!r}."
                )
            value = float(found[2].replace("_", "")) * {"k": 1e3, "m": 1e6}.get(found[3] or "", 1)
            limits[name] = int(value) if name in ("calls", "tokens") else value
        return cls(**limits)  # type: ignore[arg-type]

    @functools.cached_property
    def has_limits(self) -> bool:
        """Whether there is anything that a call can use up."""
        return any(
            limit is not None for limit in (self.calls, self.tokens, self.dollars, self.seconds)
        )

    def spent(self, usage: Usage, seconds: float) -> str:
        """Which limit is reached, in words; empty while there is some left."""
        if self.calls is not None and usage.calls >= self.calls:
            return f"budget of {self.calls} calls spent"
        if self.tokens is not None and usage.tokens_in + usage.tokens_out >= self.tokens:
            return f"budget of {self.tokens} tokens spent"
        if self.dollars is not None and usage.dollars >= self.dollars:
            return f"budget of ${self.dollars:g} spent"
        if self.seconds is not None and seconds >= self.seconds:
            return f"budget of {self.seconds:g} s spent"
        return ""

    def without(self, usage: Usage, seconds: float) -> Budget | None:
        """What is left when this much is set aside; None when that is more than half of it."""
        aside = {
            "calls": usage.calls,
            "tokens": usage.tokens_in + usage.tokens_out,
            "dollars": usage.dollars,
            "seconds": seconds,
        }
        limits = {name: getattr(self, name) for name in aside}
        given = {name: limit for name, limit in limits.items() if limit is not None}
        if any(aside[name] > limit / 2 for name, limit in given.items()):
            return None
        return dataclasses.replace(
            self, **{name: limit - aside[name] for name, limit in given.items()}
        )

    def __str__(self) -> str:
        words = {
            "calls": f"{self.calls} calls",
            "tokens": f"{self.tokens} tokens",
            "dollars": f"${self.dollars or 0:g}",
            "seconds": f"{self.seconds or 0:g} s",
            "score": f"score {self.score}",
        }
        return ", ".join(text for name, text in words.items() if getattr(self, name) is not None)


_UNITS = {
    "call": "calls",
    "calls": "calls",
    "token": "tokens",
    "tokens": "tokens",
    "$": "dollars",
    "dollar": "dollars",
    "dollars": "dollars",
    "s": "seconds",
    "sec": "seconds",
    "seconds": "seconds",
    "score=": "score",
}


class Spending:
    """Counts what a run spends. A call is reserved before it is made.

    So no limit of calls is overrun, and one of tokens or dollars by a single call, unless calls
    under way take more than any before.
    """

    def __init__(self, usage: Usage = Usage()) -> None:
        self._settled = threading.Condition()  # protects all below
        self._usage = usage
        self._under_way = 0
        self._tokens, self._dollars = 0, 0.0  # the most that a call took
        self._unpriced = ""

    @property
    def usage(self) -> Usage:
        """What has been answered so far."""
        return self._usage

    @property
    def unpriced(self) -> str:
        """The first model whose price was not known; empty while all are."""
        return self._unpriced

    def reserve(self, budget: Budget) -> bool:
        """Reserve a call, unless those under way may use up what is left."""
        with self._settled:
            if budget.has_limits and self._under_way and budget.spent(self._expected, 0.0):
                return False
            self._under_way += 1
            return True

    @property
    def _expected(self) -> Usage:
        """What will be spent when those under way are answered."""
        usage, more = self._usage, self._under_way
        return dataclasses.replace(
            usage,
            calls=usage.calls + more,
            tokens_in=usage.tokens_in + more * self._tokens,
            dollars=usage.dollars + more * self._dollars,
        )

    def settle(self, completion: Completion | None, model: str = "") -> None:
        """The reserved call is over: answered, or failed."""
        with self._settled:
            self._under_way -= 1
            self._usage = self._usage.add(completion)
            if completion is not None and not completion.cached:
                self._tokens = max(self._tokens, completion.tokens_in + completion.tokens_out)
                self._dollars = max(self._dollars, completion.dollars or 0.0)
            if self._usage.unpriced and not self._unpriced:
                self._unpriced = model
            self._settled.notify_all()

    def wait(self, timeout: float) -> None:
        """Wait until a call is settled, at most `timeout` seconds."""
        with self._settled:
            if self._under_way:
                self._settled.wait(timeout)


class Metered:
    """A model whose calls wait while its run is paused, and are reserved before they are made.

    `checkpoint` waits and raises `Stop`; `may_go_on` does not wait, but says whether to. `budget`
    gives what is allowed at the moment.

    Raises `Stop` when the budget does not allow one more call, `UsageError` when it is in dollars
    and the price of an answer is not known.
    """

    def __init__(
        self,
        lm: LanguageModel,
        budget: Callable[[], Budget],
        spending: Spending,
        checkpoint: Callable[[], object],
        may_go_on: Callable[[], bool],
        seconds: Callable[[], float],
    ) -> None:
        self._lm, self._budget, self._spending = lm, budget, spending
        self._checkpoint, self._may_go_on, self._seconds = checkpoint, may_go_on, seconds

    @property
    def model(self) -> str:
        """The name of the model inside."""
        return self._lm.model

    @property
    def supports(self) -> frozenset[Feature]:
        """What the model inside can do beyond text."""
        return supported(self._lm)

    @property
    def never_blocks(self) -> bool:
        """Whether the `acall` of the model inside only ever awaits."""
        return getattr(self._lm, "never_blocks", False)

    def __call__(
        self, messages: Sequence[Message], *, rollout: int = 0, **params: Any
    ) -> Completion:
        return self._counted(lambda: self._lm(messages, rollout=rollout, **params))

    def stream(
        self,
        messages: Sequence[Message],
        *,
        on_text: Callable[[str], object],
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """Like a call; `on_text` gets the text piece by piece."""
        return self._counted(
            lambda: streamed(self._lm, messages, on_text, rollout=rollout, **params)
        )

    async def acall(
        self,
        messages: Sequence[Message],
        *,
        on_text: Callable[[str], object] | None = None,
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """The same for `await`, with `on_text` as in `stream`."""
        import asyncio  # 20 ms, and who awaits has it

        while not (_wanted() and self._may_go_on() and self._reserved()):
            await asyncio.sleep(0.02)
        completion = None
        try:
            completion = await awaited(self._lm, messages, on_text, rollout=rollout, **params)
        finally:
            self._spending.settle(completion, self.model)
        self._check_price()
        return completion

    def _counted(self, call: Callable[[], Completion]) -> Completion:
        self._checkpoint()
        while not (_wanted() and self._reserved()):
            self._spending.wait(0.1)  # one under way may come from the cache, and cost no call
            self._checkpoint()
        completion = None
        try:
            completion = call()
        finally:
            self._spending.settle(completion, self.model)
        self._check_price()
        return completion

    def _reserved(self) -> bool:
        """Whether there is a call left; not yet, when those under way may use up all of them."""
        budget = self._budget()
        if budget.has_limits:
            self._check_price()
            if reason := budget.spent(self._spending.usage, self._seconds()):
                raise BudgetSpent(reason)
        return self._spending.reserve(budget)

    def _check_price(self) -> None:
        if self._budget().dollars is not None and self._spending.usage.unpriced:
            raise _unpriced(self._spending.unpriced)


def _wanted() -> bool:
    """Raise `Cancelled` when nobody waits for this row any more: what is left is for others."""
    scope = cancellation.get()
    if scope is not None and scope.over:
        raise Cancelled
    return True


def check_price(budget: Budget, lm: LanguageModel) -> None:
    """Raise `UsageError` when a budget is in dollars and a model's `price` is known to be unknown.

    A model without a `price` may still say what each answer costs.
    """
    if budget.dollars is not None and getattr(lm, "price", 0.0) is None:
        raise _unpriced(lm.model)


def _unpriced(model: str) -> UsageError:
    return UsageError(
        f"A budget in dollars cannot be kept: the price of `{model}` is not known. Give it, as in "
        "`LM(..., price=(0.15, 0.60))` (dollars for a million tokens in and out), or budget "
        "`calls` or `tokens`."
    )
