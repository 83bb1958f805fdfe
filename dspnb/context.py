"""The one ambient thing: which model and adapter a call uses, and where its trace goes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from .adapters import Adapter, ChatAdapter
from .errors import UsageError, nearest
from .example import Example, Prediction
from .frame import Frame
from .lm.base import LanguageModel


class CallHistory(Protocol):
    """Where finished calls of programs are remembered, for `%inspect` without an argument."""

    def remember(self, program: Any, prediction: Prediction) -> None: ...


class Listener(Protocol):
    """Who is told of the text of fields as it arrives."""

    def hear(self, path: str) -> Callable[[str, str], object]:
        """A predictor's model begins to answer; what takes the pieces, by field."""


@dataclass(frozen=True)
class Context:
    """What a call needs and is not given as an argument. It never changes; `use` makes another."""

    lm: LanguageModel | None = None
    adapter: Adapter = field(default_factory=ChatAdapter)
    rollout: int = 0  # a cached or deterministic model answers afresh for each rollout
    params: Mapping[str, Any] = field(default_factory=dict)  # over those of predictors and models
    demos: Sequence[Example] = ()  # before the predictors' own, where their fields fit
    hints: Mapping[str, str] = field(default_factory=dict)  # predictor path -> advice
    listener: Listener | None = None
    meter: Callable[[LanguageModel], LanguageModel] | None = None  # around predictors' own models
    frame: Frame | None = None  # None outside a program call
    history: CallHistory | None = None

    def changed(self, **changes: Any) -> Context:
        """`dataclasses.replace`, at a fifth of its time; this is on the way of every call."""
        changed = object.__new__(Context)
        changed.__dict__.update(self.__dict__)
        changed.__dict__.update(changes)
        return changed

    def require_lm(self) -> LanguageModel:
        """The model. Raises `UsageError` when none is set."""
        if self.lm is None:
            raise UsageError(
                "No model is set. Run `%lm offline` (no key needed) or `%lm openai/gpt-4o-mini` "
                "in a cell, or use `configure(lm=LM(...))`."
            )
        return self.lm


_NAMES = frozenset(name.name for name in dataclasses.fields(Context))
_defaults = Context()


@dataclass(frozen=True)
class _Overridden:
    """What `use` changed, and what that makes of the defaults as they are."""

    changes: Mapping[str, Any]
    defaults: Context
    context: Context


_overridden: ContextVar[_Overridden | None] = ContextVar("dspnb", default=None)


def current() -> Context:
    """The context of this thread or task."""
    over = _overridden.get()
    if over is None:
        return _defaults
    # A `configure` inside a block counts for what the block does not set.
    return over.context if over.defaults is _defaults else _defaults.changed(**over.changes)


def configure(**settings: Any) -> None:
    """Set the default `lm` or `adapter`, for every cell, thread and task from now on."""
    global _defaults
    _defaults = _defaults.changed(**_checked(settings))


class use:
    """Use another `lm` or `adapter` inside a `with` block, in this thread or task only.

    >>> with use(rollout=2) as context:
    ...     context.rollout
    2
    """

    __slots__ = ("_changes", "_token")

    def __init__(self, **changes: Any) -> None:
        self._changes = _checked(changes)

    def __enter__(self) -> Context:
        over = _overridden.get()
        changes = {**over.changes, **self._changes} if over else self._changes
        context = _defaults.changed(**changes)
        self._token = _overridden.set(_Overridden(changes, _defaults, context))
        return context

    def __exit__(self, *error: object) -> None:
        _overridden.reset(self._token)


def check_adapter(adapter: Any) -> None:
    """Raise `UsageError` for what is no adapter."""
    if isinstance(adapter, type) or not hasattr(adapter, "render"):
        raise UsageError(f"An adapter is an object such as `ChatAdapter()`; got {adapter!r}.")


def _checked(settings: dict[str, Any]) -> dict[str, Any]:
    for name in settings:
        if name not in _NAMES:
            raise UsageError(f"There is no setting `{name}`; {nearest(name, _NAMES)}")
    lm = settings.get("lm")
    if lm is not None and not callable(lm):
        raise UsageError(f"A model is an `LM`, as in `LM('openai/gpt-4o-mini')`; got {lm!r}.")
    adapter = settings.get("adapter")
    if "adapter" in settings:
        check_adapter(adapter)
    return settings
