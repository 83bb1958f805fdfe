"""What a model call is made for: said around it, written down with it."""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import Any, NamedTuple, TypedDict, Unpack


class Labels(NamedTuple):
    """What a model call is made for."""

    run: str = ""  # the run's id; empty outside of runs
    candidate: int | None = None  # the candidate that is scored
    example: int | None = None  # its index in the data of an evaluation
    path: str = ""  # of the predictor in its program


class _Changes(TypedDict, total=False):
    run: str
    candidate: int | None
    example: int | None
    path: str


_labels: ContextVar[Labels] = ContextVar("dspnb.labels", default=Labels())  # noqa: B039  frozen


def labels() -> Labels:
    """What calls in this thread or task are made for."""
    return _labels.get()


class labelled:
    """Say what calls inside a `with` block are made for, in this thread or task only.

    >>> with labelled(run="run-1"), labelled(example=3):
    ...     labels()
    Labels(run='run-1', candidate=None, example=3, path='')
    """

    __slots__ = ("_changes", "_token")
    _token: Token[Labels]

    def __init__(self, **changes: Unpack[_Changes]) -> None:
        self._changes = changes

    def __enter__(self) -> None:
        run, candidate, example, path = _labels.get()  # twice as fast as `_replace`
        new: Any = self._changes.get
        self._token = _labels.set(
            Labels(
                new("run", run),
                new("candidate", candidate),
                new("example", example),
                new("path", path),
            )
        )

    def __exit__(self, *error: object) -> None:
        _labels.reset(self._token)


def enter_path(path: str) -> Token[Labels]:
    """`labelled(path=path)` without a block; end it with `leave`. For what is done in each call."""
    run, candidate, example, _ = _labels.get()
    return _labels.set(Labels(run, candidate, example, path))


def leave(token: Token[Labels]) -> None:
    """End what `enter_path` began, in the same thread or task."""
    _labels.reset(token)
